"""``"clientcert.django"`` in ``INSTALLED_APPS``: system checks, and the OpenAPI extension where drf-spectacular is."""

from importlib import import_module

from django.apps import AppConfig, apps


class ClientCertAppConfig(AppConfig):
    """The Django app; it has no models."""

    name = "clientcert.django"
    label = "clientcert"
    verbose_name = "Client certificates"

    def ready(self) -> None:
        """Register what Django and others look for by import."""
        import_module("clientcert.django.checks")
        if apps.is_installed("drf_spectacular"):
            import_module("clientcert.django.spectacular")
