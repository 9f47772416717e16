"""How WSGI servers that describe the client's certificate in keys of their own would describe it."""

from typing import Any

from clientcert.testing.issued import pem


def server_keys(server: str | None, chain: tuple[bytes, ...]) -> dict[str, Any]:
    """
    Keys of an environ below a server that ``TLSSocket(server=...)`` names; none for every other.

    Args:
        server: One of `ENVIRON_SERVERS`, or None.
        chain: DER, leaf first; empty for a client without a certificate.
    """
    if server == "uwsgi":
        # Without a certificate it says nothing, and without TLS it has nothing to say.
        shown = {"HTTPS_CLIENT_CERTIFICATE": chain[0].decode("latin-1")} if chain else {"wsgi.url_scheme": "http"}
        return {"uwsgi.version": b"2.0", **shown}
    if server == "mod_wsgi":
        return {"mod_wsgi.version": (5, 0), **_mod_ssl(chain)}
    if server == "cheroot":
        return {"ACTUAL_SERVER_PROTOCOL": "HTTP/1.1", **_mod_ssl(chain)}
    return {}


def _mod_ssl(chain: tuple[bytes, ...]) -> dict[str, str]:
    texts = [pem(der).decode("ascii") for der in chain]
    if not texts:
        return {"SSL_CLIENT_VERIFY": "NONE", "SSL_CLIENT_CERT": ""}
    sent = {f"SSL_CLIENT_CERT_CHAIN_{number}": text for number, text in enumerate(texts[1:])}
    return {"SSL_CLIENT_VERIFY": "SUCCESS", "SSL_CLIENT_CERT": texts[0], **sent}
