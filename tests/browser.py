"""A real browser, with or without a client certificate, for the pages that people look at."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fastapi_offline
from playwright.sync_api import Page, Route, sync_playwright

from clientcert.testing.issued import CertificateFiles
from tests.peers import require_peer

# The files that FastAPI's pages load from a CDN, as its maintainers' own package for offline use has them.
ASSETS = Path(fastapi_offline.__file__).parent / "static"

_PATIENCE_MILLISECONDS = 10_000


@dataclass(frozen=True, slots=True)
class Visit:
    """
    A tab of a browser.

    Attributes:
        origin: The only site that it can reach.
        page: The tab.
        complaints: What a developer would see in red: console errors, exceptions, requests that failed.
    """

    origin: str
    page: Page
    complaints: list[str] = field(default_factory=list)


@contextmanager
def visiting(origin: str, client: CertificateFiles | None) -> Iterator[Visit]:
    """
    Open a tab in a new Chromium, whatever certificate the site has.

    Args:
        origin: ``https://host:port``. Assets of FastAPI's pages come from `ASSETS`, nothing else is there.
        client: The certificate that the browser presents to that site; None for none.
    """
    program = require_peer("chromium")
    presented: list[Any] = []
    if client is not None:
        presented.append({"origin": origin, "certPath": str(client.certificate), "keyPath": str(client.key)})
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=program) as browser:
        context = browser.new_context(ignore_https_errors=True, client_certificates=presented)
        context.set_default_timeout(_PATIENCE_MILLISECONDS)
        visit = Visit(origin=origin, page=context.new_page())
        visit.page.on("console", lambda said: visit.complaints.append(said.text) if said.type == "error" else None)
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        visit.page.on("requestfailed", lambda request: visit.complaints.append(f"failed: {request.url}"))
        visit.page.route(lambda url: not url.startswith(f"{origin}/"), _from_assets)
        yield visit


def _from_assets(route: Route) -> None:
    asset = ASSETS / route.request.url.rpartition("/")[2]
    if asset.is_file():
        route.fulfill(path=asset)
    else:
        route.abort()
