"""
Whether speed is safe, for as long as you like: ``python -m tests.interop.safety --seconds 600``.

Many clients over few connections from a real nginx to a real app server, while trust and revocation change: everybody
gets their own identity, nobody passes by what is no longer in force, and nobody else is refused.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random, SystemRandom

from clientcert.testing.nginx import Location, NginxServer
from clientcert.testing.terminators import Nginx
from tests.interop.apps import PROXY_ADDRESS, SECRET, SECRET_HEADER
from tests.interop.safety_clients import Population
from tests.interop.safety_facts import FOLDER
from tests.interop.safety_traffic import Report, Traffic
from tests.interop.safety_trust import Material
from tests.servers.harness import running

APP = "tests.interop.safety_app"
_BIND = ("--bind", "127.0.0.1:{port}")
_GRANIAN = ("granian", "--port", "{port}", "--no-ws")
SERVERS: Mapping[str, tuple[str, ...]] = {
    # Its rewriting of addresses would hide which connection a request came by.
    "uvicorn": ("uvicorn", f"{APP}:asgi", "--port", "{port}", "--lifespan", "off", "--no-proxy-headers"),
    "gunicorn gthread": (
        *("gunicorn", *_BIND, "--no-control-socket", "--worker-class", "gthread"),
        *("--workers", "2", "--threads", "4", f"{APP}:wsgi"),
    ),
    "granian asgi": (*_GRANIAN, "--interface", "asgi", f"{APP}:asgi"),
    "granian wsgi": (*_GRANIAN, "--interface", "wsgi", "--blocking-threads", "4", f"{APP}:wsgi"),
    "hypercorn": ("hypercorn", *_BIND, f"{APP}:asgi"),
}


def hammer(  # noqa: PLR0913 - one run, all by name
    server: str, population: Population, folder: Path, *, go_on: Callable[[int], bool], answers_a_step: int, seed: int
) -> Report:
    """
    Ask one app server behind nginx while the trust changes.

    Args:
        server: Of `SERVERS`.
        population: Who asks.
        folder: An empty one.
        go_on: Asked with the number of steps done whether to do another.
        answers_a_step: How many answers to wait for after a reload was seen.
        seed: Of the order and of who is revoked.
    """
    material = Material(folder / "trust", population, Random(seed))  # noqa: S311 - not a secret
    with running(*SERVERS[server], folder=folder, environ={FOLDER: str(folder / "trust")}) as app:
        host = NginxServer(
            certificate=population.server.chain,
            private_key=population.server.key,
            client_ca=population.roots,
            pass_certificate=True,
            secret=(SECRET_HEADER, SECRET),
            proxy_bind=PROXY_ADDRESS,
            locations=(Location(upstream=f"127.0.0.1:{app.address[1]}"),),
        )
        with Nginx({"app": host}) as nginx:
            traffic = Traffic(nginx.ports["app"], population.clients, material.steps, seed)
            with traffic.running():
                _change(material, traffic, go_on, answers_a_step)
        if traffic.report.faults:
            traffic.report.faults.append(app.log[-2_000:])
    return traffic.report


def _change(material: Material, traffic: Traffic, go_on: Callable[[int], bool], answers_a_step: int) -> None:
    """Wait until a process has seen the trust, let everybody ask, change it, and again."""
    step = 0
    traffic.wait(step, answers_a_step)
    while not traffic.report.faults and go_on(step):
        step = material.advance()
        traffic.wait(step, answers_a_step)


def main() -> int:
    """Ask each server for its share of the time; 1 where an answer was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.interop.safety", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for all servers together")
    parser.add_argument("--server", choices=SERVERS, action="append", help="default: all of them")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(2**32))
    options = parser.parse_args()
    servers = options.server or list(SERVERS)
    share = options.seconds / len(servers)
    reports = [_report(server, share, options.seed) for server in servers]
    return int(any(report.faults for report in reports))


def _report(server: str, seconds: float, seed: int) -> Report:
    with tempfile.TemporaryDirectory(prefix="safety-") as name:
        folder, end = Path(name), time.monotonic() + seconds
        population = Population(folder / "tls")

        def go_on(_: int) -> bool:
            return time.monotonic() < end

        report = hammer(server, population, folder, go_on=go_on, answers_a_step=500, seed=seed)
    sys.stdout.write("\n  ".join((f"{server}, seed {seed}: {report}", *report.faults)) + "\n")
    sys.stdout.flush()
    return report


if __name__ == "__main__":
    sys.exit(main())
