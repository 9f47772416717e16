"""
Settings of the site; `CLIENTCERT` is the part to copy.

Importing them reads no file: a missing CA is reported when Django builds the middleware, at start.
"""

import os

from django.core.management.utils import get_random_secret_key

from clientcert import SharedSecret

# First, so that nothing else sees the headers it removes.
MIDDLEWARE = ["clientcert.django.ClientCertMiddleware", "django.middleware.common.CommonMiddleware"]
CLIENTCERT = {
    "source": os.environ.get("CLIENTCERT_SOURCE", "ingress-nginx"),
    "trust": os.environ.get("CLIENTCERT_TRUST", "/etc/clientcert/ca.crt"),
    # Only what nginx sends is believed. Where the app ends TLS itself there is no proxy, and nothing to prove.
    "trusted_proxies": SharedSecret(os.environ["PROXY_SECRET"]) if "PROXY_SECRET" in os.environ else None,
    "exempt": ["/healthz"],
}

ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
ROOT_URLCONF = "examples.django_site.urls"
# Nothing is signed here; a site with sessions reads its own key.
SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY") or get_random_secret_key()
