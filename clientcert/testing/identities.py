"""Identities for unit tests of what an app does with one: real certificates, read as the authenticator reads them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, Unpack

from clientcert.core.certificate import parse_certificate
from clientcert.core.identity import ClientIdentity, Evidence, EvidenceLevel, identity_from_path
from clientcert.core.limits import Limits
from clientcert.core.verification.base import VerifiedPath
from clientcert.testing.authority import CertificateAuthority
from clientcert.testing.issued import IssuedCertificate
from clientcert.testing.knobs import Knobs

SOURCE: Final = "clientcert.testing"
"""What `Evidence.source` says of an identity that nobody has proven."""


def make_identity(
    common_name: str | None = None,
    *,
    authority: CertificateAuthority | None = None,
    level: EvidenceLevel = EvidenceLevel.VERIFIED,
    roles: Iterable[str] = (),
    **knobs: Unpack[Knobs],
) -> ClientIdentity:
    """
    Make the identity of a client whose certificate was accepted: ``make_identity("svc-a", san=["URI:spiffe://…"])``.

    Args:
        common_name: Common name of the subject, unless ``subject`` is given.
        authority: Who issues the certificate. Default a new one, so that two identities are two clients.
        level: What is taken for proven; with `EvidenceLevel.PROXY_ATTRIBUTES` the identity has names alone.
        roles: `ClientIdentity.roles`.
        **knobs: What is to differ from a good certificate; see `Knobs`.

    Raises:
        TypeError: Neither a common name nor a subject, or a knob that does not exist.
        ClientCertError: A knob has made the certificate unreadable.
    """
    issuer = CertificateAuthority() if authority is None else authority
    issued = issuer.issue(common_name, **knobs)
    return identity_of(issued, authority=issuer, level=level, roles=roles)


def identity_of(
    certificate: IssuedCertificate,
    *,
    authority: CertificateAuthority | None = None,
    level: EvidenceLevel = EvidenceLevel.VERIFIED,
    roles: Iterable[str] = (),
    verified_at: datetime | None = None,
) -> ClientIdentity:
    """
    Read an issued certificate into the identity that a client would have if it were accepted.

    Args:
        certificate: The client's.
        authority: Who issued it; without, rules about the issuer see no more than the intermediates that the
            certificate carries.
        level: What is taken for proven; with `EvidenceLevel.PROXY_ATTRIBUTES` the identity has names alone.
        roles: `ClientIdentity.roles`.
        verified_at: When; default the present.

    Raises:
        ClientCertError: The certificate cannot be read.

    Not checked here: anything at all.
    """
    ders = certificate.chain if authority is None else (certificate.der, *_path_of(authority))
    path = VerifiedPath(certificates=tuple(parse_certificate(der, limits=Limits()) for der in ders), profile="standard")
    evidence = Evidence(level=level, source=SOURCE, verified_at=verified_at or datetime.now(UTC))
    identity = replace(identity_from_path(path, evidence), roles=frozenset(roles))
    return identity if level > EvidenceLevel.PROXY_ATTRIBUTES else _names_alone(identity)


def _path_of(authority: CertificateAuthority) -> tuple[bytes, ...]:
    return (authority.der, *(() if authority.issuer is None else _path_of(authority.issuer)))


def _names_alone(identity: ClientIdentity) -> ClientIdentity:
    return ClientIdentity(
        subject=identity.subject, issuer=identity.issuer, roles=identity.roles, evidence=identity.evidence
    )
