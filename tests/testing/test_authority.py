"""The authority: what it issues by default, whose chain, which keys, how quickly."""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from clientcert.testing import CertificateAuthority, make_key
from clientcert.testing.knobs import Knobs


def verify_strictly(authority: CertificateAuthority, chain: tuple[bytes, ...], *, at: datetime) -> None:
    """Run cryptography's client verifier as it comes, the strictest reader around."""
    leaf, *intermediates = (x509.load_der_x509_certificate(der) for der in chain)
    root = authority
    while root.issuer is not None:
        root = root.issuer
    PolicyBuilder().store(Store([root.certificate])).time(at).build_client_verifier().verify(leaf, intermediates)


@pytest.mark.parametrize("levels", [0, 1, 2])
@pytest.mark.parametrize("key", ["ec", "ec-p384", "ec-p521", "rsa-2048"])
def test_what_is_issued_without_knobs_satisfies_the_strictest_reader(levels: int, key: str, clock: datetime) -> None:
    """A leaf below up to two intermediates passes cryptography's own policy, unchanged."""
    issuing = CertificateAuthority("Root", key=key, seed=1, now=clock)  # type: ignore[arg-type]
    for level in range(levels):
        issuing = issuing.intermediate(f"Intermediate {level}")
    client = issuing.issue("svc-a")
    assert len(client.chain) == 1 + levels
    verify_strictly(issuing, client.chain, at=clock)


@pytest.mark.parametrize("options", [(), ("-x509_strict",)], ids=["lenient", "strict"])
def test_openssl_accepts_what_is_issued_without_knobs(
    options: tuple[str, ...], openssl: Callable[..., str], authority: CertificateAuthority, clock: datetime
) -> None:
    """OpenSSL verifies a leaf below an intermediate for the purpose of a TLS client."""
    issuing = authority.intermediate("Issuing")
    verdict = openssl(
        "verify", "-attime", str(int(clock.timestamp())), "-purpose", "sslclient", *options,
        "-CAfile", authority.pem, "-untrusted", issuing.pem, issuing.issue("svc-a").pem,
    )  # fmt: skip
    assert verdict.endswith(": OK\n")


def test_the_encoder_agrees_with_that_of_cryptography_octet_for_octet(
    authority: CertificateAuthority, clock: datetime
) -> None:
    """The same certificate out of x509.CertificateBuilder has the same DER, signature included."""
    ours = authority.issue("svc-a", serial_number=77, valid_days=1, permitted_names=["DNS:a.example"])
    key = authority.issued.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "svc-a")]))
        .issuer_name(authority.certificate.subject)
        .serial_number(77)
        .not_valid_before(clock - timedelta(hours=1))
        .not_valid_after(clock + timedelta(days=1))
        .public_key(ours.key.public_key())
    )
    for extension in ours.certificate.extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    theirs = builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    assert ours.der == theirs.public_bytes(Encoding.DER)


def test_chain_and_bundle_name_the_same_authorities_from_opposite_ends(authority: CertificateAuthority) -> None:
    """A peer presents everything but the root; the bundle of the issuing authority ends with the root."""
    upper = authority.intermediate("Upper")
    lower = upper.intermediate("Lower")
    client = lower.issue("svc-a")
    assert client.chain == (client.der, lower.der, upper.der)
    assert client.chain_pem == client.pem + lower.pem + upper.pem
    assert lower.bundle_pem == lower.pem + upper.pem + authority.pem
    assert lower.issued.chain == (lower.der, upper.der)
    assert authority.issued.chain == (authority.der,)


def test_an_impostor_shares_the_name_and_nothing_else(authority: CertificateAuthority) -> None:
    """A leaf of the same-name authority is accepted by it and refused by the real one."""
    impostor = authority.impostor()
    forged = impostor.issue("svc-a").certificate
    assert impostor.subject == authority.subject
    forged.verify_directly_issued_by(impostor.certificate)
    with pytest.raises(InvalidSignature):
        forged.verify_directly_issued_by(authority.certificate)


