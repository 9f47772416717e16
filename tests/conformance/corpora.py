"""
Three corpora of certificates as cases of one shape.

What counts as right: for the matrix the verdict of ``openssl verify -purpose sslclient`` 3.0.22, for x509-limbo and
NIST PKITS the verdict of the suite. Left out are cases that depend on a peer name, on policy processing (RFC 5280
§6.1.5 g) or on CRLs.
"""

import gzip
import json
import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import ZipFile

FOLDER = Path(__file__).parents[1] / "data" / "corpora"
MATRIX_ORACLE = "openssl_verify_sslclient_3.0.22"

# The time of the limbo cases that name none: all of them are valid from 1970 to 2969.
_LIMBO_TIME = datetime(2026, 11, 21, tzinfo=UTC)
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    One chain and its verdict.

    Attributes:
        id: Unique within the corpus.
        trusted, untrusted: DER of what is configured and of what came along.
        leaf: DER of the client's certificate.
        at: The moment to verify for.
        valid: Whether it ought to be accepted.
        openssl: What ``openssl verify`` 3.0.22 says, at no security level, which is level 0.
        max_depth: CAs that the case wants to allow between leaf and anchor; None for the default.
        features: limbo's labels.
        native: One of limbo's own CLIENT cases.
    """

    id: str
    description: str
    trusted: tuple[bytes, ...]
    untrusted: tuple[bytes, ...]
    leaf: bytes
    at: datetime
    valid: bool
    openssl: bool
    max_depth: int | None = None
    features: tuple[str, ...] = ()
    native: bool = False


def der(pem: str) -> bytes:
    """DER of the one certificate in a PEM text; whatever it is, for hand-made ones are not all parsable."""
    (body,) = _CERTIFICATE.findall(pem)
    return b64decode("".join(body.split()))


@cache
def cases(corpus: str) -> tuple[Case, ...]:
    """All cases of ``matrix``, ``limbo`` or ``pkits``."""
    return tuple(_READERS[corpus]())


def load_corpus(name: str) -> Any:
    """The content of one of the compressed JSON files."""
    with gzip.open(FOLDER / name, "rt", encoding="utf-8") as file:
        return json.load(file)


def _matrix() -> Iterator[Case]:
    corpus = load_corpus("openssl-client-matrix.json.gz")
    at = datetime.fromisoformat(corpus["validation_time"])
    for case in corpus["cases"]:
        valid = case["results"][MATRIX_ORACLE]["verdict"] == "accept"
        yield Case(
            id=case["id"],
            description=case["description"],
            trusted=tuple(map(der, case["trusted"])),
            untrusted=tuple(map(der, case["untrusted"])),
            leaf=der(case["leaf"]),
            at=at,
            valid=valid,
            openssl=valid,
            # The default depth is our own choice, not a verdict: the long chains are run with room for them.
            max_depth=max(4, len(case["untrusted"])),
        )


def _limbo() -> Iterator[Case]:
    for case in load_corpus("limbo-client.json.gz")["testcases"]:
        if case["depends_on_peer_name"] or "has-crl" in case["features"]:
            continue
        time = case["validation_time"]
        depth = case["max_chain_depth"]
        yield Case(
            id=case["id"],
            description=case["description"].strip().splitlines()[0],
            trusted=tuple(map(der, case["trusted_certs"])),
            untrusted=tuple(map(der, case["untrusted_intermediates"])),
            leaf=der(case["peer_certificate"]),
            at=datetime.fromisoformat(time) if time else _LIMBO_TIME,
            valid=case["expected_result"] == "SUCCESS",
            openssl=case["oracle"][MATRIX_ORACLE] == "accept",
            max_depth=None if depth is None else min(depth, 16),
            features=tuple(case["features"]),
            native=case["origin"] == "native",
        )


def _pkits() -> Iterator[Case]:
    with ZipFile(FOLDER / "pkits.zip") as archive:
        expected = json.loads(archive.read("expected.json"))
        for test in expected["tests"]:
            if test["needs_policy_processing"] or test["needs_crl"]:
                continue
            anchor, *untrusted, leaf = (archive.read(f"certs/{name}.crt") for name in test["certs"])
            yield Case(
                id=test["id"],
                description=test["title"],
                trusted=(anchor,),
                untrusted=tuple(untrusted),
                leaf=leaf,
                at=datetime.fromisoformat(expected["validation_time"]),
                valid=test["should_validate"],
                openssl=test["oracle"]["openssl_verify_no_crl"] == "accept",
                max_depth=max(4, len(untrusted)),
            )


_READERS = {"matrix": _matrix, "limbo": _limbo, "pkits": _pkits}
CORPORA = tuple(_READERS)
