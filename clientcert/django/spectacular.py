"""drf-spectacular: ``mutualTLS`` for every operation that `ClientCertAuthentication` is for."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.settings import spectacular_settings


class ClientCertScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # drf-spectacular registers subclasses untyped
    """The security scheme; OpenAPI 3.0 has no such type, there it is an HTTP scheme with a mark."""

    target_class = "clientcert.django.rest.ClientCertAuthentication"
    name = "mutualTLS"
    match_subclasses = True

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Describe the scheme (OpenAPI 3.1 §4.8.27.1)."""
        del auto_schema
        description = "A TLS client certificate of an accepted certificate authority."
        if str(spectacular_settings.OAS_VERSION).startswith("3.0"):
            return {"type": "http", "scheme": "ClientCert", "x-mutualTLS": True, "description": description}
        return {"type": "mutualTLS", "description": description}