def test_an_impostor_can_borrow_the_key_identifier(authority: CertificateAuthority) -> None:
    """With the identifier of the real authority, only the signature of its leaves tells them apart."""
    impostor = authority.impostor(subject_key_identifier=authority.key_identifier)
    forged, honest = (issuer.issue("svc-a").certificate for issuer in (impostor, authority))
    identifiers = [c.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value for c in (forged, honest)]
    assert identifiers[0] == identifiers[1]
    with pytest.raises(InvalidSignature):
        forged.verify_directly_issued_by(authority.certificate)


def test_an_authority_can_pose_as_a_client(authority: CertificateAuthority, clock: datetime) -> None:
    """The authority's own certificate comes with its key and is no client certificate; a leaf's twin is one."""
    issuing = authority.intermediate("Issuing")
    assert issuing.issued.key.public_key() == issuing.certificate.public_key()
    with pytest.raises(VerificationError):
        verify_strictly(authority, issuing.issued.chain, at=clock)
    verify_strictly(authority, issuing.issue("issuing").chain, at=clock)


def test_a_cross_certificate_is_an_intermediate_with_a_borrowed_key(authority: CertificateAuthority) -> None:
    """The same subject and key under a second root verify the leaves of the first."""
    other = CertificateAuthority("Other Root", now=authority.now)
    issuing = authority.intermediate("Issuing")
    cross = other.intermediate(subject=issuing.subject, key=issuing.issued.key)
    issuing.issue("svc-a").certificate.verify_directly_issued_by(cross.certificate)
    cross.certificate.verify_directly_issued_by(other.certificate)


def test_a_loaded_authority_goes_on_issuing(authority: CertificateAuthority, clock: datetime) -> None:
    """An authority out of its PEM files issues what the original would, with the same chain."""
    issuing = authority.intermediate("Issuing", subject_key_identifier=b"\x01\x02")
    loaded = CertificateAuthority.load(issuing.pem, issuing.issued.key_pem, issuer=authority, now=clock)
    client = loaded.issue("svc-a")
    assert client.chain[1:] == (issuing.der,)
    assert loaded.key_identifier == b"\x01\x02"
    verify_strictly(authority, client.chain, at=clock)


def test_an_authority_without_key_identifier_is_loaded_too(authority: CertificateAuthority, clock: datetime) -> None:
    """A version 1 root names no identifier; that of its key is used."""
    old = CertificateAuthority("Old Root", version=1, now=clock)
    loaded = CertificateAuthority.load(old.pem, old.issued.key_pem, now=clock)
    assert loaded.key_identifier == old.key_identifier
    loaded.issue("svc-a").certificate.verify_directly_issued_by(old.certificate)


@pytest.mark.parametrize("key", ["ec", "ec-p384", "ed25519", "ed448", "rsa"])
def test_the_same_seed_and_clock_give_the_same_octets(key: str, clock: datetime) -> None:
    """Two runs agree on everything issued: root, intermediate, leaf, keys and list."""

    def run(seed: int) -> list[bytes]:
        root = CertificateAuthority("Root", key=key, seed=seed, now=clock)  # type: ignore[arg-type]
        issuing = root.intermediate("Issuing")
        client = issuing.issue("svc-a")
        return [root.der, issuing.der, client.der, client.key_pem, issuing.crl([client]).der, root.impostor().der]

    assert run(1) == run(1)
    assert not set(run(1)) & set(run(2))


def test_a_seed_gives_the_same_octets_on_every_machine(clock: datetime) -> None:
    """One fingerprint, pinned: it changes only when the default shape of a certificate does."""
    client = CertificateAuthority("Root", seed=1, now=clock).issue("svc-a")
    assert client.fingerprint_sha256 == "46cb0c1f027f814be3bdad4782a75aaafb3e360d7764c72c29bcee63ae2a707a"


def test_one_more_certificate_changes_no_other(clock: datetime) -> None:
    """A seeded leaf depends on its own name, not on what was issued before it."""
    first, second = (CertificateAuthority(seed=1, now=clock) for _ in range(2))
    first.issue("in between")
    assert first.issue("svc-a").der == second.issue("svc-a").der


def test_the_same_name_twice_is_two_certificates(authority: CertificateAuthority) -> None:
    """Serial number and key differ."""
    one, two = authority.issue("svc-a"), authority.issue("svc-a")
    assert one.certificate.serial_number != two.certificate.serial_number
    assert one.key_pem != two.key_pem


