"""Caddy, whose names and header spelling are Go's."""

import re
from hashlib import sha256

from clientcert.testing.producers.fields import CertificateFields
from clientcert.testing.producers.forms import base64_der
from clientcert.testing.producers.handshake import Handshake, Variable, of_fields, of_leaf
from clientcert.testing.producers.lines import HeaderLines, Language, capitalized
from clientcert.testing.producers.name_text import go_name

_LISTED = 10
_CLIENT = "http.request.tls.client"


def _names(kind: str) -> dict[str, Variable]:
    def listed(fields: CertificateFields) -> bytes:
        # Go prints a slice of strings so.
        return b"[" + b" ".join(_of_kind(fields, kind)) + b"]"

    def numbered(number: int) -> Variable:
        return of_fields(lambda fields: b"".join(_of_kind(fields, kind)[number : number + 1]))

    return {
        f"{{{_CLIENT}.san.{kind}}}": of_fields(listed),
        **{f"{{{_CLIENT}.san.{kind}.{number}}}": numbered(number) for number in range(_LISTED)},
    }


def _of_kind(fields: CertificateFields, kind: str) -> tuple[bytes, ...]:
    return {"dns_names": fields.dns_names, "emails": fields.email_addresses, "uris": fields.uris}[kind]


def _serial_number(fields: CertificateFields) -> bytes:
    return str(int.from_bytes(fields.serial_number, signed=True)).encode("ascii")


def _placeholder(variable: str, handshake: Handshake) -> str:
    # What nobody replaces stays as it is, up to 2.11.3.
    return variable if handshake.certificate is None else ""


CADDY = Language(
    name="caddy",
    pattern=re.compile(r"\{[\w.]+\}"),
    variables={
        f"{{{_CLIENT}.certificate_der_base64}}": of_leaf(base64_der),
        f"{{{_CLIENT}.fingerprint}}": of_leaf(lambda der: sha256(der).hexdigest().encode("ascii")),
        f"{{{_CLIENT}.serial}}": of_fields(_serial_number),
        f"{{{_CLIENT}.subject}}": of_fields(lambda fields: go_name(fields.subject)),
        f"{{{_CLIENT}.issuer}}": of_fields(lambda fields: go_name(fields.issuer)),
        **_names("dns_names"),
        **_names("emails"),
        **_names("uris"),
    },
    unset=_placeholder,
    spell=capitalized,
    sorts=True,
    tells_failure=False,
)

CADDY_PRODUCER = HeaderLines(CADDY, (("Client-Cert", f":{{{_CLIENT}.certificate_der_base64}}:", "presented"),))
"""The lines of ``clientcert snippet caddy``, which drop the placeholder again where nobody presented a certificate."""
