"""
FastAPI: who is the client?

Behind nginx or ingress-nginx, which adds the header ``x-clientcert-proxy`` with a secret::

    CLIENTCERT_SOURCE=ingress-nginx CLIENTCERT_TRUST=client-ca.crt PROXY_SECRET=... \
        uvicorn examples.fastapi_app:app

With uvicorn as the end of TLS (1 is ``ssl.CERT_OPTIONAL``: the app answers who comes without a certificate)::

    CLIENTCERT_SOURCE=tls CLIENTCERT_TRUST=client-ca.crt \
        uvicorn examples.fastapi_app:app --http clientcert.servers.uvicorn:Auto \
        --ssl-certfile server.crt --ssl-keyfile server.key --ssl-ca-certs client-ca.crt --ssl-cert-reqs 1
"""

import os

from fastapi import FastAPI

from clientcert import ClientCertConfig, SharedSecret
from clientcert.fastapi import Client, ClientCertMiddleware

# Only what nginx sends is believed. Where the app ends TLS itself there is no proxy, and nothing to prove.
proxy = SharedSecret(os.environ["PROXY_SECRET"]) if "PROXY_SECRET" in os.environ else None
config = ClientCertConfig.from_env(trusted_proxies=proxy, exempt=["/healthz"])

app = FastAPI()
app.add_middleware(ClientCertMiddleware, config=config)


@app.get("/whoami")
async def whoami(client: Client) -> dict[str, str | None]:
    return {
        "subject": client.subject.rfc4514,
        "issuer": client.issuer.rfc4514,
        "serial": client.serial_hex,
        "evidence": client.evidence.level.name,
    }


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}
