"""Settings of the site: clients are users, made when they first come; sessions belong to their certificates."""

import os
from pathlib import Path

from django.core.management.utils import get_random_secret_key

from examples.with_authorization.policy import everyone, operators, staff

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "clientcert.django",  # system checks
]
MIDDLEWARE = [
    "clientcert.django.ClientCertMiddleware",  # first
    "django.contrib.sessions.middleware.SessionMiddleware",
    "clientcert.django.session.ClientCertSessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "clientcert.django.auth.ClientCertUserMiddleware",
]
CLIENTCERT = {
    "source": os.environ.get("CLIENTCERT_SOURCE", "tls"),
    "trust": os.environ.get("CLIENTCERT_TRUST", "/etc/clientcert/ca.crt"),
    "exempt": ["/healthz"],
}
CLIENTCERT_USER = {
    "attribute": "common_name",
    "rule": everyone,
    "create": True,
    "groups": {"staff": staff, "operators": operators},
}
AUTHENTICATION_BACKENDS = ["clientcert.django.auth.ClientCertBackend"]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": Path(os.environ.get("DJANGO_DATABASE", "example.sqlite3")),
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
ROOT_URLCONF = "examples.with_authorization.django_site.urls"
SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY") or get_random_secret_key()
