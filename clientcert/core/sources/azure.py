"""
Azure: App Service and Functions, Application Gateway. Container Apps write Envoy's header, see `envoy`.

Facts from Microsoft's documentation and public reports; nothing here was run. App Service puts base64 of the leaf's DER
into ``X-ARR-ClientCert`` and validates nothing; requests over plain HTTP carry none. Application Gateway sends what
rewrite rules say: ``{var_client_certificate}`` arrives percent-escaped as nginx escapes it,
``{var_client_certificate_verification}`` is ``SUCCESS``, ``NONE`` or ``FAILED:…``; in *passthrough* mode
``PASSTHROUGH`` or nothing has been reported.
"""

from clientcert.core.encoding import BASE64_DER, ESCAPED_PEM
from clientcert.core.sources.base import HeaderSource

_GATEWAY = "x-client-certificate"


class AzureAppService(HeaderSource):
    """
    App Service or Functions with client certificates on: every check is ours.

    Args:
        trailers_safe: Chunked bodies may come.
    """

    __slots__ = ()

    def __init__(self, *, trailers_safe: bool = False) -> None:
        HeaderSource.__init__(
            self,
            name="azure-app-service",
            certificate="x-arr-clientcert",
            encoding=BASE64_DER,
            verifies=False,
            trailers_safe=trailers_safe,
        )


class AzureApplicationGateway(HeaderSource):
    """
    Application Gateway with a rewrite rule for each header.

    Args:
        certificate: The header set to ``{var_client_certificate}``.
        verdict: The header set to ``{var_client_certificate_verification}``; None in *passthrough* mode, where every
            check is ours.
        trailers_safe: Chunked bodies may come; matters without a verdict.
    """

    __slots__ = ()

    def __init__(
        self,
        *,
        certificate: str = _GATEWAY,
        verdict: str | None = f"{_GATEWAY}-verification",
        trailers_safe: bool = False,
    ) -> None:
        HeaderSource.__init__(
            self,
            name="azure-application-gateway",
            certificate=certificate.lower(),
            encoding=ESCAPED_PEM,
            verdict=None if verdict is None else verdict.lower(),
            trailers_safe=trailers_safe,
            also_sent=tuple(
                f"{_GATEWAY}-{name}"
                for name in ("subject", "issuer", "serial", "fingerprint", "start-date", "end-date", "verification")
                if f"{_GATEWAY}-{name}" != verdict
            ),
        )
