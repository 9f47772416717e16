"""What a type checker says of every way to the client. Not run: the comment on each line is the type it shows."""

# ruff: noqa: D103 - what is documented here is the line

from typing import Any, reveal_type

import flask
from django.http import HttpRequest
from fastapi import FastAPI
from starlette.requests import Request

import clientcert.asgi
import clientcert.django
import clientcert.fastapi
import clientcert.flask
import clientcert.starlette
import clientcert.wsgi
from clientcert.core.confirmation import confirms
from clientcert.core.policy import Roles, Rule, authenticated, cn, ou
from clientcert.django.rest import require as rest_require
from clientcert.fastapi import Client, OptionalClient


def asgi(scope: clientcert.asgi.Scope) -> None:
    reveal_type(clientcert.asgi.client_identity(scope))  # ClientIdentity | None


def wsgi(environ: clientcert.wsgi.Environ) -> None:
    reveal_type(clientcert.wsgi.client_identity(environ))  # ClientIdentity | None


@clientcert.starlette.require(authenticated())
async def starlette(request: Request) -> int:
    reveal_type(clientcert.starlette.client_identity(request))  # ClientIdentity | None
    return 1


@clientcert.flask.require(cn("alice"))
def flask_view(order: int) -> str:
    reveal_type(clientcert.flask.client_identity())  # ClientIdentity | None
    reveal_type(clientcert.flask.current_client)  # ClientIdentity
    reveal_type(clientcert.flask.current_client.subject)  # DistinguishedName
    return "x"


@clientcert.django.client_cert_required(ou("ops"))
def django_view(request: HttpRequest, order: int) -> str:
    reveal_type(clientcert.django.client_identity(request))  # ClientIdentity | None
    return "x"


def fastapi_endpoint(client: Client, optional: OptionalClient) -> None:
    reveal_type(client)  # ClientIdentity
    reveal_type(optional)  # ClientIdentity | None
    reveal_type(client.common_name)  # str
    reveal_type(client.serial_number)  # int | None
    reveal_type(client.serial_hex)  # str | None
    reveal_type(client.dns_names)  # tuple[str, ...]
    reveal_type(client.spiffe_id)  # SpiffeId | None
    reveal_type(client.not_after)  # datetime | None
    reveal_type(client.x5t_s256)  # str | None
    reveal_type(client.evidence.level)  # EvidenceLevel
    reveal_type(confirms(client, {}))  # bool


def rules(rule: Rule, app: FastAPI, other: flask.Flask, claims: Any) -> None:
    reveal_type(cn("a") & ou("b") | ~rule)  # Rule
    reveal_type(rule.check(None))  # Decision
    reveal_type(rule.check(None).allowed)  # bool
    reveal_type(Roles({"ops": rule}).of(None))  # frozenset[str]
    reveal_type(clientcert.fastapi.require(rule))  # Require
    reveal_type(clientcert.fastapi.audit(app))  # Audit
    reveal_type(clientcert.fastapi.audit(app).routes)  # tuple[AuditedRoute, ...]
    reveal_type(clientcert.flask.ClientCert(other))  # ClientCert
    reveal_type(rest_require(rule))  # type[RulePermission]
    reveal_type(flask_view(1))  # str
    reveal_type(django_view(claims, 1))  # str
    reveal_type(clientcert.starlette.ClientCertUser(claims).client)  # ClientIdentity
