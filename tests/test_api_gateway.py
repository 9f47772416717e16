"""A Lambda event of API Gateway through the ASGI middleware, as Mangum hands it over (from documentation, not run)."""

from typing import Any

import pytest

from clientcert.asgi import ClientCertMiddleware
from clientcert.testing.producers import api_gateway_event
from tests import material as m
from tests.contract.adapters import echo_asgi
from tests.driving import ask_asgi, http_scope

CASES: dict[str, tuple[dict[str, Any], int]] = {
    "client": ({"aws.event": api_gateway_event(m.ALICE)}, 200),
    "nobody": ({"aws.event": api_gateway_event(None)}, 401),
    "stranger": ({"aws.event": api_gateway_event(m.STRANGERS)}, 403),
    "no-event": ({}, 500),
}


@pytest.mark.parametrize(("more", "status"), CASES.values(), ids=CASES)
def test_event(more: dict[str, Any], status: int) -> None:
    """The certificate of the event is the client; its absence is nobody; another kind of server is not taken for it."""
    app = ClientCertMiddleware(echo_asgi, m.config(source="aws-api-gateway", trusted_proxies=None))
    assert ask_asgi(app, http_scope(m.evidence(m.ADMIN)) | more).status == status
