"""HAProxy, and the router of OpenShift."""

import re
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha1, sha256

from clientcert.testing.producers.fields import CertificateFields, Element
from clientcert.testing.producers.forms import base64_der
from clientcert.testing.producers.handshake import OPENSSL_RESULTS, Handshake, Variable, of_fields, of_leaf
from clientcert.testing.producers.lines import HeaderLines, Language
from clientcert.testing.producers.name_text import first_common_name, haproxy_name, haproxy_text, openssl_name

# tune.bufsize; what does not fit is empty.
_BUFFER_BYTES = 16_384
_GENERALIZED_TIME = 0x18
_KEY_ALGORITHMS = {
    "1.2.840.10045.2.1": b"id-ecPublicKey",
    "1.2.840.113549.1.1.1": b"rsaEncryption",
    "1.3.101.112": b"ED25519",
    "1.3.101.113": b"ED448",
}
# The last error instead of the first: X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY comes before number 21.
_FIRST_ERRORS = {21: 20}


def _result(handshake: Handshake) -> int:
    return 0 if handshake.failure is None else OPENSSL_RESULTS[handshake.failure][0]


def _number(write: Callable[[Handshake], int | bool]) -> Variable:
    return lambda handshake: str(int(write(handshake))).encode("ascii")


def _certificate(der: bytes) -> bytes:
    return base64_der(der) if len(der) <= _BUFFER_BYTES else b""


def _time(time: Element) -> bytes:
    return time.content[2:] if time.tag == _GENERALIZED_TIME else time.content


def _common_name(fields: CertificateFields) -> bytes | None:
    attribute = first_common_name(fields.subject)
    return None if attribute is None else haproxy_text(attribute.value.content)


_VARIABLES: dict[str, Variable] = {
    "%[ssl_c_used]": _number(lambda handshake: handshake.certificate is not None),
    "%[ssl_fc_has_crt]": _number(lambda handshake: handshake.certificate is not None),
    "%[ssl_c_verify]": _number(_result),
    "%[ssl_c_err]": _number(lambda handshake: _FIRST_ERRORS.get(_result(handshake), _result(handshake))),
    "%[ssl_c_ca_err]": _number(lambda _: 0),
    "%[ssl_c_ca_err_depth]": _number(lambda _: 0),
    "%[ssl_c_der,base64]": of_leaf(_certificate),
    "%[ssl_c_chain_der,base64]": lambda handshake: base64_der(b"".join(handshake.intermediates)),
    "%[ssl_c_sha1,hex]": of_leaf(lambda der: sha1(der, usedforsecurity=False).hexdigest().upper().encode("ascii")),
    "%[ssl_c_der,sha2(256),hex]": of_leaf(lambda der: sha256(der).hexdigest().upper().encode("ascii")),
    "%[ssl_c_s_dn]": of_fields(lambda fields: haproxy_name(fields.subject)),
    "%[ssl_c_i_dn]": of_fields(lambda fields: haproxy_name(fields.issuer)),
    "%[ssl_c_s_dn(,0,rfc2253)]": of_fields(lambda fields: openssl_name(fields.subject)),
    "%[ssl_c_i_dn(,0,rfc2253)]": of_fields(lambda fields: openssl_name(fields.issuer)),
    "%[ssl_c_s_dn(cn)]": of_fields(_common_name),
    "%[ssl_c_serial,hex]": of_fields(lambda fields: fields.serial_number.hex().upper().encode("ascii")),
    "%[ssl_c_version]": of_fields(lambda fields: str(fields.version).encode("ascii")),
    "%[ssl_c_notbefore]": of_fields(lambda fields: _time(fields.not_before)),
    "%[ssl_c_notafter]": of_fields(lambda fields: _time(fields.not_after)),
    "%[ssl_c_key_alg]": of_fields(lambda fields: _KEY_ALGORITHMS.get(fields.key_algorithm)),
}
# The same without quotes around it in 2.6.
_VARIABLES["%{+Q}[ssl_c_s_dn]"] = _VARIABLES["%[ssl_c_s_dn]"]

HAPROXY = Language(
    name="haproxy",
    pattern=re.compile(r"%(\{\+Q\})?\[[^\]]*\]"),
    variables=_VARIABLES,
    spell=str.lower,
)

HAPROXY_PRODUCER = HeaderLines(
    HAPROXY,
    (
        ("ssl-client-verify", "NONE", "absent"),
        ("ssl-client-verify", "%[ssl_c_verify]", "presented"),
        ("ssl-client-cert", "%[ssl_c_der,base64]", "presented"),
    ),
)
"""The lines of ``clientcert snippet haproxy``."""

OPENSHIFT_PRODUCER = HeaderLines(
    replace(HAPROXY, name="openshift"),
    (
        ("X-SSL", "1"),
        ("X-SSL-Client-Verify", "%[ssl_c_verify]"),
        ("X-SSL-Client-Serial", "%[ssl_c_serial,hex]"),
        ("X-SSL-Client-Version", "%[ssl_c_version]"),
        ("X-SSL-Client-SHA1", "%[ssl_c_sha1,hex]"),
        ("X-SSL-Client-DN", "%[ssl_c_s_dn]"),
        ("X-SSL-Client-CN", "%[ssl_c_s_dn(cn)]"),
        ("X-SSL-Issuer", "%[ssl_c_i_dn]"),
        ("X-SSL-Client-NotBefore", "%[ssl_c_notbefore]"),
        ("X-SSL-Client-NotAfter", "%[ssl_c_notafter]"),
        ("X-SSL-Client-DER", "%[ssl_c_der,base64]"),
    ),
)
"""The lines of the router's template."""
