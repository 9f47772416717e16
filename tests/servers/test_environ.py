"""Servers that describe the certificate in WSGI keys: what they really wrote, what else could stand there, and N18."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest

import clientcert.asgi
import clientcert.wsgi
from clientcert.core.sources import TLSSocket
from clientcert.errors import ConfigurationError, UnsafeConfigurationWarning
from clientcert.servers import environ as named
from clientcert.servers import wsgi
from clientcert.servers.connection import NO_TLS_DATA
from clientcert.servers.evidence import TlsEvidence, der_of
from clientcert.servers.wsgi import check_environment, evidence_from_environ, unfixed_python
from tests import material
from tests.servers.test_scope import RAW

KEYS: dict[str, dict[str, Any]] = {
    "mod_wsgi": {"mod_wsgi.version": (4, 9, 4)},
    "cheroot": {"ACTUAL_SERVER_PROTOCOL": "HTTP/1.1"},
}
HTTPS = {"wsgi.url_scheme": "https"}
PLAIN = {"wsgi.url_scheme": "http"}
UWSGI: dict[str, Any] = {"uwsgi.version": b"2.0.21"}

APACHE = RAW["apache 2.4.71 + mod_wsgi 4.9.4 (StdEnvVars+ExportCertData)"]
CHEROOT = RAW["cheroot 11.1.2"]
PEM = CHEROOT["SSL_CLIENT_CERT"]
ALICE = der_of(RAW["_test_pki (throwaway)"]["alice"])
INTERMEDIATE = der_of(RAW["_test_pki (throwaway)"]["inter"])


def seen(server: str, variables: dict[str, Any], scheme: dict[str, str] = HTTPS) -> TlsEvidence:
    """What a request says that comes from the very server that is named."""
    return evidence_from_environ(KEYS[server] | scheme | variables, server=server)


def test_as_apache_wrote_it() -> None:
    """Leaf and what the client sent with it; ``SSL_CLIENT_CERT_RFC4523_CEA`` is no part of the chain."""
    assert seen("mod_wsgi", APACHE) == TlsEvidence(chain=(ALICE, INTERMEDIATE))


def test_as_cheroot_wrote_it() -> None:
    """The leaf."""
    assert seen("cheroot", CHEROOT) == TlsEvidence(chain=(ALICE,))


def test_as_uwsgi_wrote_it() -> None:
    """The leaf, from DER as WSGI text; ``HTTPS_CC`` beside it is not needed."""
    recorded = RAW["uwsgi 2.0.31 --https + --https-export-cert"]
    assert evidence_from_environ(UWSGI | HTTPS | recorded, server="uwsgi") == TlsEvidence(chain=(ALICE,))


NOTHING = {"mod_wsgi": named.NO_STD_ENV_VARS, "cheroot": named.PYOPENSSL}
ROWS: dict[str, tuple[dict[str, Any], dict[str, str], TlsEvidence | str]] = {
    "apache without certificate": (RAW["apache nocert"], HTTPS, TlsEvidence(chain=())),
    "cheroot without certificate": ({"SSL_CLIENT_VERIFY": "NONE"}, HTTPS, TlsEvidence(chain=())),
    "only +ExportCertData": ({"SSL_CLIENT_CERT": PEM}, HTTPS, TlsEvidence(chain=(ALICE,))),
    "only +ExportCertData, none": ({"SSL_CLIENT_CERT": ""}, HTTPS, TlsEvidence(chain=())),
    "optional_no_ca": ({"SSL_CLIENT_VERIFY": "GENEROUS", "SSL_CLIENT_CERT": PEM}, HTTPS, TlsEvidence(chain=(ALICE,))),
    "failed": (
        {"SSL_CLIENT_VERIFY": "FAILED:unable to get issuer", "SSL_CLIENT_CERT": PEM},
        HTTPS,
        TlsEvidence(chain=(ALICE,), error="FAILED:unable to get issuer"),
    ),
    "failed, certificate not shown": (
        {"SSL_CLIENT_VERIFY": "FAILED:x", "SSL_CLIENT_CERT": ""},
        HTTPS,
        TlsEvidence(error="FAILED:x", note=named.NO_EXPORT),
    ),
    "no TLS": ({}, PLAIN, TlsEvidence(chain=())),
    "neither option": ({}, HTTPS, TlsEvidence(note=named.NO_STD_ENV_VARS)),
    "only +StdEnvVars": ({"SSL_CLIENT_VERIFY": "SUCCESS"}, HTTPS, TlsEvidence(note=named.NO_EXPORT)),
    "verdict against certificate": (
        {"SSL_CLIENT_VERIFY": "NONE", "SSL_CLIENT_CERT": PEM},
        HTTPS,
        TlsEvidence(note=named.CONTRADICTION),
    ),
    "intermediate that is garbage": (
        {"SSL_CLIENT_CERT": PEM, "SSL_CLIENT_CERT_CHAIN_0": "x"},
        HTTPS,
        TlsEvidence(chain=(ALICE,)),
    ),
    "garbage": ({"SSL_CLIENT_CERT": "CN=alice"}, HTTPS, "SSL_CLIENT_CERT cannot be read"),
    "two certificates": ({"SSL_CLIENT_CERT": f"{PEM}\n{PEM}"}, HTTPS, "SSL_CLIENT_CERT cannot be read"),
    "path of a file": ({"SSL_CLIENT_CERT": "/etc/ssl/client.pem"}, HTTPS, "SSL_CLIENT_CERT cannot be read"),
    "no text": ({"SSL_CLIENT_CERT": 7}, HTTPS, "SSL_CLIENT_CERT cannot be read"),
}


@pytest.mark.parametrize("row", ROWS)
def test_mod_ssl_variables(row: str) -> None:
    """Only a certificate is a certificate, and only NONE or an empty one is none."""
    variables, scheme, expected = ROWS[row]
    evidence = seen("cheroot" if row.startswith("cheroot") else "mod_wsgi", variables, scheme)
    if isinstance(expected, str):
        assert evidence.chain is None
        assert (evidence.note or "").startswith(expected)
    else:
        assert evidence == expected


# Options of a running uWSGI, as its module shows them, and what a request without a certificate then means.
LISTEN = b"127.0.0.1:8443,server.crt,server.key"
OPTIONS: dict[str, tuple[Any, dict[str, str], TlsEvidence]] = {
    "https with a CA": ({"https": LISTEN + b",HIGH,ca.crt"}, HTTPS, TlsEvidence(chain=())),
    "https with a CA, names as bytes": ({b"https": LISTEN + b",HIGH,!ca.crt"}, HTTPS, TlsEvidence(chain=())),
    "https with a CA, one of two": (
        {"https": [LISTEN, LISTEN + b",HIGH,ca.crt"]},
        HTTPS,
        TlsEvidence(chain=()),
    ),
    "https2 with a CA": (
        {"https2": b"addr=:8443,cert=server.crt,key=server.key,client_ca=ca.crt"},
        HTTPS,
        TlsEvidence(chain=()),
    ),
    "https without a CA": ({"https": LISTEN}, HTTPS, TlsEvidence(chain=(), asked=False)),
    "https2 without a CA": ({"https2": b"addr=:8443,cert=s,key=k"}, HTTPS, TlsEvidence(chain=(), asked=False)),
    "https-socket": ({"https-socket": LISTEN}, HTTPS, TlsEvidence(note=named.HTTPS_SOCKET)),
    "https beside https-socket": (
        {"https": LISTEN + b",HIGH,ca.crt", "https-socket": LISTEN},
        HTTPS,
        TlsEvidence(note=named.HTTPS_SOCKET),
    ),
    "a proxy in front": ({"socket": b":3031"}, HTTPS, TlsEvidence(note=named.NOT_HTTPS)),
    "no TLS": ({"http": b":8080"}, PLAIN, TlsEvidence(chain=())),
}


@pytest.mark.parametrize("row", OPTIONS)
def test_uwsgi_without_certificate(row: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a certificate uWSGI writes nothing, and nothing where it hides one: its options tell which."""
    options, scheme, expected = OPTIONS[row]
    monkeypatch.setitem(sys.modules, "uwsgi", SimpleNamespace(opt=options))
    assert evidence_from_environ(UWSGI | scheme, server="uwsgi") == expected


