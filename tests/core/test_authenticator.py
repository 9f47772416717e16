"""The whole decision, on facts alone: the order of its steps, its outcomes, and what no request can bring about."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clientcert.config import ClientCertConfig
from clientcert.core.authenticator import Authenticator
from clientcert.core.certificate import ParsedCertificate
from clientcert.core.facts import Header, RequestFacts
from clientcert.core.headers import SelectedHeaders
from clientcert.core.identity import ClientIdentity, EvidenceLevel
from clientcert.core.limits import Limits
from clientcert.core.outcome import Anonymous, Authenticated, Outcome, Rejected
from clientcert.core.proxy import SharedSecret, UnixSocket
from clientcert.core.sources import Claim, IngressNginx, Nginx, TLSSocket
from clientcert.core.verification import TRUST_PROXY, VerifiedPath
from clientcert.errors import Reason
from clientcert.testing.malformed import DEFECTIVE, UNREADABLE
from tests import material as m
from tests.material import (
    ALICE,
    AUTHORITY,
    BEN,
    CA_DN,
    INTERMEDIATE,
    NETWORK,
    NOW,
    PROXY,
    STRANGER,
    Pairs,
    evidence,
    raw,
)

NAMES_ONLY = IngressNginx(pass_certificate=False)


def decide(
    pairs: Pairs, *, peer: str | None = PROXY, facts: Mapping[str, Any] | None = None, **changes: Any
) -> Outcome:
    """What becomes of headers from a peer, under the configuration of `material` but for the changes."""
    request = RequestFacts(headers=raw(pairs), peer=peer, peer_port=40_000, **(facts or {}))
    return Authenticator(m.config(**changes)).authenticate(request)


def identity(outcome: Outcome) -> ClientIdentity:
    """The identity of an outcome that has one."""
    assert isinstance(outcome, Authenticated), outcome
    return outcome.identity


def reason(outcome: Outcome) -> Reason | None:
    """Why there is no identity; None where there is one."""
    return None if isinstance(outcome, Authenticated) else outcome.reason


def test_authenticates() -> None:
    """The client of a good request is who its certificate says, and the evidence says what was proven."""
    client = identity(decide(evidence()))
    assert client.fingerprint_sha256 == ALICE.fingerprint_sha256
    assert client.chain == (ALICE.der, AUTHORITY.der)
    proven = client.evidence
    assert (proven.level, proven.source, proven.proxy) == (
        EvidenceLevel.VERIFIED,
        "ingress-nginx",
        ("trusted-networks",),
    )
    assert (proven.verdict, proven.profile, proven.verified_at) == ("SUCCESS", "standard", NOW)
    assert proven.anchor_sha256 == AUTHORITY.issued.fingerprint_sha256
    assert proven.revocation == "not-checked"


class Untouchable:
    """A source that must never be asked, and says so."""

    name = "untouchable"
    needs_proxy_proof = True
    gives_verdict = True
    sends_certificate = True
    header_names = (b"ssl-client-cert",)

    def read(self, facts: RequestFacts, headers: SelectedHeaders, limits: Limits) -> Claim | None:
        """Fail the test."""
        raise AssertionError("evidence was read although the sender is not proven")


@pytest.mark.parametrize("peer", [STRANGER, None, "", "127.0.0.1", "unix:", "localhost", "\x00"])
def test_h1_h2_r2_the_proof_comes_first(peer: str | None) -> None:
    """From a sender that is not proven nothing is read, decoded or verified, be the evidence as good as it may."""
    outcome = decide(evidence(), peer=peer, source=Untouchable(), mode="optional")
    assert isinstance(outcome, Anonymous)
    assert outcome.reason.status == 401


def test_h2_the_twin_of_the_unproven_request_is_authenticated() -> None:
    """The same bytes from the proxy's address are believed."""
    assert reason(decide(evidence(), peer=STRANGER)) is Reason.PROXY_NOT_PROVEN
    assert reason(decide(evidence(), peer=PROXY)) is None


