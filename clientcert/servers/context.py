"""Build the server side of mutual TLS for every server that takes an `ssl.SSLContext`."""

import os
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from clientcert.errors import ConfigurationError

ClientVerification = Literal["required", "optional"]

_VERIFY_MODES = {"required": ssl.CERT_REQUIRED, "optional": ssl.CERT_OPTIONAL}
_BEGIN_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_END_CERTIFICATE = b"-----END CERTIFICATE-----"

# RFC 8996 forbids TLS 1.0 and 1.1.
_OLDEST_VERSION = ssl.TLSVersion.TLSv1_2

FilePath = str | os.PathLike[str]


def ssl_context(  # noqa: PLR0913 - one keyword for each choice, as in ssl itself
    certfile: FilePath,
    keyfile: FilePath | None = None,
    *,
    client_ca: FilePath,
    verify: ClientVerification = "required",
    password: str | None = None,
    minimum_version: ssl.TLSVersion = _OLDEST_VERSION,
    alpn_protocols: Sequence[str] = (),
) -> ssl.SSLContext:
    """
    Make a server-side TLS context that asks for a client certificate.

    Only the CAs of `client_ca` are trusted, never the system's. The verification flags are the same on every
    Python: neither ``VERIFY_X509_STRICT`` nor ``VERIFY_X509_PARTIAL_CHAIN``, which
    `ssl.create_default_context` has set since 3.13; the library's own profile decides on top of the handshake.

    Args:
        certfile: PEM file of the server's certificate, then its intermediates.
        keyfile: PEM file of its private key; ``None`` when the key is in `certfile`.
        client_ca: PEM file of the CAs whose clients are let in: the roots *and* the intermediates, because a
            client that sends its leaf alone is refused in the handshake otherwise.
        verify: ``"required"`` refuses the handshake without a certificate; ``"optional"`` lets the app see
            that there is none. Either refuses the handshake of a certificate that does not verify.
        password: Of an encrypted `keyfile`.
        minimum_version: TLS 1.2, or TLS 1.3.
        alpn_protocols: Names to offer, most wanted first (RFC 7301); needed for HTTP/2 alone.

    Raises:
        ConfigurationError: A file that is missing, unreadable or not what it should be; a `client_ca` that is
            empty, truncated, or holds a key or a certificate that is not a CA's; another `verify`.

    Not checked here: revocation. Nor is anything checked when a session is resumed (RFC 8446 §2.2), so the
    certificate is verified again, at each request, by the middleware.
    """
    if verify not in _VERIFY_MODES:
        raise ConfigurationError(_verify_refused(verify))
    if minimum_version not in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        raise ConfigurationError(f"minimum_version is {minimum_version!r}; use TLSVersion.TLSv1_2 or TLSv1_3")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = minimum_version
    context.verify_flags &= ~(ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN)
    # OpenSSL 1.1.1 lets a TLS 1.2 client renegotiate, and present another certificate half-way.
    context.options |= ssl.OP_NO_RENEGOTIATION
    _load_server_certificate(context, certfile, keyfile, password)
    _load_client_ca(context, client_ca)
    context.verify_mode = _VERIFY_MODES[verify]
    if alpn_protocols:
        context.set_alpn_protocols(list(alpn_protocols))
    return context


def _verify_refused(verify: object) -> str:
    if verify == "none":
        return (
            "verify='none' never asks for a client certificate, so no client could have one; "
            "use 'optional' to serve clients without, or build your own ssl.SSLContext for a server that wants none"
        )
    return f"verify is {verify!r}; use 'required' or 'optional'"


def _load_server_certificate(
    context: ssl.SSLContext, certfile: FilePath, keyfile: FilePath | None, password: str | None
) -> None:
    _read("certfile", certfile)
    if keyfile is not None:
        _read("keyfile", keyfile)
    try:
        # Always a callable: with None, OpenSSL would ask on the terminal for the password of an encrypted key.
        context.load_cert_chain(certfile, keyfile, lambda: password or "")
    except ssl.SSLError as exc:
        raise ConfigurationError(
            f"certfile {os.fspath(certfile)!r} and keyfile {os.fspath(keyfile or certfile)!r} cannot be used: "
            f"{exc.reason or exc}; give the PEM certificate (leaf first), its PEM key, and the key's password if any"
        ) from exc


def _load_client_ca(context: ssl.SSLContext, client_ca: FilePath) -> None:
    shown = f"client_ca {os.fspath(client_ca)!r}"
    pem = _read("client_ca", client_ca)
    blocks = pem.count(_BEGIN_CERTIFICATE)
    if b"PRIVATE KEY-----" in pem:
        raise ConfigurationError(f"{shown} holds a private key; give a file of CA certificates only")
    if not blocks:
        raise ConfigurationError(f"{shown} holds no PEM certificate; give the certificates of your clients' CAs")
    if blocks != pem.count(_END_CERTIFICATE):
        raise ConfigurationError(f"{shown} is truncated: {blocks} certificates begin, not all end")
    try:
        context.load_verify_locations(cafile=client_ca)
    except ssl.SSLError as exc:
        raise ConfigurationError(f"{shown} cannot be read as PEM certificates: {exc.reason or exc}") from exc
    loaded = context.cert_store_stats()
    if loaded["x509_ca"] < loaded["x509"]:
        raise ConfigurationError(
            f"{shown} holds {loaded['x509'] - loaded['x509_ca']} of {loaded['x509']} certificates that are no CA's; "
            "give the issuers of the client certificates, not a client's or the server's own"
        )


def _read(name: str, path: FilePath) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as exc:
        raise ConfigurationError(f"{name} {os.fspath(path)!r} cannot be read: {exc.strerror}") from exc
