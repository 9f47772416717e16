"""Every producer, by the one table of them: what it says becomes its claim, and nothing else becomes one."""

from typing import Any

import pytest

from clientcert.config import ClientCertConfig
from clientcert.core.authenticator import Authenticator
from clientcert.core.facts import RequestFacts
from clientcert.core.headers import HeaderGuard
from clientcert.core.identity import EvidenceLevel
from clientcert.core.limits import Limits
from clientcert.core.outcome import Authenticated, Rejected
from clientcert.core.sources import ALIASES, GUARDED_HEADERS, PRESETS, AwsApiGateway, Claim, Source, source_named
from clientcert.core.verification import TRUST_PROXY
from clientcert.errors import ClientCertError, ConfigurationError, Reason
from tests.core.producers import PRODUCERS, Producer
from tests.material import ADMIN, ALICE, AUTHORITY, NETWORK, NOW, PROXY, STRANGERS, Pairs, raw

EVERY = pytest.mark.parametrize("producer", PRODUCERS.values(), ids=PRODUCERS)
WITH_STATUS = {name: producer for name, producer in PRODUCERS.items() if producer.status}
EVERY_WITH_STATUS = pytest.mark.parametrize("producer", WITH_STATUS.values(), ids=WITH_STATUS)
NOTHING = (None, Reason.NO_CERTIFICATE)
"""The two ways to say that no certificate was presented."""


def read(source: Source, pairs: Pairs, *, folded: bool = False) -> Claim | Reason | None:
    """What a source makes of headers: a claim, a reason to refuse, or None for "no certificate"."""
    request = RequestFacts(headers=raw(pairs), folded=folded)
    guard = HeaderGuard(read=source.header_names, guarded=GUARDED_HEADERS)
    try:
        return source.read(request, guard.select(request.headers), Limits())
    except ClientCertError as error:
        return error.reason


def leaf(found: Claim | Reason | None) -> bytes | None:
    """The certificate of a claim; None for a refusal and for none."""
    return found.leaf if isinstance(found, Claim) else None


def authenticator(source: Source, **changes: Any) -> Authenticator:
    """The whole decision behind that producer."""
    settings: dict[str, Any] = {"trust": AUTHORITY.pem, "trusted_proxies": [NETWORK], "clock": lambda: NOW} | changes
    return Authenticator(ClientCertConfig(source=source, **settings))


def without(pairs: Pairs, name: str) -> Pairs:
    """The headers but one."""
    return tuple(pair for pair in pairs if pair[0] != name)


def with_value(pairs: Pairs, name: str, value: str) -> Pairs:
    """The headers, one of them with another value."""
    return tuple((header, value if header == name else old) for header, old in pairs)


@EVERY
def test_claims_the_certificate(producer: Producer) -> None:
    """What the producer sends for a client becomes a claim with that client's certificate."""
    for certificate in (ALICE, ADMIN):
        assert leaf(read(producer.source, producer.request(certificate))) == certificate.der


@EVERY
def test_authenticates(producer: Producer) -> None:
    """Through the whole decision it becomes the client's identity, verified here, from that source."""
    facts = RequestFacts(headers=raw(producer.request(ALICE)), peer=PROXY)
    outcome = authenticator(producer.source).authenticate(facts)
    assert isinstance(outcome, Authenticated)
    assert outcome.identity.fingerprint_sha256 == ALICE.fingerprint_sha256
    assert outcome.identity.evidence.level is EvidenceLevel.VERIFIED
    assert outcome.identity.evidence.source == producer.source.name


@EVERY
def test_t10_v9_own_trust_decides(producer: Producer) -> None:
    """A certificate of a CA that is not ours is refused, whatever the producer says of it."""
    facts = RequestFacts(headers=raw(producer.request(STRANGERS)), peer=PROXY)
    assert not isinstance(authenticator(producer.source).authenticate(facts), Authenticated)


@EVERY
def test_h1_strangers_are_nobody(producer: Producer) -> None:
    """The same headers from anybody else are not even read."""
    facts = RequestFacts(headers=raw(producer.request(ALICE)), peer="203.0.113.9")
    assert getattr(authenticator(producer.source).authenticate(facts), "reason", None) is Reason.PROXY_NOT_PROVEN


@EVERY
def test_nobody(producer: Producer) -> None:
    """What the producer sends without a certificate is "no certificate", in every way in which it says so."""
    for pairs in producer.nobody:
        assert read(producer.source, pairs) in NOTHING


@EVERY
def test_n1_n2_duplicates(producer: Producer) -> None:
    """A second copy of any header that is read is refused, in either order, an empty one as well."""
    request = producer.request(ALICE)
    read_names = {name.decode() for name in producer.source.header_names}
    for name, value in request:
        if name in read_names:
            for copy in (value, "", "EVIL"):
                assert read(producer.source, (*request, (name, copy))) is Reason.DUPLICATE_HEADER
                assert read(producer.source, ((name, copy), *request)) is Reason.DUPLICATE_HEADER


