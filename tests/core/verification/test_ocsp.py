"""OCSP responses: whose word counts, for how long, and what is worth nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp

from clientcert.core.certificate import parse_ca_certificate
from clientcert.core.verification.ocsp import OcspAnswer, OcspRules, build_request, verify_response
from clientcert.core.verification.ocsp_response import OcspError
from clientcert.core.verification.revocation import Good, Revoked, Unknown
from clientcert.errors import ConfigurationError
from clientcert.testing import CertificateAuthority, IssuedCertificate, make_key
from clientcert.testing.asn1 import explicit, integer
from tests.core.verification.kit import NOW, SECOND, authority, parsed
from tests.core.verification.ocsp_kit import RESPONDER, message, refusal, respond, single
from tests.core.verification.revocation_kit import ALICE, BOB, HOUR, ISSUING, ROOT, plain_extension

RULES = OcspRules()


def verify(
    encoded: bytes,
    certificate: IssuedCertificate = ALICE,
    issuer: CertificateAuthority = ROOT,
    *,
    rules: OcspRules = RULES,
) -> OcspAnswer:
    """What a response is worth."""
    return verify_response(encoded, parsed(certificate), parsed(issuer), at=NOW, rules=rules)


def delegate(**knobs: Any) -> IssuedCertificate:
    """A responder that the root allows to answer, unless a knob says otherwise."""
    wanted = {"extended_key_usage": [ANSWERS], "san": None, **knobs}
    return ROOT.issue("delegate", **wanted)


ANSWERS = "OCSPSigning"


def extension(oid: str, value: bytes, *, critical: bool = False) -> x509.Extension[x509.ExtensionType]:
    """A certificate extension of raw content."""
    dotted = x509.ObjectIdentifier(oid)
    return x509.Extension(dotted, critical, x509.UnrecognizedExtension(dotted, value))


def test_good_and_revoked() -> None:
    """The issuer's own response says good, or revoked with reason and date."""
    good = verify(respond())
    assert good.status == Good(source="OCSP response of 2026-11-21T22:00:00Z")
    assert (good.this_update, good.expires) == (NOW - HOUR, NOW + HOUR)
    for code, name in ((1, "keyCompromise"), (None, "unspecified")):
        assert verify(respond(status="revoked", reason=code)).status == Revoked(
            source="OCSP response of 2026-11-21T22:00:00Z", reason=name, when=NOW - 2 * HOUR
        )


def test_unknown() -> None:
    """A responder that does not know the certificate says neither."""
    status = verify(respond(status="unknown")).status
    assert isinstance(status, Unknown)
    assert "does not know the certificate" in status.why


NOCHECK = extension("1.3.6.1.5.5.7.48.1.5", b"\x05\x00")
UNHEARD_OF = extension("1.2.3.4", b"x", critical=True)
NONCE = "1.3.6.1.5.5.7.48.1.2"
ODD = plain_extension("1.2.3.4", b"x")
ODD_CRITICAL = plain_extension("1.2.3.4", b"x", critical=True)


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param(respond(), id="issuer-by-key"),
        pytest.param(respond(by_key=False), id="issuer-by-name"),
        pytest.param(respond(signer=RESPONDER), id="delegate-by-key"),
        pytest.param(respond(signer=RESPONDER, by_key=False), id="delegate-by-name"),
        pytest.param(message(single(), signer=RESPONDER, send=(BOB.der, RESPONDER.der)), id="delegate-among-others"),
        pytest.param(respond(signer=delegate(key="rsa")), id="rsa"),
        pytest.param(respond(signer=delegate(key="ed25519")), id="ed25519"),
        pytest.param(respond(signer=delegate(key_usage=None)), id="no-key-usage"),
        pytest.param(respond(signer=delegate(critical={"extended_key_usage": True})), id="critical-purpose"),
        pytest.param(respond(signer=delegate(extra_extensions=[NOCHECK])), id="nocheck"),
        pytest.param(message(single(), extensions=plain_extension(NONCE, b"\x04\x01n")), id="nonce-nobody-asked-for"),
        pytest.param(message(single(0x1002), single()), id="two-certificates"),
        pytest.param(respond(extensions=ODD), id="extension-in-single"),
    ],
)
def test_accepted(encoded: bytes) -> None:
    """These are somebody's word who may give it."""
    assert isinstance(verify(encoded).status, Good)