BOTH = [NETWORK, SharedSecret(m.SECRET)]
WITH_SECRET = (("x-clientcert-proxy", m.SECRET), *evidence())


def test_h16_all_proofs_must_hold() -> None:
    """With several proofs configured, one that fails is enough to refuse."""
    assert identity(decide(WITH_SECRET, trusted_proxies=BOTH)).evidence.proxy == ("trusted-networks", "shared-secret")
    assert reason(decide(evidence(), trusted_proxies=BOTH)) is Reason.PROXY_NOT_PROVEN
    assert reason(decide(WITH_SECRET, trusted_proxies=BOTH, peer=STRANGER)) is Reason.PROXY_NOT_PROVEN
    assert reason(decide(WITH_SECRET, trusted_proxies=[*BOTH, UnixSocket()])) is Reason.PROXY_NOT_PROVEN


def test_h15_the_secret_is_guarded() -> None:
    """The header of the secret, and its aliases, are taken away from the app."""
    guard = Authenticator(m.config(trusted_proxies=BOTH)).guard
    assert guard.strip(raw((("X-ClientCert_Proxy", "x"), *WITH_SECRET, ("host", "a")))) == [(b"host", b"a")]


def test_n14_h24_injected_headers_lack_the_secret() -> None:
    """Evidence smuggled through the proxy, by a bare line feed or a tunnel, lacks the secret of its route."""
    smuggled = ((("x", "1"), *evidence()), (*evidence(), ("x-clientcert-proxy", "guess")))
    for pairs in smuggled:
        assert reason(decide(pairs, trusted_proxies=BOTH)) is Reason.PROXY_NOT_PROVEN
    assert reason(decide((*WITH_SECRET, *evidence()), trusted_proxies=BOTH)) is Reason.DUPLICATE_HEADER


def test_n21_duplicates_of_http_2() -> None:
    """HTTP/2 hands duplicates over as they came, in lower case: the same duplicates as ever."""
    headers = raw((*evidence(), *evidence()))
    outcome = Authenticator(m.config()).authenticate(RequestFacts(headers=headers, peer=PROXY))
    assert reason(outcome) is Reason.DUPLICATE_HEADER


TAMPERED: dict[str, tuple[Pairs, dict[str, Any], Reason]] = {
    "h20-certificate-swapped": (
        (m.certificate_header(m.ADMIN), *evidence(None)),
        {},
        Reason.EVIDENCE_MISMATCH,
    ),
    "h20-certificate-of-another-authority": (
        (m.certificate_header(m.STRANGERS), *evidence(None)),
        {},
        Reason.EVIDENCE_MISMATCH,
    ),
    "h20-issuer-swapped": (evidence(issuer="CN=Other CA,O=Elsewhere"), {}, Reason.EVIDENCE_MISMATCH),
    "h20-subject-missing": (evidence(subject=None), {}, Reason.EVIDENCE_MISMATCH),
    "d10-subject-in-the-other-order": (evidence(subject="O=Example,CN=alice"), {}, Reason.EVIDENCE_MISMATCH),
    "d10-subject-in-the-legacy-form": (evidence(subject="/O=Example/CN=alice"), {}, Reason.EVIDENCE_MISMATCH),
    "d10-subject-in-other-case": (evidence(subject="CN=Alice,O=Example"), {}, Reason.EVIDENCE_MISMATCH),
    "nginx-subject-differs": (
        evidence(subject=m.ADMIN_DN, issuer=None),
        {"source": Nginx()},
        Reason.EVIDENCE_MISMATCH,
    ),
    "nginx-issuer-differs": (evidence(subject=None, issuer="CN=x"), {"source": Nginx()}, Reason.EVIDENCE_MISMATCH),
}


@pytest.mark.parametrize(("pairs", "changes", "why"), TAMPERED.values(), ids=TAMPERED)
def test_h20_names_and_certificate_agree(pairs: Pairs, changes: dict[str, Any], why: Reason) -> None:
    """A certificate that is not the one whose names the proxy wrote is refused as contradictory."""
    outcome = decide(pairs, **changes)
    assert isinstance(outcome, Rejected)
    assert (outcome.reason, outcome.status) == (why, 400)


