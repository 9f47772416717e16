"""Bad clients by their certificate; the proxy lets each through as if it were good."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from types import MappingProxyType
from typing import Final, Unpack

from cryptography import x509

from clientcert.core.sources import HeaderSource, Source
from clientcert.errors import Reason
from clientcert.testing.authority import CertificateAuthority
from clientcert.testing.bad_cases import NAME, Bench, Case, sends_chain, sends_leaf_alone
from clientcert.testing.client_request import ClientRequest
from clientcert.testing.issued import IssuedCertificate
from clientcert.testing.keys import PrivateKey, make_key
from clientcert.testing.knobs import Knobs
from clientcert.testing.malformed import extension

REVOKED_SERIAL: Final = 0xBAD
"""The serial number of ``revoked``: ``crl=authority.crl([REVOKED_SERIAL]).pem``."""

Make = Callable[[Bench], ClientRequest]
_NOT_A_CA = x509.BasicConstraints(ca=False, path_length=None)
_UNKNOWN_EXTENSION = x509.ObjectIdentifier("1.2.3.4")


def _issued(**knobs: Unpack[Knobs]) -> Make:
    knobs.setdefault("subject", [("CN", NAME)])
    return lambda bench: bench.write(bench.authority.issue(**knobs))


def _made(make: Callable[[CertificateAuthority], IssuedCertificate]) -> Make:
    return lambda bench: bench.write(make(bench.authority))


def _edited(edit: Callable[[bytes], bytes]) -> Make:
    return lambda bench: bench.with_leaf(edit(bench.good.der))


def _impostor(authority: CertificateAuthority) -> CertificateAuthority:
    # With another key identifier it would not even be a candidate.
    return authority.impostor(subject_key_identifier=authority.key_identifier)


def _deep(authority: CertificateAuthority, *, depth: int) -> IssuedCertificate:
    for number in range(depth):
        authority = authority.intermediate(f"CA {number}")
    return authority.issue(NAME)


@cache
def _rsa_key() -> PrivateKey:
    # Takes 0.1 s; MD5 goes with RSA alone.
    return make_key("rsa")


def _md5(authority: CertificateAuthority) -> IssuedCertificate:
    return authority.intermediate("RSA CA", key=_rsa_key()).issue(NAME, key="ec", signature_hash="md5")


def _swapped(authority: CertificateAuthority) -> IssuedCertificate:
    leaf = authority.intermediate().issue(NAME)
    return IssuedCertificate(der=leaf.intermediates[0], intermediates=(leaf.der,))


def _giant(authority: CertificateAuthority) -> IssuedCertificate:
    others = tuple(authority.issue(f"{NAME}-{number}").der for number in range(20))
    return IssuedCertificate(der=authority.issue(NAME).der, intermediates=others)


def _counts_links(source: Source) -> bool:
    # Of a TLS handshake, what is too much is left out.
    return sends_chain(source) and isinstance(source, HeaderSource)


BAD_CERTIFICATES: Mapping[str, Case] = MappingProxyType(
    {
        "expired": Case(make=_issued(not_after=timedelta(hours=-1)), reason=Reason.CERTIFICATE_EXPIRED),
        "not-yet-valid": Case(make=_issued(not_before=timedelta(hours=1)), reason=Reason.CERTIFICATE_NOT_YET_VALID),
        "server-certificate": Case(make=_issued(extended_key_usage=["serverAuth"]), reason=Reason.PURPOSE_NOT_ALLOWED),
        "any-purpose-only": Case(
            make=_issued(extended_key_usage=["anyExtendedKeyUsage"]), reason=Reason.PURPOSE_NOT_ALLOWED
        ),
        "key-not-for-signatures": Case(make=_issued(key_usage=["keyEncipherment"]), reason=Reason.PURPOSE_NOT_ALLOWED),
        "unknown-issuer": Case(
            make=_made(lambda authority: CertificateAuthority("Unknown CA", now=lambda: authority.now).issue(NAME)),
            reason=Reason.ISSUER_UNKNOWN,
        ),
        "same-name-issuer": Case(
            make=_made(lambda authority: _impostor(authority).issue(NAME)), reason=Reason.SIGNATURE_INVALID
        ),
        "wrong-signature": Case(make=_issued(corrupt_signature=True), reason=Reason.SIGNATURE_INVALID),
        "self-signed": Case(make=_issued(self_signed=True), reason=Reason.ISSUER_UNKNOWN),
        "authority-itself": Case(make=_made(lambda authority: authority.issued), reason=Reason.PURPOSE_NOT_ALLOWED),
        "authority-as-client": Case(
            make=_made(lambda authority: authority.intermediate(NAME).issued), reason=Reason.PURPOSE_NOT_ALLOWED
        ),
        "rsa-1024": Case(make=_issued(key="rsa-1024"), reason=Reason.KEY_NOT_ACCEPTED),
        "sha1-signature": Case(make=_issued(signature_hash="sha1"), reason=Reason.ALGORITHM_NOT_ACCEPTED),
        "md5-signature": Case(
            make=_made(_md5),
            reason=Reason.ALGORITHM_NOT_ACCEPTED,
        ),
        "unknown-critical-extension": Case(
            make=_issued(extra_extensions=[extension(_UNKNOWN_EXTENSION, b"\x05\x00", critical=True)]),
            reason=Reason.CRITICAL_EXTENSION,
        ),
        # Reading it to print its names would warn.
        "serial-zero": Case(
            make=lambda bench: bench.with_leaf(bench.authority.issue(NAME, serial_number=0).der),
            reason=Reason.SERIAL_NOT_ACCEPTED,
        ),
        "ends-before-it-begins": Case(
            make=_issued(not_before=timedelta(days=1), not_after=timedelta(days=-1)),
            reason=Reason.CERTIFICATE_NOT_YET_VALID,
        ),
        "too-many-names": Case(
            make=_issued(san=[f"DNS:{number}.example" for number in range(257)]), reason=Reason.CERTIFICATE_TOO_LARGE
        ),
        "two-certificates": Case(make=_edited(lambda der: der + der), reason=Reason.CERTIFICATE_MALFORMED),
        "truncated": Case(make=_edited(lambda der: der[:-100]), reason=Reason.CERTIFICATE_MALFORMED),
        "name-not-permitted": Case(
            make=_made(lambda authority: authority.intermediate(permitted_names=["DNS:example.org"]).issue(NAME)),
            reason=Reason.NAME_CONSTRAINT_VIOLATED,
            applies=sends_chain,
        ),
        "path-length-exceeded": Case(
            make=_made(
                lambda authority: (
                    authority.intermediate("Last CA", basic_constraints=x509.BasicConstraints(ca=True, path_length=0))
                    .intermediate("One too many")
                    .issue(NAME)
                )
            ),
            reason=Reason.PATH_TOO_LONG,
            applies=sends_chain,
        ),
        "issuer-not-a-ca": Case(
            make=_made(lambda authority: authority.intermediate(basic_constraints=_NOT_A_CA).issue(NAME)),
            reason=Reason.ISSUER_NOT_CA,
            applies=sends_chain,
        ),
        "chain-too-deep": Case(
            make=_made(lambda authority: _deep(authority, depth=6)),
            reason=Reason.CHAIN_TOO_LARGE,
            applies=_counts_links,
        ),
        "unknown-intermediate": Case(
            make=_made(lambda authority: authority.intermediate().issue(NAME)),
            reason=Reason.ISSUER_UNKNOWN,
            applies=sends_leaf_alone,
        ),
        "swapped-chain": Case(make=_made(_swapped), reason=Reason.PURPOSE_NOT_ALLOWED, applies=sends_chain),
        "giant-chain": Case(make=_made(_giant), reason=Reason.CHAIN_TOO_LARGE, applies=_counts_links),
        "revoked": Case(make=_issued(serial_number=REVOKED_SERIAL), reason=Reason.REVOKED, needs="crl"),
        "not-pinned": Case(make=_issued(), reason=Reason.NOT_PINNED, needs="pinned"),
    }
)
"""Id → recipe."""