@pytest.mark.parametrize(
    ("encoded", "text"),
    [
        pytest.param(b"", "not an OCSP response", id="empty"),
        pytest.param(respond()[:-1], "not an OCSP response", id="cut"),
        pytest.param(refusal(3), "answers try_later", id="try-later"),
        pytest.param(refusal(6), "answers unauthorized", id="unauthorized"),
        pytest.param(message(single(), kind="1.2.3.4"), "not an OCSP response", id="not-basic"),
        pytest.param(respond(0x1002), "speaks 0 times", id="another-certificate"),
        pytest.param(respond(issuer=ISSUING), "speaks 0 times", id="another-issuer"),
        pytest.param(respond(hash_="sha256"), "speaks 0 times", id="another-hash"),
        pytest.param(message(single(), single()), "speaks 2 times", id="twice"),
        pytest.param(message(), "speaks 0 times", id="nothing"),
        pytest.param(message(single(), version=explicit(0, integer(1))), "not an OCSP response", id="version"),
        pytest.param(message(single(), extensions=ODD_CRITICAL), "critical extension 1.2.3.4", id="critical"),
        pytest.param(respond(extensions=ODD_CRITICAL), "critical extension 1.2.3.4", id="critical-in-single"),
        pytest.param(
            message(single(0x1002, extensions=ODD_CRITICAL), single()),
            "critical extension 1.2.3.4",
            id="critical-other",
        ),
        pytest.param(message(single(), extensions=ODD + ODD), "cannot be read", id="extension-twice"),
        pytest.param(message(single(), signature_hash="sha1"), "cannot be read", id="sha1"),
        pytest.param(message(single(), signer=delegate(key="rsa"), padding="pss"), "cannot be read", id="pss"),
    ],
)
def test_refused(encoded: bytes, text: str) -> None:
    """These are worth nothing, and the operator reads why."""
    with pytest.raises(OcspError, match=text):
        verify(encoded)


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param(message(single(), corrupt=True), id="corrupt"),
        pytest.param(message(single(), key=make_key()), id="another-key"),
        pytest.param(message(single(), signer=RESPONDER), id="delegate-not-sent"),
        pytest.param(message(single(), signer=RESPONDER, send=(BOB.der,) * 4 + (RESPONDER.der,)), id="too-many"),
        pytest.param(respond(signer=delegate(extended_key_usage=["clientAuth"])), id="no-purpose"),
        pytest.param(respond(signer=delegate(extended_key_usage=["anyExtendedKeyUsage"])), id="any-purpose"),
        pytest.param(respond(signer=delegate(extended_key_usage=None)), id="purposeless"),
        pytest.param(respond(signer=delegate(key_usage=["keyAgreement"])), id="key-usage"),
        pytest.param(
            respond(signer=delegate(extra_extensions=[UNHEARD_OF])),
            id="delegate-critical",
        ),
        pytest.param(respond(signer=delegate(not_after=-SECOND)), id="delegate-expired"),
        pytest.param(respond(signer=delegate(not_before=SECOND)), id="delegate-early"),
        pytest.param(respond(signer=delegate(signature_hash="sha1")), id="delegate-by-sha1"),
        pytest.param(respond(signer=delegate(signing_key=make_key())), id="delegate-forged"),
        pytest.param(respond(signer=delegate(authority_key_identifier=b"another")), id="delegate-key-id"),
        pytest.param(respond(signer=ISSUING.issue("d", extended_key_usage=[ANSWERS])), id="below"),
        pytest.param(
            respond(signer=authority("Other").issue("d", extended_key_usage=[ANSWERS])),
            id="stranger",
        ),
        pytest.param(respond(signer=ALICE), id="client"),
    ],
)
def test_signer(encoded: bytes) -> None:
    """Nobody else's word counts."""
    with pytest.raises(OcspError, match="signed neither"):
        verify(encoded)


@pytest.mark.parametrize("by_key", [True, False])
def test_certificate_of_another(*, by_key: bool) -> None:
    """A response by one responder that brings the certificate of another, or of a namesake, is nobody's."""
    for sent in (delegate(), ROOT.issue("responder", extended_key_usage=[ANSWERS], san=None)):
        with pytest.raises(OcspError, match="signed neither"):
            verify(message(single(), signer=RESPONDER, by_key=by_key, send=(sent.der,)))


