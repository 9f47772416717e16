"""One TLS context for every server that takes one: ``flask run --cert examples.servers.tls:context``."""

import os

from clientcert.servers import ssl_context

context = ssl_context(
    os.environ["SERVER_CERTIFICATE"],
    os.environ["SERVER_KEY"],
    client_ca=os.environ["CLIENT_CA"],
    verify="optional",
)