@EVERY
def test_n1_joined_duplicates(producer: Producer) -> None:
    """Copies that a WSGI server joins with a comma are no certificate of anybody but the first of a true chain."""
    name, write = producer.carrier
    for joint in (",", ", "):
        for copy in ("EVIL", "", write(ADMIN)):
            pairs = with_value(producer.request(ALICE), name, write(ALICE) + joint + copy)
            assert leaf(read(producer.source, pairs, folded=True)) in (None, ALICE.der)


@EVERY_WITH_STATUS
def test_n2_joined_verdicts(producer: Producer) -> None:
    """Verdicts that a WSGI server joins with a comma are no success."""
    for name in producer.status:
        value = dict(producer.beside)[name]
        for joined in (f"{value},{value}", f"{value}, {value}", f"{value},", f"FAILED:x,{value}", f"{value},NONE"):
            pairs = with_value(producer.request(ALICE), name, joined)
            assert isinstance(read(producer.source, pairs, folded=True), Reason)


@EVERY
def test_n4_n5_other_spellings(producer: Producer) -> None:
    """Another spelling of a header is never read, and refused unless the producer is known to pass such names."""
    name, write = producer.carrier
    for separator in "_. ":
        twin = (name.replace("-", separator), write(ADMIN))
        found = read(producer.source, (twin, *producer.request(ALICE)))
        assert leaf(found) == ALICE.der if producer.ignores_aliases else found is Reason.HEADER_ALIAS
        alone = read(producer.source, (twin, *producer.nobody[0]))
        assert alone in NOTHING if producer.ignores_aliases else alone is Reason.HEADER_ALIAS


@EVERY
def test_n8_trailers(producer: Producer) -> None:
    """A chunked body is refused beside a certificate where nothing would tell a trailer from a header."""
    request = producer.request(ALICE)
    for value in ("chunked", "gzip, chunked"):
        found = read(producer.source, (*request, ("Transfer-Encoding", value)))
        assert leaf(found) == ALICE.der if producer.trailers_safe else found is Reason.HOP_BY_HOP_HEADER
        assert read(producer.source, (*producer.nobody[0], ("transfer-encoding", value))) in NOTHING


@EVERY
def test_n16_connection(producer: Producer) -> None:
    """A ``Connection`` that names evidence is refused where the producer is not known to pass such options on."""
    options = ("connection", f"close, {producer.carrier[0].upper()}")
    found = read(producer.source, (*producer.request(ALICE), options))
    assert leaf(found) == ALICE.der if producer.ignores_aliases else found is Reason.HOP_BY_HOP_HEADER


@EVERY_WITH_STATUS
def test_v3_n16_status_removed(producer: Producer) -> None:
    """A certificate without one of the headers that say what it is worth is refused."""
    for name in producer.status:
        assert read(producer.source, without(producer.request(ALICE), name)) is Reason.VERDICT_MISSING
        assert read(producer.source, with_value(producer.request(ALICE), name, "")) is Reason.VERDICT_MISSING


@EVERY_WITH_STATUS
def test_v2_nobody_with_a_certificate(producer: Producer) -> None:
    """A certificate beside the word that there is none is refused."""
    name, write = producer.carrier
    for pairs in producer.nobody:
        if any(header in producer.status and value not in {"0", "SUCCESS"} for header, value in pairs):
            assert isinstance(read(producer.source, (*without(pairs, name), (name, write(ADMIN)))), Reason)


@EVERY_WITH_STATUS
def test_v4_success_without_a_certificate(producer: Producer) -> None:
    """A success without a certificate is nobody's: refused, or none presented where the producer says it so."""
    found = read(producer.source, without(producer.request(ALICE), producer.carrier[0]))
    allowed = producer.source.bare_success_is_absent and not producer.source.presence
    refused = Reason.VERDICT_CONTRADICTED if producer.source.verdict else Reason.EVIDENCE_MISSING
    assert found is (Reason.NO_CERTIFICATE if allowed else refused)


NEAR = [
    "success",
    "Success",
    "OK",
    "yes",
    "TRUE",
    "True",
    "+0",
    "00",
    "0.0",
    "0x0",
    "GENEROUS",
    "verified",
    "-",
    "(null",
]


