"""Envoy's X-Forwarded-Client-Cert as JSON, and the fingerprint of either form (rows X1 to X6)."""

import json
from typing import Any

import pytest

from clientcert.core.encodings.pem import encode_escaped_pem, encode_pem
from clientcert.core.encodings.xfcc import xfcc_encoding, xfcc_fingerprint
from clientcert.errors import ClientCertError, Reason
from tests.material import ADMIN, ALICE, BEN, INTERMEDIATE

HASH = ALICE.fingerprint_sha256
CERT = encode_escaped_pem(ALICE.der).decode()
TEXT = f'Hash={HASH};Cert="{CERT}"'


def as_json(value: object, **options: Any) -> tuple[bytes, ...] | Reason:
    """What the JSON form makes of a value; a string is taken as the whole of it."""
    written = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    try:
        return xfcc_encoding(is_json=True, **options).decode(written.encode("latin-1"))
    except ClientCertError as error:
        return error.reason


FIELDS: dict[str, Any] = {"hash": HASH, "cert": ALICE.pem.decode()}
ADMIN_FIELDS = {"hash": ADMIN.fingerprint_sha256, "cert": ADMIN.pem.decode()}

JSON_ACCEPTED: dict[str, object] = {
    "as-recommended": [FIELDS],
    "every-field": [
        {
            "by": ["spiffe://example.org/gw", "urn:second;By=x,Hash=1"],
            **FIELDS,
            "chain": [ALICE.pem.decode()],
            "subject": 'CN=x\\"\\;URI=spiffe://example.org/admin',
            "uri": ['spiffe://example.org/a;URI=b,By="z"'],
            "dns": ["two.example;URI=c", "x,Hash=0"],
            "issuer": "CN=Clients CA,O=Example",
        }
    ],
    "empty-chain": [{**FIELDS, "chain": []}],
    "unknown-field": [{**FIELDS, "pin": None, "more": {"a": [True]}}],
    "spaces": json.dumps([FIELDS]),
    "escaped-letters": json.dumps([FIELDS]).replace("BEGIN", "\\u0042EGIN"),
}


@pytest.mark.parametrize("value", JSON_ACCEPTED.values(), ids=JSON_ACCEPTED)
def test_json_accepted(value: object) -> None:
    """The certificate of the one object counts, whatever else the object says."""
    assert as_json(value) == (ALICE.der,)


