"""FastAPI: the client as a parameter, rules as dependencies, what OpenAPI says of them, bound tokens."""

import json
from typing import Annotated, Any

import jwt
import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from joserfc import jwt as jose
from joserfc.jwk import OctKey
from openapi_spec_validator import validate

from clientcert.core.policy import anyone, cn, o
from clientcert.errors import ConfigurationError, Reason
from clientcert.fastapi import (
    Client,
    ClientCertMiddleware,
    OptionalClient,
    Refused,
    audit,
    certificate_bound,
    document,
    install,
    require,
)
from clientcert.runtime.events import Event
from tests.driving import CLOSED
from tests.frameworks.clients import connect, get, thumbprint_of
from tests.material import ADMIN, ALICE, config

ADMINS = require(cn("admin"))
KEY = "a key that is long enough for HS256"


def make(**changes: Any) -> FastAPI:
    """An app with one route of each kind."""
    app = FastAPI()
    install(app, config(**changes))
    add_routes(app)
    return app


def add_routes(app: FastAPI) -> None:
    """Routes of every kind."""
    nested = APIRouter(prefix="/nested")
    router = APIRouter(prefix="/ops", dependencies=[Depends(ADMINS)])

    @router.get("/orders")
    def orders() -> str:
        return "in"

    @router.websocket("/ws")
    async def guarded_websocket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("in")

    @router.get("/bearer", dependencies=[Depends(HTTPBearer())])
    def bearer() -> str:
        return "in"

    @app.get("/client")
    def client(client: Client) -> str:
        return client.common_name

    @app.get("/optional", dependencies=[Depends(HTTPBearer(auto_error=False))])
    async def optional(client: OptionalClient) -> str | None:
        return None if client is None else client.common_name

    @app.get("/plain", responses={401: {"description": "mine"}})
    def plain() -> str:
        return "in"

    @app.get("/own", responses={401: {"description": "mine"}})
    def own(client: Client) -> str:
        return client.common_name

    @app.websocket("/ws")
    async def websocket(websocket: WebSocket, client: Client) -> None:
        await websocket.accept()
        await websocket.send_text(client.common_name)

    nested.include_router(router)
    app.include_router(nested)


@pytest.mark.parametrize("path", ["/nested/ops/orders"])
def test_rule(path: str) -> None:
    """Whom a router's rule allows is let in, another client gets 403, nobody 401, each as a problem."""
    app = make(mode="optional")
    assert get(app, path, ADMIN).status == 200
    for client, status in ((ALICE, 403), (None, 401)):
        answer = get(app, path, client)
        assert (answer.status, json.loads(answer.body)["status"]) == (status, status)
        assert answer.headers["content-type"] == "application/problem+json"


def test_client_parameter() -> None:
    """The parameter is the client; without one the request is refused or the parameter None."""
    app = make(mode="optional")
    assert get(app, "/client").body == b'"alice"'
    assert get(app, "/client", None).status == 401
    assert get(app, "/optional").body == b'"alice"'
    assert get(app, "/optional", None).body == b"null"


@pytest.mark.parametrize(("path", "who"), [("/ws", b"alice"), ("/nested/ops/ws", b"in")], ids=["client", "rule"])
@pytest.mark.parametrize("denial", [True, False], ids=["denial", "close"])
def test_websocket(path: str, who: bytes, *, denial: bool) -> None:
    """A WebSocket route has the client and rules too; it is refused before it is accepted."""
    app = make(mode="optional")
    allowed = ALICE if who == b"alice" else ADMIN
    assert connect(app, path, allowed, denial=denial).body == who
    assert connect(app, path, None, denial=denial).status == (401 if denial else CLOSED)
    if allowed is ADMIN:
        assert connect(app, path, ALICE, denial=denial).status == (403 if denial else CLOSED)


def test_without_install() -> None:
    """With the middleware alone the status is the same, and the body FastAPI's own."""
    app = FastAPI()
    app.add_middleware(ClientCertMiddleware, config=config(mode="optional"))
    add_routes(app)
    answer = get(app, "/client", None)
    assert (answer.status, json.loads(answer.body)) == (401, {"detail": "Client certificate required"})
    assert answer.headers["cache-control"] == "no-store"
    assert get(app, "/nested/ops/orders", ALICE).status == 403


def test_app_may_answer_otherwise() -> None:
    """An exception handler of the app decides about the body."""
    app = make(mode="optional")

    @app.exception_handler(Refused)
    async def mine(request: Request, exc: Refused) -> JSONResponse:
        return JSONResponse({"mine": exc.problem.instance}, exc.status_code)

    answer = get(app, "/client", None)
    assert answer.status == 401
    assert b'"mine":"urn:uuid:' in answer.body


