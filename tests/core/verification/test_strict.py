"""The Web PKI's profile: refuses what private CAs leave out, and says that `standard` would not."""

import pytest

from clientcert.core.verification import StrictVerifier, TrustStore
from clientcert.errors import Reason
from clientcert.testing.knobs import Knobs
from tests.core.verification.kit import accept, authority, parsed, refuse, standard

ROOT = authority()
MIDDLE = ROOT.intermediate("Middle CA")
STRICT = StrictVerifier(TrustStore.load(ROOT.der))

_LEFT_OUT = {
    "no-alternative-name": Knobs(san=None),
    "no-authority-key-identifier": Knobs(authority_key_identifier=None),
    "critical-purpose": Knobs(critical={"extended_key_usage": True}),
}


def test_clean_chains_are_accepted() -> None:
    """A certificate with everything the Web PKI asks for is accepted, with an intermediate too."""
    assert accept(STRICT, ROOT.issue("client.example")).profile == STRICT.name == "strict"
    assert accept(STRICT, MIDDLE.issue("client.example"), via=[MIDDLE]).issuer == parsed(MIDDLE)


@pytest.mark.parametrize("knobs", _LEFT_OUT.values(), ids=_LEFT_OUT)
def test_what_private_cas_leave_out_is_refused_with_the_way_out(knobs: Knobs) -> None:
    """The refusal carries the verifier's words and names the profile that accepts."""
    leaf = ROOT.issue("client.example", **knobs)
    error = refuse(STRICT, leaf)
    assert error.reason is Reason.PATH_INVALID
    assert "no strict path: " in error.detail
    assert error.hints == ("profile 'standard' accepts it",)
    accept(standard(ROOT), leaf)


def test_what_standard_refuses_is_refused_with_its_words() -> None:
    """Where `standard` refuses too, its diagnosis is given."""
    stranger = authority("Stranger")
    assert refuse(STRICT, stranger.issue("client.example")).reason is Reason.ISSUER_UNKNOWN
    server = ROOT.issue("x.example", extended_key_usage=["serverAuth"])
    assert refuse(STRICT, server).reason is Reason.PURPOSE_NOT_ALLOWED
