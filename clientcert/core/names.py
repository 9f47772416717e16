"""
Distinguished names (X.501, RFC 5280 §4.1.2.4) as values.

A name is a sequence of RDNs, never a string: text is for people, and for the cross-check with what a proxy printed.
"""

from dataclasses import dataclass
from typing import Self
from unicodedata import category

from clientcert.core.name_attributes import Attribute, Rdn, read_rdns
from clientcert.core.name_text import read_openssl, write_openssl, write_rfc4514
from clientcert.core.name_types import oid_of
from clientcert.errors import NameSyntaxError, Reason, escape_peer_text

__all__ = ["AmbiguousNameError", "Attribute", "CanonicalName", "DistinguishedName", "Rdn"]

CanonicalName = tuple[tuple[tuple[str, bool, bytes], ...], ...]

_COMMON_NAME = "2.5.4.3"
# Controls, formats (bidirectional overrides, zero width), surrogates, line and paragraph separators.
_DISGUISING_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class AmbiguousNameError(LookupError):
    """A name was asked for its one common name and does not have exactly one that can be shown as it is."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DistinguishedName:
    """
    The subject or issuer of a certificate.

    Equality is exact: same RDNs with the same attributes in the same order, case and spaces included, string types
    aside. `canonical` is for comparing as path validation does.

    Attributes:
        rdns: RDNs as encoded, root first; each a tuple of one or more attributes.

    There is no `str()` that could be taken for a user name. The empty name is false, as an empty tuple is.

    Not checked here: the number of RDNs and the length of values, which is done where a certificate is parsed.
    """

    rdns: tuple[Rdn, ...] = ()

    @classmethod
    def from_der(cls, der: bytes) -> Self:
        """
        Read a Name.

        Args:
            der: Exactly one DER Name, as in the subject field of a certificate.

        Raises:
            NameSyntaxError: NAME_MALFORMED for anything that is not DER, text that does not decode, an empty or
                unsorted RDN, an attribute type twice in one RDN (X.501 §9.3), an OID over 79 characters.
        """
        try:
            return cls(rdns=read_rdns(der))
        except ValueError as exc:
            raise NameSyntaxError(Reason.NAME_MALFORMED, f"distinguished name is not DER: {_cause(exc)}") from exc

    @classmethod
    def from_nginx(cls, text: bytes) -> Self:
        """
        Read the text that nginx puts into `$ssl_client_s_dn` and `$ssl_client_i_dn`; the inverse of `nginx`.

        Args:
            text: The header value; ASCII. Empty text is the empty name.

        Raises:
            NameSyntaxError: NAME_MALFORMED for every text that `nginx` cannot yield.

        Not known afterwards: the string type of each value, and so `Attribute.der`, unless the text carries it. A
        name whose text ends in an escaped space is refused when an HTTP server has stripped that space.
        """
        try:
            return cls(rdns=read_openssl(text))
        except ValueError as exc:
            detail = f'distinguished name "{escape_peer_text(text)}" is not as OpenSSL prints it: {_cause(exc)}'
            raise NameSyntaxError(Reason.NAME_MALFORMED, detail) from exc

    @property
    def rfc4514(self) -> str:
        """RFC 4514 text, most specific RDN first, on one line: for people and logs, not for comparing."""
        return write_rfc4514(self.rdns)

    @property
    def nginx(self) -> bytes:
        """The text of OpenSSL's XN_FLAG_RFC2253, as nginx, HAProxy (`rfc2253`) and Envoy print it; ASCII."""
        return write_openssl(self.rdns)

    @property
    def apache(self) -> bytes:
        """As `nginx` with raw UTF-8, as Apache prints it (which prints ``(null)`` for an empty name)."""
        return write_openssl(self.rdns, escape_high=False)

    @property
    def canonical(self) -> CanonicalName:
        """
        The form in which two names are compared (RFC 5280 §7.1, as OpenSSL's X509_NAME_cmp); hashable.

        Same for a name read from DER and from the text a proxy printed. Attributes of one RDN have no order in it.
        """
        return tuple(tuple(sorted(attribute.canonical for attribute in rdn)) for rdn in self.rdns)

    @property
    def is_empty(self) -> bool:
        """Whether there is no RDN at all, as RFC 5280 §4.1.2.6 allows when the SAN names the subject."""
        return not self.rdns

    @property
    def has_disguise(self) -> bool:
        """Whether a text value holds a control, format, surrogate or line-separating character."""
        return any(_is_disguised(attribute.value) for rdn in self.rdns for attribute in rdn if attribute.is_text)

    @property
    def common_name(self) -> str:
        """
        The one common name, exactly as encoded.

        Raises:
            AmbiguousNameError: No CN or several, or one that is empty, not text, or holds a control or format
                character; `values("CN")` gives them all.
        """
        found = [attribute for rdn in self.rdns for attribute in rdn if attribute.oid == _COMMON_NAME]
        if len(found) != 1:
            raise AmbiguousNameError(f'{len(found)} common names, wanted exactly 1; use .values("CN")')
        if not found[0].is_text or not found[0].value or _is_disguised(found[0].value):
            raise AmbiguousNameError(
                '1 common name, but it is empty, not text, or has control or format characters; use .values("CN")'
            )
        return found[0].value

    def values(self, type_: str) -> tuple[str, ...]:
        """
        All text values of one attribute type, root first, exactly as encoded.

        Args:
            type_: Short name as `rfc4514` or `nginx` prints it (``CN``, ``emailAddress``; case-sensitive) or dotted
                OID.

        Returns:
            Decoded texts; values that are not strings are left out.

        Raises:
            ValueError: The type is neither a known short name nor an OID.
        """
        oid = oid_of(type_)
        return tuple(
            attribute.value for rdn in self.rdns for attribute in rdn if attribute.oid == oid and attribute.is_text
        )

    def is_within(self, base: "DistinguishedName") -> bool:
        """Whether the name lies in the subtree of a base, by canonical RDNs (RFC 5280 §4.2.1.10, directoryName)."""
        prefix = base.canonical
        return self.canonical[: len(prefix)] == prefix

    def __len__(self) -> int:
        """Count the RDNs."""
        return len(self.rdns)

    def __repr__(self) -> str:
        """Show the RFC 4514 text in quotes, never something that reads as a user name."""
        return f"DistinguishedName({self.rfc4514!r})"


def _is_disguised(value: str) -> bool:
    return not value.isprintable() and any(category(character) in _DISGUISING_CATEGORIES for character in value)


def _cause(exc: ValueError) -> str:
    """Say what went wrong; of a Unicode error the codec alone."""
    return f"octets that are not {exc.encoding}" if isinstance(exc, UnicodeDecodeError) else str(exc)
