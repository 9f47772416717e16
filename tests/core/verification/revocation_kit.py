"""What the tests of revocation share: one authority, its clients, and hand-made lists."""

from datetime import datetime, timedelta
from typing import Any

from cryptography import x509

from clientcert.core.verification import StandardVerifier, TrustStore, VerifiedPath
from clientcert.core.verification.crl_checker import CrlChecker
from clientcert.core.verification.crl_rules import CrlRules
from clientcert.core.verification.revocation import RevocationAnswer
from clientcert.testing import CertificateAuthority, IssuedCertificate, Revoked
from clientcert.testing.asn1 import explicit, integer, sequence, time
from clientcert.testing.extensions import encode_extension
from clientcert.testing.names import encode_name
from clientcert.testing.signing import algorithm_identifier, signed
from tests.core.verification.kit import NOW, authority, parsed

ROOT = authority("Revoking CA")
ISSUING = ROOT.intermediate("Issuing CA")
ALICE = ROOT.issue("alice", serial_number=0x1001)
BOB = ROOT.issue("bob", serial_number=0x1002)
BELOW = ISSUING.issue("below", serial_number=0x2001)
STORE = TrustStore.load([ROOT.der, ISSUING.der])

HOUR = timedelta(hours=1)


def crl(*revoked: int | Revoked, ca: CertificateAuthority = ROOT, **knobs: Any) -> bytes:
    """A list in DER; the knobs are those of `CertificateAuthority.crl`."""
    return ca.crl(revoked, **knobs).der


def load(
    *files: bytes,
    rules: CrlRules | None = None,
    store: TrustStore = STORE,
    at: datetime = NOW,
    previous: CrlChecker | None = None,
) -> CrlChecker:
    """Lists in force, each from a file of its own."""
    named = [(f"file {number}", octets) for number, octets in enumerate(files, 1)]
    return CrlChecker.load(named, store=store, at=at, rules=rules, previous=previous)


def ask(
    checker: CrlChecker,
    certificate: IssuedCertificate | CertificateAuthority = ALICE,
    issuer: CertificateAuthority = ROOT,
    *,
    at: datetime = NOW,
) -> RevocationAnswer:
    """What lists say of a certificate."""
    return checker.check(parsed(certificate), parsed(issuer), at=at)


def path_of(leaf: IssuedCertificate, at: datetime = NOW) -> VerifiedPath:
    """The verified path of a leaf."""
    return StandardVerifier(STORE).verify(parsed(leaf), at=at)


def scope(
    *,
    names: list[x509.GeneralName] | None = None,
    relative: x509.RelativeDistinguishedName | None = None,
    only: str = "",
    reasons: frozenset[x509.ReasonFlags] | None = None,
) -> x509.IssuingDistributionPoint:
    """An issuingDistributionPoint; ``only`` is user, ca, attribute or indirect."""
    return x509.IssuingDistributionPoint(
        full_name=names,
        relative_name=relative,
        only_contains_user_certs=only == "user",
        only_contains_ca_certs=only == "ca",
        only_some_reasons=reasons,
        indirect_crl=only == "indirect",
        only_contains_attribute_certs=only == "attribute",
    )


def entry(serial: bytes, date: bytes, *extensions: bytes) -> bytes:
    """An entry from its encoded parts."""
    return sequence(serial, date, sequence(*extensions) if extensions else b"")


DATE = time(NOW - HOUR)


def hand_made(  # noqa: PLR0913 - one for each part of a list
    *entries: bytes,
    extensions: tuple[bytes, ...] = (),
    version: int | None = 1,
    dates: bytes | None = None,
    inner_algorithm: bytes | None = None,
    revoked: bytes | None = None,
    more: bytes = b"",
    ca: CertificateAuthority = ROOT,
) -> bytes:
    """A list signed by the root with every part in the test's hand."""
    tbs = sequence(
        b"" if version is None else integer(version),
        inner_algorithm or algorithm_identifier(ca.issued.key),
        encode_name(ca.subject),
        dates if dates is not None else time(NOW - HOUR) + time(NOW + 24 * HOUR),
        revoked if revoked is not None else (sequence(*entries) if entries else b""),
        explicit(0, sequence(*extensions)) if extensions else b"",
        more,
    )
    return signed(tbs, ca.issued.key)


def plain_extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    """One extension from raw content."""
    return encode_extension(oid, value, critical=critical)


def leaf_with_points(*points: x509.DistributionPoint) -> IssuedCertificate:
    """A client whose certificate names these distribution points."""
    extension: x509.Extension[x509.ExtensionType] = x509.Extension(
        x509.CRLDistributionPoints.oid, critical=False, value=x509.CRLDistributionPoints(list(points))
    )
    return ROOT.issue("pointed", serial_number=0x1003, extra_extensions=[extension])


def point(
    *names: x509.GeneralName,
    relative: x509.RelativeDistinguishedName | None = None,
    reasons: frozenset[x509.ReasonFlags] | None = None,
    issuer: list[x509.GeneralName] | None = None,
) -> x509.DistributionPoint:
    """One distribution point."""
    return x509.DistributionPoint(
        full_name=list(names) or None, relative_name=relative, reasons=reasons, crl_issuer=issuer
    )
