"""``uvicorn.run`` with our own TLS context: ``python -m tests.servers.serve_uvicorn PORT CERT KEY CLIENT_CA``."""

import sys

import uvicorn

from clientcert.servers import ssl_context

if __name__ == "__main__":
    port, certfile, keyfile, client_ca = sys.argv[1:]
    uvicorn.run(
        "tests.servers.echo:app",
        http="clientcert.servers.uvicorn:Auto",
        port=int(port),
        ssl_context_factory=lambda _config, _default: ssl_context(
            certfile, keyfile, client_ca=client_ca, verify="optional"
        ),
    )
