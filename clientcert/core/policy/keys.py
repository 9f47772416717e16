"""Rules about hashes, keys and issuers: what a certificate authority cannot mint twice."""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from cryptography.x509 import Certificate

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.identity import ClientIdentity
from clientcert.core.policy.combinators import ConstantLeaf, Rule
from clientcert.core.policy.decision import Answer, Decision
from clientcert.core.policy.values import distinct, one_or_more, sha256_digests
from clientcert.core.tbs import read_fields
from clientcert.core.verification.bundle import read_bundle
from clientcert.errors import ConfigurationError

Issuer = str | bytes | Certificate | ParsedCertificate
"""A CA: the SHA-256 of its subjectPublicKeyInfo (`ClientIdentity.issuer_key_id`), or its certificate."""

_NO_ISSUER: Final = "nobody here verified who issued the certificate"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DigestRule(ConstantLeaf):
    """
    Whether a hash of the client's is one of the values; see `fingerprint` and `spki`.

    Attributes:
        field: ``fingerprint`` or ``spki``.
        values: 64 lower-case hex digits each.
    """

    field: str
    values: tuple[str, ...]

    @property
    def kind(self) -> str:
        """The function's name."""
        return self.field

    @property
    def wanted(self) -> tuple[str, ...]:
        """The values."""
        return self.values

    @property
    def may_be_negated(self) -> bool:
        """Whether it is about the key: a fingerprint covers the signature, which others than the CA can vary."""
        return self.field != "fingerprint"

    def _look(self, identity: ClientIdentity) -> Decision:
        got = identity.fingerprint_sha256 if self.field == "fingerprint" else identity.spki_sha256
        if got is None:
            return self._answer(Answer.CANNOT_TELL, why="the proxy sent no certificate")
        return self._answer(Answer.YES if got in self.values else Answer.NO, got=(got,))

    def __repr__(self) -> str:
        return f"{self.field}({', '.join(map(repr, self.values))})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class IssuedBy(ConstantLeaf):
    """
    Whether one of the keys belongs to a CA of the verified path; see `issued_by`.

    Attributes:
        keys: SHA-256 of subjectPublicKeyInfos.
    """

    keys: tuple[str, ...]

    @property
    def kind(self) -> str:
        """``issued_by``."""
        return "issued_by"

    @property
    def wanted(self) -> tuple[str, ...]:
        """The keys."""
        return self.keys

    def _look(self, identity: ClientIdentity) -> Decision:
        if identity.issuer_key_id is None:
            return self._answer(Answer.CANNOT_TELL, why=_NO_ISSUER)
        got = distinct((identity.issuer_key_id, *map(_key_of, identity.chain[1:])))
        if not set(got).isdisjoint(self.keys):
            return self._answer(Answer.YES, got=got)
        if not identity.chain or not _knows_issuer(identity):
            return self._answer(Answer.CANNOT_TELL, got=got, why=_NO_ISSUER)
        return self._answer(Answer.NO, got=got)

    def __repr__(self) -> str:
        return f"issued_by({', '.join(map(repr, self.keys))})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SerialRule(ConstantLeaf):
    """
    Whether the client's certificate is one of those with these numbers from this issuer; see `serial`.

    Attributes:
        issuer: SHA-256 of the issuer's subjectPublicKeyInfo.
        numbers: Serial numbers.
    """

    issuer: str
    numbers: tuple[int, ...]

    @property
    def kind(self) -> str:
        """``serial``."""
        return "serial"

    @property
    def wanted(self) -> tuple[str, ...]:
        """Issuer and number of each."""
        return tuple(_shown(self.issuer, number) for number in self.numbers)

    def _look(self, identity: ClientIdentity) -> Decision:
        issuer, number = identity.issuer_key_id, identity.serial_number
        if issuer is None or number is None:
            return self._answer(Answer.CANNOT_TELL, why=_NO_ISSUER)
        got = (_shown(issuer, number),)
        if issuer == self.issuer and number in self.numbers:
            return self._answer(Answer.YES, got=got)
        if not _knows_issuer(identity):
            return self._answer(Answer.CANNOT_TELL, got=got, why=_NO_ISSUER)
        return self._answer(Answer.NO, got=got)

    def __repr__(self) -> str:
        return f"serial({self.issuer!r}, {', '.join(map(hex, self.numbers))})"


