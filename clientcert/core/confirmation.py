"""
Certificate-bound access tokens (RFC 8705 §3): is the client the one that the token was issued to?

Works with the claims of any JWT library, and with an introspection response: both are mappings with ``cnf`` in them.
"""

import hmac
from collections.abc import Mapping
from typing import Any, Final

from clientcert.core.identity import ClientIdentity, EvidenceLevel

CONFIRMATION_CLAIM: Final = "cnf"  # RFC 7800 §3.1
THUMBPRINT_MEMBER: Final = "x5t#S256"  # RFC 8705 §3.1


def confirms(
    identity: ClientIdentity | None,
    claims: Mapping[str, Any],
    *,
    at_least: EvidenceLevel = EvidenceLevel.PROXY_VERDICT,
) -> bool:
    """
    Whether the client's certificate is the one that a token is bound to; see `confirmation_problem`.

    Takes the same time wherever two thumbprints differ.
    """
    return not confirmation_problem(identity, claims, at_least=at_least)


def confirmation_problem(
    identity: ClientIdentity | None,
    claims: Mapping[str, Any],
    *,
    at_least: EvidenceLevel = EvidenceLevel.PROXY_VERDICT,
) -> str:
    """
    Why a client's certificate does not confirm a token.

    Args:
        identity: The client; None where there is none.
        claims: Of a token whose signature, issuer, audience and dates have been verified, or an introspection response.
        at_least: What must have been proven of the certificate. A proxy that sends names only proves none, whatever
            is set here, because there is no thumbprint then.

    Returns:
        Empty text when it does; else the reason, ASCII, without a byte of the token's, for the log.

    Not checked here: the token itself.
    """
    if identity is None:
        return "there is no client certificate"
    if identity.evidence.level < at_least or identity.x5t_s256 is None:
        return f"evidence {identity.evidence.level.name} is too low for a confirmation, wanted {at_least.name}"
    confirmation = claims.get(CONFIRMATION_CLAIM)
    if not isinstance(confirmation, Mapping) or THUMBPRINT_MEMBER not in confirmation:
        return f"the token is not bound to a certificate: it has no {CONFIRMATION_CLAIM}.{THUMBPRINT_MEMBER}"
    thumbprint = confirmation[THUMBPRINT_MEMBER]
    # Compared as text: padding, hex and base64 with other characters are not what RFC 8705 §3.1 defines.
    if not isinstance(thumbprint, str) or not thumbprint.isascii():
        return f"{CONFIRMATION_CLAIM}.{THUMBPRINT_MEMBER} is not base64url text"
    if not hmac.compare_digest(thumbprint, identity.x5t_s256):
        return "the token is bound to another certificate"
    return ""