JSON_REFUSED: dict[str, tuple[object, Reason]] = {
    "x1-forged-first": ([ADMIN_FIELDS, FIELDS], Reason.DUPLICATE_HEADER),
    "x1-no-object": ([], Reason.EVIDENCE_MISSING),
    "x3-duplicate-keys": (f'[{{"hash":"{HASH}","hash":"{HASH}"}}]', Reason.ENCODING_MALFORMED),
    "x3-hash-of-another": ([{**FIELDS, "hash": ADMIN.fingerprint_sha256}], Reason.EVIDENCE_MISMATCH),
    "x3-hash-missing": ([{"cert": FIELDS["cert"]}], Reason.EVIDENCE_MISSING),
    "x3-chain-of-another": ([{**FIELDS, "chain": [ADMIN.pem.decode()]}], Reason.EVIDENCE_MISMATCH),
    "x4-without-cert": ([{"hash": HASH, "subject": "CN=admin"}], Reason.EVIDENCE_MISSING),
    "x4-cert-is-null": ([{"hash": HASH, "cert": None}], Reason.EVIDENCE_MISSING),
    "x6-text-where-json-is-declared": (TEXT, Reason.ENCODING_MALFORMED),
    "x6-text-behind": (json.dumps([FIELDS]) + TEXT, Reason.ENCODING_MALFORMED),
    "x6-cut-short": ('[{"hash":"00",', Reason.ENCODING_MALFORMED),
    "x6-no-list": (json.dumps(FIELDS), Reason.ENCODING_MALFORMED),
    "x6-list-of-text": (["x"], Reason.ENCODING_MALFORMED),
    "x6-nested-list": ([[FIELDS]], Reason.ENCODING_MALFORMED),
    "x6-hash-is-a-list": ([{**FIELDS, "hash": [HASH]}], Reason.ENCODING_MALFORMED),
    "x6-cert-is-a-list": ([{**FIELDS, "cert": [FIELDS["cert"]]}], Reason.ENCODING_MALFORMED),
    "x6-chain-is-text": ([{**FIELDS, "chain": FIELDS["cert"]}], Reason.ENCODING_MALFORMED),
    "x6-chain-holds-null": ([{**FIELDS, "chain": [None]}], Reason.ENCODING_MALFORMED),
    "x6-number": ([{**FIELDS, "hash": 1}], Reason.ENCODING_MALFORMED),
    "x6-fraction": ([{**FIELDS, "uri": 1.5}], Reason.ENCODING_MALFORMED),
    "x6-not-a-number": ([{**FIELDS, "uri": float("nan")}], Reason.ENCODING_MALFORMED),
    "x6-deeply-nested": ("[" * 100_000, Reason.ENCODING_MALFORMED),
    "x6-not-ascii": ([{**FIELDS, "cert": FIELDS["cert"].replace("M", "\u041c", 1)}], Reason.ENCODING_MALFORMED),
    "x6-escaped-pem": ([{**FIELDS, "cert": CERT}], Reason.ENCODING_MALFORMED),
    "e1-two-certificates-in-cert": (
        [{**FIELDS, "cert": ALICE.pem.decode() + ADMIN.pem.decode()}],
        Reason.ENCODING_MALFORMED,
    ),
    "empty": ("", Reason.ENCODING_MALFORMED),
}


@pytest.mark.parametrize(("value", "reason"), JSON_REFUSED.values(), ids=JSON_REFUSED)
def test_json_refused(value: object, reason: Reason) -> None:
    """JSON that is not a list with exactly one object of agreeing evidence is refused."""
    assert as_json(value) is reason


def test_json_trusted_hops() -> None:
    """JSON cannot be injected into, so what stands left of the trusted hops may say anything."""
    uris = {"uri": ["x,y"]}
    assert as_json([{**ADMIN_FIELDS, **uris}, FIELDS], trusted_hops=1) == (ALICE.der,)
    assert as_json([ADMIN_FIELDS, {**FIELDS, **uris}, {"hash": "1"}], trusted_hops=2) == (ALICE.der,)
    assert as_json([FIELDS], trusted_hops=2) is Reason.EVIDENCE_MISSING


def test_json_chain_follows_the_leaf() -> None:
    """What else the client presented comes behind its certificate, once."""
    blocks = [encode_pem(der).decode() for der in (BEN.der, INTERMEDIATE.der)]
    value = [{"hash": BEN.fingerprint_sha256, "cert": blocks[0], "chain": blocks}]
    assert as_json(value) == (BEN.der, INTERMEDIATE.der)


@pytest.mark.parametrize("is_json", [False, True], ids=["text", "json"])
def test_x4_fingerprint(*, is_json: bool) -> None:
    """Without a certificate the hash alone is read; with one it must be that certificate's."""
    read = xfcc_fingerprint(is_json=is_json)

    def value(fields: dict[str, str]) -> bytes:
        if is_json:
            return json.dumps([fields]).encode()
        return ";".join(f'{key}="{CERT if key == "cert" else text}"' for key, text in fields.items()).encode()

    assert read(value({"hash": HASH, "subject": "CN=admin"})) == HASH
    assert read(value(FIELDS)) == HASH
    with pytest.raises(ClientCertError) as caught:
        read(value({**FIELDS, "hash": "0" * 64}))
    assert caught.value.reason is Reason.EVIDENCE_MISMATCH
    with pytest.raises(ClientCertError) as caught:
        read(value({"subject": "CN=admin"}))
    assert caught.value.reason is Reason.EVIDENCE_MISSING
