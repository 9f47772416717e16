"""
Client certificates in Django, under WSGI and ASGI.

In ``INSTALLED_APPS`` for its system checks. Further modules, each for a setting of Django's or another package:
`auth` (authentication backend, ``request.user``), `session`, `rest` (Django REST framework), `channels`.
"""

from clientcert.django.decorators import ClientCertRequiredMixin, client_cert_required
from clientcert.django.middleware import ClientCertMiddleware, client_identity

__all__ = ["ClientCertMiddleware", "ClientCertRequiredMixin", "client_cert_required", "client_identity"]
