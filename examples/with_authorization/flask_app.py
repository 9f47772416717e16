"""Flask with rules on views and a blueprint, and an answer of its own to who is refused.

    CLIENTCERT_SOURCE=tls CLIENTCERT_TRUST=client-ca.crt \
        gunicorn --threads 4 examples.with_authorization.flask_app:app \
        --certfile server.crt --keyfile server.key --ca-certs client-ca.crt --cert-reqs 1
"""

from flask import Blueprint, Flask

from clientcert import ClientCertConfig
from clientcert.flask import ClientCert, current_client, protect, require
from examples.with_authorization.policy import everyone, operators

app = Flask(__name__)
ClientCert(app, ClientCertConfig.from_env(exempt=["/healthz"]))
reports = Blueprint("reports", __name__, url_prefix="/reports")
protect(reports, operators)


@app.get("/orders")
@require(everyone)
def read_orders() -> dict[str, str]:
    return {"subject": current_client.subject.rfc4514}


@app.get("/ops")
@require(operators)
def ops() -> dict[str, str]:
    return {"subject": "operators only"}


@reports.get("/1")
def report() -> dict[str, str]:
    return {"report": "1"}


@app.get("/healthz")
def healthz() -> dict[str, str]:
    return {"status": "ok"}


app.register_blueprint(reports)
