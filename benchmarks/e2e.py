"""
Through real programs: wrk → nginx, which asks for client certificates → uvicorn, one worker.

    python -m benchmarks.e2e [--rounds 5] [--seconds 2]

The app has one processor for itself; nginx and wrk share another. Needs nginx, wrk and a C compiler, because wrk offers
no client certificates: `client_certificate.c` gives it one. The noise is some percent, so that all targets run in each
round, in random order, the bare app twice.
"""

import argparse
import os
import random
import re
import ssl
import statistics
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from http import HTTPStatus
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from benchmarks.driving import WrongAnswerError
from benchmarks.e2e_servers import CLIENT, CONTROL, OTHER_CPU, Served, pinned, serve, write_certificates
from benchmarks.harness import is_quiet, load_average
from benchmarks.material import compiled, pki
from clientcert.testing.issued import CertificateFiles
from clientcert.testing.processes import find_program

ROUNDS, SECONDS = 5, 2
_CONNECTIONS = 32
_SHIM = Path(__file__).with_name("client_certificate.c")
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_COUNT = re.compile(r"(\d+) requests in")


class Sample(NamedTuple):
    """
    One run of wrk.

    Attributes:
        rate: Requests per second.
        cpu: Microseconds of the app's CPU time per request.
    """

    rate: float
    cpu: float


def measure(*, rounds: int = ROUNDS, seconds: int = SECONDS) -> dict[str, dict[str, float]]:
    """``throughput`` and ``cpu`` of each target over the bare app's, the medians over rounds."""
    order = random.Random(0)  # noqa: S311 - an order, no secret
    print(f"end to end: load average {load_average()}", flush=True)
    with ExitStack() as stack:
        files = write_certificates(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="e2e-"))))
        stack.enter_context(pinned(OTHER_CPU))
        served = stack.enter_context(serve(files))
        client = files["client"]
        for one in served:
            _check(one, client)
        samples: dict[str, list[Sample]] = {one.name: [] for one in served}
        for _ in range(rounds):
            for one in order.sample(served, len(served)):
                samples[one.name].append(_load(one, client, seconds))
        for one in served:
            _check(one, client)
    found = {one.name: _summarize(one, samples) for one in served}
    if not is_quiet(found[CONTROL]["throughput"]):
        print(f"  disturbed: the bare app has {found[CONTROL]['throughput']:.1%} of its own throughput")
    return found


def _summarize(served: Served, samples: Mapping[str, Sequence[Sample]]) -> dict[str, float]:
    pairs = list(zip(samples[served.name], samples[served.over], strict=True))
    rate, cpu = (statistics.median(values) for values in zip(*samples[served.name], strict=True))
    throughput = statistics.median(mine.rate / over.rate for mine, over in pairs)
    line = f"  {served.name:20} {rate:8,.0f} req/s ({throughput:.1%} of {served.over})"
    if served.pid is None:
        print(line, flush=True)
        return {"throughput": throughput}
    used = statistics.median(mine.cpu / over.cpu for mine, over in pairs)
    print(f"{line}, app CPU {cpu:.1f} us/req ({used:.2f} x)", flush=True)
    return {"throughput": throughput, "cpu": used}


def _headers(served: Served) -> dict[str, str]:
    """What nginx would set."""
    if not served.is_direct:
        return {}
    certificate = pki().issue(CLIENT).escaped_pem.decode("ascii")
    return {"ssl-client-verify": "SUCCESS", "ssl-client-cert": certificate}


def _check(served: Served, client: CertificateFiles) -> None:
    """One request by another client than wrk: its answer names the certificate, or the target is wrong."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(client.chain, client.key)
    url = urlsplit(served.address)
    connection = (
        HTTPConnection(url.netloc, timeout=10)
        if served.is_direct
        else HTTPSConnection(url.netloc, context=context, timeout=10)
    )
    connection.request("GET", url.path, headers=_headers(served))
    response = connection.getresponse()
    got = (response.status, response.read())
    connection.close()
    if got != (HTTPStatus.OK, served.body):
        raise WrongAnswerError(f"{served.name}: {got}, wanted 200 and {served.body!r}")


def _load(served: Served, client: CertificateFiles, seconds: int) -> Sample:
    wrk = find_program("wrk")
    if wrk is None:
        raise FileNotFoundError("wrk was not found; install the package wrk")
    shim = compiled(_SHIM, "-ldl", "-lssl")
    environment = os.environ | {
        "LD_PRELOAD": str(shim),
        "CLIENT_CHAIN": str(client.chain),
        "CLIENT_KEY": str(client.key),
    }
    headers = [f"--header={name}: {value}" for name, value in _headers(served).items()]
    before = _cpu_seconds(served.pid)
    command = [
        str(wrk),
        "--threads=1",
        f"--connections={_CONNECTIONS}",
        f"--duration={seconds}s",
        *headers,
        served.address,
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    used = _cpu_seconds(served.pid) - before
    rate, count = _RATE.search(done.stdout), _COUNT.search(done.stdout)
    if rate is None or count is None or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise WrongAnswerError(f"{served.name}: wrk says\n{done.stdout}{done.stderr}")
    return Sample(rate=float(rate[1]), cpu=used * 1e6 / int(count[1]))


def _cpu_seconds(pid: int | None) -> float:
    if pid is None:
        return 0.0
    # The name in parentheses may hold spaces; user and system time are the 14th and 15th field (proc(5)).
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    options = parser.parse_args()
    measure(rounds=options.rounds, seconds=options.seconds)


if __name__ == "__main__":
    main()