@EVERY_WITH_STATUS
@pytest.mark.parametrize("token", [*NEAR, "{0};x", '"{0}"', "{0} x", "x{0}", "FAILED:{0}", "NOT {0}"])
def test_v5_v7_v8_x12_other_tokens(producer: Producer, token: str) -> None:
    """Exactly one token is success for each producer; nothing near it, around it or of another producer's is."""
    for name in producer.status:
        value = token.format(dict(producer.beside)[name])
        assert isinstance(read(producer.source, with_value(producer.request(ALICE), name, value)), Reason)


UNREADABLE = ("(none)", "-", "NONE", "null", "EVIL", "\xff", "a\0b", "a\nb", "{http.request.tls.client.fingerprint}")


@EVERY
def test_e14_e15_unreadable(producer: Producer) -> None:
    """A value that is no certificate in the producer's form, nor a placeholder of its own, is refused."""
    behind = authenticator(producer.source)
    for value in UNREADABLE:
        pairs = with_value(producer.request(ALICE), producer.carrier[0], value)
        outcome = behind.authenticate(RequestFacts(headers=raw(pairs), peer=PROXY))
        assert isinstance(outcome, Rejected)
        assert outcome.status == 400


@EVERY
def test_r1_too_large(producer: Producer) -> None:
    """A value above its limit is refused by its length, before anything is decoded."""
    name = producer.carrier[0]
    limits = Limits()
    longest = limits.chain_header_bytes if producer.source.encoding.carries_chain else limits.header_bytes
    for size, is_too_large in ((longest, False), (longest + 1, True)):
        found = read(producer.source, with_value(producer.request(ALICE), name, "\xff" * size))
        assert (found is Reason.HEADER_TOO_LARGE) is is_too_large


@EVERY
def test_x7_n19_other_producers_say_nothing(producer: Producer) -> None:
    """Evidence in another producer's headers is neither read nor left to the app."""
    ours = {name.decode() for name in producer.source.header_names}
    foreign = {name.decode() for name in GUARDED_HEADERS} - ours
    others = tuple(pair for other in PRODUCERS.values() for pair in other.request(ADMIN) if pair[0] in foreign)
    assert leaf(read(producer.source, others + producer.request(ALICE) + others)) == ALICE.der
    assert read(producer.source, (*others, *producer.nobody[0])) in NOTHING
    guard = HeaderGuard(read=producer.source.header_names, guarded=GUARDED_HEADERS)
    assert guard.strip(raw((*others, *producer.request(ALICE)))) == []


@EVERY
def test_v9_trust_proxy(producer: Producer) -> None:
    """Only a producer whose verdict holds in every mode may be believed without a CA of ours."""
    assert producer.source.gives_verdict is producer.gives_verdict
    if producer.gives_verdict:
        facts = RequestFacts(headers=raw(producer.request(STRANGERS)), peer=PROXY)
        trusting = authenticator(producer.source, trust=TRUST_PROXY)
        outcome = trusting.authenticate(facts)
        if isinstance(outcome, Authenticated):
            assert outcome.identity.evidence.level is EvidenceLevel.PROXY_VERDICT
    else:
        with pytest.raises(ConfigurationError, match="TRUST_PROXY"):
            authenticator(producer.source, trust=TRUST_PROXY)


def test_every_preset_has_a_row() -> None:
    """The table has all presets but those that read no header."""
    assert {producer.source.name for producer in PRODUCERS.values()} == set(PRESETS) - {"tls", "aws-api-gateway"}
    usual = {name: source_named(name) for name in PRODUCERS if name in PRESETS}
    assert {name: PRODUCERS[name].source for name in usual} == usual


def test_aliases() -> None:
    """A product that is built on another one's proxy has that one's preset."""
    assert {alias: source_named(alias) for alias in ALIASES} == {
        alias: PRESETS[preset]() for alias, preset in ALIASES.items()
    }
    assert not set(ALIASES) & set(PRESETS)
    assert isinstance(source_named("aws-api-gateway"), AwsApiGateway)
    with pytest.raises(ConfigurationError, match="azure-functions"):
        source_named("azure")


def test_n23_every_name_is_guarded() -> None:
    """Every name that a row uses, and the attributes that producers send beside it, are guarded."""
    names = {name for producer in PRODUCERS.values() for name, _ in producer.request(ALICE)}
    attributes = (
        "x-ssl-client-cn x-ssl-client-sha1 ssl-client-serial x-forwarded-tls-client-cert-info client-cert-chain"
    )
    assert {name.encode() for name in names - {"client-cert-verify", "client-cert-used"}} <= GUARDED_HEADERS
    assert {name.encode() for name in attributes.split()} <= GUARDED_HEADERS
    assert {f"ssl-client-cert-chain-{number}".encode() for number in range(10)} <= GUARDED_HEADERS
    # Names of the application's own, near ours.
    assert not {b"x-client-id", b"x-ssl-cipher", b"client-certificate", b"x-forwarded-for"} & GUARDED_HEADERS
