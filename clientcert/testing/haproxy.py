"""A real HAProxy in front of an app, for tests and demonstrations."""

from pathlib import Path
from typing import ClassVar

from clientcert.testing.processes import Prefix, Terminator

# What every haproxy.cfg has above its frontends. Without time-outs HAProxy warns.
_PREAMBLE = """\
global
  log stderr format raw local0 info
  # The tests have few connections and many processes.
  maxconn 256
  nbthread 1

defaults
  log global
  timeout connect 5s
  timeout client 30s
  timeout server 30s

"""


class HAProxy(Terminator):
    """
    HAProxy with ``global`` and ``defaults`` sections of its own, and the caller's frontends and backends below them.

    For the arguments and errors see `Terminator`.
    """

    program_names: ClassVar[tuple[str, ...]] = ("haproxy",)

    def _command(self, program: Path, prefix: Prefix) -> list[str]:
        path = prefix.write("haproxy.cfg", _PREAMBLE + prefix.text)
        # -db: in the foreground, without a master process.
        return [str(program), "-db", "-f", str(path)]
