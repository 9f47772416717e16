"""Identities as they are remembered: small, complete, and each its own client's."""

import pickle
import random
from dataclasses import fields, replace
from datetime import timedelta

import pytest

from clientcert import Authenticated, Authenticator, ClientIdentity, Evidence, EvidenceLevel, RequestFacts
from clientcert.core import remembered
from clientcert.core.certificate import parse_certificate
from clientcert.core.der import PRINTABLE_STRING, UTF8_STRING
from clientcert.core.facts import Header
from clientcert.core.identity import identity_from_path, with_roles
from clientcert.core.layouts import Spoken
from clientcert.core.limits import Limits
from clientcert.core.remembered import Circumstances, Wire
from clientcert.core.verification.base import VerifiedPath
from clientcert.testing import IssuedCertificate
from tests import material as m
from tests.core.name_builders import CN, OU, UNKNOWN, C, O, name_der, pair
from tests.material import ALICE, AUTHORITY, BEN, INTERMEDIATE, NAMELESS, NOW, VERSION_1

EVIDENCE = Evidence(level=EvidenceLevel.VERIFIED, source="nginx", proxy=("trusted-networks",), verified_at=NOW)


def path_of(*certificates: IssuedCertificate) -> VerifiedPath:
    """A path that somebody has accepted."""
    parsed = tuple(parse_certificate(certificate.der, limits=Limits()) for certificate in certificates)
    return VerifiedPath(certificates=parsed, profile="standard", anchored=len(parsed) > 1)


def identity_of(*certificates: IssuedCertificate, evidence: Evidence = EVIDENCE) -> ClientIdentity:
    """The identity of such a path."""
    return identity_from_path(path_of(*certificates), evidence)


def circumstances_of(identity: ClientIdentity) -> Circumstances:
    """What it shares with others."""
    return identity._circumstances


def issue(*rdns: tuple[bytes, ...]) -> IssuedCertificate:
    """A certificate of `AUTHORITY` for a subject of RDNs."""
    return AUTHORITY.issue(subject=name_der(*rdns), san=["DNS:client.example"])