def test_exception_handlers_admit_nobody() -> None:
    """A handler that makes a success of every error changes the answer at most; the endpoint has not run."""
    app = make(mode="optional")
    ran: list[str] = []
    for caught in (Exception, HTTPException, 401, 403):
        app.add_exception_handler(caught, lambda request, exc: JSONResponse("swallowed"))

    @app.get("/deed", dependencies=[Depends(ADMINS)])
    def deed() -> None:
        ran.append("deed")

    assert [get(app, "/deed", client).body for client in (ALICE, None)] == [b'"swallowed"'] * 2
    assert ran == []
    assert get(app, "/deed", ADMIN).body == b"null"
    assert ran == ["deed"]


def test_report_only() -> None:
    """Without enforcement a rule refuses nobody; a parameter cannot be made up."""
    events: list[Event] = []
    app = make(enforce=False, on_event=events.append)
    assert get(app, "/nested/ops/orders", ALICE).status == 200
    assert events[-1].reason is Reason.POLICY_DENIED
    assert get(app, "/nested/ops/orders", None).status == 200
    assert get(app, "/client", None).status == 401


def test_equal_rules_are_one_dependency() -> None:
    """FastAPI asks equal rules once in a request."""
    assert require(cn("a") | o("b")) == require(cn("a") | o("b"))
    assert len({require(cn("a")), require(cn("a")), require(cn("b"))}) == 2


def test_no_rule() -> None:
    """What is no rule is refused where it is written."""
    with pytest.raises(ConfigurationError, match="wanted a rule such as"):
        require("ops")  # type: ignore[arg-type]


def operations(app: FastAPI) -> dict[str, Any]:
    """Path → its GET operation."""
    return {path: item["get"] for path, item in app.openapi()["paths"].items()}


def test_openapi() -> None:
    """Each operation that takes a client says so, beside what else it asks for; the schema is valid OpenAPI 3.1."""
    app = make()
    schema = app.openapi()
    validate(schema)
    assert schema["openapi"].startswith("3.1")
    schemes = schema["components"]["securitySchemes"]
    assert (schemes["mutualTLS"]["type"], schemes["HTTPBearer"]["type"]) == ("mutualTLS", "http")
    found = {path: operation.get("security") for path, operation in operations(app).items()}
    assert found == {
        "/nested/ops/orders": [{"mutualTLS": []}],
        "/nested/ops/bearer": [{"HTTPBearer": [], "mutualTLS": []}],
        "/client": [{"mutualTLS": []}],
        "/optional": [{"HTTPBearer": [], "mutualTLS": []}, {"HTTPBearer": []}],
        "/plain": None,
        "/own": [{"mutualTLS": []}],
    }


def test_openapi_responses() -> None:
    """401 and 403 are documented as they come, where they can come; what the app wrote itself stays."""
    found = {path: set(operation["responses"]) for path, operation in operations(make()).items()}
    assert found["/client"] == {"200", "401", "403"}
    assert found["/optional"] == {"200", "403"}
    assert found["/plain"] == {"200", "401"}
    for status, client in (("401", None), ("403", ALICE)):
        documented = operations(make())["/nested/ops/orders"]["responses"][status]
        answered = json.loads(get(make(mode="optional"), "/nested/ops/orders", client).body)
        example = documented["content"]["application/problem+json"]["example"]
        assert {**example, "instance": answered["instance"]} == answered
    own = operations(make())["/own"]["responses"]["401"]
    assert own == {"description": "mine"}


def test_openapi_is_completed_once() -> None:
    """Asking again, completing again and adding a route later change nothing that was there."""
    app = make()
    document(app)
    first = json.dumps(app.openapi())
    assert json.dumps(app.openapi()) == first

    @app.get("/later")
    def later(client: OptionalClient) -> None: ...

    found = operations(app)
    assert found["/later"]["security"] == [{"mutualTLS": []}, {}]
    assert found["/optional"]["security"] == [{"HTTPBearer": [], "mutualTLS": []}, {"HTTPBearer": []}]


def test_openapi_3_0() -> None:
    """OpenAPI 3.0 has no such type, so operations are marked and the schema stays valid."""
    app = make()
    app.openapi_version = "3.0.3"
    found = operations(app)
    assert found["/client"]["x-client-certificate"] == "required"
    assert found["/optional"]["x-client-certificate"] == "optional"
    assert "mutualTLS" not in json.dumps(app.openapi())


