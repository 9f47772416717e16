"""
Client certificates in FastAPI: parameters that are the client, rules as dependencies, and their OpenAPI.

`install` sets an app up in one line; each of its parts can be had alone.
"""

from clientcert.asgi import ClientCertMiddleware
from clientcert.fastapi.dependencies import Client, OptionalClient, Require, require
from clientcert.fastapi.openapi import document
from clientcert.fastapi.setup import install
from clientcert.fastapi.tokens import certificate_bound
from clientcert.starlette import (
    Audit,
    AuditedRoute,
    ClientCertBackend,
    ClientCertUser,
    Refused,
    RequireMiddleware,
    audit,
    client_identity,
)

__all__ = [
    "Audit",
    "AuditedRoute",
    "Client",
    "ClientCertBackend",
    "ClientCertMiddleware",
    "ClientCertUser",
    "OptionalClient",
    "Refused",
    "Require",
    "RequireMiddleware",
    "audit",
    "certificate_bound",
    "client_identity",
    "document",
    "install",
    "require",
]
