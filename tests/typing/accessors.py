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
from clientcert import ClientCertConfig, ProblemBody, ProblemDetails
from clientcert.core.confirmation import confirms
from clientcert.core.policy import Roles, Rule, authenticated, cn, ou
from clientcert.django.rest import CertificateUser
from clientcert.django.rest import require as rest_require
from clientcert.fastapi import Client, OptionalClient
from clientcert.policy import PolicyFile


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
    reveal_type(client.subject)  # DistinguishedName
    reveal_type(client.subject.rfc4514)  # str
    reveal_type(client.subject.values("O"))  # tuple[str, ...]
    reveal_type(client.issuer)  # DistinguishedName
    reveal_type(client.common_name)  # str
    reveal_type(client.serial_number)  # int | None
    reveal_type(client.serial_hex)  # str | None
    reveal_type(client.dns_names)  # tuple[str, ...]
    reveal_type(client.email_addresses)  # tuple[str, ...]
    reveal_type(client.uris)  # tuple[str, ...]
    reveal_type(client.ip_addresses)  # tuple[IPv4Address | IPv6Address | IPv4Network | IPv6Network, ...]
    reveal_type(client.user_principal_names)  # tuple[str, ...]
    reveal_type(client.spiffe_id)  # SpiffeId | None
    reveal_type(client.not_before)  # datetime | None
    reveal_type(client.not_after)  # datetime | None
    reveal_type(client.fingerprint_sha256)  # str | None
    reveal_type(client.spki_sha256)  # str | None
    reveal_type(client.x5t_s256)  # str | None
    reveal_type(client.issuer_key_id)  # str | None
    reveal_type(client.certificate)  # bytes | None
    reveal_type(client.chain)  # tuple[bytes, ...]
    reveal_type(client.roles)  # frozenset[str]
    reveal_type(client.evidence)  # Evidence
    reveal_type(client.evidence.level)  # EvidenceLevel
    reveal_type(client.confirms({}))  # bool
    reveal_type(confirms(client, {}))  # bool


def rules(rule: Rule, app: FastAPI, other: flask.Flask, claims: Any) -> None:
    reveal_type(cn("a") & ou("b") | ~rule)  # Rule
    reveal_type(rule.check(None))  # Decision
    reveal_type(rule.check(None).allowed)  # bool
    reveal_type(rule.check(None).explain())  # tuple[str, ...]
    reveal_type(rule.check(None).failing)  # tuple[Decision, ...]
    reveal_type(PolicyFile.load("acl.toml"))  # RoutePolicy
    reveal_type(Roles({"ops": rule}).of(None))  # frozenset[str]
    reveal_type(clientcert.fastapi.require(rule))  # Require
    reveal_type(clientcert.fastapi.audit(app))  # Audit
    reveal_type(clientcert.fastapi.audit(app).routes)  # tuple[AuditedRoute, ...]
    reveal_type(clientcert.fastapi.audit(app).problems)  # tuple[str, ...]
    reveal_type(clientcert.fastapi.Refused(claims).problem)  # Problem
    reveal_type(clientcert.flask.Refused(claims).problem)  # Problem
    reveal_type(clientcert.flask.ClientCert(other))  # ClientCert
    reveal_type(rest_require(rule))  # type[RulePermission]
    reveal_type(CertificateUser(claims).client)  # ClientIdentity
    reveal_type(flask_view(1))  # str
    reveal_type(django_view(claims, 1))  # str
    reveal_type(clientcert.starlette.ClientCertUser(claims).client)  # ClientIdentity


async def dependency(required: clientcert.fastapi.Require, request: Request) -> None:
    reveal_type(await required(request))  # ClientIdentity | None


def middleware(app: clientcert.asgi.ASGIApp, wsgi_app: clientcert.wsgi.WSGIApp, config: ClientCertConfig) -> None:
    reveal_type(clientcert.asgi.ClientCertMiddleware(app, config).config)  # ClientCertConfig
    reveal_type(clientcert.asgi.ClientCertMiddleware(app, config).authenticator)  # Authenticator
    reveal_type(clientcert.wsgi.ClientCertMiddleware(wsgi_app, config).config)  # ClientCertConfig


def on_problem(details: ProblemDetails) -> ProblemBody:
    reveal_type(details.reason)  # Reason
    reveal_type(details.status)  # int
    reveal_type(ProblemBody(content="x").headers)  # tuple[tuple[str, str], ...]
    return ProblemBody(content=b"x")