def test_authorities_of_one_seed_have_keys_of_their_own(clock: datetime) -> None:
    """Two names with the same seed are two keys: the one does not verify the other's leaves."""
    one, two = (CertificateAuthority(name, seed=1, now=clock) for name in ("One", "Two"))
    assert one.issued.key_pem != two.issued.key_pem


def test_without_a_seed_every_authority_is_another(clock: datetime) -> None:
    """Nothing repeats by accident."""
    assert CertificateAuthority(now=clock).issued.key_pem != CertificateAuthority(now=clock).issued.key_pem


def test_leaves_share_one_rsa_key_and_no_other(clock: datetime) -> None:
    """RSA keys are slow to make: leaves of one authority share one, which is not the authority's."""
    root = CertificateAuthority(key="rsa", now=clock)
    one, two, small = root.issue("one"), root.issue("two"), root.issue("small", key="rsa-1024")
    assert one.key is two.key
    assert len({key.key_pem for key in (root.issued, one, small)}) == 3
    given = make_key("rsa-1024")
    assert root.issue("own", key=given).key is given


def test_the_clock_is_asked_for_each_certificate(clock: datetime) -> None:
    """A clock that moves moves the dates; intermediates follow their root's."""
    times = iter([clock, clock, clock + timedelta(days=1)])
    issuing = CertificateAuthority(now=lambda: next(times)).intermediate("Issuing")
    assert issuing.issue("svc-a").certificate.not_valid_after_utc == clock + timedelta(days=31)


def test_the_default_clock_is_the_systems() -> None:
    """Without a clock, a new leaf is valid now."""
    client = CertificateAuthority().issue("svc-a").certificate
    assert client.not_valid_before_utc < datetime.now(UTC) < client.not_valid_after_utc


def test_a_leaf_takes_at_most_three_milliseconds(clock: datetime) -> None:
    """The median over 200 P-256 leaves with fresh keys stays below the target."""
    root = CertificateAuthority(now=clock)

    def seconds(number: int) -> float:
        started = time.perf_counter()
        root.issue(f"client-{number}", san=[f"URI:spiffe://td.example/{number}"])
        return time.perf_counter() - started

    assert statistics.median(seconds(number) for number in range(200)) < 0.003


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        pytest.param({"key_usages": []}, "unknown knob key_usages: the legal ones are subject,", id="misspelt"),
        pytest.param({"key": "dsa"}, "unknown key type 'dsa'", id="key-type"),
        pytest.param({"not_after": datetime(2026, 1, 1)}, "naive datetime", id="naive"),  # noqa: DTZ001 - on purpose
        pytest.param({"san": ["a.example"]}, "unknown general name 'a.example'", id="san-without-kind"),
        pytest.param({"san": ["X:a.example"]}, "unknown general name 'X:a.example'", id="san-of-unknown-kind"),
    ],
)
def test_a_mistake_of_the_caller_is_refused(
    knobs: Knobs, message: str, authority: CertificateAuthority, clock: datetime
) -> None:
    """Leaf and authority alike say what is wrong; without the mistake both are issued."""
    with pytest.raises((TypeError, ValueError), match=message):
        authority.issue("svc-a", **knobs)
    with pytest.raises((TypeError, ValueError), match=message):
        CertificateAuthority(now=clock, **knobs)
    assert authority.issue("svc-a").certificate.issuer == authority.certificate.subject


def test_a_leaf_needs_a_name_or_the_wish_for_none(authority: CertificateAuthority) -> None:
    """Neither common name nor subject is a mistake, an empty subject is not."""
    with pytest.raises(TypeError, match="whose certificate"):
        authority.issue()
    assert authority.issue(subject=[]).certificate.subject == x509.Name([])


def test_a_server_certificate_is_a_matter_of_two_knobs(authority: CertificateAuthority) -> None:
    """Purpose and names of a TLS server are what a test's own server needs."""
    server = authority.issue("localhost", extended_key_usage=["serverAuth"], san=["DNS:localhost", "IP:127.0.0.1"])
    usages = server.certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.SERVER_AUTH]
