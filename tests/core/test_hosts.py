"""`AllowedHosts`: an exact list, whatever port or spelling a client writes."""

from typing import Any

import pytest

from clientcert.config import ClientCertConfig
from clientcert.core.hosts import AllowedHosts
from clientcert.core.outcome import Anonymous, Rejected
from clientcert.errors import ConfigurationError, Reason
from tests import material as m

ALLOWED = AllowedHosts(["api.example", "App_1.internal", "192.0.2.7", "[2001:DB8::7]"])
OUTCOME = Anonymous(reason=Reason.NO_CERTIFICATE)


@pytest.mark.parametrize(
    "host",
    [
        b"api.example",
        b"API.Example",
        b"api.example:443",
        b"app_1.internal",
        b"192.0.2.7:8443",
        b"[2001:db8::7]",
        b"[2001:db8::7]:8443",
    ],
)
def test_allowed(host: bytes) -> None:
    """A name of the list is the same in any case, and with any port."""
    assert ALLOWED.judge(OUTCOME, [host]) is OUTCOME


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        [b""],
        [b"api.example", b"api.example"],
        [b"api.example,api.example"],
        [b"api.example."],
        [b"xapi.example"],
        [b"example"],
        [b"x.api.example"],
        [b"api.example:"],
        [b"api.example:x"],
        [b"api.example:443:443"],
        [b"api.example:\xb2"],
        [b"user@api.example"],
        [b"api.example/"],
        [b" api.example"],
        [b"api.example\x00"],
        [b":443"],
        [b"2001:db8::7"],
        [b"[2001:db8::7"],
        [b"[::1]"],
    ],
    ids=repr,
)
def test_not_allowed(hosts: list[bytes]) -> None:
    """Anything else, none and two are turned away, whatever was decided about the client; and the operator is told."""
    judged = ALLOWED.judge(OUTCOME, hosts)
    assert isinstance(judged, Rejected)
    assert (judged.reason, judged.status) == (Reason.HOST_NOT_ALLOWED, 421)
    assert "not in allowed_hosts" in judged.detail
    assert judged.detail.isprintable()


def test_an_empty_list_allows_every_host() -> None:
    """Without the setting nothing is asked."""
    nothing = AllowedHosts()
    assert (bool(nothing), bool(ALLOWED)) == (False, True)
    assert nothing.judge(OUTCOME, []) is OUTCOME
    assert not m.config().hosts


BAD: dict[str, Any] = {
    "one text": "api.example",
    "bytes": b"api.example",
    "number": 7,
    "empty": [""],
    "any": ["*"],
    "pattern": ["*.example"],
    "end": [".example"],
    "port": ["api.example:443"],
    "address": ["https://api.example"],
    "path": ["api.example/"],
    "not text": [b"api.example"],
    "not ASCII": ["b\xfccher.example"],
    "not ASCII, in lower case": ["\u212a.example"],
    "address without brackets": ["2001:db8::7"],
    "brackets alone": ["[]"],
    "name in brackets": ["[api]"],
}


@pytest.mark.parametrize("row", BAD)
def test_refused_at_the_start(row: str) -> None:
    """Only exact names are a list, so that nothing is allowed by a pattern that nobody meant; the field is named."""
    with pytest.raises(ConfigurationError, match="allowed_hosts"):
        m.config(allowed_hosts=BAD[row])
    assert ClientCertConfig.from_mapping(
        {"source": "tls", "trust": m.AUTHORITY.issued.der, "allowed_hosts": ["a"]}
    ).hosts
