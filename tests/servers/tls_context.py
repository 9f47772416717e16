"""The TLS of ``flask run --cert tests.servers.tls_context:context``: files and mode come from the environment."""

import os

from clientcert.servers import ssl_context

context = ssl_context(
    os.environ["MATRIX_CERTFILE"],
    os.environ["MATRIX_KEYFILE"],
    client_ca=os.environ["MATRIX_TRUST"],
    verify=os.environ["MATRIX_MODE"],  # type: ignore[arg-type]  # refused there if it is another
)
