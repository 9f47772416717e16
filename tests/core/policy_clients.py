"""Clients for the tests of rules: real certificates, read as the authenticator reads them."""

from typing import Unpack

from cryptography import x509

from clientcert.core.identity import ClientIdentity, Evidence, EvidenceLevel
from clientcert.core.names import DistinguishedName
from clientcert.testing import CertificateAuthority, identity_of
from clientcert.testing.knobs import Knobs
from clientcert.testing.names import NameLike, encode_name
from tests.material import AUTHORITY, NOW


def proof(level: EvidenceLevel = EvidenceLevel.VERIFIED) -> Evidence:
    """Evidence of a level."""
    return Evidence(level=level, source="nginx", verified_at=NOW)


def client(
    *attributes: tuple[str, str], authority: CertificateAuthority = AUTHORITY, **knobs: Unpack[Knobs]
) -> ClientIdentity:
    """The client of a certificate that the authority issued and somebody verified."""
    knobs.setdefault("subject", list(attributes))
    return identity_of(authority.issue(**knobs), authority=authority, verified_at=NOW)


def by_proxy(*attributes: tuple[str, str]) -> ClientIdentity:
    """A client of which a proxy wrote the names, and nobody here saw the certificate."""
    return ClientIdentity(
        subject=name(list(attributes)), issuer=name([]), evidence=proof(EvidenceLevel.PROXY_ATTRIBUTES)
    )


def name(value: NameLike) -> DistinguishedName:
    """A distinguished name, root first."""
    return DistinguishedName.from_der(encode_name(value))


def private_extension(oid: str, value: bytes) -> x509.Extension[x509.ExtensionType]:
    """An extension that nobody else knows."""
    identifier = x509.ObjectIdentifier(oid)
    return x509.Extension(identifier, critical=False, value=x509.UnrecognizedExtension(identifier, value))
