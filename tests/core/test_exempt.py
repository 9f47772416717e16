"""Exempt paths: an exact list, in which no trick of spelling finds a way (row F8 of the threat model)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientcert.core.exempt import ExemptPaths
from clientcert.errors import ConfigurationError

EXEMPT = ExemptPaths(["/health", "/ready/", "/"])

COVERED = {
    "exact": ("/health", b"/health"),
    "server-gives-no-raw-path": ("/health", None),
    "trailing-slash-as-configured": ("/ready/", b"/ready/"),
    "root": ("/", b"/"),
}

# Decoded path and raw path as an app server gives them for one request target.
NOT_COVERED = {
    "other": ("/admin", b"/admin"),
    "f8-dot-segments": ("/health/../admin", b"/health/../admin"),
    "f8-dot-segments-that-lead-there": ("/admin/../health", b"/admin/../health"),
    "f8-resolved-by-the-server": ("/health", b"/admin/../health"),
    "f8-one-dot": ("/./health", b"/./health"),
    "f8-double-slash": ("//health", b"//health"),
    "f8-double-slash-merged-by-the-server": ("/health", b"//health"),
    "f8-escaped-letter": ("/health", b"/%68ealth"),
    "f8-escaped-slash": ("/health", b"%2Fhealth"),
    "f8-escaped-dots": ("/health/../admin", b"/health/%2e%2e/admin"),
    "f8-escaped-twice": ("/%68ealth", b"/%2568ealth"),
    "f8-parameter": ("/health;x", b"/health;x"),
    "f8-parameter-cut-by-the-server": ("/health", b"/health;x"),
    "f8-case": ("/Health", b"/Health"),
    "f8-trailing-slash": ("/health/", b"/health/"),
    "f8-missing-trailing-slash": ("/ready", b"/ready"),
    "f8-longer": ("/healthy", b"/healthy"),
    "f8-below": ("/health/admin", b"/health/admin"),
    "f8-nul": ("/health\x00", b"/health%00"),
    "f8-line-feed": ("/health\n", b"/health%0A"),
    "f8-space": ("/health ", b"/health%20"),
    "f8-backslash": ("\\health", b"\\health"),
    "f8-full-width": ("/\uff48ealth", "/\uff48ealth".encode()),
    "f8-query-in-the-raw-path": ("/health", b"/health?x"),
    "f7-absolute-form": ("/health", b"http://app.example/health"),
    "f7-authority-form": ("health:443", b"health:443"),
    "f7-asterisk": ("*", b"*"),
    "empty": ("", b""),
}


@pytest.mark.parametrize(("path", "raw_path"), COVERED.values(), ids=COVERED)
def test_covers(path: str, raw_path: bytes | None) -> None:
    """A configured path is exempt, also where the server gives no raw path."""
    assert EXEMPT.covers(path, raw_path)


@pytest.mark.parametrize(("path", "raw_path"), NOT_COVERED.values(), ids=NOT_COVERED)
def test_f8_does_not_cover(path: str, raw_path: bytes) -> None:
    """Every other spelling of a path needs a certificate, whatever the server makes of it."""
    assert not EXEMPT.covers(path, raw_path)


def test_f8_nothing_by_default() -> None:
    """By default no path is exempt, not even the root."""
    assert not ExemptPaths()
    assert not ExemptPaths().covers("/", b"/")
    assert EXEMPT


REFUSED: dict[str, Any] = {
    "one-text": ("/health", "single text"),
    "bytes": (b"/health", "single text"),
    "none": (None, "is a list of exact paths"),
    "number": (7, "is a list of exact paths"),
    "unhashable": ([["/health"]], "is a list of exact paths"),
    "list-of-bytes": ([b"/health"], "not one exact"),
    "list-of-none": ([None], "not one exact"),
    "relative": (["health"], "not one exact"),
    "empty": ([""], "not one exact"),
    "pattern": (["/static/*"], "not one exact"),
    "escape": (["/a%20b"], "not one exact"),
    "query": (["/health?full"], "not one exact"),
    "fragment": (["/health#x"], "not one exact"),
    "parameter": (["/health;x"], "not one exact"),
    "double-slash": (["//health"], "not one exact"),
    "double-slash-at-the-end": (["/health//"], "not one exact"),
    "only-slashes": (["//"], "not one exact"),
    "dot-segment": (["/a/../b"], "not one exact"),
    "dot-segment-at-the-end": (["/a/.."], "not one exact"),
    "one-dot-at-the-end": (["/a/."], "not one exact"),
    "one-dot": (["/./a"], "not one exact"),
    "non-ascii": (["/caf\u00e9"], "not one exact"),
    "line-feed": (["/a\n"], "not one exact"),
    "second-of-two": (["/health", "x"], "not one exact"),
}


@pytest.mark.parametrize(("paths", "message"), REFUSED.values(), ids=REFUSED)
def test_f8_refused_setting(paths: Any, message: str) -> None:
    """What is not a list of exact paths is refused while constructing."""
    with pytest.raises(ConfigurationError, match=message):
        ExemptPaths(paths)


@pytest.mark.parametrize("path", ["/", "/a", "/a/", "/a.b/c-d_e~f", "/.well-known/x", "/a b", "/...", "/a/..b"])
def test_exact_paths_are_accepted(path: str) -> None:
    """Dots, dashes and spaces inside a segment are part of an exact path."""
    assert ExemptPaths([path]).covers(path, path.encode("ascii"))


@given(st.text(max_size=12), st.binary(max_size=12))
def test_f8_exactness(path: str, raw_path: bytes) -> None:
    """A path is covered when both of its spellings are the configured one, and never otherwise."""
    exact = {"/health", "/ready/", "/"}
    assert EXEMPT.covers(path, raw_path) is (path in exact and raw_path == path.encode())