def test_openapi_without_clients() -> None:
    """An app that asks nobody has the schema that FastAPI makes."""
    app, other = FastAPI(), FastAPI()
    document(app)
    for each in (app, other):
        each.get("/x")(lambda: None)
    assert app.openapi() == other.openapi()


def test_docs_load() -> None:
    """``/docs`` and the schema that it asks for are served, to clients."""
    app = make()
    page = get(app, "/docs")
    assert page.status == 200
    assert b"url: '/openapi.json'" in page.body
    served = get(app, "/openapi.json")
    assert json.loads(served.body) == app.openapi()
    assert get(app, "/docs", None).status == 401


def test_audit() -> None:
    """Routes of included routers are listed with the rules of their routers."""
    lines = str(audit(make())).splitlines()
    assert "covered  GET        /nested/ops/orders  cn('admin')" in lines
    assert "covered  WEBSOCKET  /nested/ops/ws  cn('admin')" in lines
    assert "covered  WEBSOCKET  /ws  authenticated()" in lines


def test_optional_client_with_a_rule_is_refused_at_start() -> None:
    """A route that takes an optional client under a rule that needs one contradicts itself."""
    app = make()

    @app.get("/odd", dependencies=[Depends(ADMINS)])
    def odd(client: OptionalClient) -> None: ...

    line = odd.__code__.co_firstlineno
    with pytest.raises(
        ConfigurationError, match=rf"GET /odd \(.*test_fastapi\.py:{line}\): has an optional client and a"
    ):
        get(app, "/plain")


def test_identity_outside_the_middleware_is_refused_at_start() -> None:
    """The audit names every route that asks for a client where no middleware is."""
    app = FastAPI()
    add_routes(app)
    with pytest.raises(
        ConfigurationError, match=r"/client \(.*test_fastapi\.py:\d+\): asks for a client, and no ClientCertMiddleware"
    ):
        audit(app).check()


def with_pyjwt(token: str) -> dict[str, Any]:
    """Verify a token with PyJWT."""
    return jwt.decode(token, KEY, algorithms=["HS256"])


def with_joserfc(token: str) -> dict[str, Any]:
    """Verify a token with joserfc, Authlib's successor for JOSE."""
    return jose.decode(token, OctKey.import_key(KEY), algorithms=["HS256"]).claims


VERIFIERS = {"pyjwt": with_pyjwt, "joserfc": with_joserfc}


@pytest.mark.parametrize("verify", VERIFIERS.values(), ids=VERIFIERS)
def test_certificate_bound_token(verify: Any) -> None:
    """A token is worth something in the hands of its client only (RFC 8705 §3), whoever verified it."""
    events: list[Event] = []
    app = FastAPI()
    install(app, config(mode="optional", on_event=events.append))
    scheme = HTTPBearer()

    def claims(credentials: Annotated[Any, Depends(scheme)]) -> dict[str, Any]:
        try:
            found: dict[str, Any] = verify(credentials.credentials)
        except Exception as exc:
            raise HTTPException(401) from exc
        return found

    @app.get("/token")
    def whose(claims: Annotated[dict[str, Any], Depends(certificate_bound(claims))]) -> str:
        return str(claims["sub"])

    def ask(client: Any, confirmation: Any, key: str = KEY) -> Any:
        token = jwt.encode({"sub": "alice", "cnf": confirmation}, key, algorithm="HS256")
        return get(app, "/token", client, ("authorization", f"Bearer {token}"))

    thumbprint = {"x5t#S256": thumbprint_of(ALICE)}
    assert ask(ALICE, thumbprint).body == b'"alice"'
    for client, confirmation in ((ADMIN, thumbprint), (None, thumbprint), (ALICE, {}), (ALICE, {"jkt": "x"})):
        answer = ask(client, confirmation)
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert events[-1].reason is Reason.TOKEN_NOT_CONFIRMED
    assert ask(ALICE, thumbprint, KEY.upper()).status == 401
    assert operations(app)["/token"]["security"] == [{"HTTPBearer": [], "mutualTLS": []}]


def test_rule_that_lets_everybody_in() -> None:
    """`anyone` lets a request without a certificate pass, and the dependency's value is None."""
    app = FastAPI()
    install(app, config(mode="optional"))

    @app.get("/x")
    def x(client: Annotated[Any, Depends(require(anyone()))]) -> bool:
        return client is None

    assert get(app, "/x", None).body == b"true"
    assert get(app, "/x", ALICE).body == b"false"
