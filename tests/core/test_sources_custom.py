"""Sources of one's own: every field of a declaration, and what is refused while constructing (V5, V6, N22, E14)."""

import dataclasses
import pickle
from typing import Any

import pytest

from clientcert.core.facts import RequestFacts
from clientcert.core.headers import HeaderGuard
from clientcert.core.limits import Limits
from clientcert.core.sources import (
    AliasPolicy,
    Apache,
    Claim,
    Custom,
    Envoy,
    HAProxy,
    HeaderSource,
    Nginx,
    Rfc9440,
    Source,
    Traefik,
    custom,
)
from clientcert.errors import ClientCertError, ConfigurationError, Reason
from tests.core.producers import base64, escaped, item
from tests.material import ADMIN, ALICE, BEN, INTERMEDIATE, Pairs, raw

CERTIFICATE = ("x-cert", escaped(ALICE))
OK = ("x-verify", "SUCCESS")


def read(source: Source, pairs: Pairs, limits: Limits | None = None) -> Claim | Reason | None:
    """What a source makes of headers: a claim, a reason to refuse, or None for "no certificate"."""
    request = RequestFacts(headers=raw(pairs))
    guard = HeaderGuard(read=source.header_names, guarded=[])
    try:
        return source.read(request, guard.select(request.headers), limits or Limits())
    except ClientCertError as error:
        return error.reason


PLAIN = custom(certificate="X-Cert", verdict="X-Verify")
CLAIMED = Claim(leaf=ALICE.der, verdict="SUCCESS")
USED = custom(certificate="x-cert", verdict="x-code", success="0", presence="x-used", presence_tokens=("1", "0"))
USED_CLAIM = Claim(leaf=ALICE.der, verdict="0")
PRESENT = custom(certificate="x-cert", presence="x-present")
STRICT = custom(certificate="x-cert", verdict="x-verify", conditions=(("X-Revoked", "false"), ("x-spki", "ok")))
FALLBACK = custom(certificate="x-cert", verdict="x-verify", placeholders=(b"-", b"(none)"))
NAMES = custom(certificate=None, verdict="x-verify", subject_dn="x-subject", issuer_dn="x-issuer", ignored=("X-Cert",))
BESIDE = (("x-subject", "CN=alice"), ("x-issuer", "CN=CA"))
CHAIN = custom(
    certificate="x-cert",
    encoding="rfc9440",
    verdict="x-verify",
    chain=("X-Link-0", "x-link-1"),
    chain_encoding="rfc9440-list",
)
SENT = (("x-cert", item(BEN)), OK)