def test_nameless_subject() -> None:
    """Nginx sends no subject header for an empty subject; certificate and header still agree."""
    client = identity(decide(evidence(m.NAMELESS, subject=None)))
    assert client.subject.is_empty
    assert client.dns_names == ("nameless.example",)


def test_subject_that_ends_in_a_space() -> None:
    """HTTP strips a header value's last space, which nginx escapes with a backslash that stays."""
    spacious = AUTHORITY.issue(subject=[("CN", "x "), ("O", "Example")])
    trailing = AUTHORITY.issue(subject=[("O", "Example"), ("CN", "x ")])
    assert reason(decide(evidence(spacious, subject="O=Example,CN=x\\ "))) is None
    assert reason(decide(evidence(trailing, subject="CN=x\\ ,O=Example"))) is None


LEAVES: dict[str, tuple[Any, Reason | None]] = {
    "expired": (m.EXPIRED, Reason.CERTIFICATE_EXPIRED),
    "not-yet-valid": (m.NOT_YET_VALID, Reason.CERTIFICATE_NOT_YET_VALID),
    "server-purpose": (m.SERVER, Reason.PURPOSE_NOT_ALLOWED),
    "unknown-issuer": (m.STRANGERS, Reason.ISSUER_UNKNOWN),
    "self-signed": (m.SELF_SIGNED, Reason.ISSUER_UNKNOWN),
    "c1-impostor": (m.IMPOSTOR, None),
    "missing-intermediate": (BEN, Reason.ISSUER_UNKNOWN),
    "ca-as-client": (AUTHORITY.issued, None),
}


@pytest.mark.parametrize(("leaf", "why"), LEAVES.values(), ids=LEAVES)
def test_unacceptable_certificate(leaf: Any, why: Reason | None) -> None:
    """A certificate that the proxy accepted and we do not is refused, 403, in optional mode as well."""
    pairs = (m.certificate_header(leaf), ("ssl-client-verify", "SUCCESS"))
    for mode in ("required", "optional"):
        outcome = decide(pairs, source="nginx", mode=mode)
        assert isinstance(outcome, Rejected)
        assert outcome.status == 403
        assert why in (None, outcome.reason)


def test_configured_intermediate() -> None:
    """The twin of the missing intermediate: configured, it makes the path."""
    pairs = (m.certificate_header(BEN), ("ssl-client-verify", "SUCCESS"))
    client = identity(decide(pairs, source="nginx", intermediates=INTERMEDIATE.pem))
    assert client.chain == (BEN.der, INTERMEDIATE.der, AUTHORITY.der)


def test_version_1() -> None:
    """A certificate as tutorials make it, X.509 version 1, is a client like others."""
    pairs = (m.certificate_header(m.VERSION_1), ("ssl-client-verify", "SUCCESS"))
    assert identity(decide(pairs, source="nginx")).serial_number == 2


@pytest.mark.parametrize("name", [*UNREADABLE, *DEFECTIVE])
def test_e11_c18_hostile_certificates(name: str) -> None:
    """Every malformed certificate has an outcome with a status of the client's fault, or is accepted by rule."""
    der = {**UNREADABLE, **DEFECTIVE}[name](AUTHORITY)
    outcome = Authenticator(m.config(source="tls", trusted_proxies=None)).authenticate(RequestFacts(tls_chain=(der,)))
    if isinstance(outcome, Rejected):
        assert outcome.status in (400, 403)
    else:
        assert name in DEFECTIVE


