"""
Flask: who is the client?

Behind nginx or ingress-nginx, which adds the header ``x-clientcert-proxy`` with a secret::

    CLIENTCERT_SOURCE=ingress-nginx CLIENTCERT_TRUST=client-ca.crt PROXY_SECRET=... \
        gunicorn --threads 4 examples.flask_app:app

With gunicorn as the end of TLS (1 is ``ssl.CERT_OPTIONAL``: the app answers who comes without a certificate)::

    CLIENTCERT_SOURCE=tls CLIENTCERT_TRUST=client-ca.crt \
        gunicorn --threads 4 examples.flask_app:app \
        --certfile server.crt --keyfile server.key --ca-certs client-ca.crt --cert-reqs 1
"""

import os

from flask import Flask

from clientcert import ClientCertConfig, SharedSecret
from clientcert.flask import ClientCertMiddleware, current_client

# Only what nginx sends is believed. Where the app ends TLS itself there is no proxy, and nothing to prove.
proxy = SharedSecret(os.environ["PROXY_SECRET"]) if "PROXY_SECRET" in os.environ else None
config = ClientCertConfig.from_env(trusted_proxies=proxy, exempt=["/healthz"])

app = Flask(__name__)
app.wsgi_app = ClientCertMiddleware(app.wsgi_app, config)  # type: ignore[method-assign]  # Flask's own way to wrap


@app.get("/whoami")
def whoami() -> dict[str, str | None]:
    return {
        "subject": current_client.subject.rfc4514,
        "issuer": current_client.issuer.rfc4514,
        "serial": current_client.serial_hex,
        "evidence": current_client.evidence.level.name,
    }


@app.get("/healthz")
def healthz() -> dict[str, str]:
    return {"status": "ok"}
