"""The configuration: what it accepts, and that everything which cannot work is refused at once with the way out."""

import asyncio
import dataclasses
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clientcert.config import ClientCertConfig, resolve_config
from clientcert.core.limits import Limits
from clientcert.core.proxy import AnyPeer, SharedSecret, TrustedNetworks, UnixSocket, UnsafeConfigurationWarning
from clientcert.core.settings import utc_now
from clientcert.core.sources import HeaderSource, IngressNginx, Nginx, TLSSocket
from clientcert.core.verification import TRUST_PROXY, StandardVerifier, TrustProxyVerifier, TrustStore
from clientcert.core.verification.generation import TrustGeneration
from clientcert.errors import ConfigurationError
from clientcert.testing import CertificateAuthority
from tests.material import ALICE, AUTHORITY, INTERMEDIATE, NETWORK, NOW, SECRET, STRANGE_AUTHORITY, config, settings

PEM = AUTHORITY.pem


def in_force(made: ClientCertConfig) -> TrustGeneration:
    """The trust that a configuration starts with."""
    return made.trust_provider.current(made.clock())


def store_of(made: ClientCertConfig) -> TrustStore:
    """The store that its engine builds paths to."""
    verifier = in_force(made).verifier
    assert isinstance(verifier, StandardVerifier)
    return verifier.store


def test_smallest() -> None:
    """Source, trust and proof are enough; everything else has the strict default."""
    made = ClientCertConfig(source="ingress-nginx", trust=PEM, trusted_proxies=[NETWORK])
    assert (made.mode, made.on_invalid, made.enforce, made.missing_status) == ("required", "reject", True, 401)
    assert not made.exempt_paths
    assert made.evidence_source == IngressNginx()
    assert in_force(made).verifier.name == made.profile == "standard"
    assert made.clock is utc_now
    assert made.limits == Limits()


def test_default_clock_is_aware() -> None:
    """The default clock tells the present in UTC."""
    assert utc_now().utcoffset() == timedelta()


