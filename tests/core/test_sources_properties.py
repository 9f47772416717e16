"""What holds for every producer and any request: evidence can be spoilt, but never turned into somebody else's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientcert.config import ClientCertConfig
from clientcert.core.authenticator import Authenticator
from clientcert.core.facts import RequestFacts
from clientcert.core.headers import HeaderGuard
from clientcert.core.limits import Limits
from clientcert.core.outcome import Authenticated, Outcome
from clientcert.core.sources import GUARDED_HEADERS, AwsAlb, Envoy, HAProxy, HeaderSource, Rfc9440, Traefik
from clientcert.errors import ClientCertError, Reason
from tests.core.producers import PRODUCERS, Producer, aws, base64, item, xfcc
from tests.material import (
    ADMIN,
    ALICE,
    AUTHORITY,
    BEN,
    INTERMEDIATE,
    NETWORK,
    NOW,
    PROXY,
    SELF_SIGNED,
    STRANGE_AUTHORITY,
    STRANGERS,
    Pairs,
    raw,
)

VALUES = ["", "SUCCESS", "0", "1", "true", "false", "NONE", "EVIL", "::", "(null)"]


def found(source: HeaderSource, pairs: Pairs, *, folded: bool) -> bytes | None:
    """The certificate that a source claims, if it claims one."""
    request = RequestFacts(headers=raw(pairs), folded=folded)
    guard = HeaderGuard(read=source.header_names, guarded=GUARDED_HEADERS)
    try:
        claim = source.read(request, guard.select(request.headers), Limits())
    except ClientCertError:
        return None
    return None if claim is None else claim.leaf


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
@given(data=st.data())
def test_nothing_added_or_taken_away_makes_it_somebody_else(producer: Producer, data: st.DataObject) -> None:
    """Copies, other spellings, other producers' headers and missing ones leave Alice or nobody."""
    request, name = producer.request(ALICE), producer.carrier[0]
    read_names = [header.decode() for header in producer.source.header_names]
    twins = [header.replace("-", separator, count) for header in read_names for separator in "_." for count in (1, -1)]
    foreign = sorted({header.decode() for header in GUARDED_HEADERS} - set(read_names))
    added = data.draw(
        st.lists(
            st.tuples(
                st.sampled_from([*read_names, *twins, *foreign, "connection", "transfer-encoding"]),
                st.sampled_from([*VALUES, producer.carrier[1](ADMIN), name]),
            ),
            max_size=4,
        )
    )
    kept = data.draw(st.lists(st.sampled_from(request), unique=True))
    # A certificate in the place of the producer's own is what its configuration must prevent, not what we can see.
    if (name, producer.carrier[1](ALICE)) not in kept:
        added = [pair for pair in added if pair[0] != name]
    pairs = tuple(data.draw(st.permutations([*kept, *added])))
    assert found(producer.source, pairs, folded=data.draw(st.booleans())) in (None, ALICE.der)


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
@given(data=st.data())
def test_less_evidence_is_never_more(producer: Producer, data: st.DataObject) -> None:
    """No part of what a producer sends names a client without the certificate and every word on what it is worth."""
    request = producer.request(ALICE)
    kept = tuple(data.draw(st.lists(st.sampled_from(request), unique=True)))
    if found(producer.source, kept, folded=False) is not None:
        assert set(producer.status) <= {name for name, _ in kept}
        assert producer.carrier[0] in dict(kept)


@pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
@given(value=st.binary(max_size=60), place=st.integers(0, 8))
def test_any_value_is_an_answer(producer: Producer, value: bytes, place: int) -> None:
    """Whatever stands in any of its headers, a source claims, denies or refuses, and raises nothing of its own."""
    request = list(producer.request(ALICE))
    place %= len(request)
    request[place] = (request[place][0], value.decode("latin-1"))
    assert found(producer.source, tuple(request), folded=False) != ADMIN.der


def decided(source: HeaderSource, pairs: Pairs) -> Outcome:
    """The whole decision behind that producer."""
    config = ClientCertConfig(source=source, trust=AUTHORITY.pem, trusted_proxies=[NETWORK], clock=lambda: NOW)
    return Authenticator(config).authenticate(RequestFacts(headers=raw(pairs), peer=PROXY))


CHAINS: dict[str, tuple[HeaderSource, Pairs, Reason | None]] = {
    "x11-traefik": (
        Traefik(),
        (("x-forwarded-tls-client-cert", ",".join((base64(SELF_SIGNED), base64(BEN), base64(INTERMEDIATE)))),),
        Reason.ISSUER_UNKNOWN,
    ),
    "x11-rfc9440": (
        Rfc9440(),
        (("client-cert", item(SELF_SIGNED)), ("client-cert-chain", f"{item(BEN)},{item(INTERMEDIATE)}")),
        Reason.ISSUER_UNKNOWN,
    ),
    "x10-own-root": (
        Rfc9440(),
        (("client-cert", item(STRANGERS)), ("client-cert-chain", item(STRANGE_AUTHORITY))),
        Reason.ISSUER_UNKNOWN,
    ),
    "x10-aws-alb-own-root": (
        AwsAlb(),
        (("x-amzn-mtls-clientcert", aws(STRANGERS) + aws(STRANGERS)),),
        Reason.ISSUER_UNKNOWN,
    ),
    "x10-leaf-again": (
        HAProxy(chain="x-chain"),
        (("ssl-client-cert", base64(ALICE)), ("ssl-client-verify", "0"), ("x-chain", base64(ALICE))),
        None,
    ),
    "x10-another-leaf": (
        HAProxy(chain="x-chain"),
        (("ssl-client-cert", base64(ALICE)), ("ssl-client-verify", "0"), ("x-chain", base64(ADMIN))),
        None,
    ),
    "x10-good-chain": (
        Rfc9440(),
        (("client-cert", item(BEN)), ("client-cert-chain", item(INTERMEDIATE))),
        None,
    ),
    "x10-missing-chain": (Rfc9440(), (("client-cert", item(BEN)),), Reason.ISSUER_UNKNOWN),
    "x2-envoy": (Envoy(), (("x-forwarded-client-cert", xfcc(ALICE)),), None),
}


@pytest.mark.parametrize(("source", "pairs", "reason"), CHAINS.values(), ids=CHAINS)
def test_x10_x11_chains_are_candidates(source: HeaderSource, pairs: Pairs, reason: Reason | None) -> None:
    """A path begins at the leaf's own header and ends at an anchor of ours; what came along helps or does nothing."""
    outcome = decided(source, pairs)
    if reason is None:
        assert isinstance(outcome, Authenticated)
    else:
        assert not isinstance(outcome, Authenticated)
        assert outcome.reason is reason
