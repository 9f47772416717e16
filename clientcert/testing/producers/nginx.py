"""nginx, ingress-nginx, and what writes as they do."""

import re
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha1

from clientcert.testing.issued import pem
from clientcert.testing.producers.fields import CertificateFields, Element, moment
from clientcert.testing.producers.forms import escaped_pem, folded_pem
from clientcert.testing.producers.handshake import Handshake, of_fields, of_leaf, openssl_verdict
from clientcert.testing.producers.lines import HeaderLines, Language
from clientcert.testing.producers.name_text import openssl_name, openssl_oneline


def openssl_time(time: Element) -> bytes:
    """Print as ``ASN1_TIME_print`` does: ``Nov 18 21:58:36 2036 GMT``."""
    return f"{moment(time):%b} {moment(time).day:2} {moment(time):%H:%M:%S %Y} GMT".encode("ascii")


def openssl_serial_number(fields: CertificateFields) -> bytes:
    """Print as ``i2a_ASN1_INTEGER`` does: whole octets, upper case, a sign before a negative number."""
    number = int.from_bytes(fields.serial_number, signed=True)
    digits = f"{abs(number):X}"
    return f"{'-' if number < 0 else ''}{'0' * (len(digits) % 2)}{digits}".encode("ascii")


def _days_left(handshake: Handshake) -> bytes | None:
    fields = handshake.fields
    if fields is None:
        return None
    left = moment(fields.not_after) - handshake.at
    return str(max(left.days, 0)).encode("ascii")


def _name(write: Callable[..., bytes], role: str) -> Callable[[CertificateFields], bytes]:
    return lambda fields: write(getattr(fields, role))


NGINX = Language(
    name="nginx",
    pattern=re.compile(r"\$\w+"),
    variables={
        "$ssl_client_escaped_cert": of_leaf(escaped_pem),
        "$ssl_client_cert": of_leaf(folded_pem),
        "$ssl_client_raw_cert": of_leaf(pem),
        "$ssl_client_verify": openssl_verdict,
        "$ssl_client_s_dn": of_fields(_name(openssl_name, "subject")),
        "$ssl_client_i_dn": of_fields(_name(openssl_name, "issuer")),
        "$ssl_client_s_dn_legacy": of_fields(_name(openssl_oneline, "subject")),
        "$ssl_client_i_dn_legacy": of_fields(_name(openssl_oneline, "issuer")),
        "$ssl_client_serial": of_fields(openssl_serial_number),
        "$ssl_client_fingerprint": of_leaf(lambda der: sha1(der, usedforsecurity=False).hexdigest().encode("ascii")),
        "$ssl_client_v_start": of_fields(lambda fields: openssl_time(fields.not_before)),
        "$ssl_client_v_end": of_fields(lambda fields: openssl_time(fields.not_after)),
        "$ssl_client_v_remain": _days_left,
    },
    drops_empty=True,
)

_INGRESS_NGINX = replace(NGINX, name="ingress-nginx")
CERTIFICATE_LINE = ("ssl-client-cert", "$ssl_client_escaped_cert")
VERDICT_LINE = ("ssl-client-verify", "$ssl_client_verify")
NAME_LINES = (("ssl-client-subject-dn", "$ssl_client_s_dn"), ("ssl-client-issuer-dn", "$ssl_client_i_dn"))

NGINX_PRODUCER = HeaderLines(NGINX, (CERTIFICATE_LINE, VERDICT_LINE))
"""The lines of ``clientcert snippet nginx``."""


def ingress_nginx(*, pass_certificate: bool = True) -> HeaderLines:
    """
    The lines that ingress-nginx adds for a host with ``auth-tls-secret``.

    Args:
        pass_certificate: ``auth-tls-pass-certificate-to-upstream``; its default there is false.
    """
    return HeaderLines(_INGRESS_NGINX, (*((CERTIFICATE_LINE,) if pass_certificate else ()), VERDICT_LINE, *NAME_LINES))
