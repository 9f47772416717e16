"""Apache httpd with mod_ssl and mod_headers."""

import re
from collections.abc import Callable, Iterator
from functools import partial

from clientcert.testing.issued import pem
from clientcert.testing.producers.fields import CertificateFields, Name
from clientcert.testing.producers.forms import apache_base64_pem, apache_escaped_pem, spaced_pem
from clientcert.testing.producers.handshake import Handshake, Variable, of_fields, of_leaf, openssl_verdict
from clientcert.testing.producers.lines import HeaderLines, Language
from clientcert.testing.producers.name_text import apache_component, first_common_name, openssl_name, openssl_oneline
from clientcert.testing.producers.nginx import openssl_serial_number, openssl_time

_LISTED = 10


def _link(number: int, write: Callable[[bytes], bytes]) -> Variable:
    return lambda handshake: write(handshake.intermediates[number]) if number < len(handshake.intermediates) else None


def _one_of(names: tuple[bytes, ...], number: int) -> bytes | None:
    return names[number] if number < len(names) else None


def _common_name(fields: CertificateFields) -> bytes | None:
    attribute = first_common_name(fields.subject)
    return None if attribute is None else apache_component(attribute)


def _dns_name(number: int) -> Variable:
    return of_fields(lambda fields: _one_of(fields.dns_names, number))


def _email_address(number: int) -> Variable:
    return of_fields(lambda fields: _one_of(fields.email_addresses, number))


def _attributes(write_name: Callable[[Name], bytes]) -> dict[str, Variable]:
    return {
        "SSL_CLIENT_VERIFY": openssl_verdict,
        # The empty name is as good as none.
        "SSL_CLIENT_S_DN": of_fields(lambda fields: write_name(fields.subject) or None),
        "SSL_CLIENT_I_DN": of_fields(lambda fields: write_name(fields.issuer) or None),
        "SSL_CLIENT_S_DN_CN": of_fields(_common_name),
        "SSL_CLIENT_M_SERIAL": of_fields(openssl_serial_number),
        "SSL_CLIENT_V_START": of_fields(lambda fields: openssl_time(fields.not_before)),
        "SSL_CLIENT_V_END": of_fields(lambda fields: openssl_time(fields.not_after)),
        **{f"SSL_CLIENT_SAN_DNS_{number}": _dns_name(number) for number in range(_LISTED)},
        **{f"SSL_CLIENT_SAN_Email_{number}": _email_address(number) for number in range(_LISTED)},
    }


def _certificates(
    name: str, variable: Callable[[Callable[[bytes], bytes]], Variable]
) -> Iterator[tuple[str, Variable]]:
    yield f"%{{{name}}}s", variable(spaced_pem)
    yield f"expr=%{{{name}}}", variable(pem)
    yield f"expr=%{{escape:%{{{name}}}}}", variable(apache_escaped_pem)
    yield f"expr=%{{base64:%{{{name}}}}}", variable(apache_base64_pem)


def _variables(write_name: Callable[[Name], bytes]) -> dict[str, Variable]:
    made = dict(_certificates("SSL_CLIENT_CERT", of_leaf))
    for number in range(_LISTED):
        made |= _certificates(f"SSL_CLIENT_CERT_CHAIN_{number}", partial(_link, number))
    for name, variable in _attributes(write_name).items():
        made |= {f"%{{{name}}}s": variable, f"%{{{name}}}e": variable, f"expr=%{{{name}}}": variable}
    return made


def _unset(variable: str, _: Handshake) -> str:
    return "" if variable.startswith("expr=") else "(null)"


def _language(name: str, write_name: Callable[[Name], bytes]) -> Language:
    pattern = re.compile(r"expr=.*|%\{\w+\}[se]")
    return Language(name=name, pattern=pattern, variables=_variables(write_name), unset=_unset)


APACHE = _language("apache", partial(openssl_name, raw_utf8=True))
APACHE_LEGACY_NAMES = _language("apache-legacy-names", openssl_oneline)
"""With ``SSLOptions +LegacyDNStringFormat``."""

APACHE_PRODUCER = HeaderLines(
    APACHE,
    (
        ("ssl-client-verify", "expr=%{SSL_CLIENT_VERIFY}"),
        ("ssl-client-cert", "expr=%{escape:%{SSL_CLIENT_CERT}}", "verified"),
    ),
)
"""The lines of ``clientcert snippet apache``."""
