"""What an operator trusts: anchors and intermediates, loaded whole or not at all."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Self

from cryptography.x509 import Certificate
from cryptography.x509.verification import Store

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.names import CanonicalName
from clientcert.core.verification.authorities import CertificateMap, Certificates, CertificateSet, index_by_name
from clientcert.core.verification.authority import Authority, parsed_authority
from clientcert.core.verification.bundle import NO_CERTIFICATE, Encoded, TrustSource, parse_encoded, split_bundle
from clientcert.core.verification.plain_roots import find_plain_root
from clientcert.core.verification.public_roots import is_public_root
from clientcert.core.verification.rules import ANCHOR
from clientcert.core.verification.strength import SecurityLevel
from clientcert.errors import ConfigurationError, VerificationError

# A private PKI has a handful; more is a copy of a public bundle.
_MANY = 16

Index = Mapping[CanonicalName, tuple[ParsedCertificate, ...]]
Known = Mapping[bytes, Authority]
_NOTHING: Known = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustStore:
    """
    The CAs whose clients are accepted.

    Immutable, and free of time: a reload makes a new one. Build it with `load`. Of more than 16 certificates, those
    that are plain roots (`find_plain_root`) are parsed when a path first needs them, and what is asked for one then
    raises what `Authority.certificate` raises.

    Attributes:
        anchors: Self-issued CA certificates: the only source of trust.
        intermediates: Every other CA certificate of the bundle: links, as trustworthy as their issuers.
        sound: Those of both that may issue clients' certificates at any time, in every profile (`rules.check_ca`).
        flaws: What keeps an anchor from being used at all, one line for each such anchor.
        anchors_by_name, intermediates_by_name: The same by subject, in the form in which names are compared.
        x509_store: The anchors for cryptography's verifier; None where it can use none of them.
        by_x509: The parsed certificate for each certificate object of the store.
        authorities: All of them, anchors first, by DER: what the next generation need not read again.
    """

    anchors: Certificates
    intermediates: Certificates
    sound: AbstractSet[ParsedCertificate] = field(repr=False, compare=False)
    flaws: tuple[str, ...] = field(default=(), repr=False, compare=False)
    anchors_by_name: Index = field(repr=False, compare=False)
    intermediates_by_name: Index = field(repr=False, compare=False)
    x509_store: Store | None = field(repr=False, compare=False)
    by_x509: Mapping[Certificate, ParsedCertificate] = field(repr=False, compare=False)
    authorities: Known = field(repr=False, compare=False)

    @classmethod
    def load(cls, source: "TrustSource | TrustStore", *, security_level: SecurityLevel | None = None) -> Self:
        """
        Read a bundle: the whole of it, or nothing.

        Args:
            source: What is trusted: the path of a PEM or DER file, or of a directory, whose regular files are all
                read; PEM or DER octets; a certificate object; an iterable of these; a callable without parameters
                that returns one of these; or a store.
            security_level: That of the `OpenSSLVerifier` it is for; None for the other profiles, which accept fewer
                anchors, whatever is given here.

        Raises:
            ConfigurationError: Nothing found, not readable, a private key, octets that are not a whole certificate, a
                certificate that is not a CA, an anchor that did not sign itself, no anchor at all.

        Not checked here: dates (`warnings` tells), that the intermediates chain to the anchors, and in a bundle of
        more than 16 the self-signatures of plain roots: see `check_signatures`.
        """
        if isinstance(source, TrustStore):
            return cls.of(source.authorities.values(), security_level=security_level)
        return cls.of(read_authorities(split_bundle(source)), security_level=security_level)

    @classmethod
    def of(cls, authorities: Iterable[Authority], *, security_level: SecurityLevel | None = None) -> Self:
        """Make a store of what `read_authorities` has read; as `load`."""
        everything = {authority.der: authority for authority in authorities}.values()
        anchors = [authority for authority in everything if authority.is_anchor]
        if not anchors:
            raise ConfigurationError(
                f"trust has {len(everything)} certificates but no self-issued CA certificate: add the root CA's "
                "certificate; intermediates alone are not trusted"
            )
        flaws = [flaw for anchor in anchors if (flaw := anchor.flaw(security_level, ANCHOR)) is not None]
        if len(flaws) == len(anchors):
            raise ConfigurationError(f"trust: no client could be accepted under any anchor: {flaws[0]}")
        links = [authority for authority in everything if not authority.is_anchor]
        sound = [c for c in anchors if c.flaw(None, ANCHOR) is None]
        usable = [c.x509 for c in sound if c.is_v3]
        ordered = {authority.der: authority for authority in (*anchors, *links)}
        return cls(
            anchors=Certificates(anchors),
            flaws=tuple(flaws),
            sound=CertificateSet((*sound, *(c for c in links if c.flaw(None, "") is None))),
            intermediates=Certificates(links),
            anchors_by_name=index_by_name(anchors),
            intermediates_by_name=index_by_name(links),
            x509_store=Store(usable) if usable else None,
            by_x509=CertificateMap({c.x509: c for c in ordered.values()}),
            authorities=MappingProxyType(ordered),
        )

    def check_signatures(self) -> None:
        """Check what `load` left for later; ConfigurationError for an anchor that is damaged. 0.1 ms for each."""
        for authority in self.authorities.values():
            try:
                _ = authority.certificate
            except VerificationError as exc:
                raise ConfigurationError(f"trust: {exc.detail}") from exc

    def warnings(self, at: datetime) -> tuple[str, ...]:
        """
        Tell what an operator should look at, one line each: anchors out of their dates, public roots, too many.

        Args:
            at: The moment to judge dates for; aware.
        """
        lines = [f"unusable {flaw}" for flaw in self.flaws]
        anchors = tuple(self.anchors.authorities.values())
        lines += [f"{ANCHOR} {c} expired at {c.not_after:%Y-%m-%dT%H:%M:%SZ}" for c in anchors if at > c.not_after]
        lines += [
            f"{ANCHOR} {c} is not valid before {c.not_before:%Y-%m-%dT%H:%M:%SZ}" for c in anchors if at < c.not_before
        ]
        lines += [
            f"{ANCHOR} {c} is a public Web PKI root: anybody can get a certificate under it"
            for c in anchors
            if is_public_root(c.spki_sha256)
        ]
        if len(anchors) > _MANY:
            lines.append(f"{len(anchors)} trust anchors: clients of every one of them are accepted")
        return tuple(lines)

    def describe(self) -> tuple[str, ...]:
        """One line for each certificate: its place, subject, fingerprint, dates."""
        return tuple(
            f"{place} {c}, valid {c.not_before:%Y-%m-%d} to {c.not_after:%Y-%m-%d}"
            for place, group in (("anchor", self.anchors), ("intermediate", self.intermediates))
            for c in group.authorities.values()
        )

    def issuers_of(self, certificate: ParsedCertificate) -> tuple[ParsedCertificate, ...]:
        """The configured certificates whose subject is the issuer of another, anchors first."""
        name = certificate.issuer_canonical
        return self.anchors_by_name.get(name, ()) + self.intermediates_by_name.get(name, ())


def read_authorities(encoded: Sequence[Encoded], known: Known = _NOTHING) -> list[Authority]:
    """
    Read the certificates of a bundle: those that are known not again, and plain roots among many as far as needed.

    Args:
        encoded: All of them; how many there are decides.
        known: Of the store before.

    Raises:
        ConfigurationError: None at all, or octets that are not a certificate.
    """
    if not encoded:
        raise ConfigurationError(NO_CERTIFICATE)
    find = find_plain_root if len(encoded) > _MANY else _read_none
    return [known.get(one.der) or find(one.der) or parsed_authority(parse_encoded(one)) for one in encoded]


def _read_none(der: bytes) -> None:
    """Leave all to the reader that reads everything at once."""
