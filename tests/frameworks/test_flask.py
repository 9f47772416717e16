"""Flask: the extension, rules on views and blueprints, error handlers of the app's own."""

import json
from typing import Any

import pytest
from flask import Blueprint, Flask, g, request
from werkzeug.exceptions import HTTPException

from clientcert.core.policy import cn
from clientcert.errors import ConfigurationError, MiddlewareMissingError, Reason
from clientcert.flask import (
    ClientCert,
    ClientCertMiddleware,
    Refused,
    client_identity,
    current_client,
    protect,
    require,
)
from clientcert.runtime.events import Event
from tests.driving import ask_wsgi, environ
from tests.frameworks.clients import get_wsgi, headers_of
from tests.material import ADMIN, ALICE, NETWORK, PROXY, STRANGER, config, evidence

ADMINS = cn("admin")


def make(app: Flask | None = None, **changes: Any) -> Flask:
    """An app with a view of each kind."""
    app = app or Flask(__name__)
    ClientCert(app, config(**changes))
    ops = Blueprint("ops", __name__, url_prefix="/ops")
    protect(ops, ADMINS)

    @app.get("/who")
    def who() -> dict[str, Any]:
        return {"who": current_client.common_name if client_identity() else None}

    @app.get("/view")
    @require(ADMINS)
    def view() -> str:
        return "in"

    @app.get("/async")
    @require(ADMINS)
    async def asynchronous() -> str:
        return "in"

    @ops.get("/x")
    def blueprint_view() -> str:
        return "in"

    app.register_blueprint(ops)
    return app


def test_current_client() -> None:
    """The extension sets the client; nobody is refused, or None in optional mode."""
    assert json.loads(get_wsgi(make(), "/who").body) == {"who": "alice"}
    assert get_wsgi(make(), "/who", None).status == 401
    assert json.loads(get_wsgi(make(mode="optional"), "/who", None).body) == {"who": None}


@pytest.mark.parametrize("path", ["/view", "/async", "/ops/x"])
def test_rule(path: str) -> None:
    """Whom the rule of a view or blueprint allows is let in, another client gets 403, nobody 401."""
    app = make(mode="optional")
    assert get_wsgi(app, path, ADMIN).body == b"in"
    for client, status in ((ALICE, 403), (None, 401)):
        answer = get_wsgi(app, path, client)
        assert (answer.status, json.loads(answer.body)["status"]) == (status, status)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"


def test_rule_of_the_app() -> None:
    """A rule of the app holds for every view, and for paths that are not there."""
    app = make()
    protect(app, ADMINS)
    assert [get_wsgi(app, path).status for path in ("/who", "/absent", "/ops/x")] == [403, 403, 403]
    assert [get_wsgi(app, path, ADMIN).status for path in ("/who", "/absent", "/ops/x")] == [200, 404, 200]


def test_denial_is_told_once() -> None:
    """The operator's event has the reason and the key that the client was shown."""
    events: list[Event] = []
    answer = get_wsgi(make(on_event=events.append), "/view")
    assert [event.reason for event in events] == [None, Reason.POLICY_DENIED]
    assert str(events[1].instance).encode() in answer.body


def test_report_only() -> None:
    """Without enforcement the request goes on."""
    assert get_wsgi(make(enforce=False), "/view").body == b"in"


def test_error_handler_of_the_app() -> None:
    """The app answers refusals of rules and of the middleware; nothing of the refused evidence is shown to it."""
    app = make(mode="optional")
    seen: list[Any] = []

    @app.errorhandler(Refused)
    def mine(exc: Refused) -> tuple[dict[str, Any], int]:
        seen.append((client_identity(), [name for name, _ in request.headers if name.lower().startswith("ssl-")]))
        return {"mine": exc.code}, 418

    forged = ask_wsgi(app, environ(evidence(verdict="FAILED:expired"), path="/who"))
    assert (forged.status, json.loads(forged.body)) == (418, {"mine": 403})
    assert json.loads(get_wsgi(app, "/view").body) == {"mine": 403}
    assert json.loads(get_wsgi(app, "/view", None).body) == {"mine": 401}
    assert seen[0] == (None, [])


@pytest.mark.parametrize("catches", [HTTPException, 401], ids=["every-http-error", "status"])
def test_broad_error_handler(catches: Any) -> None:
    """A handler for a status or for every HTTP error is asked, too."""
    app = make()
    app.register_error_handler(catches, lambda exc: ("mine", exc.code))
    assert get_wsgi(app, "/who", None).body == b"mine"


def test_refused_request_runs_no_view_and_no_hook() -> None:
    """Of the app's code only an error handler sees a refused request."""
    app = make()

    @app.before_request
    def hook() -> None:
        g.ran = True
        raise AssertionError("the app ran")

    assert get_wsgi(app, "/who", None).status == 401


def test_head() -> None:
    """A refusal of HEAD has no body."""
    answer = ask_wsgi(make(), environ(headers_of(None), path="/who") | {"REQUEST_METHOD": "HEAD"})
    assert (answer.status, answer.body) == (401, b"")


def test_test_client() -> None:
    """``app.test_client()`` goes through everything; the proxy's address is set once."""
    client = make().test_client()
    client.environ_base["REMOTE_ADDR"] = PROXY
    client.environ_base["REMOTE_PORT"] = "40000"
    assert client.get("/who", headers=list(evidence())).get_json() == {"who": "alice"}
    assert client.get("/who").status_code == 401
    assert client.get("/who", headers=list(evidence()), environ_base={"REMOTE_ADDR": STRANGER}).status_code == 401


def test_init_app() -> None:
    """The configuration is given to the constructor or to `init_app`, which wins."""
    app = Flask(__name__)
    ClientCert(config=config()).init_app(app)
    app.get("/who")(lambda: current_client.common_name)
    assert get_wsgi(app, "/who").body == b"alice"
    other = Flask(__name__)
    ClientCert().init_app(other, config(mode="optional"))
    other.get("/who")(lambda: str(bool(current_client)))
    assert get_wsgi(other, "/who", None).body == b"False"


def test_refused_set_up() -> None:
    """No configuration, an unknown setting and a second extension are refused when they are written."""
    with pytest.raises(ConfigurationError, match="no source"):
        ClientCert(Flask(__name__))
    with pytest.raises(ConfigurationError, match="unknown setting"):
        ClientCert(trusted_proxy=NETWORK)
    with pytest.raises(ConfigurationError, match="twice"):
        ClientCert(make(), config())
    with pytest.raises(ConfigurationError, match="wanted a rule such as"):
        require("ops")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="wanted a rule such as"):
        protect(Flask(__name__), lambda: True)  # type: ignore[arg-type]


def test_both_kinds_of_set_up() -> None:
    """The extension inside the middleware, or the other way round, is a mistake that stops the first request."""
    app = make()
    app.wsgi_app = ClientCertMiddleware(app.wsgi_app, config())  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="keep one of the two"):
        get_wsgi(app, "/who")


def test_rule_outside_the_middleware() -> None:
    """A rule where no middleware is lets nobody in."""
    app = Flask(__name__)
    app.get("/x")(require(ADMINS)(lambda: "in"))
    app.testing = True
    with pytest.raises(MiddlewareMissingError):
        get_wsgi(app, "/x", ADMIN)
