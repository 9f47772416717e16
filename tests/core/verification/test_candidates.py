"""What a request may bring along for building a path, decided before any signature is checked."""

from clientcert.core.limits import Limits
from clientcert.errors import Reason
from tests.core.verification.kit import accept, authority, intermediates, refuse, standard

ROOT = authority()


def test_more_intermediates_than_the_limit() -> None:
    """Forwarded certificates are counted, the self-issued ones apart, before anything is computed."""
    links = intermediates(ROOT, 5)
    leaf = links[0].issue("client.example")
    error = refuse(standard(ROOT, max_depth=5), leaf, via=links)
    assert error.reason is Reason.CHAIN_TOO_LARGE
    assert "5 intermediates came with it, the limit is 4" in error.detail
    accept(standard(ROOT, max_depth=5, limits=Limits(intermediates=5)), leaf, via=[*links, ROOT])
    error = refuse(standard(ROOT), ROOT.issue("client.example"), via=[ROOT] * 5)
    assert "5 self-issued certificates came with it" in error.detail


def test_giant_keys_of_forwarded_cas_are_not_used() -> None:
    """A forwarded CA with a key over the limit is left out; configured, it works."""
    middle = ROOT.intermediate("Middle CA", key="rsa-3072")
    leaf = middle.issue("client.example", key="ec")
    small = Limits(intermediate_rsa_bits=3071)
    assert refuse(standard(ROOT, limits=small), leaf, via=[middle]).reason is Reason.ISSUER_UNKNOWN
    accept(standard(ROOT, middle, limits=small), leaf)
    accept(standard(ROOT), leaf, via=[middle])


def test_name_constraints_that_come_along_are_budgeted() -> None:
    """Constraints of forwarded CAs times names of the leaf are limited before cryptography multiplies them."""
    middle = ROOT.intermediate("Middle CA", permitted_names=[f"DNS:{n}.example" for n in range(10)])
    leaf = middle.issue("u", san=[f"DNS:x.{n}.example" for n in range(9)])
    error = refuse(standard(ROOT, limits=Limits(name_constraint_checks=99)), leaf, via=[middle])
    assert error.reason is Reason.CHAIN_TOO_LARGE
    # 9 alternative names and the subject of the leaf; then the intermediate has none.
    accept(standard(ROOT, limits=Limits(name_constraint_checks=100)), leaf, via=[middle])
