"""What an operator trusts: anchors and intermediates, loaded whole or not at all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Self

from cryptography.x509 import Certificate
from cryptography.x509.verification import Store

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.names import CanonicalName
from clientcert.core.tbs import X509_V3
from clientcert.core.verification.bundle import TrustSource, read_bundle
from clientcert.core.verification.path import key_id_matches
from clientcert.core.verification.public_roots import is_public_root
from clientcert.core.verification.rules import ANCHOR, check_ca, check_is_ca
from clientcert.core.verification.signatures import signature_state
from clientcert.core.verification.strength import SecurityLevel
from clientcert.errors import ConfigurationError, VerificationError

# A private PKI has a handful; more is a copy of a public bundle.
_MANY_ANCHORS = 16

Index = Mapping[CanonicalName, tuple[ParsedCertificate, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustStore:
    """
    The CAs whose clients are accepted.

    Immutable, and free of time: a reload makes a new one. Build it with `load`.

    Attributes:
        anchors: Self-issued CA certificates: the only source of trust.
        intermediates: Every other CA certificate of the bundle: links, as trustworthy as their issuers.
        sound: Those of both that may issue clients' certificates at any time, in every profile (`rules.check_ca`).
        flaws: What keeps an anchor from being used at all, one line for each such anchor.
        anchors_by_name, intermediates_by_name: The same by subject, in the form in which names are compared.
        x509_store: The anchors for cryptography's verifier; None where it can use none of them.
        by_x509: The parsed certificate for each certificate object of the store.
    """

    anchors: tuple[ParsedCertificate, ...]
    intermediates: tuple[ParsedCertificate, ...] = ()
    sound: frozenset[ParsedCertificate] = field(default=frozenset(), repr=False, compare=False)
    flaws: tuple[str, ...] = field(default=(), repr=False, compare=False)
    anchors_by_name: Index = field(repr=False, compare=False)
    intermediates_by_name: Index = field(repr=False, compare=False)
    x509_store: Store | None = field(repr=False, compare=False)
    by_x509: Mapping[Certificate, ParsedCertificate] = field(repr=False, compare=False)

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

        Not checked here: dates (`warnings` tells), and that the intermediates chain to the anchors.
        """
        if isinstance(source, TrustStore):
            source = [c.der for c in (*source.anchors, *source.intermediates)]
        certificates = dict.fromkeys(read_bundle(source))
        anchors = dict.fromkeys(c for c in certificates if _is_anchor(c))
        if not anchors:
            raise ConfigurationError(
                f"trust has {len(certificates)} certificates but no self-issued CA certificate: add the root CA's "
                "certificate; intermediates alone are not trusted"
            )
        flaws = {c: flaw for c in anchors if (flaw := _flaw(c, security_level)) is not None}
        if len(flaws) == len(anchors):
            detail = next(iter(flaws.values()))
            raise ConfigurationError(f"trust: no client could be accepted under any anchor: {detail}")
        links = dict.fromkeys(c for c in certificates if c not in anchors)
        sound = frozenset(c for c in certificates if _flaw(c, None, ANCHOR if c in anchors else "") is None)
        usable = [c.x509 for c in anchors if c.version == X509_V3 and c in sound]
        return cls(
            anchors=tuple(anchors),
            flaws=tuple(flaws.values()),
            sound=sound,
            intermediates=tuple(links),
            anchors_by_name=_by_name(anchors),
            intermediates_by_name=_by_name(links),
            x509_store=Store(usable) if usable else None,
            by_x509=MappingProxyType({c.x509: c for c in (*anchors, *links)}),
        )

    def warnings(self, at: datetime) -> tuple[str, ...]:
        """
        Tell what an operator should look at, one line each: anchors out of their dates, public roots, too many.

        Args:
            at: The moment to judge dates for; aware.
        """
        lines = [f"unusable {flaw}" for flaw in self.flaws]
        lines += [f"{ANCHOR} {c} expired at {c.not_after:%Y-%m-%dT%H:%M:%SZ}" for c in self.anchors if at > c.not_after]
        lines += [
            f"{ANCHOR} {c} is not valid before {c.not_before:%Y-%m-%dT%H:%M:%SZ}"
            for c in self.anchors
            if at < c.not_before
        ]
        lines += [
            f"{ANCHOR} {c} is a public Web PKI root: anybody can get a certificate under it"
            for c in self.anchors
            if is_public_root(c.spki_sha256)
        ]
        if len(self.anchors) > _MANY_ANCHORS:
            lines.append(f"{len(self.anchors)} trust anchors: clients of every one of them are accepted")
        return tuple(lines)

    def describe(self) -> tuple[str, ...]:
        """One line for each certificate: its place, subject, fingerprint, dates."""
        return tuple(
            f"{place} {c}, valid {c.not_before:%Y-%m-%d} to {c.not_after:%Y-%m-%d}"
            for place, group in (("anchor", self.anchors), ("intermediate", self.intermediates))
            for c in group
        )

    def issuers_of(self, certificate: ParsedCertificate) -> tuple[ParsedCertificate, ...]:
        """The configured certificates whose subject is the issuer of another, anchors first."""
        name = certificate.issuer_canonical
        return self.anchors_by_name.get(name, ()) + self.intermediates_by_name.get(name, ())


def _by_name(certificates: Iterable[ParsedCertificate]) -> Index:
    index: dict[CanonicalName, tuple[ParsedCertificate, ...]] = {}
    for certificate in certificates:
        index[certificate.subject_canonical] = (*index.get(certificate.subject_canonical, ()), certificate)
    return MappingProxyType(index)


def _is_anchor(certificate: ParsedCertificate) -> bool:
    """Tell an anchor from an intermediate; ConfigurationError for what is neither."""
    try:
        check_is_ca(certificate, "certificate")
    except VerificationError as exc:
        raise ConfigurationError(
            f"trust: {exc.detail}: take it out of the bundle (a client's own certificate belongs into profile 'pinned')"
        ) from exc
    # A CA that changes its key may certify the new one under its own name: self-issued, and yet a link (RFC 5280 §3.2).
    if not certificate.is_self_issued or not key_id_matches(certificate, certificate):
        return False
    # What cannot be computed (DSA, MD5) is no damage: nothing rests on the self-signature of an anchor.
    if signature_state(certificate, certificate) is False:
        raise ConfigurationError(f"trust: anchor {certificate} is not signed by its own key: the file is damaged")
    return True


def _flaw(certificate: ParsedCertificate, level: SecurityLevel | None, role: str = ANCHOR) -> str | None:
    """Why no client can be accepted under a CA at any time, and which option would help; or None."""
    try:
        check_ca(certificate, role, level=level)
    except VerificationError as exc:
        return "; ".join((exc.detail, *(hint for hint in exc.hints if "profile" in hint)))
    return None