MODES: dict[str, tuple[Pairs, str | None, dict[str, Any], type[Outcome], int]] = {
    "missing-required": (m.NOBODY, PROXY, {}, Rejected, 401),
    "missing-optional": (m.NOBODY, PROXY, {"mode": "optional"}, Anonymous, 401),
    "missing-status-403": (m.NOBODY, PROXY, {"missing_status": 403}, Rejected, 403),
    "unproven-required": (evidence(), STRANGER, {}, Rejected, 401),
    "unproven-optional": (evidence(), STRANGER, {"mode": "optional"}, Anonymous, 401),
    "unproven-status-403": (evidence(), STRANGER, {"missing_status": 403}, Rejected, 403),
    "rejected-required": (evidence(verdict="FAILED:x"), PROXY, {}, Rejected, 403),
    "rejected-optional": (evidence(verdict="FAILED:x"), PROXY, {"mode": "optional"}, Rejected, 403),
    "rejected-anonymous": (
        evidence(verdict="FAILED:x"),
        PROXY,
        {"mode": "optional", "on_invalid": "anonymous"},
        Anonymous,
        403,
    ),
    "ambiguous-required": (evidence(verdict="NONE"), PROXY, {}, Rejected, 400),
    "ambiguous-optional": (evidence(verdict="NONE"), PROXY, {"mode": "optional"}, Rejected, 400),
    "ambiguous-anonymous": (
        evidence(verdict="NONE"),
        PROXY,
        {"mode": "optional", "on_invalid": "anonymous"},
        Rejected,
        400,
    ),
    "malformed-anonymous": (
        (("ssl-client-cert", "x"), *evidence(None)),
        PROXY,
        {"mode": "optional", "on_invalid": "anonymous"},
        Rejected,
        400,
    ),
    "too-large-optional": (evidence(), PROXY, {"mode": "optional", "limits": Limits(header_bytes=9)}, Rejected, 431),
    "certificate-too-large": (evidence(), PROXY, {"limits": Limits(certificate_bytes=9)}, Rejected, 400),
}


@pytest.mark.parametrize(("pairs", "peer", "changes", "kind", "status"), MODES.values(), ids=MODES)
def test_modes(pairs: Pairs, peer: str, changes: dict[str, Any], kind: type, status: int) -> None:
    """Which refusals an app may see as "nobody", and which status the others have."""
    outcome = decide(pairs, peer=peer, **changes)
    assert type(outcome) is kind
    assert not isinstance(outcome, Authenticated)
    assert (outcome.status if isinstance(outcome, Rejected) else outcome.reason.status) == status


class Required:
    """Settings that were put together without a `ClientCertConfig`, and contradict each other."""

    def __init__(self) -> None:
        config = m.config(mode="optional", on_invalid="anonymous")
        for name in ("bindings", "trust_provider", "limits", "clock", "on_invalid"):
            setattr(self, name, getattr(config, name))
        for name in ("cache_size", "cache_ttl"):
            setattr(self, name, getattr(config, name))
        self.mode, self.missing_status = "required", 401


def test_required_mode_lets_nothing_bad_pass() -> None:
    """Whatever else is configured, required mode never takes a bad certificate for a client who may pass without."""
    contradictory: Any = Required()
    facts = RequestFacts(headers=raw(evidence(verdict="FAILED:x")), peer=PROXY)
    outcome = Authenticator(contradictory).authenticate(facts)
    assert isinstance(outcome, Rejected)
    assert outcome.status == 403


def test_names_only() -> None:
    """Without a certificate the proxy's names are the identity, and it says that they are no more than that."""
    client = identity(decide(evidence(None), source=NAMES_ONLY))
    assert (client.subject.rfc4514, client.issuer.rfc4514) == (m.ALICE_DN, CA_DN)
    assert (client.certificate, client.serial_number, client.chain) == (None, None, ())
    assert client.evidence.level is EvidenceLevel.PROXY_ATTRIBUTES
    assert (client.evidence.profile, client.evidence.anchor_sha256) == (None, None)


