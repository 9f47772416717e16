"""Where no header tells: the app's own TLS connection, and the event of API Gateway."""

from dataclasses import dataclass
from typing import Any, Literal

from clientcert.core.facts import Header
from clientcert.testing.issued import IssuedCertificate
from clientcert.testing.producers.fields import fields_of
from clientcert.testing.producers.handshake import Handshake
from clientcert.testing.producers.name_text import openssl_name
from clientcert.testing.producers.nginx import openssl_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """
    A producer without headers.

    Attributes:
        sends_chain: The app sees the intermediates, too.
        tells_failure: False: a handshake with a bad certificate does not reach the app.
    """

    name: str
    sends_chain: bool
    tells_failure: bool = False

    def headers(self, handshake: Handshake, extra: tuple[tuple[str, bytes], ...]) -> tuple[Header, ...]:  # noqa: ARG002
        """See `Producer`: what is configured beside, and nothing about the client."""
        return tuple((name.encode("latin-1"), value) for name, value in extra)

    def tls_chain(self, handshake: Handshake) -> tuple[bytes, ...] | None:
        """See `Producer`; empty without a certificate."""
        if handshake.der is None:
            return ()
        return (handshake.der, *(handshake.intermediates if self.sends_chain else ()))


TLS_PRODUCER = Connection(name="tls", sends_chain=True)
AWS_API_GATEWAY_PRODUCER = Connection(name="aws-api-gateway", sends_chain=False)


def api_gateway_event(
    certificate: IssuedCertificate | None, *, payload: Literal["1.0", "2.0"] = "2.0"
) -> dict[str, Any]:
    """
    Make the part of a Lambda event in which API Gateway describes the client (from documentation, not run).

    Args:
        certificate: What the client presented; None for nothing.
        payload: Format of the event; 1.0 is what REST APIs send, too.

    Returns:
        The event for ``scope["aws.event"]``, which Mangum puts there.
    """
    described = None if certificate is None else _described(certificate)
    holder = "identity" if payload == "1.0" else "authentication"
    return {"version": payload, "requestContext": {"apiId": "a1b2c3d4e5", holder: {"clientCert": described}}}


def _described(certificate: IssuedCertificate) -> dict[str, Any]:
    described: dict[str, Any] = {"clientCertPem": certificate.pem.decode("ascii")}
    fields = fields_of(certificate.der)
    if fields is not None:
        described |= {
            "subjectDN": openssl_name(fields.subject).decode("ascii"),
            "issuerDN": openssl_name(fields.issuer).decode("ascii"),
            "serialNumber": fields.serial_number.hex(":"),
            "validity": {
                "notBefore": openssl_time(fields.not_before).decode("ascii"),
                "notAfter": openssl_time(fields.not_after).decode("ascii"),
            },
        }
    return described
