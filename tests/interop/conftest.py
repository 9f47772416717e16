"""One nginx, three app servers and one set of certificates for all tests of this folder."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import get_args

import pytest

from clientcert.testing.nginx import Location, NginxServer, Verify
from clientcert.testing.terminators import Nginx
from tests.interop.apps import PROXY_ADDRESS, SECRET, SECRET_HEADER, asgi_app
from tests.interop.bench import Bench, running_bench
from tests.interop.clients import Authorities, issue
from tests.interop.harness import AppServer, gunicorn_process, uvicorn_thread
from tests.interop.live import Live
from tests.peers import require_peer


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A short path: a unix socket's name may have 108 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="interop-") as name:
        yield Path(name)


@pytest.fixture(scope="session")
def authorities(folder: Path) -> Authorities:
    """Everybody's certificates."""
    return issue(folder)


@pytest.fixture(scope="session")
def servers(folder: Path, authorities: Authorities) -> Iterator[dict[str, AppServer]]:
    """``asgi``: uvicorn; ``rewriting``: uvicorn with its default ``--proxy-headers``; ``wsgi``: gunicorn."""
    app = asgi_app(folder)
    with (
        gunicorn_process(f"tests.interop.apps:wsgi_app('{folder}')", folder) as wsgi,
        uvicorn_thread(app, folder, proxy_headers=False) as asgi,
        uvicorn_thread(app, folder, proxy_headers=True) as rewriting,
    ):
        yield {"asgi": asgi, "rewriting": rewriting, "wsgi": wsgi}


@pytest.fixture(scope="session")
def nginx(authorities: Authorities, servers: dict[str, AppServer]) -> Iterator[Nginx]:
    """Every way of asking for a certificate, on a port of its own: ``<mode>-<pass|nopass>-<unix|tcp>`` and more."""
    program = require_peer("nginx")
    unix = tuple(
        Location(path=f"/{name}/", upstream=f"unix:{servers[key].unix}")
        for name, key in (("asgi", "asgi"), ("wsgi", "wsgi"), ("django", "wsgi"))
    )
    tcp = tuple(Location(path=f"/{name}/", upstream=f"127.0.0.1:{servers[name].tcp_port}") for name in ("asgi", "wsgi"))
    rewriting = (Location(path="/asgi/", upstream=f"127.0.0.1:{servers['rewriting'].tcp_port}"),)
    on = NginxServer(
        certificate=authorities.server.chain,
        private_key=authorities.server.key,
        client_ca=authorities.trust,
        locations=unix,
        pass_certificate=True,
    )
    hosts: dict[str, NginxServer] = {
        "secret": replace(on, secret=(SECRET_HEADER, SECRET)),
        "error-page": replace(on, error_page="/asgi/pass-unix/refused"),
        "blank": NginxServer(locations=unix, client_headers="blank"),
        "untouched": NginxServer(locations=unix, client_headers="untouched"),
        "rewriting": replace(on, locations=rewriting),
    }
    modes: tuple[Verify, ...] = get_args(Verify)
    for verify, passes in product(modes, (True, False)):
        name = f"{verify}-{'pass' if passes else 'nopass'}"
        host = replace(on, verify=verify, pass_certificate=passes)
        hosts[f"{name}-unix"] = host
        hosts[f"{name}-tcp"] = replace(host, locations=tcp, proxy_bind=PROXY_ADDRESS)
    hosts |= {f"{verify}-crl": replace(on, verify=verify, crl=authorities.crl) for verify in modes}
    with Nginx(hosts, executable=program) as running:
        yield running


@pytest.fixture(scope="session")
def live(nginx: Nginx, servers: dict[str, AppServer], authorities: Authorities) -> Live:
    """Everything that runs, behind one name."""
    return Live(nginx=nginx, servers=servers, authorities=authorities)


@pytest.fixture(scope="session")
def bench(authorities: Authorities) -> Iterator[Bench]:
    """Every terminator with the output of ``clientcert snippet``, and the apps behind them."""
    with running_bench(authorities) as running:
        yield running
