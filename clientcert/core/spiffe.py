"""SPIFFE IDs (SPIFFE-ID §2), by the character rules of go-spiffe."""

from dataclasses import dataclass
from typing import Self

from clientcert.errors import escape_peer_text

_PREFIX = "spiffe://"
# Bytes of the whole ID and of the trust domain name (SPIFFE-ID §2.3).
_MAX_ID_BYTES = 2048
_MAX_TRUST_DOMAIN_BYTES = 255
_TRUST_DOMAIN_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-_")
_SEGMENT_CHARACTERS = _TRUST_DOMAIN_CHARACTERS | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpiffeId:
    """
    One SPIFFE ID; an instance is always well-formed.

    Two IDs are equal when their texts are: nothing is percent-decoded, case-folded or resolved, because nothing that
    would need it is accepted.

    Attributes:
        trust_domain: Lower-case name of the trust domain, 1 to 255 bytes.
        path: Empty, or ``/`` before each segment.

    Raises:
        ValueError: On construction, as `parse`.

    Not checked here: whether the trust domain is one that you trust, that a workload has a path at all (X509-SVID
    §5.2 asks it of leaves), that a certificate has one URI SAN only.
    """

    trust_domain: str
    path: str = ""

    def __post_init__(self) -> None:
        _check_trust_domain(self.trust_domain)
        _check_path(self.path)
        if len(self.uri) > _MAX_ID_BYTES:
            raise ValueError(f"SPIFFE ID has {len(self.uri)} bytes, wanted at most {_MAX_ID_BYTES}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Read the text of a URI as a SPIFFE ID.

        Args:
            text: The URI as it stands in the SAN; the scheme is ``spiffe`` in lower case.

        Raises:
            ValueError: Any other scheme; a trust domain with anything but ``a-z 0-9 . - _``, so also with user
                information or a port; a path with an empty, ``.`` or ``..`` segment, a slash at its end, or anything
                but ``A-Z a-z 0-9 . - _`` in a segment, so also percent encoding, a query or a fragment; more than
                2,048 bytes in all or 255 in the trust domain.
        """
        if not text.startswith(_PREFIX):
            raise ValueError(f'not a SPIFFE ID: starts with "{escape_peer_text(text, limit=20)}", wanted "{_PREFIX}"')
        trust_domain, slash, path = text[len(_PREFIX) :].partition("/")
        return cls(trust_domain=trust_domain, path=slash + path)

    @property
    def uri(self) -> str:
        """The ID as a URI."""
        return f"{_PREFIX}{self.trust_domain}{self.path}"

    @property
    def segments(self) -> tuple[str, ...]:
        """The segments of the path; none for the ID of the trust domain itself."""
        return tuple(self.path.split("/")[1:])

    def __str__(self) -> str:
        """Return the URI."""
        return self.uri


def _check_trust_domain(name: str) -> None:
    if not name:
        raise ValueError("SPIFFE ID without a trust domain")
    if len(name) > _MAX_TRUST_DOMAIN_BYTES:
        raise ValueError(f"trust domain has {len(name)} bytes, wanted at most {_MAX_TRUST_DOMAIN_BYTES}")
    if not _TRUST_DOMAIN_CHARACTERS.issuperset(name):
        raise ValueError(f'trust domain "{escape_peer_text(name)}" has other characters than a-z 0-9 . - _')


def _check_path(path: str) -> None:
    if not path:
        return
    if not path.startswith("/"):
        raise ValueError("SPIFFE path does not start with a slash")
    for segment in path[1:].split("/"):
        if segment in {"", ".", ".."}:
            raise ValueError(f'SPIFFE path "{escape_peer_text(path)}" has an empty or dot segment or ends in a slash')
        if not _SEGMENT_CHARACTERS.issuperset(segment):
            raise ValueError(f'path segment "{escape_peer_text(segment)}" has other characters than A-Z a-z 0-9 . - _')
