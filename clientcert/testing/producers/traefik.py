"""Traefik: the PassTLSClientCert middleware, and the emulation of ingress-nginx."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import quote, quote_plus

from clientcert.core.facts import Header
from clientcert.testing.producers.fields import CertificateFields, Name, fields_of, moment
from clientcert.testing.producers.forms import base64_der, escaped_base64_der, escaped_pem
from clientcert.testing.producers.handshake import Failure, Handshake, of_fields, of_leaf
from clientcert.testing.producers.lines import HeaderLines, Language, capitalized
from clientcert.testing.producers.name_text import go_name, go_values

_IP, _IP_LENGTHS = 0x87, (4, 16)
# What Traefik asks for of a subject, in its order; of an issuer all but OU.
_INFO_TYPES = {
    "C": "2.5.4.6",
    "ST": "2.5.4.8",
    "L": "2.5.4.7",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "SN": "2.5.4.5",
    "CN": "2.5.4.3",
}
_DOMAIN_COMPONENT = "0.9.2342.19200300.100.1.25"
# Go's url.URL leaves a path as it is where it holds nothing else; otherwise it writes the path anew.
_PATH = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@\[\]/%]*")
_UNKNOWN = "certificate signed by unknown authority"
# crypto/x509; there is no text for a revoked certificate, because nothing looks for one.
_GO_ERRORS: dict[Failure, str] = {
    "self-signed": _UNKNOWN,
    "unknown-issuer": _UNKNOWN,
    "chain-too-long": _UNKNOWN,
    "wrong-purpose": "certificate specifies an incompatible key usage",
    "expired": "certificate has expired or is not yet valid: current time {at} is after {not_after}",
    "not-yet-valid": "certificate has expired or is not yet valid: current time {at} is before {not_before}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PassTlsClientCert:
    """
    Traefik's middleware of that name.

    Attributes:
        pem: Send every certificate that the client presented.
        info: Send the text about each of them, with everything that can be switched on.
        escaped: As up to Traefik 2.9: each percent-escaped.
        tells_failure: False: with ``Request…`` a bad certificate looks like a good one.
    """

    pem: bool = True
    info: bool = False
    escaped: bool = False
    name: str = "traefik"
    tells_failure: bool = False

    def headers(self, handshake: Handshake, extra: tuple[tuple[str, bytes], ...]) -> tuple[Header, ...]:
        """See `Producer`; nothing without a certificate."""
        pairs = [(capitalized(name).encode("latin-1"), value) for name, value in extra]
        if handshake.der is not None:
            presented = (handshake.der, *handshake.intermediates)
            pairs += [(b"X-Forwarded-Tls-Client-Cert", self._certificates(presented))] if self.pem else []
            pairs += [(b"X-Forwarded-Tls-Client-Cert-Info", _info(presented))] if self.info else []
        return tuple(sorted(pairs))

    def tls_chain(self, handshake: Handshake) -> tuple[bytes, ...] | None:  # noqa: ARG002 - the protocol
        """See `Producer`: TLS ends there."""
        return None

    def _certificates(self, presented: tuple[bytes, ...]) -> bytes:
        return b",".join(map(escaped_base64_der if self.escaped else base64_der, presented))


def _info(presented: tuple[bytes, ...]) -> bytes:
    read = (fields_of(der) for der in presented)
    return quote_plus(",".join(";".join(_about(fields)) for fields in read if fields), safe="").encode("ascii")


def _about(fields: CertificateFields) -> Iterator[str]:
    if subject := ",".join(_parts(fields.subject, _INFO_TYPES)):
        yield f'Subject="{subject}"'
    if issuer := ",".join(_parts(fields.issuer, {short: o for short, o in _INFO_TYPES.items() if short != "OU"})):
        yield f'Issuer="{issuer}"'
    yield f'SerialNumber="{int.from_bytes(fields.serial_number, signed=True)}"'
    yield f'NB="{moment(fields.not_before).timestamp():.0f}"'
    yield f'NA="{moment(fields.not_after).timestamp():.0f}"'
    if names := ",".join(_alternative_names(fields)):
        yield f'SAN="{names}"'


def _parts(name: Name, types: dict[str, str]) -> Iterator[str]:
    for short, oid in {"DC": _DOMAIN_COMPONENT, **types}.items():
        yield from (f"{short}={value}" for value in go_values(name, oid) if value)


def _alternative_names(fields: CertificateFields) -> Iterator[str]:
    yield from (name.decode("latin-1") for name in (*fields.dns_names, *fields.email_addresses))
    # Go takes no certificate with an address of another length.
    yield from (str(ip_address(o)) for tag, o in fields.general_names if tag == _IP and len(o) in _IP_LENGTHS)
    yield from (_go_uri(uri.decode("latin-1")) for uri in fields.uris)


def _go_uri(uri: str) -> str:
    base, question_mark, query = uri.partition("?")
    scheme, separator, rest = base.partition("://")
    authority, slash, path = rest.partition("/")
    if separator and not _PATH.fullmatch(path):
        base = scheme + separator + authority + slash + quote(path, safe="$&+,/:;=@~")
    return base + question_mark + query


def _verdict(handshake: Handshake) -> bytes:
    fields, failure = handshake.fields, handshake.failure
    if handshake.certificate is None or failure is None or fields is None:
        return b"NONE" if handshake.certificate is None else b"SUCCESS"
    times = {
        "at": f"{handshake.at:%Y-%m-%dT%H:%M:%SZ}",
        "not_before": f"{moment(fields.not_before):%Y-%m-%dT%H:%M:%SZ}",
        "not_after": f"{moment(fields.not_after):%Y-%m-%dT%H:%M:%SZ}",
    }
    return f"FAILED:x509: {_GO_ERRORS.get(failure, _UNKNOWN).format(**times)}".encode()


def _name(role: str) -> Callable[[CertificateFields], bytes]:
    return lambda fields: go_name(getattr(fields, role))


_INGRESS = Language(
    name="traefik-ingress-nginx",
    pattern=re.compile(r"\$\w+"),
    variables={
        "$ssl_client_escaped_cert": of_leaf(escaped_pem),
        "$ssl_client_verify": _verdict,
        "$ssl_client_s_dn": of_fields(_name("subject")),
        "$ssl_client_i_dn": of_fields(_name("issuer")),
    },
    drops_empty=True,
    spell=capitalized,
    sorts=True,
)

TRAEFIK_INGRESS_NGINX_PRODUCER = HeaderLines(
    _INGRESS,
    (
        ("ssl-client-cert", "$ssl_client_escaped_cert"),
        ("ssl-client-verify", "$ssl_client_verify"),
        ("ssl-client-subject-dn", "$ssl_client_s_dn"),
        ("ssl-client-issuer-dn", "$ssl_client_i_dn"),
    ),
)
"""With ``auth-tls-pass-certificate-to-upstream: "true"``."""
