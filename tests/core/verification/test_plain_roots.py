"""Roots recognised at a glance: never one that the full reader refuses, and what is left for later is not forgotten."""

from collections.abc import Callable, Iterator
from functools import cache
from operator import attrgetter

import pytest
from cryptography import x509

from clientcert.core.certificate import parse_ca_certificate
from clientcert.core.verification import OpenSSLVerifier, StandardVerifier, TrustStore
from clientcert.core.verification.authority import parsed_authority
from clientcert.core.verification.crl_checker import CrlChecker
from clientcert.core.verification.plain_roots import find_plain_root
from clientcert.core.verification.rules import ANCHOR
from clientcert.errors import ClientCertError, ConfigurationError, Reason
from clientcert.testing import CertificateAuthority
from tests.conformance.corpora import CORPORA, cases
from tests.core.verification.kit import NOT_CA, NOW, accept, authority, parsed, raw_extension, refuse, subjects

_DAMAGE = ("is not signed by its own key: the file is damaged", "Invalid key")


@cache
def _crowd() -> list[bytes]:
    """As many roots as make a large bundle."""
    return [authority(f"Root {number}").der for number in range(17)]


_PLAIN = {
    "p256": {},
    "p384": {"key": "ec-p384"},
    "p521": {"key": "ec-p521"},
    "rsa-2048": {"key": "rsa-2048"},
    "path-length": {"basic_constraints": x509.BasicConstraints(ca=True, path_length=0)},
    "constraints-not-critical": {"critical": {"basic_constraints": False}},
    "no-key-usage": {"key_usage": None},
    "no-key-id": {"subject_key_identifier": None},
    "own-authority-key-id": {"authority_key_identifier": True},
    "long-name": {"subject": [("C", "DE"), ("O", "Example " * 20), ("CN", "Root")]},
}
_NOT_PLAIN = {
    "p256k1": {"key": "ec-secp256k1"},
    "ed25519": {"key": "ed25519"},
    "rsa-1024": {"key": "rsa-1024"},
    "version-1": {"version": 1},
    "serial-zero": {"serial_number": 0},
    "serial-negative": {"serial_number": -5},
    "other-issuer": {"issuer_name": [("CN", "Somebody else")]},
    "algorithms-differ": {"inner_signature_hash": "sha384"},
    "no-basic-constraints": {"basic_constraints": None},
    "not-a-ca": {"basic_constraints": NOT_CA},
    "no-cert-sign": {"key_usage": ["cRLSign"]},
    "purpose": {"extended_key_usage": ["serverAuth"]},
    "foreign-authority-key-id": {"authority_key_identifier": b"\x01" * 20},
    "authority-key-id-alone": {"authority_key_identifier": b"\x01" * 20, "subject_key_identifier": None},
    "short-key-id": {"subject_key_identifier": b"\x01" * 8},
    "long-extension": {"extra_extensions": [raw_extension("1.2.3.4", "00" * 80)]},
    "unknown-extension": {"extra_extensions": [raw_extension("1.2.3.4", "0500")]},
    "key-usage-twice": {"extra_extensions": [raw_extension("2.5.29.15", "03020106", critical=True)]},
}


@pytest.mark.parametrize("knobs", _PLAIN.values(), ids=_PLAIN)
def test_usual_root_is_recognised(knobs: dict[str, object]) -> None:
    """What usual tools make is recognised, and is then what the full reader says it is."""
    root = authority("Plain CA", **knobs)
    found = find_plain_root(root.der)
    assert found is not None
    assert found.is_plain
    assert found.is_anchor
    assert found.is_v3
    assert found.certificate == parse_ca_certificate(root.der)
    assert str(found) == str(found.certificate)


@pytest.mark.parametrize("knobs", _NOT_PLAIN.values(), ids=_NOT_PLAIN)
def test_unusual_root_is_left_to_the_full_reader(knobs: dict[str, object]) -> None:
    """Whatever differs in one knob is not for the quick look."""
    assert find_plain_root(authority("Plain CA", **knobs).der) is None


def _mutants() -> Iterator[bytes]:
    for name, knobs in (("p256", {}), ("rsa", {"key": "rsa-2048", "authority_key_identifier": True})):
        der = authority(name, **knobs).der
        yield der
        for index in range(len(der)):
            for bits in (0x01, 0x20, 0x80, 0xFF):
                yield der[:index] + bytes((der[index] ^ bits,)) + der[index + 1 :]
        yield from (der[:size] for size in range(0, len(der), 7))


def _corpora() -> Iterator[bytes]:
    for case in (case for corpus in CORPORA for case in cases(corpus)):
        yield from (*case.trusted, *case.untrusted, case.leaf)


def _faults(der: bytes) -> list[str | None]:
    """What the full reader finds wrong with a root, level by level; one text where that is damage."""
    try:
        full = parsed_authority(parse_ca_certificate(der))
        return [full.flaw(level, ANCHOR) for level in (None, 2)] if full.is_anchor else ["no anchor"]
    except (ClientCertError, ConfigurationError) as exc:
        return [None] if str(exc).endswith(_DAMAGE) else [str(exc)]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("certificates", [_mutants, _corpora], ids=["mutants", "corpora"])
