"""
Cloud Foundry's gorouter.

Facts from its documentation; nothing here was run. ``X-Forwarded-Client-Cert`` is base64 of the leaf's DER, without
markers: Envoy's header name with another content. ``sanitize_set`` replaces the client's own; ``forward`` and
``always_forward`` pass it. There is no verdict, and the router may be told to verify nothing.
"""

from clientcert.core.encoding import BASE64_DER
from clientcert.core.sources.base import HeaderSource
from clientcert.core.sources.envoy import XFCC_HEADER


class CloudFoundry(HeaderSource):
    """
    The gorouter with ``forwarded_client_cert: sanitize_set``.

    Args:
        trailers_safe: Chunked bodies may come.
    """

    __slots__ = ()

    def __init__(self, *, trailers_safe: bool = False) -> None:
        HeaderSource.__init__(
            self,
            name="cloud-foundry",
            certificate=XFCC_HEADER,
            encoding=BASE64_DER,
            verifies=False,
            trailers_safe=trailers_safe,
        )