NAMES: dict[str, tuple[Pairs, dict[str, Any], Reason | None]] = {
    "known-issuer": (evidence(None), {}, None),
    "known-intermediate": (
        evidence(None, issuer="CN=Issuing CA,O=Example"),
        {"intermediates": INTERMEDIATE.pem},
        None,
    ),
    "unknown-issuer": (evidence(None, issuer="CN=Other CA,O=Elsewhere"), {}, Reason.ISSUER_UNKNOWN),
    "intermediate-not-configured": (evidence(None, issuer="CN=Issuing CA,O=Example"), {}, Reason.ISSUER_UNKNOWN),
    "any-issuer-with-trust-proxy": (evidence(None, issuer="CN=Other CA"), {"trust": TRUST_PROXY}, None),
    "c17-empty-subject": (evidence(None, subject=None), {}, Reason.NAME_NOT_ACCEPTED),
    "c17-empty-subject-with-trust-proxy": (
        evidence(None, subject=None),
        {"trust": TRUST_PROXY},
        Reason.NAME_NOT_ACCEPTED,
    ),
    "d10-legacy-form": (evidence(None, subject="/CN=alice"), {}, Reason.NAME_MALFORMED),
    "d10-issuer-cut": (evidence(None, issuer="CN=Clients CA,"), {}, Reason.NAME_MALFORMED),
    "d1-slash-in-a-value": (evidence(None, subject="CN=x/serialNumber=victim"), {}, None),
    "v1-failed": (evidence(None, verdict="FAILED:x"), {}, Reason.PROXY_VERDICT_FAILED),
}


@pytest.mark.parametrize(("pairs", "changes", "why"), NAMES.values(), ids=NAMES)
def test_names_only_rules(pairs: Pairs, changes: dict[str, Any], why: Reason | None) -> None:
    """The names must be readable, of a known issuer unless the proxy's word is enough, and not empty."""
    assert reason(decide(pairs, source=NAMES_ONLY, **changes)) is why


def test_o1_unknown_issuer_is_shown_escaped_and_cut() -> None:
    """A name that came as text is shown to the operator as printable ASCII, and not at length."""
    long = "CN=" + "\\D0\\B0" * 200
    outcome = decide(evidence(None, issuer=long), source=NAMES_ONLY)
    assert isinstance(outcome, Rejected)
    assert outcome.detail.isascii()
    assert len(outcome.detail) < 200


def test_trust_proxy() -> None:
    """The proxy's verdict alone makes an identity that says so, names no anchor, and respects the dates."""
    outcome = decide(evidence(m.STRANGERS, subject="CN=stranger", issuer="CN=Other CA,O=Elsewhere"), trust=TRUST_PROXY)
    client = identity(outcome)
    assert client.evidence.level is EvidenceLevel.PROXY_VERDICT
    assert (client.evidence.profile, client.evidence.anchor_sha256) == ("trust-proxy", None)
    assert client.issuer_key_id is None
    for leaf, why in ((m.EXPIRED, Reason.CERTIFICATE_EXPIRED), (m.NOT_YET_VALID, Reason.CERTIFICATE_NOT_YET_VALID)):
        pairs = (m.certificate_header(leaf), ("ssl-client-verify", "SUCCESS"))
        assert reason(decide(pairs, source="nginx", trust=TRUST_PROXY)) is why
    assert reason(decide(evidence(verdict="FAILED:x"), trust=TRUST_PROXY)) is Reason.PROXY_VERDICT_FAILED


def test_c3_time_is_the_requests() -> None:
    """One authenticator, a clock that goes on: the certificate that was good expires, to the second."""
    moment = [NOW]
    authenticator = Authenticator(m.config(clock=lambda: moment[0]))
    facts = RequestFacts(headers=raw(evidence()), peer=PROXY)
    client = identity(authenticator.authenticate(facts))
    assert client.not_after is not None
    moment[0] = client.not_after
    assert identity(authenticator.authenticate(facts)).evidence.verified_at == client.not_after
    moment[0] += timedelta(seconds=1)
    assert reason(authenticator.authenticate(facts)) is Reason.CERTIFICATE_EXPIRED
    moment[0] = NOW
    assert reason(authenticator.authenticate(facts)) is None


