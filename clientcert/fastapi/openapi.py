"""
OpenAPI: which operation asks for a client certificate, read from the dependencies that enforce it.

FastAPI's model of a security scheme has no ``mutualTLS`` (OpenAPI 3.1 §4.8.27.1), so the finished schema is completed.
"""

from collections.abc import Iterator
from threading import Lock
from typing import Any, Final

from fastapi import FastAPI, routing

from clientcert.errors import Case
from clientcert.runtime.problem import CONTENT_TYPE, problem_type
from clientcert.starlette.marks import is_optional, rules_of

SCHEME: Final = "mutualTLS"
"""Name of the security scheme, and its type."""

PROBLEM_SCHEMA: Final = "ClientCertProblem"
_VENDOR_KEY: Final = "x-client-certificate"
_DESCRIPTION: Final = "A TLS client certificate of an accepted certificate authority."
_RESPONSES: Final = {
    "401": ("No client certificate was presented", Case.MISSING),
    "403": ("The client certificate is not accepted", Case.REJECTED),
}
_INSTANCE: Final = "urn:uuid:7a5d2f1e-0d3c-4c7b-9d5e-0f6b8a1c2e34"
_PROBLEM: Final = {
    "title": "Client certificate problem (RFC 9457)",
    "type": "object",
    "required": ["type", "title", "status", "instance"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "instance": {"type": "string", "format": "uri", "description": "Quote it to the operator"},
    },
}

Schema = dict[str, Any]


def document(app: FastAPI) -> None:
    """
    Complete the app's OpenAPI schema: ``mutualTLS`` for each operation that needs or takes a client, 401 and 403.

    Other security schemes stay: an operation that needs a certificate needs it with each of their alternatives. A
    response that the app documents itself stays as well. OpenAPI 3.0 has no such type; there operations get
    ``x-client-certificate``. Calling it twice changes nothing.
    """
    original = app.openapi
    if getattr(original, "clientcert_documents", False):
        return
    lock = Lock()
    completed: list[Schema] = []

    def openapi() -> Schema:
        with lock:
            schema = original()
            # FastAPI keeps the schema and makes a new one when routes are added.
            if not any(schema is done for done in completed):
                _complete(schema, app)
                completed[:] = [schema]
        return schema

    openapi.clientcert_documents = True  # type: ignore[attr-defined]
    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the schema


def _complete(schema: Schema, app: FastAPI) -> None:
    demands = {(path, method): optional for path, method, optional in _demands(app)}
    found = [
        (operation, demands[path, method])
        for path, operations in schema.get("paths", {}).items()
        for method, operation in operations.items()
        if (path, method) in demands
    ]
    if not found:
        return
    components = schema.setdefault("components", {})
    components.setdefault("schemas", {}).setdefault(PROBLEM_SCHEMA, _PROBLEM)
    has_type = not schema["openapi"].startswith("3.0")
    if has_type:
        scheme = {"type": SCHEME, "description": _DESCRIPTION}
        components.setdefault("securitySchemes", {}).setdefault(SCHEME, scheme)
    for operation, optional in found:
        _document_responses(operation, optional=optional)
        if has_type:
            operation["security"] = _with_certificate(
                operation.get("security", schema.get("security")), optional=optional
            )
        else:
            operation[_VENDOR_KEY] = "optional" if optional else "required"


def _demands(app: FastAPI) -> Iterator[tuple[str, str, bool]]:
    """Path, lower-case method and "is optional" of every operation that takes a client."""
    # Routers keep what they include as a whole since FastAPI 0.140; before, inclusion copied the routes.
    unfold = getattr(routing, "iter_route_contexts", iter)
    route: Any
    for route in unfold(app.routes):
        rules = rules_of(route)
        if rules and isinstance(getattr(route, "original_route", route), routing.APIRoute):
            optional = all(map(is_optional, rules))
            yield from ((str(route.path_format), method.lower(), optional) for method in route.methods or ())


def _with_certificate(security: list[Schema] | None, *, optional: bool) -> list[Schema]:
    """Alternatives as they were (none: no security is needed), each with the certificate as well."""
    alternatives = security or [{}]
    needed = [{**alternative, SCHEME: []} for alternative in alternatives]
    return [*needed, *alternatives] if optional else needed


def _document_responses(operation: Schema, *, optional: bool) -> None:
    for status, (description, case) in _RESPONSES.items():
        # Who may come without a certificate is not refused for having none.
        if not (optional and status == "401"):
            documented = {"description": description, "content": {CONTENT_TYPE: _problem(case)}}
            operation.setdefault("responses", {}).setdefault(status, documented)


def _problem(case: Case) -> Schema:
    example = {"type": problem_type(case), "title": case.title, "status": case.status, "instance": _INSTANCE}
    return {"schema": {"$ref": f"#/components/schemas/{PROBLEM_SCHEMA}"}, "example": example}
