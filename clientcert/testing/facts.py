"""What an adapter gives to the core, for tests of the core and of rules that stand on it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Unpack

from clientcert.core.facts import Header, RequestFacts
from clientcert.testing.client_request import ClientRequest, Facts

_ORDINARY: tuple[Header, ...] = ((b"host", b"app.example"), (b"accept", b"*/*"))


def request_facts(
    client: ClientRequest | None = None, *, headers: Iterable[Header] = (), **facts: Unpack[Facts]
) -> RequestFacts:
    """
    Make the facts of an ordinary request that came over a proxy on this machine.

    Args:
        client: Whose request it is, as `as_client` writes it; None for one that says nothing of a client.
        headers: More headers, behind the client's: a copy of the client's own, an alias.
        **facts: What is to differ; see `ClientRequest.facts`.
    """
    told = client or ClientRequest(headers=(), via="nobody", certificate=None)
    for name, value in headers:
        told = told.with_header(name, value)
    made = told.facts(**facts)
    return replace(made, headers=(*_ORDINARY, *made.headers))
