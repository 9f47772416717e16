"""Our verdicts on three corpora of certificates, against OpenSSL's and the suites' own."""

import re
import warnings
from collections import Counter

import pytest

from clientcert.core.certificate import parse_certificate
from clientcert.core.limits import Limits
from clientcert.core.verification import PROFILES, PinnedVerifier, TrustStore
from clientcert.errors import ClientCertError, ConfigurationError
from tests.conformance.corpora import CORPORA, Case, cases
from tests.conformance.report import render
from tests.conformance.verdicts import LEVEL_0, LISTED, ROWS, allowed, mismatches, verdicts


@pytest.mark.parametrize("profile", LISTED)
@pytest.mark.parametrize("corpus", CORPORA)
def test_differs_only_where_listed(corpus: str, profile: str) -> None:
    """A profile's verdicts differ from the corpus in exactly the cases listed, each in the way listed."""
    listed = {case: kind for case, (kind, _) in allowed(corpus, profile).items()}
    assert mismatches(corpus, profile) == listed


@pytest.mark.parametrize("corpus", CORPORA)
def test_strict_accepts_nothing_that_standard_refuses(corpus: str) -> None:
    """Whatever strict accepts, standard accepts."""
    accepted = {
        profile: {v.case.id for v in verdicts(corpus, profile) if v.accepted} for profile in ("strict", "standard")
    }
    assert accepted["strict"] <= accepted["standard"]


@pytest.mark.parametrize("profile", ["standard", "strict"])
def test_native_client_cases_of_limbo_are_right(profile: str) -> None:
    """Every one of limbo's own CLIENT cases gets limbo's verdict."""
    native = {case.id for case in cases("limbo") if case.native}
    assert len(native) == 10
    wrong = native & mismatches("limbo", profile).keys()
    assert not (
        wrong if profile == "standard" else wrong & {v.case.id for v in verdicts("limbo", profile) if v.accepted}
    )


def test_false_accepts_of_limbo_are_pedantic_or_forced() -> None:
    """What `standard` accepts and limbo does not is marked pedantic, or says which case or tool wants it accepted."""
    marks = {case.id: any(feature.startswith("pedantic-") for feature in case.features) for case in cases("limbo")}
    matrix = {case.id for case in cases("matrix") if case.valid}
    accepted = {case: why for case, (kind, why) in allowed("limbo", "standard").items() if kind == "false accept"}
    assert Counter(marks[case] for case in accepted) == {True: 5, False: 10}
    for case, why in accepted.items():
        named = re.findall(r"\b[a-z][0-9]{2}\b", why)
        assert set(named) <= matrix, why
        assert named or marks[case] is ("pedantic-" in why)
        assert named or marks[case] or re.search(r"#\d+|webpki::", why), why


def test_openssl_accepts_nothing_that_openssl_refuses() -> None:
    """In no corpus; but for the second of notAfter, which is valid (RFC 5280 §4.1.2.5), and which 3.0 refuses."""
    for corpus in CORPORA:
        more = {v.case.id for v in verdicts(corpus, LEVEL_0) if v.accepted and not v.case.openssl}
        seconds = {f"rfc5280::validity::notafter-{end}" for end in ("exact", "fractional")}
        assert more == (seconds if corpus == "limbo" else set())


def test_openssl_refuses_of_the_matrix_what_the_parser_refuses() -> None:
    """At level 0, only what our parser refuses, of the client or of the bundle, differs from OpenSSL's verdict."""
    refused = {v.case.id for v in verdicts("matrix", LEVEL_0) if v.case.openssl and not v.accepted}
    assert refused == {case.id for case in cases("matrix") if case.openssl and not _parses(case)}
    assert len(refused) == 12


def _parses(case: Case) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            TrustStore.load(case.trusted, security_level=0)
        parse_certificate(case.leaf, limits=Limits())
    except (ClientCertError, ConfigurationError):
        return False
    return True


def test_pkits_has_no_false_accept_and_few_false_rejects() -> None:
    """No profile accepts an invalid PKITS path; standard refuses 21 valid ones, openssl without key strength one."""
    for profile in ROWS:
        assert "false accept" not in mismatches("pkits", profile).values()
    assert len(mismatches("pkits", "standard")) == 21
    assert mismatches("pkits", "openssl").keys() == {"4.1.4", "4.1.5"}
    assert mismatches("pkits", LEVEL_0).keys() == {"4.1.5"}


_WEAK = {
    "matrix": {"g10", "g21"},
    "limbo": {
        f"webpki::forbidden-{key}" for key in ("p192-root", "p192-leaf", "weak-rsa-key-in-root", "weak-rsa-in-leaf")
    },
    "pkits": {"4.1.4"},
}


@pytest.mark.parametrize("corpus", CORPORA)
def test_security_level_0_leaves_weak_keys_to_openssl_and_nothing_else(corpus: str) -> None:
    """At level 0 the verdict is OpenSSL's where the keys alone were at fault, and that of level 2 everywhere else."""
    verdict = {row: {v.case.id: v.accepted for v in verdicts(corpus, row)} for row in ("openssl", LEVEL_0)}
    changed = {case for case, accepted in verdict[LEVEL_0].items() if accepted != verdict["openssl"][case]}
    assert changed == _WEAK[corpus]
    assert all(verdict[LEVEL_0][case] for case in changed)
    assert corpus == "limbo" or not _WEAK[corpus] & mismatches(corpus, LEVEL_0).keys()


@pytest.mark.parametrize("profile", PROFILES)
def test_every_rejection_explains_itself(profile: str) -> None:
    """Every rejection of every corpus is one of our errors, with a text of one printable line."""
    for corpus in CORPORA:
        for verdict in verdicts(corpus, profile):
            assert verdict.accepted or verdict.explanation.isprintable(), verdict


@pytest.mark.parametrize("case", ["i01", "i02", "i03", "a04"])
def test_self_signed_clients_are_accepted_when_pinned(case: str) -> None:
    """The self-signed client certificates of the matrix are accepted when they are pinned, and their twins are not."""
    (found,) = (c for c in cases("matrix") if c.id == case)
    leaf = parse_certificate(found.leaf, limits=Limits())
    assert PinnedVerifier.load([found.leaf]).verify(leaf, at=found.at).certificates == (leaf,)
    with pytest.raises(ClientCertError, match="not-pinned"):
        PinnedVerifier.load(["sha256:" + "00" * 32]).verify(leaf, at=found.at)


def test_report_in_the_documentation_is_current() -> None:
    """The page with the numbers says what the code gives; `make conformance` writes it."""
    from tests.conformance.report import PAGE

    assert PAGE.read_text(encoding="utf-8") == render()
