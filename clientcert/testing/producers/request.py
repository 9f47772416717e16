"""From a certificate and a producer to the request that the app receives."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from clientcert.core.proxy import DEFAULT_SECRET_HEADER
from clientcert.core.sources import Source
from clientcert.testing.client_request import ClientRequest
from clientcert.testing.issued import IssuedCertificate
from clientcert.testing.producers.handshake import Failure, Handshake, Producer, Verdict
from clientcert.testing.producers.registry import producer_of

Via: TypeAlias = str | Source | Producer
"""Preset name or alias, the configuration's own source, or a producer with options."""

Proof: TypeAlias = str | bytes | tuple[str, str | bytes]
"""The secret of a `SharedSecret`, or header name and secret where the name is not the usual one."""


def write_request(  # noqa: PLR0913 - each is a fact about the connection
    certificate: IssuedCertificate | None,
    *,
    via: Via,
    verdict: Verdict = "verified",
    failure: Failure | None = None,
    chain: Sequence[bytes] | None = None,
    proof: Proof | None = None,
    at: datetime | None = None,
) -> ClientRequest:
    """Do what `clientcert.testing.as_client` describes, for a certificate or for none."""
    producer = producer_of(via)
    if failure is not None or verdict == "failed":
        failure = failure or "unknown-issuer"
        _check_failure(producer, verdict)
    if certificate is None or verdict == "none":
        certificate, failure = None, None
    intermediates = () if certificate is None else certificate.intermediates if chain is None else tuple(chain)
    handshake = Handshake(
        certificate=certificate, intermediates=intermediates, failure=failure, at=at or datetime.now(UTC)
    )
    return ClientRequest(
        headers=producer.headers(handshake, () if proof is None else (_proof_header(proof),)),
        via=producer.name,
        certificate=certificate,
        tls_chain=producer.tls_chain(handshake),
    )


def _check_failure(producer: Producer, verdict: Verdict) -> None:
    if verdict == "none":
        raise ValueError("verdict='none' is a client without a certificate: there is no failure to give")
    if not producer.tells_failure:
        raise ValueError(
            f"{producer.name} has no word for a bad certificate: it forwards it like a good one or not at all; "
            "issue a bad certificate and leave the verdict as it is"
        )


def _proof_header(proof: Proof) -> tuple[str, bytes]:
    name, secret = proof if isinstance(proof, tuple) else (DEFAULT_SECRET_HEADER, proof)
    return name, secret.encode("latin-1") if isinstance(secret, str) else secret
