"""The standard ``scope["extensions"]["tls"]``: every shape that exists or is proposed, and many that mean nothing."""

import json
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import pytest

from clientcert.servers.connection import TlsConnection
from clientcert.servers.evidence import MAX_SENT_INTERMEDIATES, TlsEvidence, der_of
from clientcert.servers.scope import EMPTY_CHAIN, ConnectionApp, evidence_from_scope
from clientcert.testing import CertificateAuthority
from tests.servers.harness import ROOT

RAW = json.loads((ROOT / "tests/data/servers/raw-forms.json").read_text(encoding="utf-8"))
AUTHORITY = CertificateAuthority("Extension CA", issuer=CertificateAuthority("Extension Root"))
ISSUED = AUTHORITY.issue("alice")
LEAF, ISSUER = ISSUED.der, AUTHORITY.issued.der
LEAF_PEM, ISSUER_PEM = ISSUED.pem.decode(), AUTHORITY.issued.pem.decode()
OTHER = AUTHORITY.issue("bob").der
MANDATORY = {"server_cert": None, "tls_version": 0x0304, "cipher_suite": 0x1302}


def seen(tls: object) -> TlsEvidence:
    """What a scope with that extension says."""
    return evidence_from_scope({"type": "http", "extensions": {"tls": tls}})


def once(*certificates: object) -> Iterator[object]:
    """A generator, which answers a single time."""
    yield from certificates