def test_frozen() -> None:
    """Nothing of a configuration can be changed afterwards."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        config().mode = "optional"  # type: ignore[misc]


TRUST: dict[str, Callable[[Path], Any]] = {
    "pem-bytes": lambda _: PEM,
    "der-bytes": lambda _: AUTHORITY.der,
    "two-in-one-pem": lambda _: PEM + STRANGE_AUTHORITY.pem,
    "certificate-object": lambda _: AUTHORITY.certificate,
    "list": lambda _: [AUTHORITY.der, STRANGE_AUTHORITY.pem],
    "callable": lambda _: lambda: PEM,
    "store": lambda _: TrustStore.load(PEM),
    "path": lambda folder: _written(folder / "ca.crt", PEM),
    "path-as-text": lambda folder: str(_written(folder / "ca.crt", PEM)),
    "directory": lambda folder: _written(folder / "ca.crt", PEM).parent,
}


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("trust", TRUST.values(), ids=TRUST)
def test_trust_forms(trust: Callable[[Path], Any], tmp_path: Path) -> None:
    """Every form that an operator has certificates in is read."""
    assert AUTHORITY.der in {anchor.der for anchor in store_of(config(trust=trust(tmp_path))).anchors}


@pytest.mark.parametrize("form", ["trust", "intermediates"])
def test_intermediates(form: str) -> None:
    """Intermediates come in the bundle or apart, and are never anchors; both sorts are known issuers."""
    changes = {"trust": PEM + INTERMEDIATE.pem} if form == "trust" else {"intermediates": INTERMEDIATE.pem}
    made = config(**changes)
    store, known_issuers = store_of(made), in_force(made).known_issuers
    assert [certificate.der for certificate in store.anchors] == [AUTHORITY.der]
    assert [certificate.der for certificate in store.intermediates] == [INTERMEDIATE.der]
    assert known_issuers is not None
    assert [name.rfc4514 for name in known_issuers] == ["CN=Clients CA,O=Example", "CN=Issuing CA,O=Example"]


def test_trust_proxy() -> None:
    """Relying on the producer alone is spelled out, and leaves no store and no known issuer."""
    made = config(trust=TRUST_PROXY)
    assert in_force(made).known_issuers is None
    assert isinstance(in_force(made).verifier, TrustProxyVerifier)
    assert repr(TRUST_PROXY) == "TRUST_PROXY"


PROOFS: dict[str, tuple[Any, list[str]]] = {
    "text": (NETWORK, ["trusted-networks"]),
    "list-of-text": ([NETWORK, "192.0.2.1"], ["trusted-networks"]),
    "proof": (UnixSocket(), ["unix-socket"]),
    "h16-several": ([NETWORK, SharedSecret(SECRET)], ["trusted-networks", "shared-secret"]),
    "tuple": ((TrustedNetworks(NETWORK), UnixSocket()), ["trusted-networks", "unix-socket"]),
}


@pytest.mark.parametrize(("value", "names"), PROOFS.values(), ids=PROOFS)
def test_trusted_proxies_forms(value: Any, names: list[str]) -> None:
    """Proofs are given as text, objects, or several of both."""
    assert [proof.name for proof in config(trusted_proxies=value).proxy_proofs] == names


def test_h3_any_peer_must_be_spelled_out() -> None:
    """Believing everybody takes its own word and warns."""
    with pytest.warns(UnsafeConfigurationWarning):
        made = config(trusted_proxies=AnyPeer())
    assert [proof.name for proof in made.proxy_proofs] == ["any-peer"]


def test_tls_source_needs_no_proof() -> None:
    """Where our own server terminates TLS, nobody speaks for the client."""
    made = ClientCertConfig(source="tls", trust=PEM)
    assert made.proxy_proofs == ()
    assert made.evidence_source == TLSSocket()


class Unverified:
    """A source that never verifies, as a user may write one: an object of the right shape."""

    name = "unverified"
    needs_proxy_proof = True
    gives_verdict = False
    sends_certificate = True
    header_names = (b"x-cert",)

    def read(self, *_: object) -> None:
        """Claim nothing."""


# Keywords instead of the good ones → what the refusal must say, the way out included.
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no-source": ({"source": None}, "no source.*'ingress-nginx'.*'nginx'.*'tls'"),
    "unknown-source": ({"source": "nginxx"}, "unknown source 'nginxx', wanted one of: .*ingress-nginx, .*nginx, .*tls"),
    "source-in-other-case": ({"source": "NGINX"}, "unknown source 'NGINX'"),
    "source-class": ({"source": Nginx}, "is not a source.*'ingress-nginx'"),
    "source-of-another-type": ({"source": 7}, "is not a source"),
    "no-trust": ({"trust": None}, r'no trust.*trust="/etc/clientcert/ca\.crt".*never used'),
    "h3-no-proxy-proof": ({"trusted_proxies": None}, r"anybody can write.*10\.42\.7\.0/28.*UnixSocket.*SharedSecret"),
    "h3-empty-proxy-list": ({"trusted_proxies": []}, "trusted_proxies is empty"),
    "h4-everybody": ({"trusted_proxies": ["0.0.0.0/0"]}, r"is everybody.*AnyPeer\(\)"),
    "h4-star": ({"trusted_proxies": "*"}, "is not a network"),
    "h4-host-name": ({"trusted_proxies": "proxy.example"}, "is not a network"),
    "proof-class": ({"trusted_proxies": UnixSocket}, "proves nothing"),
    "tls-with-proof": ({"source": "tls"}, "reads no header.*remove it"),
    "unknown-mode": ({"mode": "optionnal"}, "mode is 'optionnal', wanted 'required' or 'optional'"),
    "unknown-on-invalid": ({"on_invalid": "ignore"}, "on_invalid is 'ignore', wanted 'reject' or 'anonymous'"),
    "anonymous-in-required-mode": ({"on_invalid": "anonymous"}, "on_invalid='anonymous' .*mode='optional'"),
    "unknown-missing-status": ({"missing_status": 404}, "missing_status is 404, wanted 401 or 403"),
    "enforce-text": ({"enforce": "false"}, "enforce is 'false', wanted True or False"),
    "unknown-profile": ({"profile": "lax"}, "unknown profile 'lax', wanted one of: .*standard"),
    "depth-negative": ({"max_depth": -1}, "max_depth is -1"),
    "depth-huge": ({"max_depth": 1_000}, "max_depth is 1000"),
    "depth-text": ({"max_depth": "4"}, "max_depth is '4'"),
    "depth-true": ({"max_depth": True}, "max_depth is True"),
    "limits-mapping": ({"limits": {"header_bytes": 1}}, r"limits is .*wanted Limits\("),
    "clock-value": ({"clock": NOW}, "clock is .*wanted a callable"),
    "s9-clock-naive": ({"clock": lambda: datetime(2030, 1, 1)}, "clock .*aware"),  # noqa: DTZ001 - that is the point
    "clock-number": ({"clock": lambda: 0.0}, "clock .*aware"),
    "hook-value": ({"on_event": "log"}, "on_event is 'log', wanted a callable"),
    "body-hook-value": ({"on_problem": "page"}, "on_problem is 'page', wanted a function"),
    "body-hook-async": ({"on_problem": asyncio.sleep}, "on_problem is .*, wanted a function, not async"),
    "realm-quote": ({"realm": 'a"b'}, "realm"),
    "realm-line-feed": ({"realm": "a\r\nset-cookie: x"}, "realm"),
    "realm-non-ascii": ({"realm": "é"}, "realm"),
    "f8-exempt-pattern": ({"exempt": ["/static/*"]}, "is not one exact absolute path"),
    "exempt-one-text": ({"exempt": "/health"}, "is a list of exact paths"),
    "v9-trust-proxy-without-verdict": ({"source": Unverified(), "trust": TRUST_PROXY}, "gives none; name the CAs"),
    "v9-trust-proxy-with-tls": ({"source": "tls", "trusted_proxies": None, "trust": TRUST_PROXY}, "gives none"),
    "trust-proxy-with-intermediates": ({"trust": TRUST_PROXY, "intermediates": PEM}, "builds no path"),
    "intermediates-with-a-root": ({"intermediates": STRANGE_AUTHORITY.pem}, "belongs in trust"),
    "trust-number": ({"trust": 7}, "trust"),
    "trust-list-of-none": ({"trust": [None]}, "trust"),
    "trust-empty-list": ({"trust": []}, "no certificate"),
    "trust-empty-bytes": ({"trust": b""}, "is empty"),
    "trust-pem-as-text": ({"trust": PEM.decode()}, "pass the text as bytes"),
    "c19-trust-garbage": ({"trust": b"hello"}, "neither PEM nor DER"),
    "s4-trust-truncated": ({"trust": PEM + STRANGE_AUTHORITY.pem[:-40]}, "is damaged"),
    "s4-trust-truncated-in-the-base64": ({"trust": PEM[: len(PEM) // 2]}, "is damaged"),
    "s5-trust-with-a-key": ({"trust": PEM + ALICE.key_pem}, "private key.*keep keys out"),
    "c15-trust-not-a-ca": ({"trust": PEM + ALICE.pem}, "take it out of the bundle"),
    "trust-without-anchor": ({"trust": INTERMEDIATE.pem}, "no self-issued CA.*add the root"),
}


@pytest.mark.parametrize(("changes", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(changes: dict[str, Any], message: str) -> None:
    """What cannot work is refused while constructing; the text names the field and the way out."""
    with pytest.raises(ConfigurationError, match=re.compile(message, re.DOTALL)):
        config(**changes)


def test_the_refused_are_one_knob_away() -> None:
    """Without the changes of the table above the same keywords are accepted."""
    config()
    config(mode="optional", on_invalid="anonymous", missing_status=403, enforce=False, max_depth=0, realm="a b")
    config(exempt=["/health"], limits=Limits(header_bytes=1), on_event=print, on_problem=lambda _: None)
    config(source=HeaderSource(name="mine", certificate="x-cert"))
    config(source=Unverified())


FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "white-space": (b" \n", "is empty"),
    "truncated": (PEM[:-10], "is damaged"),
    "with-a-key": (PEM + ALICE.key_pem, "private key"),
    "garbage": (b"\x00\x01\x02", "neither PEM nor DER"),
    "garbage-in-the-pem": (PEM.replace(b"M", b"*", 3), "is damaged"),
    "other-blocks": (PEM.replace(b"CERTIFICATE", b"X509 CRL"), "CERTIFICATE only"),
    "der-with-trailing-octet": (AUTHORITY.der + b"\0", "trust"),
}


@pytest.mark.parametrize(("content", "message"), FILES.values(), ids=FILES)
def test_c19_unusable_file(content: bytes, message: str, tmp_path: Path) -> None:
    """A CA file that is not whole, or holds something else, is refused by its name."""
    path = _written(tmp_path / "ca.crt", content)
    with pytest.raises(ConfigurationError, match=message) as caught:
        config(trust=path)
    assert str(path) in str(caught.value)
    assert ALICE.key_pem.decode()[40:60] not in str(caught.value)


def test_c19_unreadable_file(tmp_path: Path) -> None:
    """A file that is not there, a directory without files, and a path that cannot be one, are refused by name."""
    for path in (tmp_path / "missing.crt", tmp_path, Path("nul\0byte")):
        with pytest.raises(ConfigurationError, match="trust"):
            config(trust=path)


def test_expired_anchor_warns() -> None:
    """An anchor out of its dates is accepted with a warning, for the operator to see before the clients do."""
    old = CertificateAuthority("Old CA", now=NOW, not_after=timedelta(days=-1))
    with pytest.warns(UnsafeConfigurationWarning, match="expired at"):
        config(trust=old.pem)


def test_unknown_keyword() -> None:
    """A keyword that does not exist is refused, with the legal ones listed."""
    with pytest.raises(
        ConfigurationError, match=r"unknown setting 'trusted_proxy', wanted one of: source, sources, trust, "
    ):
        ClientCertConfig.from_mapping(settings({"trusted_proxy": NETWORK}))


def test_resolved_fields_are_no_keywords() -> None:
    """What the configuration works out for itself cannot be given from outside."""
    with pytest.raises(ConfigurationError, match="unknown setting 'verifier'"):
        ClientCertConfig.from_mapping(settings({"verifier": TrustProxyVerifier()}))


def test_resolve_config() -> None:
    """An adapter takes a config or keywords, and not both."""
    made = config()
    assert resolve_config(made, {}) is made
    assert resolve_config(None, settings({})).source == "ingress-nginx"
    with pytest.raises(ConfigurationError, match="not both; got a config and mode"):
        resolve_config(made, {"mode": "optional"})


def test_from_env(tmp_path: Path) -> None:
    """A deployment's settings come from the environment; lists are separated by commas."""
    path = _written(tmp_path / "ca.crt", PEM)
    environ = {
        "CLIENTCERT_SOURCE": "nginx",
        "CLIENTCERT_TRUST": str(path),
        "CLIENTCERT_TRUSTED_PROXIES": f" {NETWORK}, 192.0.2.1 ,",
        "CLIENTCERT_PROFILE": "standard",
        "CLIENTCERT_MAX_DEPTH": "2",
        "HOME": "/",
    }
    made = ClientCertConfig.from_env(environ)
    assert made.evidence_source == Nginx()
    assert made.max_depth == 2
    assert repr(made.proxy_proofs[0]) == "TrustedNetworks('10.42.7.0/28', '192.0.2.1/32')"
    assert ClientCertConfig.from_env(environ, mode="optional", max_depth=1).max_depth == 1