def fingerprint(*values: str) -> Rule:
    """
    Allow who presents one of these very certificates.

    Args:
        values: SHA-256 of the certificate's DER, 64 lower-case hex digits.

    Raises:
        ConfigurationError: No value, or one in another form. Negating the rule is refused as well: anybody can turn
            an ECDSA signature into another valid one, and so escape a deny-list of fingerprints.
    """
    return DigestRule(field="fingerprint", values=sha256_digests("fingerprint", values, of="a certificate"))


def spki(*values: str) -> Rule:
    """
    Allow who has one of these keys, in whatever certificate.

    Args:
        values: SHA-256 of the subjectPublicKeyInfo's DER, 64 lower-case hex digits.

    Raises:
        ConfigurationError: No value, or one in another form.
    """
    return DigestRule(field="spki", values=sha256_digests("spki", values, of="a public key"))


def issued_by(*issuers: Issuer) -> Rule:
    """
    Allow whose certificate was issued by one of these CAs, directly or through CAs below it.

    Compares keys, which survive the renewal of a CA's certificate and are not shared by a CA of the same name.

    Args:
        issuers: CA certificates (PEM or DER octets, or an object), or the SHA-256 of their subjectPublicKeyInfo.

    Raises:
        ConfigurationError: No issuer, or one in another form, such as a name, which any CA may use.
    """
    return IssuedBy(keys=distinct(_key_id("issued_by", issuer) for issuer in one_or_more("issued_by", issuers)))


def serial(issuer: Issuer, *numbers: int) -> Rule:
    """
    Allow who presents a certificate with one of these serial numbers; for deny-lists: ``deny(serial(ca, 0x1001))``.

    Args:
        issuer: The CA that issued them directly: its certificate, or the SHA-256 of its subjectPublicKeyInfo. A number
            alone or a name identifies nothing.
        numbers: Serial numbers (RFC 5280 §4.1.2.2), positive.

    Raises:
        ConfigurationError: No number, one that is not a positive integer, or an issuer in another form.
    """
    for number in one_or_more("serial", numbers):
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise ConfigurationError(f"serial number {number!r} is not a positive integer such as 0x1001")
    return SerialRule(issuer=_key_id("serial", issuer), numbers=distinct(numbers))


def _key_id(kind: str, issuer: Any) -> str:
    if isinstance(issuer, ParsedCertificate):
        return issuer.spki_sha256
    if isinstance(issuer, bytes | Certificate):
        certificates = read_bundle(issuer)
        if len(certificates) != 1:
            raise ConfigurationError(f"{kind} got {len(certificates)} certificates in one text, wanted 1")
        return certificates[0].spki_sha256
    if isinstance(issuer, str) and "=" in issuer:
        raise ConfigurationError(
            f"{kind}({issuer!r}): the name of a CA identifies nothing, another CA may have the same; "
            "give its certificate or the SHA-256 of its public key (issuer_key_id)"
        )
    return sha256_digests(kind, (issuer,), of="a CA's public key (issuer_key_id)")[0]


def _knows_issuer(identity: ClientIdentity) -> bool:
    """Whether `issuer_key_id` is the issuer's: of a pinned certificate nobody looked for the issuer, it is its own."""
    return identity.issuer_key_id != identity.spki_sha256 or identity.subject == identity.issuer


# The certificates of verified paths: a few CAs, seen in every request.
@lru_cache(maxsize=64)
def _key_of(der: bytes) -> str:
    return sha256(read_fields(der).spki).hexdigest()


def _shown(issuer: str, number: int) -> str:
    return f"{number:#x} of {issuer[:16]}..."