ROWS: dict[str, tuple[HeaderSource, Pairs, Claim | Reason | None]] = {
    "plain": (PLAIN, (CERTIFICATE, OK), CLAIMED),
    "v2-plain-none-with-certificate": (PLAIN, (CERTIFICATE, ("x-verify", "NONE")), Reason.VERDICT_CONTRADICTED),
    "n4-plain-drops-aliases": (PLAIN, (CERTIFICATE, OK, ("x_cert", "EVIL")), Reason.HEADER_ALIAS),
    "n4-forwards-aliases": (
        custom(certificate="x-cert", verdict="x-verify", drops_aliases=False),
        (CERTIFICATE, OK, ("x_cert", "EVIL")),
        CLAIMED,
    ),
    "n8-no-verdict-and-trailers": (
        custom(certificate="x-cert"),
        (CERTIFICATE, ("transfer-encoding", "chunked")),
        Reason.HOP_BY_HOP_HEADER,
    ),
    "n8-no-verdict-and-no-trailers": (
        custom(certificate="x-cert", trailers_safe=True),
        (CERTIFICATE, ("transfer-encoding", "chunked")),
        Claim(leaf=ALICE.der),
    ),
    "n8-presence-and-trailers": (
        PRESENT,
        (CERTIFICATE, ("x-present", "true"), ("transfer-encoding", "chunked")),
        Claim(leaf=ALICE.der),
    ),
    "v6-code-and-used": (USED, (CERTIFICATE, ("x-code", "0"), ("x-used", "1")), USED_CLAIM),
    "v6-code-of-nobody": (USED, (("x-code", "3"), ("x-used", "0")), None),
    "v6-zero-of-nobody": (USED, (("x-code", "0"), ("x-used", "0")), Reason.VERDICT_CONTRADICTED),
    "v6-code-alone": (USED, (("x-code", "0"),), Reason.VERDICT_MISSING),
    "v6-code-and-certificate": (USED, (CERTIFICATE, ("x-code", "0")), Reason.VERDICT_MISSING),
    "v6-unused-with-certificate": (USED, (CERTIFICATE, ("x-code", "0"), ("x-used", "0")), Reason.VERDICT_CONTRADICTED),
    "v6-used-without-certificate": (USED, (("x-code", "0"), ("x-used", "1")), Reason.VERDICT_CONTRADICTED),
    "v6-used-without-code": (USED, (CERTIFICATE, ("x-used", "1")), Reason.VERDICT_MISSING),
    "v6-used-and-no-code-at-all": (USED, (("x-used", "1"),), Reason.VERDICT_MISSING),
    "v6-used-but-none": (USED, (("x-code", "NONE"), ("x-used", "1")), Reason.VERDICT_CONTRADICTED),
    "v6-used-and-bad": (USED, (CERTIFICATE, ("x-code", "10"), ("x-used", "1")), Reason.PROXY_VERDICT_FAILED),
    "x12-used-is-true": (USED, (CERTIFICATE, ("x-code", "0"), ("x-used", "true")), Reason.PROXY_VERDICT_FAILED),
    "presence-alone": (PRESENT, (CERTIFICATE, ("x-present", "true")), Claim(leaf=ALICE.der)),
    "presence-without-certificate": (PRESENT, (("x-present", "true"),), Reason.EVIDENCE_MISSING),
    "presence-of-nobody": (PRESENT, (("x-present", "false"),), None),
    "presence-missing": (PRESENT, (CERTIFICATE,), Reason.VERDICT_MISSING),
    "presence-nothing-at-all": (PRESENT, (), None),
    "conditions-hold": (STRICT, (CERTIFICATE, OK, ("x-revoked", "false"), ("x-spki", "ok")), CLAIMED),
    "conditions-one-fails": (
        STRICT,
        (CERTIFICATE, OK, ("x-revoked", "true"), ("x-spki", "ok")),
        Reason.PROXY_VERDICT_FAILED,
    ),
    "conditions-one-is-missing": (STRICT, (CERTIFICATE, OK, ("x-spki", "ok")), Reason.VERDICT_MISSING),
    "conditions-do-not-matter-to-nobody": (STRICT, (("x-verify", "NONE"), ("x-revoked", "true")), None),
    "n1-conditions-twice": (
        STRICT,
        (CERTIFICATE, OK, ("x-revoked", "false"), ("x-revoked", "true"), ("x-spki", "ok")),
        Reason.DUPLICATE_HEADER,
    ),
    "e14-placeholder-and-none": (FALLBACK, (("x-cert", "-"), ("x-verify", "NONE")), None),
    "e14-placeholder-and-success": (FALLBACK, (("x-cert", "(none)"), OK), Reason.VERDICT_CONTRADICTED),
    "e14-placeholder-as-verdict": (FALLBACK, (CERTIFICATE, ("x-verify", "-")), Reason.VERDICT_MISSING),
    "e14-placeholder-of-another": (FALLBACK, (("x-cert", "(null)"), OK), Reason.ENCODING_MALFORMED),
    "names": (NAMES, (*BESIDE, OK), Claim(verdict="SUCCESS", subject_dn=b"CN=alice", issuer_dn=b"CN=CA")),
    "names-and-a-certificate-of-the-clients": (
        NAMES,
        (*BESIDE, OK, ("x-cert", "EVIL")),
        Claim(verdict="SUCCESS", subject_dn=b"CN=alice", issuer_dn=b"CN=CA"),
    ),
    "names-without-issuer": (NAMES, (BESIDE[0], OK), Reason.EVIDENCE_MISSING),
    "names-of-nobody": (NAMES, (("x-verify", "NONE"),), None),
    "x10-chain": (
        CHAIN,
        (*SENT, ("x-link-0", item(INTERMEDIATE)), ("x-link-1", f"{item(ADMIN)}, {item(ALICE)}")),
        Claim(leaf=BEN.der, intermediates=(INTERMEDIATE.der, ADMIN.der, ALICE.der), verdict="SUCCESS"),
    ),
    "x10-chain-without-links": (CHAIN, SENT, Claim(leaf=BEN.der, verdict="SUCCESS")),
    "x10-chain-without-leaf": (CHAIN, (OK, ("x-link-0", item(INTERMEDIATE))), Reason.VERDICT_CONTRADICTED),
    "x10-chain-of-nobody": (CHAIN, (("x-verify", "NONE"), ("x-link-0", "x")), Reason.VERDICT_CONTRADICTED),
    "x10-broken-link": (CHAIN, (*SENT, ("x-link-0", "x")), Reason.ENCODING_MALFORMED),
    "n1-link-twice": (CHAIN, (*SENT, *[("x-link-0", item(INTERMEDIATE))] * 2), Reason.DUPLICATE_HEADER),
}


