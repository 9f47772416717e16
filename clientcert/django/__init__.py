"""Client certificates in Django, under WSGI and ASGI."""

from clientcert.django.middleware import ClientCertMiddleware, client_identity

__all__ = ["ClientCertMiddleware", "client_identity"]
