"""
One POST to one configured URL, with bounds on time and size.

By the standard library: what is needed is twenty lines, and an HTTP client with its own releases to follow would be a
dependency of a security decision. Redirects are not followed and proxies of the environment are not used, so that the
configured host is the only one ever talked to.
"""

import http.client
from urllib.parse import urlsplit

from clientcert.errors import ConfigurationError

_OK = 200
_SCHEMES = ("http", "https")
# An OCSP response with a delegate's chain is 2 to 6 kB.
_MAX_RESPONSE_BYTES = 64 * 1024
_OCSP_REQUEST, _OCSP_RESPONSE = "application/ocsp-request", "application/ocsp-response"


class FetchError(Exception):
    """There is no response; the text says why, for the operator."""


def check_url(url: str) -> str:
    """Return a responder's URL; ConfigurationError unless it is http or https, with a host and no credentials."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _SCHEMES and parts.hostname and parts.port != 0 and parts.username is None
    except ValueError:
        usable = False
    if not usable or not url.isascii() or not url.isprintable() or " " in url:
        raise ConfigurationError(f"ocsp responder {url!r} is not a URL, wanted http://host/path or https://host/path")
    return url


def post_ocsp(url: str, request: bytes, *, timeout_seconds: float) -> bytes:
    """
    Send a request to a responder (RFC 6960 appendix A) and return the body of the answer.

    Args:
        url: A URL that `check_url` has accepted.
        request: DER of the request.
        timeout_seconds: For connecting, and for each wait after that.

    Raises:
        FetchError: No connection, no answer in time, a status other than 200, another media type, over 64 KiB.

    Not checked here: anything about the response; see `core.verification.ocsp`.
    """
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout_seconds)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", target, request, {"Content-Type": _OCSP_REQUEST, "Accept": _OCSP_RESPONSE})
        response = connection.getresponse()
        body = response.read(_MAX_RESPONSE_BYTES + 1)
    except (OSError, http.client.HTTPException) as exc:
        raise FetchError(f"responder {url} cannot be asked: {str(exc) or type(exc).__name__}") from exc
    finally:
        connection.close()
    media_type = (response.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    if response.status != _OK or media_type != _OCSP_RESPONSE:
        raise FetchError(f"responder {url} answers {response.status} {media_type!r}, wanted 200 {_OCSP_RESPONSE!r}")
    if len(body) > _MAX_RESPONSE_BYTES:
        raise FetchError(f"responder {url} answers with more than {_MAX_RESPONSE_BYTES} bytes")
    return body
