"""What a terminator knows of a client that it has shaken hands with, and what it may make of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from clientcert.core.facts import Header
from clientcert.testing.issued import IssuedCertificate
from clientcert.testing.producers.fields import CertificateFields, fields_of

Verdict: TypeAlias = Literal["verified", "none", "failed"]
"""What the producer says: good, no certificate presented, or presented and found bad but forwarded all the same."""

Failure: TypeAlias = Literal[
    "expired", "not-yet-valid", "self-signed", "unknown-issuer", "chain-too-long", "revoked", "wrong-purpose"
]
"""Why a verdict is ``failed``."""

# Number and text of OpenSSL 3.0 (X509_verify_cert_error_string); "chain-too-long" is how it says that the depth which
# nginx or Apache allows was exceeded.
OPENSSL_RESULTS: dict[Failure, tuple[int, str]] = {
    "not-yet-valid": (9, "certificate is not yet valid"),
    "expired": (10, "certificate has expired"),
    "self-signed": (18, "self-signed certificate"),
    "chain-too-long": (20, "unable to get local issuer certificate"),
    "unknown-issuer": (21, "unable to verify the first certificate"),
    "revoked": (23, "certificate revoked"),
    "wrong-purpose": (26, "unsuitable certificate purpose"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """
    One TLS connection as its terminator sees it.

    Attributes:
        certificate: What the client presented; None for nothing.
        intermediates: DER of what it presented behind the leaf.
        failure: Why the terminator found the certificate bad; None where it is good or absent.
        at: The terminator's time, aware.
    """

    certificate: IssuedCertificate | None
    intermediates: tuple[bytes, ...]
    failure: Failure | None
    at: datetime

    @property
    def der(self) -> bytes | None:
        """The leaf."""
        return None if self.certificate is None else self.certificate.der

    @property
    def fields(self) -> CertificateFields | None:
        """The leaf's fields; None without a leaf, and for one that nobody can read."""
        return None if self.certificate is None else fields_of(self.certificate.der)


Variable: TypeAlias = Callable[[Handshake], bytes | None]
"""One thing that a producer can write about a connection; None where there is nothing to write."""


class Producer(Protocol):
    """Something in front of an app that tells it who the client is."""

    @property
    def name(self) -> str:
        """What `ClientRequest.via` says."""

    @property
    def tells_failure(self) -> bool:
        """Whether it can say that the certificate was found bad."""

    def headers(self, handshake: Handshake, extra: tuple[tuple[str, bytes], ...]) -> tuple[Header, ...]:
        """
        The headers that it writes.

        Args:
            handshake: The client's connection.
            extra: Names and values that are configured beside them, such as a secret.
        """

    def tls_chain(self, handshake: Handshake) -> tuple[bytes, ...] | None:
        """What the app sees of the TLS connection itself; None where that ends at the producer."""


def of_leaf(write: Callable[[bytes], bytes]) -> Variable:
    """Make a variable of what is written from the DER of the leaf."""
    return lambda handshake: None if handshake.der is None else write(handshake.der)


def of_fields(write: Callable[[CertificateFields], bytes | None]) -> Variable:
    """Make a variable of what is written from the leaf's fields."""
    return lambda handshake: None if handshake.fields is None else write(handshake.fields)


def openssl_verdict(handshake: Handshake) -> bytes:
    """Say ``SUCCESS``, ``NONE`` or ``FAILED:`` and OpenSSL's text, as nginx and Apache do."""
    if handshake.certificate is None:
        return b"NONE"
    return b"SUCCESS" if handshake.failure is None else b"FAILED:" + OPENSSL_RESULTS[handshake.failure][1].encode()
