"""Envoy: X-Forwarded-Client-Cert, and the formatters of ``request_headers_to_add``."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, TypeAlias

from clientcert.core.facts import Header
from clientcert.testing.issued import pem
from clientcert.testing.producers.fields import CertificateFields, moment
from clientcert.testing.producers.forms import escaped_pem
from clientcert.testing.producers.handshake import Handshake, of_fields, of_leaf
from clientcert.testing.producers.lines import HeaderLines, Language
from clientcert.testing.producers.name_text import openssl_name

Detail: TypeAlias = Literal["cert", "chain", "subject", "uri", "dns", "issuer"]
"""A field of ``set_current_client_cert_details``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Xfcc:
    """
    Envoy with ``forward_client_cert_details: SANITIZE_SET``, and what is built on it.

    Attributes:
        details: What is on in ``set_current_client_cert_details``; the order means nothing. The hash always comes.
        json: ``format: JSON``.
        by: URIs of Envoy's own certificate.
        after: What arrived from the hop before, which ``APPEND_FORWARD`` puts first; JSON stays JSON only behind JSON.
        tells_failure: False: with ACCEPT_UNTRUSTED a bad certificate looks like a good one.
    """

    details: tuple[Detail, ...] = ("cert", "chain")
    json: bool = False
    by: tuple[str, ...] = ()
    after: str = ""
    name: str = "envoy"
    tells_failure: bool = False

    def headers(self, handshake: Handshake, extra: tuple[tuple[str, bytes], ...]) -> tuple[Header, ...]:
        """See `Producer`; nothing without a certificate."""
        if handshake.der is None:
            return _lower(extra)
        # Octets of a name stay what they are.
        return ((b"x-forwarded-client-cert", self._value(handshake).encode("latin-1")), *_lower(extra))

    def tls_chain(self, handshake: Handshake) -> tuple[bytes, ...] | None:  # noqa: ARG002 - the protocol
        """See `Producer`: TLS ends there."""
        return None

    def _value(self, handshake: Handshake) -> str:
        if self.json and (not self.after or _is_json(self.after)):
            return (self.after.removesuffix("]") + "," if self.after else "[") + self._json(handshake) + "]"
        return ",".join((*((self.after,) if self.after else ()), ";".join(self._text(handshake))))

    def _text(self, handshake: Handshake) -> Iterator[str]:
        chain, fields = _chain(handshake), handshake.fields
        yield from (f"By={uri}" for uri in self.by)
        yield f"Hash={sha256(chain[0]).hexdigest()}"
        if "cert" in self.details:
            yield f'Cert="{escaped_pem(chain[0]).decode("ascii")}"'
        if "chain" in self.details:
            yield f'Chain="{b"".join(map(escaped_pem, chain)).decode("ascii")}"'
        if fields is None:
            return
        if "subject" in self.details:
            yield f'Subject="{openssl_name(fields.subject).decode("ascii")}"'
        if "uri" in self.details:
            # Empty where there is none.
            yield from (f"URI={_text(uri)}" for uri in fields.uris or (b"",))
        if "dns" in self.details:
            yield from (f"DNS={_text(name)}" for name in fields.dns_names)
        if "issuer" in self.details:
            yield f'Issuer="{openssl_name(fields.issuer).decode("ascii")}"'

    def _json(self, handshake: Handshake) -> str:
        chain, fields = _chain(handshake), handshake.fields
        members: dict[str, object] = {
            "by": list(self.by),
            "hash": sha256(chain[0]).hexdigest(),
            "cert": pem(chain[0]).decode("ascii") if "cert" in self.details else "",
            "chain": [pem(der).decode("ascii") for der in chain] if "chain" in self.details else [],
            **(dict(self._json_attributes(fields)) if fields else {}),
        }
        # Empty members are left out.
        return json.dumps({name: value for name, value in members.items() if value}, separators=(",", ":"))

    def _json_attributes(self, fields: CertificateFields) -> Iterator[tuple[str, object]]:
        values = {
            "subject": openssl_name(fields.subject).decode("ascii"),
            "uri": list(map(_text, fields.uris)),
            "dns": list(map(_text, fields.dns_names)),
            "issuer": openssl_name(fields.issuer).decode("ascii"),
        }
        yield from ((name, value) for name, value in values.items() if name in self.details)


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), list)
    except ValueError:
        return False


def _chain(handshake: Handshake) -> tuple[bytes, ...]:
    return (handshake.der or b"", *handshake.intermediates)


def _text(octets: bytes) -> str:
    return octets.decode("latin-1")


def _lower(extra: tuple[tuple[str, bytes], ...]) -> tuple[Header, ...]:
    return tuple((name.lower().encode("latin-1"), value) for name, value in extra)


def _date(fields: CertificateFields, role: str) -> bytes:
    return f"{moment(getattr(fields, role)):%Y-%m-%dT%H:%M:%S}.000Z".encode("ascii")


def _serial_number(fields: CertificateFields) -> bytes:
    return fields.serial_number.removeprefix(b"\x00").hex().encode("ascii")


ENVOY_FORMATTERS = Language(
    name="envoy-formatter",
    pattern=re.compile(r"%[A-Z_0-9]+%"),
    variables={
        "%DOWNSTREAM_PEER_CERT%": of_leaf(escaped_pem),
        "%DOWNSTREAM_PEER_SUBJECT%": of_fields(lambda fields: openssl_name(fields.subject)),
        "%DOWNSTREAM_PEER_ISSUER%": of_fields(lambda fields: openssl_name(fields.issuer)),
        "%DOWNSTREAM_PEER_SERIAL%": of_fields(_serial_number),
        "%DOWNSTREAM_PEER_FINGERPRINT_256%": of_leaf(lambda der: sha256(der).hexdigest().encode("ascii")),
        "%DOWNSTREAM_PEER_URI_SAN%": of_fields(lambda fields: b",".join(fields.uris)),
        "%DOWNSTREAM_PEER_DNS_SAN%": of_fields(lambda fields: b",".join(fields.dns_names)),
        "%DOWNSTREAM_PEER_CERT_V_START%": of_fields(lambda fields: _date(fields, "not_before")),
        "%DOWNSTREAM_PEER_CERT_V_END%": of_fields(lambda fields: _date(fields, "not_after")),
    },
    drops_empty=True,
    spell=str.lower,
    tells_failure=False,
)

ENVOY_FORMATTER_PRODUCER = HeaderLines(
    ENVOY_FORMATTERS,
    (
        ("x-client-cert", "%DOWNSTREAM_PEER_CERT%"),
        ("x-client-subject", "%DOWNSTREAM_PEER_SUBJECT%"),
        ("x-client-issuer", "%DOWNSTREAM_PEER_ISSUER%"),
    ),
)
"""The headers that the preset reads."""
