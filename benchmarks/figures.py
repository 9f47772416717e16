"""
Everything that was measured, as one flat mapping of names to numbers, and the file it is kept in.

Ratios, counts, exponents and bytes; never a time, which is another on each machine.
"""

import json
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results.json")
Figures = dict[str, float]

# What a count of instructions depends on.
_PINNED = ("cryptography", "prometheus-client", "opentelemetry-sdk", "starlette", "fastapi", "flask", "django")
_DIGITS = 4


def environment() -> dict[str, str]:
    """The versions that a count of instructions depends on."""
    found = {"python": platform.python_version(), "compiler": platform.python_compiler(), "machine": platform.machine()}
    return found | {name: version(name) for name in _PINNED}


def machine() -> str:
    """The processor, for the page."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if sys.platform == "linux" else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} x {names[0]}" if names else platform.processor()


def load(file: Path = RESULTS) -> dict[str, Any]:
    """What is committed: ``environment``, ``machine`` and ``figures``; empty figures where there is no file."""
    if not file.exists():
        return {"environment": {}, "machine": "", "figures": {}}
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document


def save(figures: Mapping[str, float], file: Path = RESULTS) -> None:
    """Write what was measured here and now."""
    rounded = {name: _rounded(figures[name]) for name in sorted(figures)}
    document = {"environment": environment(), "machine": machine(), "figures": rounded}
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _rounded(value: float) -> float:
    return round(value) if abs(value) >= 10**_DIGITS or value == round(value) else float(f"{value:.{_DIGITS}g}")