def test_recognised_means_accepted(certificates: Callable[[], Iterator[bytes]]) -> None:
    """Of octets that are recognised, the full reader says the same, a damaged key or signature apart."""
    quick = {der: found for der in dict.fromkeys(certificates()) if (found := find_plain_root(der)) is not None}
    assert {der: _faults(der) for der in quick if any(_faults(der))} == {}
    whole = [der for der in quick if len(_faults(der)) > 1]
    fields = attrgetter("subject", "subject_canonical", "spki_sha256", "not_before", "not_after", "is_v3")
    assert [fields(quick[der]) for der in whole] == [
        fields(parsed_authority(parse_ca_certificate(der))) for der in whole
    ]
    assert len(quick) > 100
    assert whole


def _damaged() -> CertificateAuthority:
    return authority("Damaged CA", corrupt_signature=True)


@pytest.mark.parametrize("profile", [StandardVerifier, OpenSSLVerifier])
def test_large_bundle_works_like_a_small_one(profile: type[StandardVerifier]) -> None:
    """Clients of a root among many are accepted, and nothing but the size says that it is a large bundle."""
    root = authority("Root 3")
    verifier = profile(TrustStore.load(_crowd()))
    leaf = root.issue("client.example")
    assert subjects(accept(verifier, leaf)) == ["CN=client.example", "CN=Root 3"]
    assert refuse(verifier, authority("Stranger").issue("client.example")).reason is Reason.ISSUER_UNKNOWN


@pytest.mark.parametrize("profile", [StandardVerifier, OpenSSLVerifier])
def test_damaged_root_in_a_large_bundle_is_found_at_its_first_use(profile: type[StandardVerifier]) -> None:
    """A self-signature that does not match is refused under its own name; the other roots go on."""
    verifier = profile(TrustStore.load([*_crowd(), _damaged().der]))
    text = "anchor 'CN=Damaged CA' .* is not signed by its own key: the file is damaged"
    for _ in range(2):
        error = refuse(verifier, _damaged().issue("client.example"))
        assert error.reason is Reason.SIGNATURE_INVALID
        with pytest.raises(ConfigurationError, match="trust: " + text):
            verifier.store.check_signatures()
    accept(verifier, authority("Root 3").issue("client.example"))
    TrustStore.load(_crowd()).check_signatures()


@pytest.mark.parametrize("profile", [StandardVerifier, OpenSSLVerifier])
def test_root_that_is_a_client_itself_must_be_whole(profile: type[StandardVerifier]) -> None:
    """A root that connects with its own certificate is accepted, and refused where the file has it damaged."""
    root = authority("Own Client", key_usage=None)
    assert subjects(accept(profile(TrustStore.load([*_crowd(), root.der])), root)) == ["CN=Own Client"]
    damaged = authority("Own Client", key_usage=None, corrupt_signature=True)
    error = refuse(profile(TrustStore.load([*_crowd(), damaged.der])), damaged)
    assert error.reason is Reason.SIGNATURE_INVALID


def test_damaged_key_in_a_large_bundle_is_found_at_its_first_use() -> None:
    """A point that is not on its curve is named as what is wrong with the anchor, not with the client."""
    der = authority("Damaged CA").der
    point = der.index(bytes.fromhex("03420004")) + 10
    broken = der[:point] + bytes((der[point] ^ 1,)) + der[point + 1 :]
    verifier = StandardVerifier(TrustStore.load([*_crowd(), broken]))
    error = refuse(verifier, authority("Damaged CA").issue("client.example"))
    assert error.detail.startswith("anchor 'CN=Damaged CA'")
    assert error.detail.endswith("the file is damaged")


def test_list_of_a_damaged_root_is_refused_while_loading() -> None:
    """A revocation list needs its issuer at once."""
    store = TrustStore.load([*_crowd(), _damaged().der])
    with pytest.raises(ConfigurationError, match="by a damaged anchor 'CN=Damaged CA'"):
        CrlChecker.load([("list", _damaged().crl().der)], store=store, at=NOW)
    assert CrlChecker.load([("list", authority("Root 3").crl().der)], store=store, at=NOW).lists


def test_collections_do_not_parse_for_an_answer() -> None:
    """Whether something is there, how many there are, and what they are called, is known without parsing."""
    store = TrustStore.load([*_crowd(), _damaged().der])
    assert len(store.anchors) == len(store.sound) == len(store.by_x509) == len(store.anchors_by_name) == 18
    assert parsed(_damaged()) in store.anchors
    assert parsed(_damaged()) in store.sound
    for group in (store.anchors, store.sound):
        assert parsed(authority("Stranger")) not in group
    assert len(store.describe()) == 18
    assert repr(store.anchors).endswith(", ...>")
    assert len(set(store.anchors_by_name)) == len(set(store.by_x509)) == 18


def test_collections_parse_when_asked() -> None:
    """They are sequences, sets and mappings of parsed certificates."""
    roots = [parsed(der) for der in _crowd()]
    store = TrustStore.load(_crowd())
    assert store.anchors == roots
    assert store.anchors == TrustStore.load(_crowd()).anchors
    assert hash(store.anchors) == hash(TrustStore.load(_crowd()).anchors)
    assert store.anchors != roots[1:]
    assert store.anchors != 17
    assert store.anchors[2:4] == tuple(roots[2:4])
    assert store.sound == set(roots)
    assert store.by_x509[roots[4].x509] == roots[4]
