"""The producer that a configured source describes, by its declaration: ``via=Nginx(certificate="x-cert")``."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import partial

from clientcert.core.sources import HeaderSource
from clientcert.testing.producers.envoy import Xfcc
from clientcert.testing.producers.fields import CertificateFields
from clientcert.testing.producers.forms import (
    apache_base64_pem,
    apache_escaped_pem,
    aws_escaped_pem,
    base64_der,
    byte_sequence,
    byte_sequences,
    escaped_base64_der,
    escaped_pem,
    folded_pem,
    spaced_pem,
)
from clientcert.testing.producers.handshake import OPENSSL_RESULTS, Handshake, Producer, Variable, of_fields
from clientcert.testing.producers.lines import HeaderLines, Language
from clientcert.testing.producers.name_text import openssl_name

Write = Callable[[tuple[bytes, ...]], bytes]

# Form → what is written of the leaf and the certificates behind it, or of those alone in a chain header.
_FORMS: dict[str, Write] = {
    "escaped-pem": lambda ders: escaped_pem(ders[0]),
    "folded-pem": lambda ders: folded_pem(ders[0]),
    "spaced-pem": lambda ders: spaced_pem(ders[0]),
    "base64-pem": lambda ders: apache_base64_pem(ders[0]),
    "apache-escaped-pem": lambda ders: apache_escaped_pem(ders[0]),
    "aws-escaped-pem": lambda ders: aws_escaped_pem(*ders),
    "base64-der": lambda ders: base64_der(ders[0]),
    "base64-der-list": lambda ders: b",".join(map(base64_der, ders)),
    "escaped-base64-der-list": lambda ders: b",".join(map(escaped_base64_der, ders)),
    "base64-der-sequence": lambda ders: base64_der(b"".join(ders)),
    "rfc9440": lambda ders: byte_sequence(ders[0]),
    "rfc9440-list": byte_sequences,
}
_NAMES: dict[str, Callable[[CertificateFields, str], bytes]] = {
    "openssl": lambda fields, role: openssl_name(getattr(fields, role)),
    "raw-utf8": lambda fields, role: openssl_name(getattr(fields, role), raw_utf8=True),
    "base64-der": lambda fields, role: b64encode(getattr(fields, f"{role}_der")),
}


def configured(source: HeaderSource) -> Producer:
    """
    Make the producer that writes what a source reads, and nothing else.

    Names are lower-case, in the order certificate, chain, verdict, presence, conditions, names, serial number. A bad
    certificate makes the verdict ``FAILED:…``, a number or ``false``, after the token of success.
    """
    if source.certificate is not None and source.encoding.name.startswith("xfcc"):
        return Xfcc(json=source.encoding.name == "xfcc-json")
    if source.fingerprint is not None:
        return Xfcc(details=())
    variables = dict(_variables(source))
    language = Language(
        name=source.name,
        pattern=re.compile(r"\{.+\}"),
        variables={f"{{{name}}}": variable for name, variable in variables.items()},
        drops_empty=True,
        tells_failure=source.verdict is not None,
    )
    return HeaderLines(language, tuple((name, f"{{{name}}}") for name in variables))


def _variables(source: HeaderSource) -> Iterator[tuple[str, Variable]]:
    if source.certificate is not None:
        form = _FORMS[source.encoding.name]
        carries_chain = source.encoding.carries_chain
        yield (
            source.certificate,
            _presented(lambda h: form((h.der or b"", *(h.intermediates if carries_chain else ())))),
        )
    yield from _chain(source)
    if source.verdict is not None:
        yield source.verdict, _verdict(source)
    if source.presence is not None:
        given, none = (token.encode("ascii") for token in source.presence_tokens)
        yield source.presence, lambda handshake: none if handshake.certificate is None else given
    yield from ((name, _presented(partial(_constant, value))) for name, value in source.conditions)
    write_name = _NAMES[source.dn_dialect.name]
    if source.subject_dn is not None:
        yield source.subject_dn, of_fields(lambda fields: write_name(fields, "subject"))
    if source.issuer_dn is not None:
        yield source.issuer_dn, of_fields(lambda fields: write_name(fields, "issuer"))
    if source.serial_number is not None:
        yield source.serial_number, of_fields(lambda fields: fields.serial_number.hex().encode("ascii"))


def _chain(source: HeaderSource) -> Iterator[tuple[str, Variable]]:
    write = _FORMS[source.chain_encoding.name]
    for number, name in enumerate(source.chain):
        # The last header takes all that is left, where its form can.
        end = None if source.chain_encoding.carries_chain else number + 1
        yield name, partial(_links, write, slice(number, end))


def _links(write: Write, part: slice, handshake: Handshake) -> bytes | None:
    links = handshake.intermediates[part]
    return write(links) if links else None


def _constant(value: str, _: Handshake) -> bytes:
    return value.encode("ascii")


def _presented(write: Callable[[Handshake], bytes]) -> Variable:
    return lambda handshake: None if handshake.certificate is None else write(handshake)


def _verdict(source: HeaderSource) -> Variable:
    success = source.success.encode("ascii")
    absent = source.absent[0].encode("ascii") if source.absent else success if source.success == "0" else b"false"

    def write(handshake: Handshake) -> bytes:
        if handshake.certificate is None:
            return absent
        if handshake.failure is None:
            return success
        number, text = OPENSSL_RESULTS[handshake.failure]
        return {b"0": str(number), b"true": "false"}.get(success, f"FAILED:{text}").encode("ascii")

    return write