@pytest.mark.parametrize("value", ["\u20ac", b"DER", 7], ids=["no WSGI text", "bytes", "number"])
def test_uwsgi_garbage(value: object) -> None:
    """What is not DER as WSGI text is "no data"."""
    assert evidence_from_environ(UWSGI | HTTPS | {"HTTPS_CLIENT_CERTIFICATE": value}, server="uwsgi").chain is None


EVERYTHING = APACHE | RAW["uwsgi 2.0.31 --https + --https-export-cert"] | HTTPS


@pytest.mark.parametrize("server", named.READERS)
def test_only_from_the_server_that_is_named(server: str) -> None:
    """The keys of a server mean nothing where another one has made the environ, such as one that copies os.environ."""
    evidence = evidence_from_environ(EVERYTHING, server=server)
    assert (evidence.chain, evidence.note) == (
        None,
        f"source is TLSSocket(server={server!r}), and this request was not served by {server}",
    )


@pytest.mark.parametrize("server", [*KEYS, "uwsgi"])
def test_never_unless_named(server: str) -> None:
    """N18: without a name no bare key is read, whoever made the environ."""
    evidence = evidence_from_environ(KEYS.get(server, UWSGI) | EVERYTHING, server=None)
    assert evidence.chain is None
    assert f"TLSSocket(server={server!r})" in (evidence.note or "")


