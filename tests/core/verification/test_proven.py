"""Issuers that are known: one signature instead of two, and nothing else that differs."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.verification import TrustStore, proven
from clientcert.core.verification.path_builder import PathBuilder
from clientcert.core.verification.proven import ProvenIssuers
from clientcert.core.verification.signatures import is_signed_by
from clientcert.errors import Reason, VerificationError
from clientcert.testing import CertificateAuthority
from tests.conformance.mutants import Node, parse, sign
from tests.core.verification.kit import NOW, accept, authority, parsed, refuse, standard, subjects

ROOT = authority()
MIDDLE = ROOT.intermediate("Middle CA")


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each time that cryptography's path builder was asked."""
    asked: list[int] = []
    build = PathBuilder.build

    def count(*arguments: Any) -> object:
        asked.append(1)
        return build(*arguments)

    monkeypatch.setattr(PathBuilder, "build", count)
    return asked


@pytest.mark.parametrize("issuer", [ROOT, MIDDLE], ids=["root", "intermediate"])
def test_second_client_of_an_issuer(issuer: CertificateAuthority, builds: list[int]) -> None:
    """The path of the first client serves the second, whose own path it would have been."""
    verifier = standard(ROOT, MIDDLE)
    accept(verifier, issuer.issue("first"))
    path = accept(verifier, issuer.issue("second"))
    assert builds == [1]
    assert path == accept(standard(ROOT, MIDDLE), path.leaf.der)
    assert subjects(path)[0] == "CN=second"


def test_dates_are_checked_again(builds: list[int]) -> None:
    """An issuer that has expired since then is refused in the words of somebody who never knew it."""
    middle = ROOT.intermediate("Short CA", valid_days=2)
    verifier, late = standard(ROOT, middle), NOW + timedelta(days=3)
    leaf = middle.issue("client", valid_days=30)
    accept(verifier, leaf)
    error = refuse(verifier, leaf, at=late)
    assert error.reason is Reason.CERTIFICATE_EXPIRED
    assert str(error) == str(refuse(standard(ROOT, middle), leaf, at=late))


def test_forged_signature() -> None:
    """Whoever has the names and identifiers of a known issuer but not its key is refused as ever."""
    verifier = standard(ROOT, MIDDLE)
    accept(verifier, MIDDLE.issue("client"))
    impostor = MIDDLE.impostor(subject_key_identifier=MIDDLE.key_identifier)
    assert refuse(verifier, impostor.issue("client")).reason is Reason.SIGNATURE_INVALID


OTHERS = {
    "registered-id": ({"san": ["RID:1.2.3"]}, 2),
    "no-name-in-it": ({"san": []}, 2),
    "generalized-time": ({"not_after": timedelta(days=365 * 40)}, 1),
    "every-usual-name": ({"san": ["DNS:a", "email:a@b.example", "URI:a:b", "IP:::1"]}, 1),
    "no-alternative-name": ({"san": None}, 1),
}


@pytest.mark.parametrize(("knobs", "times"), OTHERS.values(), ids=OTHERS)
def test_leaves_for_the_path_builder(knobs: dict[str, object], times: int, builds: list[int]) -> None:
    """What cryptography's verifier might refuse about a leaf, it is asked about."""
    verifier = standard(ROOT)
    accept(verifier, ROOT.issue("first"))
    accept(verifier, ROOT.issue("second", **knobs))  # type: ignore[arg-type]
    assert len(builds) == times


def test_times_in_the_wrong_form() -> None:
    """A GeneralizedTime for a year before 2050 is refused under an intermediate, known or not."""
    key, leaf = MIDDLE.issued.key, parse(MIDDLE.issue("client").der)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    tbs = (leaf.children or [])[0]
    times = (tbs.children or [])[4].children or []
    times[0] = Node(0x18, b"20" + times[0].content)
    verifier = standard(ROOT, MIDDLE)
    accept(verifier, MIDDLE.issue("client"))
    changed = sign(tbs.encode(), key)
    error = refuse(verifier, changed)
    assert error.reason is Reason.PATH_INVALID
    assert error.detail == refuse(standard(ROOT, MIDDLE), changed).detail


def test_constraints_are_never_taken_as_known(builds: list[int]) -> None:
    """Under name constraints each client's names decide, so its path is built anew."""
    narrow = authority("Narrow CA", permitted_names=["DNS:a.example"])
    verifier = standard(narrow)
    accept(verifier, narrow.issue("first", san=["DNS:a.example"]))
    accept(verifier, narrow.issue("second", san=["DNS:b.a.example"]))
    assert refuse(verifier, narrow.issue("third", san=["DNS:b.example"])).reason is Reason.NAME_CONSTRAINT_VIOLATED
    assert builds == [1, 1, 1]


