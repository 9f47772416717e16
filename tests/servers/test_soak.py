"""A few thousand real TLS connections leave nothing behind in a server; ``make soak`` is the same with 100,000."""

from pathlib import Path

import pytest

from tests.servers.matrix import MatrixPki
from tests.servers.soaking import SERVERS, Sample, least_growth, slope, soak

SAMPLES = 8
WARM_UP_SAMPLES = 3
# One object of each connection would be one block; so few connections still fill caches and start threads.
MOST_BLOCKS = 0.9
# OpenSSL's part of one would be tens of kilobytes.
MOST_BYTES = 2_048


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="resident memory is read from Linux's /proc")
@pytest.mark.parametrize(("server", "connections"), [("uvicorn", 2_000), ("gunicorn", 1_000)])
def test_connections_leave_nothing(server: str, connections: int, matrix_pki: MatrixPki, tmp_path: Path) -> None:
    """Neither Python's blocks nor the process grow with connections of clients with and without certificates."""
    start, _ = SERVERS[server]
    with start(matrix_pki, tmp_path) as running:
        samples = [*soak(running, matrix_pki, connections=connections, samples=SAMPLES, shows=True)]
    assert samples[-1].connections == connections
    settled = samples[WARM_UP_SAMPLES:]
    assert least_growth(settled, lambda sample: sample.blocks) < MOST_BLOCKS, samples
    assert least_growth(settled, lambda sample: sample.resident) < MOST_BYTES, samples


def test_growth_is_seen() -> None:
    """A server that kept one object of each connection would be a slope, whatever its memory does besides."""
    samples = [
        Sample(connections=count, resident=50_000_000 + 100 * count + count % 7, blocks=200_000 + count)
        for count in range(100, 1_000, 100)
    ]
    for growth in (slope, least_growth):
        assert growth(samples, lambda sample: sample.blocks) == pytest.approx(1.0)
        assert growth(samples, lambda sample: sample.resident) == pytest.approx(100.0, rel=0.01)