def test_leaked_names_stop_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """N18: a process environment that holds the names of the named server is refused when the middleware is made."""
    for server, names in named.LEAKED_NAMES.items():
        for name in names:
            with pytest.raises(ConfigurationError, match=f"process environment holds {name}"):
                check_environment(server, {name: "1"})
    # Everybody has this one.
    check_environment("uwsgi", {"HTTPS_PROXY": "http://proxy"})
    check_environment(None, {"SSL_CLIENT_CERT": PEM})
    monkeypatch.setenv("SSL_CLIENT_VERIFY", "SUCCESS")
    with pytest.raises(ConfigurationError, match="SSL_CLIENT_VERIFY"):
        clientcert.wsgi.ClientCertMiddleware(lambda *_: [], material.config(**SOURCE("mod_wsgi")))
    clientcert.wsgi.ClientCertMiddleware(lambda *_: [], material.config(**SOURCE(None)))


def SOURCE(server: str | None) -> dict[str, Any]:  # noqa: N802 - settings, as in tests.contract
    """Settings for a TLS source."""
    return {"source": TLSSocket(server=server), "trusted_proxies": None}


def test_named_server_below_asgi() -> None:
    """A source that names a WSGI server is refused by the ASGI middleware when it is made."""
    with pytest.raises(ConfigurationError, match="which no ASGI server has"):
        clientcert.asgi.ClientCertMiddleware(lambda *_: None, material.config(**SOURCE("mod_wsgi")))  # type: ignore[arg-type]
    clientcert.asgi.ClientCertMiddleware(lambda *_: None, material.config(**SOURCE(None)))  # type: ignore[arg-type]


def test_unknown_server() -> None:
    """A server whose keys nobody can read is refused, with the legal names."""
    with pytest.raises(ConfigurationError, match="'cheroot', 'mod_wsgi', 'uwsgi'"):
        TLSSocket(server="apache")
    assert {*named.READERS} == {*named.LEAKED_NAMES} == {"cheroot", "mod_wsgi", "uwsgi"}


class Closed:
    """A socket that has been closed."""

    def getpeercert(self, _binary: bool) -> bytes:  # noqa: FBT001 - ssl's own signature
        """Fail, as it does then."""
        raise AssertionError

    def fileno(self) -> int:
        """Return what a closed socket has."""
        return -1


@pytest.mark.parametrize("key", ["gunicorn.socket", "werkzeug.socket"])
def test_closed_socket(key: str) -> None:
    """A closed socket is "no data", and the note says so."""
    assert evidence_from_environ({key: Closed()}, server=None) == TlsEvidence(note=NO_TLS_DATA)


def test_wsgi_on_asgi() -> None:
    """Below a WSGI-on-ASGI server, the scope's extension is read, and its garbage is not."""
    scope = {"type": "http", "extensions": {"tls": {"client_cert_chain": [PEM]}}}
    assert evidence_from_environ({"asgi.scope": scope}, server=None).chain == (ALICE,)
    assert evidence_from_environ({"asgi.scope": "leaked"}, server=None).chain is None


@pytest.mark.parametrize(
    ("version", "is_unfixed"),
    [((3, 11, 0), True), ((3, 11, 4), True), ((3, 11, 5), False), ((3, 12, 0), False), ((3, 13, 1), False)],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_unfixed_python(version: tuple[int, ...], is_unfixed: bool) -> None:  # noqa: FBT001 - a column
    """T7: CVE-2023-40217 was fixed in 3.11.5, and before 3.12.0."""
    assert (unfixed_python(version) is not None) is is_unfixed


@pytest.mark.parametrize(("server", "warns"), [(None, True), ("cheroot", True), ("mod_wsgi", False), ("uwsgi", False)])
def test_warning_at_the_start(server: str | None, warns: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    """T7: the warning comes once, at the start, and only where Python itself ends TLS."""
    monkeypatch.setattr(clientcert.wsgi, "unfixed_python", lambda: wsgi.unfixed_python((3, 11, 4)))
    made = material.config(**SOURCE(server))
    if warns:
        with pytest.warns(UnsafeConfigurationWarning, match=r"3\.11\.4 .*CVE-2023-40217"):
            clientcert.wsgi.ClientCertMiddleware(lambda *_: [], made)
    else:
        clientcert.wsgi.ClientCertMiddleware(lambda *_: [], made)
