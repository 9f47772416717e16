"""SPIFFE IDs: go-spiffe's character rules, one mutation at a time."""

import pickle
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientcert.core.spiffe import SpiffeId

LOWER = string.ascii_lowercase + string.digits + ".-_"

ACCEPTED = {
    "trust-domain-alone": ("spiffe://example.org", "example.org", "", ()),
    "path": ("spiffe://prod.example/ns/a/sa/b", "prod.example", "/ns/a/sa/b", ("ns", "a", "sa", "b")),
    "upper-case-path": ("spiffe://td/NS", "td", "/NS", ("NS",)),
    "all-characters": (f"spiffe://{LOWER}/{LOWER}", LOWER, f"/{LOWER}", (LOWER,)),
    "three-dots": ("spiffe://td/...", "td", "/...", ("...",)),
    "dots-around-a-name": ("spiffe://td/.a/b.", "td", "/.a/b.", (".a", "b.")),
    "no-dns-name": ("spiffe://1.2.3.4", "1.2.3.4", "", ()),
    "longest-trust-domain": ("spiffe://" + "a" * 255, "a" * 255, "", ()),
    "longest": ("spiffe://td/" + "a" * 2036, "td", "/" + "a" * 2036, ("a" * 2036,)),
}

REFUSED = {
    "empty": "",
    "scheme-alone": "spiffe://",
    "no-authority": "spiffe:/td/a",
    "opaque": "spiffe:td",
    "other-scheme": "https://td/a",
    "upper-case-scheme": "SPIFFE://td/a",
    "space-before": " spiffe://td/a",
    "no-trust-domain": "spiffe:///a",
    "upper-case-trust-domain": "spiffe://TD/a",
    "user-information": "spiffe://user@td/a",
    "port": "spiffe://td:443/a",
    "empty-port": "spiffe://td:/a",
    "bracketed-address": "spiffe://[::1]/a",
    "percent-in-trust-domain": "spiffe://t%64/a",
    "kelvin-sign": "spiffe://\u212a/a",
    "fullwidth": "spiffe://td/\uff41",
    "query": "spiffe://td/a?b",
    "query-without-path": "spiffe://td?b",
    "fragment": "spiffe://td/a#b",
    "percent-dot": "spiffe://td/%2e%2e/a",
    "percent-slash": "spiffe://td/a%2fb",
    "backslash": "spiffe://td/a\\b",
    "tilde": "spiffe://td/~a",
    "dot-segment": "spiffe://td/a/./b",
    "double-dot-segment": "spiffe://td/a/../b",
    "double-dot-at-end": "spiffe://td/a/..",
    "empty-segment": "spiffe://td/a//b",
    "only-slash": "spiffe://td/",
    "slash-at-end": "spiffe://td/a/",
    "line-break-at-end": "spiffe://td/a\n",
    "trust-domain-too-long": "spiffe://" + "a" * 256,
    "too-long": "spiffe://td/" + "a" * 2037,
}


@pytest.mark.parametrize(("text", "trust_domain", "path", "segments"), ACCEPTED.values(), ids=ACCEPTED)
def test_accepts(text: str, trust_domain: str, path: str, segments: tuple[str, ...]) -> None:
    """A well-formed ID is split at the first slash and prints as it was."""
    spiffe_id = SpiffeId.parse(text)
    assert (spiffe_id.trust_domain, spiffe_id.path, spiffe_id.segments) == (trust_domain, path, segments)
    assert spiffe_id == SpiffeId(trust_domain=trust_domain, path=path)
    assert spiffe_id.uri == str(spiffe_id) == text
    assert pickle.loads(pickle.dumps(spiffe_id)) == spiffe_id  # noqa: S301 - our own bytes


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_refuses(text: str) -> None:
    """Whatever would need normalising, or is over a limit, is refused."""
    with pytest.raises(ValueError):
        SpiffeId.parse(text)


def test_refuses_path_without_slash() -> None:
    """An ID that is built by hand obeys the same rules."""
    with pytest.raises(ValueError, match="start with a slash"):
        SpiffeId(trust_domain="td", path="a")


def test_error_text_is_one_printable_line() -> None:
    """What a peer sent appears escaped and cut in the message."""
    for text in ("x\n" * 100, "spiffe://\n\u202e" + "a" * 200, "spiffe://td/\n\u202e" + "a" * 200, "spiffe://td/\n/.."):
        with pytest.raises(ValueError, match=r"\\n") as caught:
            SpiffeId.parse(text)
        assert str(caught.value).isascii()
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 200


BASE = "spiffe://td/ab/c"
SEGMENT = LOWER + string.ascii_uppercase
LEGAL = [
    *"spiffe://",
    *(LOWER, LOWER),
    # The slash that ends the trust domain may be replaced by a further character of it.
    LOWER + "/",
    *(SEGMENT, SEGMENT),
    SEGMENT + "/",
    SEGMENT.replace(".", ""),  # /. is a dot segment
]


@pytest.mark.parametrize("position", range(len(BASE)))
def test_every_single_byte_mutation(position: int) -> None:
    """Of 256 replacements of each byte, exactly those by a character legal at that place are accepted."""
    accepted = set()
    for octet in range(256):
        try:
            accepted.add(SpiffeId.parse(BASE[:position] + chr(octet) + BASE[position + 1 :]).uri[position])
        except ValueError:
            continue
    assert accepted == set(LEGAL[position])


@given(st.text(max_size=40) | st.text("spife:/td.%?#@", max_size=20).map("spiffe://{}".format))
def test_hostile_text(text: str) -> None:
    """Any text either is an ID that prints as itself or raises ValueError."""
    try:
        spiffe_id = SpiffeId.parse(text)
    except ValueError:
        return
    assert spiffe_id.uri == text
    assert text.isascii()
