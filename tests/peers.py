"""Real programs that tests talk to: where they are missing, a user sees a skip and CI a failure."""

import os
from collections.abc import Callable
from pathlib import Path
from shutil import which
from typing import NoReturn

import pytest

from clientcert.testing.apache import Apache
from clientcert.testing.caddy import Caddy
from clientcert.testing.envoy import Envoy
from clientcert.testing.haproxy import HAProxy
from clientcert.testing.terminators import find_nginx

_FINDERS: dict[str, Callable[[], Path | str | None]] = {
    "apache": Apache.find,
    "caddy": Caddy.find,
    "envoy": Envoy.find,
    "haproxy": HAProxy.find,
    "nginx": find_nginx,
}


def require_peer(name: str) -> Path:
    """
    Path of a real program that a test cannot do without.

    Where it is not installed the test is skipped, visibly, and fails under ``CI=true``: there, a table that was
    not run must not look green.
    """
    found = _FINDERS.get(name, lambda: which(name))()
    return Path(found) if found else missing(name)


def missing(name: str) -> NoReturn:
    """Skip for a user, fail in CI."""
    message = f"{name} is not installed; the tests against a real {name} did not run"
    if os.environ.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
