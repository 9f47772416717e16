"""The echo app with the bridge installed by the app module, for servers whose protocol class is fixed."""

from clientcert.servers.uvicorn import install
from tests.servers.echo import app

__all__ = ["app"]

install()
install()  # a second call, from another module say, must change nothing
