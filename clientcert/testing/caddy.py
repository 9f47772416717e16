"""A real Caddy in front of an app, for tests and demonstrations."""

import json
import subprocess
from pathlib import Path
from typing import Any, ClassVar

from clientcert.testing.processes import Prefix, Terminator, TerminatorError


class Caddy(Terminator):
    """
    Caddy with the caller's text as its whole Caddyfile.

    Caddy's own translation of it is run, with what only one process of a machine could do taken out: the admin
    endpoint, the redirects from port 80 and the files in the user's home.

    For the arguments and errors see `Terminator`; a Caddyfile that cannot be translated raises `TerminatorError`.
    """

    program_names: ClassVar[tuple[str, ...]] = ("caddy",)

    def _command(self, program: Path, prefix: Prefix) -> list[str]:
        caddyfile = prefix.write("Caddyfile", prefix.text)
        adapt = [str(program), "adapt", "--config", str(caddyfile), "--adapter", "caddyfile"]
        done = subprocess.run(
            adapt, cwd=prefix.folder, env=prefix.environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise TerminatorError(f"caddy refuses its configuration:\n{done.stderr}")
        path = prefix.write("caddy.json", json.dumps(_confined(json.loads(done.stdout), prefix.folder)))
        return [str(program), "run", "--config", str(path)]


def _confined(configuration: Any, folder: Path) -> Any:
    configuration["admin"] = {"disabled": True, "config": {"persist": False}}
    configuration["storage"] = {"module": "file_system", "root": str(folder / "storage")}
    for server in configuration["apps"]["http"]["servers"].values():
        server.setdefault("automatic_https", {})["disable_redirects"] = True
    return configuration
