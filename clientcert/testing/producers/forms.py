"""Certificates as terminators write them into a header; one function for each form, none of them reads anything."""

from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import quote

from clientcert.testing.issued import escape_pem, pem


def base64_der(der: bytes) -> bytes:
    """One line of base64 with padding."""
    return b64encode(der)


def escaped_base64_der(der: bytes) -> bytes:
    """Traefik up to 2.9: base64, of which ``+ / =`` are percent-escaped."""
    return quote(b64encode(der), safe="").encode("ascii")


def escaped_pem(der: bytes) -> bytes:
    """nginx, Envoy: all but unreserved characters as ``%XX``, the final newline included."""
    return escape_pem(pem(der))


def aws_escaped_pem(*ders: bytes) -> bytes:
    """An Application Load Balancer: ``+ = /`` stay as they are; one certificate behind the other."""
    return quote(b"".join(map(pem, ders)), safe="+=/").encode("ascii")


def apache_escaped_pem(der: bytes) -> bytes:
    """Apache's ``escape`` function: as Amazon's, in lower case."""
    return aws_escaped_pem(der).replace(b"%0A", b"%0a")


def apache_base64_pem(der: bytes) -> bytes:
    """Apache's ``base64`` function: of the text, not of the DER."""
    return b64encode(pem(der))


def folded_pem(der: bytes) -> bytes:
    """Nginx's deprecated ``$ssl_client_cert``: a tab behind each line feed but the last, which is left out."""
    return pem(der).removesuffix(b"\n").replace(b"\n", b"\n\t")


def spaced_pem(der: bytes) -> bytes:
    """Apache's ``%{SSL_CLIENT_CERT}s``: a space for each line feed, the last one too."""
    return pem(der).replace(b"\n", b" ")


def byte_sequence(der: bytes) -> bytes:
    """Byte Sequence of RFC 8941 §3.3.5: base64 between colons."""
    return b":" + b64encode(der) + b":"


def byte_sequences(ders: Iterable[bytes]) -> bytes:
    """List of those (RFC 9440 §2.3)."""
    return b", ".join(map(byte_sequence, ders))
