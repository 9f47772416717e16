"""The TLS peer of an ASGI request: below our bridges, or in the standard ``scope["extensions"]["tls"]``."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from itertools import islice
from typing import Any

from clientcert.servers.connection import CONNECTION_SCOPE_KEY, TlsConnection
from clientcert.servers.evidence import MAX_SENT_INTERMEDIATES, TlsEvidence, chain_of, der_of
from clientcert.servers.recognition import unread_asgi_server

EMPTY_CHAIN = "extensions.tls shows an empty chain, which some servers also do when they cannot tell"

_UNREADABLE = "extensions.tls is not as the ASGI TLS extension describes it: "


class ConnectionApp:
    """The app as one connection calls it: outside the server's own middleware, which may rewrite ``client``."""

    __slots__ = ("app", "connection")

    def __init__(self, app: Callable[..., Awaitable[None]], connection: TlsConnection) -> None:
        self.app = app
        self.connection = connection

    # hypercorn passes two more arguments, for its own wrapper around the app.
    def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any, *rest: Any) -> Awaitable[None]:
        """Call the app with the connection in its scope."""
        scope[CONNECTION_SCOPE_KEY] = self.connection
        return self.app(scope, receive, send, *rest)


def evidence_from_scope(scope: Mapping[str, Any]) -> TlsEvidence:
    """
    Read what the server itself says in a scope that none of our bridges has touched.

    The extension is taken in every shape that exists or is proposed: specification 0.2 and its draft 0.3, nonecorn,
    and uvicorn's proposals. Only `client_cert_chain`, `client_cert` and `client_cert_error` are believed; a name
    without a certificate is no evidence, because it cannot be verified.

    Returns:
        No chain at all (``None``), with a note that names the way out, for a server that gives no such data.
        Never raises for anything that a server has put there.
    """
    extensions = scope.get("extensions")
    if not isinstance(extensions, Mapping) or "tls" not in extensions:
        return TlsEvidence(note=unread_asgi_server(scope))
    tls = extensions["tls"]
    if not isinstance(tls, Mapping):
        return TlsEvidence(note=f"{_UNREADABLE}{type(tls).__name__}, wanted a dict")
    error = tls.get("client_cert_error")
    try:
        chain = _chain(tls)
    except (AttributeError, OSError, TypeError, ValueError) as exc:
        # The chain may be a generator that asks a TLS object which is closed by now.
        return TlsEvidence(error=_text(error), note=f"{_UNREADABLE}{exc}")
    if chain is None or (not chain and scope.get("http_version") == "3"):
        # QUIC listeners ask nobody, so that theirs is empty whatever the client has.
        return TlsEvidence(error=_text(error), note=unread_asgi_server(scope))
    return TlsEvidence(chain=chain, error=_text(error), note=None if chain else EMPTY_CHAIN)


def _chain(tls: Mapping[str, Any]) -> tuple[bytes, ...] | None:
    """Certificates of the extension; None where it has a place for them neither filled nor empty."""
    if "client_cert_chain" not in tls and "client_cert" not in tls:
        return None
    listed = _listed(tls)
    single = tls.get("client_cert") or None
    chain = chain_of(listed) if listed else () if single is None else (der_of(single),)
    if single is not None and der_of(single) != chain[0]:
        raise ValueError("client_cert is not the first of client_cert_chain")
    # pyvoy's kind: somebody was identified, and we are not shown by what.
    return None if not chain and tls.get("client_cert_name") else chain


def _listed(tls: Mapping[str, Any]) -> tuple[object, ...]:
    value = tls.get("client_cert_chain")
    if value is None or isinstance(value, list | tuple):
        return tuple(value or ())
    if isinstance(value, str | bytes):
        return (value,)
    materialised = tuple(islice(value, MAX_SENT_INTERMEDIATES + 1))
    if isinstance(tls, MutableMapping):
        # A generator answers once, and a connection's dict is shared by its requests.
        tls["client_cert_chain"] = materialised
    return materialised


def _text(error: object) -> str | None:
    return None if error is None or error == "" else str(error)