def tls(chain: tuple[bytes, ...] | None, **changes: Any) -> Outcome:
    """What becomes of a TLS peer's chain."""
    return Authenticator(m.config(source=TLSSocket(), trusted_proxies=None, **changes)).authenticate(
        RequestFacts(tls_chain=chain)
    )


def test_tls_chain() -> None:
    """The peer's own intermediate makes the path, and no proof is named because none was needed."""
    client = identity(tls(BEN.chain))
    assert client.chain == (BEN.der, INTERMEDIATE.der, AUTHORITY.der)
    assert (client.evidence.source, client.evidence.proxy, client.evidence.verdict) == ("tls", (), None)


def test_tls_peers_root_is_no_anchor() -> None:
    """X10: a root that the peer brings along is trusted for nothing, and disturbs nothing."""
    assert reason(tls((m.STRANGERS.der, m.STRANGE_AUTHORITY.der))) is Reason.ISSUER_UNKNOWN
    assert reason(tls((*BEN.chain, AUTHORITY.der))) is None


def test_x11_path_starts_at_the_leaf() -> None:
    """Another client's good chain behind a self-made leaf is of no use."""
    assert reason(tls((m.SELF_SIGNED.der, *BEN.chain))) is Reason.ISSUER_UNKNOWN


def test_r4_sent_chain_is_bounded() -> None:
    """Of what a TLS peer sends behind its leaf, as many certificates as the limit are looked at, and no more."""
    links = [AUTHORITY.intermediate(f"Link {number}").der for number in range(4)]
    leaf, issuing = BEN.chain
    assert reason(tls((leaf, issuing, *links))) is None
    assert reason(tls((leaf, *links[:3], issuing))) is None
    assert reason(tls((leaf, *links, issuing))) is Reason.ISSUER_UNKNOWN
    assert reason(tls((leaf, *links, b"garbage"))) is Reason.ISSUER_UNKNOWN
    assert reason(tls((leaf, issuing, links[0]), limits=Limits(intermediates=1))) is None
    assert reason(tls((leaf, links[0], issuing), limits=Limits(intermediates=1))) is Reason.ISSUER_UNKNOWN


class Chain:
    """A source whose producer forwards more of a chain than we accept."""

    name = "chain"
    needs_proxy_proof = True
    gives_verdict = False
    sends_certificate = True
    header_names = ()

    def read(self, facts: RequestFacts, headers: SelectedHeaders, limits: Limits) -> Claim | None:
        """Claim a leaf and five intermediates."""
        links = [AUTHORITY.intermediate(f"Link {number}").der for number in range(4)]
        return Claim(leaf=BEN.der, intermediates=(INTERMEDIATE.der, *links))


def test_r4_forwarded_chain_is_bounded() -> None:
    """More forwarded intermediates than the limit are refused before any path is built."""
    assert reason(decide((), source=Chain())) is Reason.CHAIN_TOO_LARGE
    assert reason(decide((), source=Chain(), limits=Limits(intermediates=5))) is None


def test_tls_bad_intermediate() -> None:
    """An unreadable certificate behind the leaf is refused as what it is."""
    assert reason(tls((ALICE.der, b"\x30\x00"))) is Reason.CERTIFICATE_MALFORMED


def test_t6_tls_without_certificate() -> None:
    """A TLS peer without a certificate is nobody, and a server that gives no data is a fault of the set-up."""
    assert reason(tls(())) is Reason.NO_CERTIFICATE
    outcome = tls(None, mode="optional")
    assert isinstance(outcome, Rejected)
    assert (outcome.reason, outcome.status) == (Reason.SERVER_UNSUPPORTED, 500)
    assert "clientcert.servers.uvicorn:Auto" in " ".join(outcome.hints)


def test_h18_tls_peer_of_a_header_source() -> None:
    """The TLS peer of the hop is the proxy: never the user, not even when the headers say "nobody"."""
    assert reason(decide(m.NOBODY, facts={"tls_chain": (ALICE.der,)})) is Reason.NO_CERTIFICATE