@pytest.mark.parametrize(
    ("encoded", "rules", "text"),
    [
        pytest.param(respond(next_update=NOW - SECOND), RULES, r"expired at .* \(1 s late\)", id="expired"),
        pytest.param(respond(next_update=None), RULES, "max_age is not set", id="endless"),
        pytest.param(respond(), OcspRules(max_age=HOUR - SECOND), r"\(1 s late\)", id="too-old"),
        pytest.param(respond(this_update=NOW + 61 * SECOND), RULES, "from the future, by 61 s", id="future"),
        pytest.param(respond(this_update=NOW + SECOND), OcspRules(leeway=timedelta(0)), "by 1 s", id="no-leeway"),
        pytest.param(message(single(), produced_at=NOW + 61 * SECOND), RULES, "by 61 s", id="produced-in-the-future"),
    ],
)
def test_dates_refused(encoded: bytes, rules: OcspRules, text: str) -> None:
    """A response out of its time is worth nothing."""
    with pytest.raises(OcspError, match=text):
        verify(encoded, rules=rules)


@pytest.mark.parametrize(
    ("encoded", "rules", "expires"),
    [
        pytest.param(respond(next_update=NOW), RULES, NOW, id="last-moment"),
        pytest.param(respond(next_update=None), OcspRules(max_age=HOUR), NOW, id="max-age"),
        pytest.param(respond(), OcspRules(max_age=3 * HOUR), NOW + HOUR, id="longer-max-age"),
        pytest.param(respond(this_update=NOW + 60 * SECOND), RULES, NOW + HOUR, id="leeway"),
    ],
)
def test_dates_accepted(encoded: bytes, rules: OcspRules, expires: datetime) -> None:
    """Up to its last moment a response holds, and from its first, within the leeway."""
    assert verify(encoded, rules=rules).expires == expires


def test_status_after_the_end() -> None:
    """After its end "good" is unknown and "revoked" stays."""
    good = verify(respond())
    assert isinstance(good.status_at(good.expires), Good)
    late = good.status_at(good.expires + SECOND)
    assert isinstance(late, Unknown)
    assert "(1 s late)" in late.why
    assert isinstance(verify(respond(status="revoked")).status_at(NOW + 1000 * HOUR), Revoked)


@pytest.mark.parametrize("name", ["sha1", "sha256"])
def test_request(name: str) -> None:
    """A request names the issuer by the hash configured, and its response is accepted under the same hash."""
    rules = OcspRules(issuer_hash=name)
    request = ocsp.load_der_ocsp_request(build_request(parsed(ALICE), parsed(ROOT), rules))
    algorithm = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256()}[name]  # noqa: S303 - names the issuer
    reference = ocsp.OCSPRequestBuilder().add_certificate(ALICE.certificate, ROOT.certificate, algorithm).build()
    assert request.issuer_name_hash == reference.issuer_name_hash
    assert request.issuer_key_hash == reference.issuer_key_hash
    assert request.serial_number == 0x1001
    assert list(request.extensions) == []
    assert isinstance(verify(respond(hash_=name), rules=rules).status, Good)


def test_issuer_of_version_1() -> None:
    """A CA certificate of version 1 has its fields one place earlier."""
    old = authority("Old CA", version=1)
    leaf = old.issue("x", serial_number=9, authority_key_identifier=None)
    assert isinstance(verify(message(single(9, issuer=old), signer=old.issued), leaf, old).status, Good)


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_serial_number_that_cannot_be_asked_for() -> None:
    """A CA's negative serial number cannot be put into a request."""
    odd = parse_ca_certificate(authority("Odd", serial_number=-5).der)
    with pytest.raises(OcspError, match="no OCSP request"):
        build_request(odd, odd, RULES)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        pytest.param(lambda: OcspRules(issuer_hash="md5"), "issuer_hash is 'md5'", id="hash"),
        pytest.param(lambda: OcspRules(leeway=timedelta(seconds=301)), "leeway", id="leeway"),
        pytest.param(lambda: OcspRules(leeway=-SECOND), "leeway", id="negative-leeway"),
        pytest.param(lambda: OcspRules(max_age=timedelta(0)), "max_age", id="max-age"),
    ],
)
def test_configuration(make: Callable[[], object], text: str) -> None:
    """What cannot be meant is refused while constructing."""
    with pytest.raises(ConfigurationError, match=text):
        make()
