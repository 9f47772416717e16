"""
Who is the client? Served by an app server that ends TLS itself.

``CLIENT_CA`` names the CAs whose clients are accepted. ``APP_SERVER`` is set for mod_wsgi, uwsgi and cheroot alone:
they describe the certificate in WSGI variables of their own, which are read only where the server is named.
"""

import os

from flask import Flask

from clientcert.flask import ClientCertMiddleware, current_client
from clientcert.sources import TLSSocket

source = TLSSocket(server=os.environ.get("APP_SERVER"))

app = application = Flask(__name__)
app.wsgi_app = ClientCertMiddleware(  # type: ignore[method-assign]  # Flask's own way to wrap
    app.wsgi_app, source=source, trust=os.environ["CLIENT_CA"]
)


@app.get("/whoami")
def whoami() -> dict[str, str]:
    return {"subject": current_client.subject.rfc4514}