@pytest.mark.parametrize(("source", "pairs", "found"), ROWS.values(), ids=ROWS)
def test_custom(source: HeaderSource, pairs: Pairs, found: Claim | Reason | None) -> None:
    """Each declared fact decides as it says."""
    assert read(source, pairs) == found


def test_chain_without_leaf_where_nothing_else_is_sent() -> None:
    """Links without the certificate they belong to are refused, not taken for one (RFC 9440 §2.3)."""
    assert read(Rfc9440(), (("client-cert-chain", item(INTERMEDIATE)),)) is Reason.EVIDENCE_MISSING
    assert read(Rfc9440(chain=False), (("client-cert-chain", item(INTERMEDIATE)),)) is None


def test_x10_chain_is_bounded() -> None:
    """As many links as the verifier could use come through, whatever they are; one more is refused unread."""
    limits = Limits(intermediates=2)
    for source, write in (
        (
            Rfc9440(),
            lambda count: (("client-cert", item(BEN)), ("client-cert-chain", ", ".join([item(ALICE)] * count))),
        ),
        (
            Traefik(),
            lambda count: (("x-forwarded-tls-client-cert", ",".join([base64(BEN), *[base64(ALICE)] * count])),),
        ),
    ):
        for count, most in ((4, True), (5, False)):
            found = read(source, write(count), limits)
            assert isinstance(found, Claim) if most else found is Reason.CHAIN_TOO_LARGE


def test_chain_limits() -> None:
    """A header with one certificate has the smaller limit, one with several the larger."""
    limits = Limits()
    for source, name, longest in (
        (CHAIN, "x-link-0", limits.chain_header_bytes),
        (Apache(chain=("x-link-0",)), "x-link-0", limits.header_bytes),
        (HAProxy(chain="x-link-0"), "x-link-0", limits.chain_header_bytes),
    ):
        for size, is_too_large in ((longest, False), (longest + 1, True)):
            assert (read(source, ((name, "!" * size),)) is Reason.HEADER_TOO_LARGE) is is_too_large


REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "v6-bare-number": (custom, {"verdict": "x-v", "success": "0"}, "result code"),
    "v6-bare-one": (custom, {"verdict": "x-v", "success": "1"}, "SUCCESS and NONE"),
    "v6-signed-number": (custom, {"verdict": "x-v", "success": "+0"}, "result code"),
    "v6-rfc9440": (Rfc9440, {"verdict": "x-v", "success": "0"}, "presence"),
    "v5-no-token": (custom, {"verdict": "x-v", "success": ""}, "header value of its own"),
    "v5-spaces-around": (custom, {"verdict": "x-v", "success": " OK"}, "header value of its own"),
    "v5-comma": (custom, {"verdict": "x-v", "success": "a,b"}, "header value of its own"),
    "v5-not-ascii": (custom, {"verdict": "x-v", "success": "geprüft"}, "header value of its own"),
    "v5-control": (custom, {"verdict": "x-v", "success": "a\tb"}, "header value of its own"),
    "v5-empty-absent": (custom, {"verdict": "x-v", "absent": ("",)}, "header value of its own"),
    "v5-condition": (custom, {"conditions": (("x-c", "a,b"),)}, "header value of its own"),
    "v5-one-token-for-both": (custom, {"verdict": "x-v", "success": "NONE"}, "one token for a certificate"),
    "v5-one-presence-for-both": (custom, {"presence": "x-p", "presence_tokens": ("1", "1")}, "one token"),
    "n22-underscore": (custom, {"verdict": "X_VERIFY"}, "app servers drop or merge"),
    "n22-underscore-in-chain": (custom, {"chain": ("x_chain",)}, "app servers drop or merge"),
    "n22-transfer-encoding": (custom, {"verdict": "Transfer-Encoding"}, "means something else"),
    "n22-cookie": (custom, {"presence": "cookie"}, "means something else"),
    "n22-verdict-is-certificate": (custom, {"verdict": "X-Cert"}, "one header name twice: x-cert, x-cert"),
    "n22-chain-is-certificate": (custom, {"chain": ("x-cert",)}, "one header name twice"),
    "n22-condition-is-verdict": (custom, {"verdict": "x-v", "conditions": (("x-v", "a"),)}, "one header name twice"),
    "unknown-encoding": (custom, {"encoding": "pem"}, "wanted one of: escaped-pem"),
    "unknown-chain-encoding": (custom, {"chain_encoding": "pem"}, "wanted one of: escaped-pem"),
    "unknown-dialect": (custom, {"dn_dialect": "go"}, "openssl, raw-utf8, base64-der"),
    "names-without-verdict": (custom, {"certificate": None, "subject_dn": "x-s", "issuer_dn": "x-i"}, "a verdict"),
    "names-without-issuer": (custom, {"certificate": None, "verdict": "x-v", "subject_dn": "x-s"}, "both names"),
    "haproxy-encoding": (HAProxy, {"encoding": "escaped-pem"}, "base64-der, rfc9440"),
    "traefik-encoding": (Traefik, {"encoding": "base64-der"}, "base64-der-list, escaped-base64-der-list"),
    "envoy-no-hop": (Envoy, {"trusted_hops": 0}, "trusted_hops is 0"),
    "envoy-hops-are-true": (Envoy, {"trusted_hops": True}, "trusted_hops is True"),
    "envoy-fields-without-fingerprints": (Envoy, {"fields_only": True}, "name those that are accepted"),
    "envoy-fingerprints-without-fields": (Envoy, {"fingerprints": ["0" * 64]}, "fields_only=True"),
    "envoy-fingerprint-in-upper-case": (Envoy, {"fields_only": True, "fingerprints": ["A" * 64]}, "64 lower-case"),
    "envoy-fingerprint-with-colons": (Envoy, {"fields_only": True, "fingerprints": ["aa:bb"]}, "64 lower-case"),
    "fingerprint-beside-a-certificate": (HeaderSource, {"name": "x", "fingerprint": "x-f"}, "adds nothing"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "options", "message"), REFUSED.values(), ids=REFUSED)
def test_refused_while_constructing(make: Any, options: dict[str, Any], message: str) -> None:
    """What could not work, or could be taken two ways, is refused before any request; the text says what to change."""
    certificate = {} if make in {HAProxy, Traefik, Envoy, Rfc9440} else {"certificate": "x-cert"}
    with pytest.raises(ConfigurationError, match=message):
        make(**certificate | options)


def test_names_are_lower_cased() -> None:
    """Header names may be written as people write them."""
    source = Custom(
        certificate="X-Cert",
        verdict="X-Verify",
        subject_dn="X-S",
        issuer_dn="X-I",
        presence="X-P",
        chain=("X-C",),
        ignored=("X-J",),
    )
    assert set(source.header_names) == {b"x-cert", b"x-verify", b"x-s", b"x-i", b"x-p", b"x-c", b"x-j"}
    assert custom is Custom


def test_sources_are_frozen_values() -> None:
    """Sources compare and hash by class and facts, cannot be changed, and survive pickling."""
    sources: list[HeaderSource] = [PLAIN, USED, Nginx(), Envoy(), Envoy(json=True), Rfc9440(), HAProxy()]
    assert len(set(sources)) == len(sources)
    assert custom(certificate="x-cert", verdict="x-verify") == PLAIN
    for source in sources:
        assert pickle.loads(pickle.dumps(source)) == source  # noqa: S301 - our own octets
        assert not hasattr(source, "__dict__")
        with pytest.raises(dataclasses.FrozenInstanceError):
            source.success = "0"  # type: ignore[misc]
    assert dataclasses.replace(
        HeaderSource(name="mine", certificate="x-cert"), aliases=AliasPolicy.IGNORE
    ) == HeaderSource(name="mine", certificate="x-cert", aliases=AliasPolicy.IGNORE)