CN_FIRST = issue((pair(CN, "alice"),), (pair(O, "Example"),), (pair(C, "DE", PRINTABLE_STRING),))
SEVERAL_IN_ONE = issue((pair(O, "Example"),), tuple(sorted((pair(CN, "alice"), pair(OU, "Staff")))))
OPAQUE = issue((pair(UNKNOWN, b"\x01\x02", UTF8_STRING),), (pair(CN, "älice"),))
MANY_NAMES = AUTHORITY.issue(
    "many", san=["IP:2001:db8::7", "UPN:a@corp.example", "DNS:a.example", "DNS:b.example", "URI:https://a.example/"]
)
PATHS = {
    "client": (ALICE, AUTHORITY.issued),
    "chain": (BEN, INTERMEDIATE.issued, AUTHORITY.issued),
    "alone": (ALICE,),
    "version-1": (VERSION_1, AUTHORITY.issued),
    "empty-subject": (NAMELESS, AUTHORITY.issued),
    "cn-first": (CN_FIRST, AUTHORITY.issued),
    "several-in-one-rdn": (SEVERAL_IN_ONE, AUTHORITY.issued),
    "other-attributes": (OPAQUE, AUTHORITY.issued),
    "many-names": (MANY_NAMES, AUTHORITY.issued),
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_every_attribute_is_the_certificates(path: tuple[IssuedCertificate, ...]) -> None:
    """What is read from a record is what the certificate says, to the encoding of its names."""
    identity, leaf = identity_of(*path), path_of(*path).leaf
    for field in fields(ClientIdentity):
        if hasattr(leaf, field.name):
            assert getattr(identity, field.name) == getattr(leaf, field.name)
    for ours, theirs in ((identity.subject, leaf.subject), (identity.issuer, leaf.issuer)):
        assert [[a.der for a in rdn] for rdn in ours.rdns] == [[a.der for a in rdn] for rdn in theirs.rdns]
    assert identity.certificate == leaf.der
    assert identity.chain == tuple(certificate.der for certificate in path)
    assert identity.evidence == EVIDENCE
    assert identity.roles == frozenset()


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_equal_to_what_is_written_out(path: tuple[IssuedCertificate, ...]) -> None:
    """An identity with everything in its slots equals the same from a record, and has its hash and repr."""
    identity = identity_of(*path)
    written = replace(identity)
    assert not hasattr(written, "_record")
    assert (written, hash(written), repr(written)) == (identity, hash(identity), repr(identity))
    assert written != replace(written, serial_number=7)
    assert identity != replace(identity, serial_number=7)
    assert identity != path


def test_colleagues_share_what_they_have_in_common() -> None:
    """Issuer, path, common RDNs and the circumstances of two clients exist once, each client's own facts do not."""
    others = [
        AUTHORITY.issue(subject=[("O", "Example"), ("CN", common_name)], san=[f"DNS:{common_name}.example"])
        for common_name in ("carl", "dora")
    ]
    later = replace(EVIDENCE, verified_at=NOW + timedelta(microseconds=1))
    carl = identity_of(others[0], AUTHORITY.issued)
    dora = identity_of(others[1], AUTHORITY.issued, evidence=later)
    assert circumstances_of(carl) is circumstances_of(dora)
    assert (carl.common_name, dora.common_name) == ("carl", "dora")
    assert (carl.dns_names, dora.dns_names) == (("carl.example",), ("dora.example",))
    assert (carl.evidence, dora.evidence) == (EVIDENCE, later)
    assert carl != dora


def test_names_of_another_encoding_are_not_shared() -> None:
    """An organization as PrintableString and one as UTF8String are equal texts, and stay what they are."""
    for tag in (PRINTABLE_STRING, UTF8_STRING):
        identity = identity_of(issue((pair(O, "Example", tag),), (pair(CN, "alice"),)), AUTHORITY.issued)
        encoded = identity.subject.rdns[0][0].der
        assert encoded is not None
        assert encoded[0] == tag


def test_circumstances_are_bounded() -> None:
    """However many there are, few are kept; who has one keeps it."""
    first = identity_of(ALICE, AUTHORITY.issued, evidence=replace(EVIDENCE, source="first"))
    path = path_of(ALICE, AUTHORITY.issued)
    for number in range(600):
        identity_from_path(path, replace(EVIDENCE, source=f"source-{number}"))
        assert len(remembered._CIRCUMSTANCES) <= 256
    assert first.evidence.source == "first"


def test_clients_do_not_mix() -> None:
    """Every client's attributes are its own, in whatever order more clients than are kept unpacked are asked for."""
    clients = {
        number: identity_of(
            AUTHORITY.issue(f"c{number}", serial_number=number + 1, san=[f"DNS:c{number}.example"]), AUTHORITY.issued
        )
        for number in range(100)
    }
    # As many records again as there are places, so that some are dropped in between.
    for step in range(600):
        identity_from_path(path_of(ALICE), replace(EVIDENCE, verified_at=NOW + timedelta(seconds=step))).common_name  # noqa: B018
    draws = random.Random(8)  # noqa: S311 - no secret
    for _ in range(2_000):
        number = draws.randrange(100)
        client = clients[number]
        assert (client.serial_number, client.common_name) == (number + 1, f"c{number}")
        assert client.dns_names == (f"c{number}.example",)


HEADERS: list[Header] = m.raw(m.evidence())
KEYS = tuple(f"HTTP_{name.decode().upper()}" for name, _ in HEADERS)
SPOKEN: dict[str, Spoken] = {
    "asgi": tuple(HEADERS),
    "wsgi": (KEYS, tuple(value.decode("latin-1") for _, value in HEADERS)),
    "with-white-space": tuple((name, b" " + value) for name, value in HEADERS),
}


@pytest.mark.parametrize("spoken", SPOKEN.values(), ids=SPOKEN)
def test_certificate_from_the_evidence(spoken: Spoken) -> None:
    """The certificate is the one that came, whether the key's own octets hold it or its DER had to be kept."""
    outcome = Authenticator(m.config()).authenticate(RequestFacts(headers=HEADERS, peer=m.PROXY), spoken)
    assert isinstance(outcome, Authenticated)
    identity = outcome.identity
    assert identity.certificate == ALICE.der
    assert identity.chain == (ALICE.der, AUTHORITY.der)
    again = pickle.loads(pickle.dumps(identity))  # noqa: S301
    assert (again, again.certificate, again.chain) == (identity, ALICE.der, identity.chain)
    assert not hasattr(again, "_record")


def test_evidence_is_kept_once() -> None:
    """The identity holds the very octets of the cache's key, and no DER beside them."""
    outcome = Authenticator(m.config()).authenticate(RequestFacts(headers=HEADERS, peer=m.PROXY), SPOKEN["asgi"])
    assert isinstance(outcome, Authenticated)
    assert outcome.identity._wire is HEADERS[0][1]


def test_roles() -> None:
    """An identity with roles is another object; equal sets of roles are one, and everything else is as it was."""
    identity = identity_of(ALICE, AUTHORITY.issued)
    named = [with_roles(identity, frozenset({"clerk"})), with_roles(identity, frozenset({"clerk"}))]
    assert [one.roles for one in named] == [{"clerk"}, {"clerk"}]
    assert named[0].roles is named[1].roles
    assert named == [identity, identity]
    assert identity.roles == frozenset()
    assert named[0].certificate == ALICE.der
    assert with_roles(replace(identity), frozenset({"clerk"})).roles == {"clerk"}


def test_no_other_attribute() -> None:
    """What is no attribute of an identity is not found, and the error names it."""
    with pytest.raises(AttributeError, match="'ClientIdentity' object has no attribute 'is_admin'"):
        _ = identity_of(ALICE).is_admin  # type: ignore[attr-defined]


def test_der_is_its_own_wire_form() -> None:
    """Where the evidence is the DER itself, as from a TLS connection, it is kept and given out as it is."""
    path = path_of(ALICE)
    for identity in (identity_from_path(path, EVIDENCE, Wire(path.leaf.der)), identity_from_path(path, EVIDENCE)):
        assert identity._wire is path.leaf.der
        assert identity.certificate == path.leaf.der


def test_wire_form_of_another_certificate() -> None:
    """A source whose wire form does not yield the leaf that was accepted gives no certificate at all."""
    identity = identity_from_path(path_of(ALICE), EVIDENCE, Wire(b"alice", lambda _: (BEN.der,)))
    with pytest.raises(RuntimeError, match="not that of its leaf"):
        _ = identity.certificate
    assert identity_from_path(path_of(ALICE), EVIDENCE, Wire(b"alice", lambda _: (ALICE.der,))).certificate == ALICE.der