def test_from_env_reads_the_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a mapping the process's own environment is read."""
    monkeypatch.setenv("CLIENTCERT_SOURCE", "tls")
    monkeypatch.setenv("CLIENTCERT_TRUST", str(_written(tmp_path / "ca.crt", PEM)))
    assert ClientCertConfig.from_env().evidence_source == TLSSocket()


@pytest.mark.parametrize(
    ("variable", "value"),
    {
        "h25-mode": ("CLIENTCERT_MODE", "optional"),
        "h25-enforce": ("CLIENTCERT_ENFORCE", "0"),
        "h25-on-invalid": ("CLIENTCERT_ON_INVALID", "anonymous"),
        "h25-exempt": ("CLIENTCERT_EXEMPT", "/admin"),
        "h25-limits": ("CLIENTCERT_LIMITS", "x"),
        "unknown": ("CLIENTCERT_SOURCES", "nginx"),
    }.values(),
)
def test_h25_environment_cannot_weaken(variable: str, value: str) -> None:
    """No variable switches a check off, and one that is not a setting is an error that lists the legal ones."""
    environ = {"CLIENTCERT_TRUST": "x", variable: value}
    message = f"{variable} is not read from the environment, only: CLIENTCERT_SOURCE"
    with pytest.raises(ConfigurationError, match=message):
        ClientCertConfig.from_env(environ)


@pytest.mark.parametrize("value", ["", "two", "-1", "1.5", "\u0664"])
def test_from_env_depth(value: str) -> None:
    """A depth that is no number is refused by the variable's name."""
    with pytest.raises(ConfigurationError, match=r"CLIENTCERT_MAX_DEPTH is .*wanted a number"):
        ClientCertConfig.from_env({"CLIENTCERT_MAX_DEPTH": value})


def test_h25_no_other_environment_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration in code is not changed by variables of the same names."""
    monkeypatch.setenv("CLIENTCERT_MODE", "optional")
    monkeypatch.setenv("CLIENTCERT_TRUSTED_PROXIES", "0.0.0.0/1")
    made = config()
    assert made.mode == "required"
    assert repr(made.proxy_proofs[0]) == "TrustedNetworks('10.42.7.0/28')"


def test_repr_shows_no_secret() -> None:
    """The text of a configuration holds no secret and no certificate."""
    text = repr(config(trusted_proxies=[NETWORK, SharedSecret(SECRET)]))
    assert SECRET not in text
    assert "SharedSecret(***)" in text
