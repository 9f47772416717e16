"""The echo app with hypercorn's bridge installed by the app module."""

from clientcert.servers.hypercorn import install
from tests.servers.echo import app

__all__ = ["app"]

install()
