"""What the documentation and the refusals name is there."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

from clientcert.servers import recognition
from tests.servers.harness import ROOT

TEXTS = {
    "how-to": (ROOT / "docs/how-to/servers.md").read_text(encoding="utf-8"),
    "reference": (ROOT / "docs/reference/servers.md").read_text(encoding="utf-8"),
    "refusals": Path(recognition.__file__).read_text(encoding="utf-8"),
}
# clientcert.servers.<module>, and what is named in it.
NAMED = re.compile(r"clientcert\.servers\.(\w+)(?:[.:](\w+))?")


@pytest.mark.parametrize("text", TEXTS)
def test_names(text: str) -> None:
    """Every module that is named exists, and holds every class and function that is named in it."""
    found = NAMED.findall(TEXTS[text])
    assert found
    for module, name in found:
        if module in ("TlsConnection", "ssl_context"):
            continue  # of the package itself
        spec = importlib.util.find_spec(f"clientcert.servers.{module}")
        assert spec is not None, module
        assert spec.origin is not None
        # Read, not imported: daphne chooses a reactor for the whole process.
        tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
        defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef)}
        assert not name or name in defined, f"{module}.{name}"


@pytest.mark.parametrize("path", re.findall(r"examples/servers/[\w.]+", TEXTS["how-to"]))
def test_files(path: str) -> None:
    """Every example that is named is there; `test_examples` runs it."""
    assert (ROOT / path).is_file()