def test_namesakes_are_never_taken_as_known(builds: list[int]) -> None:
    """Of two CAs with one name, the path builder chooses."""
    verifier = standard(ROOT, MIDDLE, ROOT.intermediate("Middle CA", key="ec-p384"))
    accept(verifier, MIDDLE.issue("first"))
    accept(verifier, MIDDLE.issue("second"))
    assert builds == [1, 1]


def test_damaged_namesake_teaches_nothing(monkeypatch: pytest.MonkeyPatch, builds: list[int]) -> None:
    """A namesake that cannot be used when it is looked at does not turn an accepted client away."""
    known = ProvenIssuers(TrustStore.load(ROOT.der))
    path = [parsed(ROOT.issue("client")), parsed(ROOT)]

    def damaged(store: TrustStore, certificate: ParsedCertificate) -> tuple[ParsedCertificate, ...]:
        raise VerificationError(Reason.SIGNATURE_INVALID, "anchor is not signed by its own key")

    with monkeypatch.context() as patched:
        patched.setattr(TrustStore, "issuers_of", damaged)
        known.learn(path)
    assert known.path_of(path[0], ()) is None
    known.learn(path)
    assert known.path_of(path[0], ()) == tuple(path)


def test_forwarded_links(builds: list[int]) -> None:
    """A copy of what is on the path changes nothing; with anything else the path builder has the choice."""
    verifier = standard(ROOT, MIDDLE)
    accept(verifier, MIDDLE.issue("first"))
    accept(verifier, MIDDLE.issue("second"), via=[MIDDLE])
    assert builds == [1]
    accept(verifier, MIDDLE.issue("third"), via=[ROOT.intermediate("Other CA")])
    assert builds == [1, 1]


def test_forged_links_are_not_tried(builds: list[int]) -> None:
    """A line of CAs up to one that only claims to be ours costs no check of its signatures in the path builder."""
    impostor = ROOT.impostor(subject_key_identifier=ROOT.key_identifier)
    upper = impostor.intermediate("Upper CA")
    lower = upper.intermediate("Lower CA")
    error = refuse(standard(ROOT), lower.issue("client"), via=[lower, upper])
    assert (error.reason, builds) == (Reason.SIGNATURE_INVALID, [])
    genuine = ROOT.intermediate("Upper CA")
    lower = genuine.intermediate("Lower CA")
    accept(standard(ROOT), lower.issue("client"), via=[lower, genuine])
    assert builds == [1]


def test_genuine_links_are_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A link with a signature of ours is remembered, a forged one is not, and the memory is bounded."""
    checked: list[str] = []

    def check(link: ParsedCertificate, issuer: ParsedCertificate) -> bool:
        checked.append(link.subject.common_name)
        return is_signed_by(link, issuer)

    monkeypatch.setattr(proven, "_MAX_GENUINE", 1)
    monkeypatch.setattr(proven, "is_signed_by", check)
    known = ProvenIssuers(TrustStore.load(ROOT.der))
    impostor = ROOT.impostor(subject_key_identifier=ROOT.key_identifier)
    first, second = parsed(ROOT.intermediate("First CA")), parsed(ROOT.intermediate("Second CA"))
    forged = parsed(impostor.intermediate("Forged CA"))
    asked = [first, first, forged, forged, second, first]
    assert [known.is_forged(link, [link]) for link in asked] == [False, False, True, True, False, False]
    assert checked == ["First CA", "Forged CA", "Forged CA", "Second CA", "First CA"]


def test_links_of_others_are_not_judged() -> None:
    """A link is called forged only where nobody but one or two CAs of ours may have signed it."""
    impostor = ROOT.impostor()
    link, below = parsed(impostor.intermediate("Link")), parsed(impostor.intermediate("Link").intermediate("Below"))
    known = ProvenIssuers(TrustStore.load(ROOT.der))
    assert known.is_forged(link, [link])
    assert not known.is_forged(link, [link, parsed(impostor)])
    assert not known.is_forged(below, [below])
    namesakes = [authority("Test Root CA", key=key).der for key in ("ec", "ec-p384", "ec-p521")]
    assert not ProvenIssuers(TrustStore.load(namesakes)).is_forged(link, [link])
