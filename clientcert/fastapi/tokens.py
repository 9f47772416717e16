"""Bearer tokens that are bound to the client's certificate (RFC 8705 §3), whoever verifies them."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import Depends
from fastapi.requests import HTTPConnection

from clientcert.core.policy import authenticated
from clientcert.runtime.authorization import token_refusal
from clientcert.starlette.marks import mark
from clientcert.starlette.refusal import client_identity, gate_of, refused

Claims = Mapping[str, Any]


def certificate_bound(verified_claims: Callable[..., Any]) -> Callable[..., Any]:
    """
    Make a dependency that gives a token's claims to nobody but the client that the token was issued to.

    Args:
        verified_claims: The app's own dependency, with any JWT library or by introspection: returns the claims of a
            token whose signature, issuer, audience and dates it has verified, and refuses any other.

    Returns:
        A dependency with the same value. It refuses with 401 and ``invalid_token`` (RFC 8705 §3) a token that is not
        bound to the client's certificate, one that is not bound at all, and a client of whom too little is proven.
        A configuration that only reports refuses nothing here either: it lets a stolen token through, and says so.
    """

    async def bound_claims(connection: HTTPConnection, claims: Annotated[Claims, Depends(verified_claims)]) -> Claims:
        identity = client_identity(connection)
        problem = token_refusal(gate_of(connection), identity, claims)
        if problem is not None:
            raise await refused(problem, connection)
        return claims

    mark(bound_claims, authenticated())
    return bound_claims