def test_explanations() -> None:
    """An outcome without an identity explains itself to the operator, the cause first."""
    for mode in ("required", "optional"):
        outcome = decide(evidence(), peer="unix:", mode=mode)
        assert not isinstance(outcome, Authenticated)
        first, *hints = outcome.explain()
        assert first.startswith("peer-address-rewritten: peer address unix: is not the socket's")
        assert tuple(hints) == outcome.hints
    assert Anonymous(reason=Reason.NO_CERTIFICATE).explain() == ("no-certificate",)
    assert Rejected(reason=Reason.REVOKED, status=403).explain() == ("revoked",)


class Broken:
    """A verifier with a bug of its own."""

    name = "broken"

    def verify(
        self, leaf: ParsedCertificate, *, intermediates: Sequence[ParsedCertificate] = (), at: datetime
    ) -> VerifiedPath:
        """Raise what no verifier may raise."""
        raise ZeroDivisionError


def test_f11_our_own_bug_is_no_outcome() -> None:
    """An exception that no request can cause is not mistaken for one: it leaves, and the app is not called."""
    config = m.config(profile=Broken(), trust=None)
    with pytest.raises(ZeroDivisionError):
        Authenticator(config).authenticate(RequestFacts(headers=raw(evidence()), peer=PROXY))


# Properties: one authenticator for each source, shared by all examples.
SOURCES = {"ingress-nginx": IngressNginx(), "names-only": NAMES_ONLY, "nginx": Nginx()}
AUTHENTICATORS = {name: Authenticator(m.config(source=source, mode="optional")) for name, source in SOURCES.items()}
OURS = [name.encode() for name, _ in evidence()]
EVIL_NAMES = [*OURS, b"SSL-Client-Cert", b"ssl_client_cert", b"ssl.client-verify", b"x-forwarded-for", b"connection"]
EVIL_VALUES = [
    b"", b"SUCCESS", b"NONE", b"FAILED:x", b"success", b"CN=admin,O=Example", m.ALICE_DN.encode(), CA_DN.encode(),
    ALICE.escaped_pem, m.ADMIN.escaped_pem, m.SELF_SIGNED.escaped_pem, b"\xff", b"ssl-client-verify", PROXY.encode(),
]  # fmt: skip
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(EVIL_NAMES) | st.binary(max_size=8), st.sampled_from(EVIL_VALUES) | st.binary(max_size=8)
    ),
    max_size=8,
)
SERVERS = st.sampled_from([{"folded": False}, {"folded": True}])
PEERS = st.none() | st.sampled_from(["", STRANGER, "127.0.0.1", "unix:", "::1"]) | st.text(max_size=10)


@given(st.sampled_from(sorted(SOURCES)), HEADERS, PEERS, SERVERS)
def test_monotone_a_unproven_senders_never_become_somebody(
    name: str, headers: list[Header], peer: str | None, server: dict[str, Any]
) -> None:
    """No set of headers whatsoever from an unproven sender yields an identity."""
    outcome = AUTHENTICATORS[name].authenticate(RequestFacts(headers=headers, peer=peer, **server))
    assert isinstance(outcome, Anonymous)
    assert outcome.reason.status == 401


@given(st.sampled_from(sorted(SOURCES)), HEADERS, SERVERS, st.randoms())
@settings(max_examples=200)
def test_monotone_b_additions_never_change_who_it_is(
    name: str, added: list[Header], server: dict[str, Any], random: Random
) -> None:
    """Whatever is added to a good request, it stays the same client's or becomes nobody's."""
    names_only = name == "names-only"
    headers = raw(evidence(None if names_only else ALICE))
    authenticator = AUTHENTICATORS[name]
    before = identity(authenticator.authenticate(RequestFacts(headers=headers, peer=PROXY, **server)))
    for header in added:
        headers.insert(random.randint(0, len(headers)), header)
    after = authenticator.authenticate(RequestFacts(headers=headers, peer=PROXY, **server))
    assert not isinstance(after, Authenticated) or after.identity == before


