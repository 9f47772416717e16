"""What the tests of path validation share: a fixed time, and short ways to an authority, a certificate, a verdict."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from clientcert.core.certificate import ParsedCertificate, parse_certificate
from clientcert.core.limits import Limits
from clientcert.core.verification import StandardVerifier, TrustStore, VerifiedPath, Verifier
from clientcert.errors import VerificationError
from clientcert.testing import CertificateAuthority, IssuedCertificate
from clientcert.testing.knobs import Knobs
from clientcert.testing.malformed import extension
from tests.conformance.mutants import parse

NOW = datetime(2026, 11, 21, 23, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CA = x509.BasicConstraints(ca=True, path_length=None)
NOT_CA = x509.BasicConstraints(ca=False, path_length=None)
NO_EXTENSIONS = Knobs(
    basic_constraints=None,
    key_usage=None,
    extended_key_usage=None,
    subject_key_identifier=None,
    authority_key_identifier=None,
    san=None,
)


def authority(name: str = "Test Root CA", **knobs: object) -> CertificateAuthority:
    """A root with a fixed clock; the same name gives the same key."""
    return CertificateAuthority(name, seed=name, now=NOW, **knobs)  # type: ignore[arg-type]


def parsed(
    certificate: IssuedCertificate | CertificateAuthority | bytes, limits: Limits | None = None
) -> ParsedCertificate:
    """Whatever the test kit issues, as the core reads it from a peer."""
    der = certificate if isinstance(certificate, bytes) else certificate.der
    return parse_certificate(der, limits=limits or Limits())


def standard(*trusted: CertificateAuthority, **options: object) -> StandardVerifier:
    """The default profile, trusting these."""
    return StandardVerifier(TrustStore.load([a.der for a in trusted]), **options)  # type: ignore[arg-type]


def accept(
    verifier: Verifier,
    leaf: IssuedCertificate | CertificateAuthority | bytes,
    *,
    via: Iterable[CertificateAuthority | bytes] = (),
    at: datetime = NOW,
) -> VerifiedPath:
    """Verify what ought to be accepted."""
    return verifier.verify(parsed(leaf), intermediates=[parsed(link) for link in via], at=at)


def refuse(
    verifier: Verifier,
    leaf: IssuedCertificate | CertificateAuthority | bytes,
    *,
    via: Iterable[CertificateAuthority | bytes] = (),
    at: datetime = NOW,
) -> VerificationError:
    """Verify what ought to be refused."""
    with pytest.raises(VerificationError) as caught:
        verifier.verify(parsed(leaf), intermediates=[parsed(link) for link in via], at=at)
    return caught.value


def subjects(path: VerifiedPath) -> Sequence[str]:
    """The subjects of a path, leaf first."""
    return [certificate.subject.rfc4514 for certificate in path.certificates]


def raw_extension(oid: str, value: str, *, critical: bool = False) -> x509.Extension[x509.ExtensionType]:
    """An extension with its content in hex."""
    return extension(x509.ObjectIdentifier(oid), bytes.fromhex(value), critical=critical)


def with_signature_parameters(der: bytes, parameters: bytes) -> bytes:
    """Replace the parameters of the signature algorithm, inside and outside; the signature is not made again."""
    certificate = parse(der)
    tbs, algorithm, _ = certificate.children or []
    for identifier in ((tbs.children or [])[2], algorithm):
        (identifier.children or [])[1:] = [parse(parameters)]
    return certificate.encode()


def intermediates(root: CertificateAuthority, length: int) -> list[CertificateAuthority]:
    """A chain of CAs below a root, the one that issues to clients first."""
    links: list[CertificateAuthority] = []
    for number in range(length):
        links.insert(0, (links[0] if links else root).intermediate(f"CA {number}"))
    return links