SHAPES: dict[str, tuple[Callable[[], Mapping[str, Any]], tuple[bytes, ...]]] = {
    "list of PEM": (lambda: MANDATORY | {"client_cert_chain": [LEAF_PEM, ISSUER_PEM]}, (LEAF, ISSUER)),
    "tuple of PEM": (lambda: {"client_cert_chain": (LEAF_PEM, ISSUER_PEM)}, (LEAF, ISSUER)),
    "generator": (lambda: {"client_cert_chain": once(LEAF_PEM, ISSUER_PEM)}, (LEAF, ISSUER)),
    "leaf only": (lambda: {"client_cert_chain": [LEAF_PEM]}, (LEAF,)),
    "PEM without its last newline": (lambda: {"client_cert_chain": [LEAF_PEM.strip()]}, (LEAF,)),
    "PEM with CRLF": (lambda: {"client_cert_chain": [LEAF_PEM.replace("\n", "\r\n")]}, (LEAF,)),
    "PEM as bytes": (lambda: {"client_cert_chain": [LEAF_PEM.encode()]}, (LEAF,)),
    "DER": (lambda: {"client_cert_chain": [LEAF, ISSUER]}, (LEAF, ISSUER)),
    "one PEM in the place of the list": (lambda: {"client_cert_chain": LEAF_PEM}, (LEAF,)),
    "leaf to root": (lambda: {"client_cert_chain": [LEAF_PEM, ISSUER_PEM, ISSUER_PEM]}, (LEAF, ISSUER, ISSUER)),
    "leaf twice": (lambda: {"client_cert_chain": [LEAF_PEM, LEAF_PEM]}, (LEAF,)),
    "client_cert": (lambda: {"client_cert": LEAF}, (LEAF,)),
    "client_cert beside the chain": (lambda: {"client_cert": LEAF, "client_cert_chain": (LEAF_PEM,)}, (LEAF,)),
    "client_cert beside an empty chain": (lambda: {"client_cert": LEAF, "client_cert_chain": ()}, (LEAF,)),
    "versions as text": (lambda: {"tls_version": "TLSv1.3", "client_cert_chain": [LEAF_PEM]}, (LEAF,)),
    "with a spec_version": (lambda: {"spec_version": "0.3", "client_cert_chain": [LEAF_PEM]}, (LEAF,)),
    "name and no error": (
        lambda: {"client_cert_chain": [LEAF_PEM], "client_cert_name": "CN=x", "client_cert_error": None},
        (LEAF,),
    ),
    "error that says nothing": (lambda: {"client_cert_chain": [LEAF_PEM], "client_cert_error": ""}, (LEAF,)),
    "read-only mapping": (lambda: MappingProxyType({"client_cert_chain": once(LEAF_PEM)}), (LEAF,)),
    "an intermediate that is garbage": (
        lambda: {"client_cert_chain": [LEAF_PEM, "x", None, ISSUER_PEM]},
        (LEAF, ISSUER),
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_shape(shape: str) -> None:
    """Every shape of a certificate is read, and nothing is said against it."""
    make, chain = SHAPES[shape]
    assert seen(make()) == TlsEvidence(chain=chain)


@pytest.mark.parametrize(
    "tls",
    [
        {"client_cert_chain": []},
        {"client_cert_chain": ()},
        {"client_cert_chain": None},
        {"client_cert": None},
        {"client_cert_chain": once()},
        MANDATORY | {"client_cert_chain": [], "client_cert_name": None, "client_cert_error": None},
        {"client_cert_chain": [], "client_cert_name": ""},
    ],
    ids=["list", "tuple", "null", "client_cert", "generator", "specification 0.2", "empty name"],
)
def test_empty(tls: Mapping[str, Any]) -> None:
    """An empty place for a certificate is "none", and the note says what else it can be."""
    assert seen(tls) == TlsEvidence(chain=(), note=EMPTY_CHAIN)


def test_certificate_over_http3() -> None:
    """Over HTTP/3 an empty place is no data (see test_refusals); a certificate, should a server show one, is read."""
    scope = {"type": "http", "http_version": "3", "extensions": {"tls": {"client_cert_chain": [LEAF_PEM]}}}
    assert evidence_from_scope(scope) == TlsEvidence(chain=(LEAF,))


def endless() -> Iterator[str]:
    """A chain without an end."""
    while True:
        yield LEAF_PEM


def test_chain_without_an_end() -> None:
    """Of an endless chain the leaf and the first few others are taken."""
    others = [AUTHORITY.issue(str(number)).der for number in range(MAX_SENT_INTERMEDIATES + 3)]
    assert seen({"client_cert_chain": once(LEAF, *others)}).chain == (LEAF, *others[:MAX_SENT_INTERMEDIATES])
    assert seen({"client_cert_chain": endless()}).chain == (LEAF,)


def test_generator_is_read_for_everybody() -> None:
    """A generator that one request has used up still answers the next request, and the app."""
    tls: dict[str, Any] = {"client_cert_chain": once(LEAF_PEM)}
    assert [seen(tls).chain for _ in range(2)] == [(LEAF,)] * 2
    assert tuple(tls["client_cert_chain"]) == (LEAF_PEM,)


def broken() -> Iterator[str]:
    """A chain that asks a TLS object which is closed."""
    raise OSError("closed")
    yield ""


GARBAGE: dict[str, object] = {
    "no mapping": ["client_cert_chain", LEAF_PEM],
    "null": None,
    "text": LEAF_PEM,
    "number in the chain": {"client_cert_chain": [7]},
    "number for the chain": {"client_cert_chain": 7},
    "text that is no PEM": {"client_cert_chain": ["CN=alice"]},
    "the letters of a name": {"client_cert_chain": "alice"},
    "two in one PEM": {"client_cert_chain": [LEAF_PEM + ISSUER_PEM]},
    "PEM cut short": {"client_cert_chain": [LEAF_PEM[:-10]]},
    "PEM that is no base64": {"client_cert_chain": ["-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----"]},
    "another PEM": {"client_cert_chain": [LEAF_PEM.replace("CERTIFICATE", "CERTIFICATE REQUEST")]},
    "PEM that is not ASCII": {"client_cert_chain": ["-----BEGIN CERTIFICATE-----\n\xe9\n-----END CERTIFICATE-----"]},
    "null first": {"client_cert_chain": [None, LEAF_PEM]},
    "two different leaves": {"client_cert": OTHER, "client_cert_chain": [LEAF_PEM]},
    "broken generator": {"client_cert_chain": broken()},
    "the dict of the ssl module": {"peercert": {"subject": ((("commonName", "alice"),),)}},
    "a name without a certificate": {"client_cert_chain": [], "client_cert_name": "CN=alice"},
    "nothing about clients": MANDATORY,
    "nothing at all": {},
}


@pytest.mark.parametrize("row", GARBAGE)
def test_garbage_is_no_data(row: str) -> None:
    """What does not show a certificate, and does not say that there is none, is "no data"."""
    assert seen(GARBAGE[row]).chain is None


@pytest.mark.parametrize("error", ["self-signed certificate", "x", 18, True])
def test_error(error: object) -> None:
    """Whatever the TLS layer says against a certificate stays with it, also beside one that is good."""
    evidence = seen({"client_cert_chain": [LEAF_PEM], "client_cert_error": error})
    assert (evidence.chain, evidence.error) == ((LEAF,), str(error))


@pytest.mark.parametrize("chain", [["garbage"], []], ids=["unreadable", "empty"])
def test_error_without_a_certificate(chain: list[str]) -> None:
    """The error is kept where the certificate cannot be shown."""
    assert seen({"client_cert_chain": chain, "client_cert_error": "expired"}).error == "expired"


@pytest.mark.parametrize("extensions", [None, {}, [], "tls", {"TLS": {}}], ids=repr)
def test_no_extension_is_no_data(extensions: object) -> None:
    """A scope without the extension says nothing, and in particular not that there is no certificate."""
    assert evidence_from_scope({"type": "http", "extensions": extensions}).chain is None


def test_as_recorded() -> None:
    """What nonecorn has really sent is read; what pyvoy has is a name that nobody can verify."""
    alice = der_of(RAW["_test_pki (throwaway)"]["alice"])
    tls = RAW["nonecorn 0.18.0 scope.extensions.tls"]
    assert seen(tls | {"client_cert_chain": tls["client_cert_chain"]["__list__"]}).chain == (alice,)
    assert seen(RAW["pyvoy 1.3.0 scope.extensions.tls"]).chain is None


def test_connection_app_passes_everything_on() -> None:
    """The wrapper adds the connection, and hands scope, channels and a server's own arguments to the app unchanged."""
    connection = TlsConnection(peer=("127.0.0.1", 1))
    called: list[tuple[Any, ...]] = []

    def app(*arguments: Any) -> Any:
        called.append(arguments)
        return "awaitable"

    scope: dict[str, Any] = {"type": "http"}
    wrapped: Any = ConnectionApp(app, connection)
    assert wrapped(scope, 1, 2, 3, 4) == "awaitable"
    assert called == [(scope, 1, 2, 3, 4)]
    assert scope["clientcert.connection"] is connection