NEEDED = {"ingress-nginx": OURS, "names-only": OURS[1:], "nginx": OURS[:2]}
NEEDED_ROWS = [(name, header) for name, headers in NEEDED.items() for header in headers]


@pytest.mark.parametrize(
    ("name", "removed"), NEEDED_ROWS, ids=[f"{name}-{header.decode()}" for name, header in NEEDED_ROWS]
)
@given(headers=HEADERS)
@settings(max_examples=30)
def test_monotone_c_removal_never_makes_somebody(name: str, removed: bytes, headers: list[Header]) -> None:
    """Without any one of the headers that its source always sends, no request yields an identity (N16)."""
    full = raw(evidence(None if name == "names-only" else ALICE)) + headers
    less = [header for header in full if header[0].lower() != removed]
    outcome = AUTHENTICATORS[name].authenticate(RequestFacts(headers=less, peer=PROXY))
    assert not isinstance(outcome, Authenticated)


@given(HEADERS, st.randoms())
def test_source_independence(noise: list[Header], random: Random) -> None:
    """The outcome is a function of the configured headers: unrelated ones and their order change nothing."""
    unrelated = [header for header in noise if not AUTHENTICATORS["ingress-nginx"].guard.is_guarded(header[0])]
    unrelated = [(name, value) for name, value in unrelated if name not in (b"x-forwarded-for", b"connection")]
    headers = raw(evidence()) + unrelated
    random.shuffle(headers)
    facts = RequestFacts(headers=headers, peer=PROXY)
    assert identity(AUTHENTICATORS["ingress-nginx"].authenticate(facts)).fingerprint_sha256 == ALICE.fingerprint_sha256


@given(
    st.sampled_from(sorted(SOURCES)),
    st.lists(
        st.tuples(st.binary(max_size=30), st.binary(max_size=200)) | st.tuples(st.sampled_from(OURS), st.binary())
    ),
    st.none() | st.text(),
    st.none() | st.integers(),
    SERVERS,
)
def test_hostile_bytes_have_an_outcome(
    name: str, headers: list[Header], peer: str | None, port: int | None, server: dict[str, Any]
) -> None:
    """For any facts there is an outcome, and it is never an error of ours."""
    for sender in (peer, PROXY):
        facts = RequestFacts(headers=headers, peer=sender, peer_port=port, **server)
        why = reason(AUTHENTICATORS[name].authenticate(facts))
        assert why is None or why.status < 500


@given(st.lists(st.binary(max_size=40), max_size=6))
def test_hostile_chains_have_an_outcome(chain: list[bytes]) -> None:
    """Any octets as a TLS chain have an outcome."""
    outcome = tls(tuple(chain))
    assert isinstance(outcome, Rejected)
    assert outcome.status in (400, 401, 403)


def test_outcome_for_the_same_request_is_the_same() -> None:
    """One authenticator, three requests in turn: each is decided by itself (T3)."""
    authenticator = AUTHENTICATORS["ingress-nginx"]
    alice, admin = raw(evidence()), raw(evidence(m.ADMIN, subject=m.ADMIN_DN))
    seen = [
        authenticator.authenticate(RequestFacts(headers=headers, peer=PROXY))
        for headers in (alice, raw(m.NOBODY), admin, alice)
    ]
    assert [type(outcome) for outcome in seen] == [Authenticated, Anonymous, Authenticated, Authenticated]
    assert seen[0] == seen[3]
    assert identity(seen[2]).common_name == "admin"


def test_settings_can_be_a_config_of_ones_own() -> None:
    """A configuration that differs in one field is another value, and decides by itself."""
    config = m.config()
    other = replace(config, mode="optional")
    assert isinstance(other, ClientCertConfig)
    facts = RequestFacts(headers=raw(m.NOBODY), peer=PROXY)
    assert isinstance(Authenticator(config).authenticate(facts), Rejected)
    assert isinstance(Authenticator(other).authenticate(facts), Anonymous)
