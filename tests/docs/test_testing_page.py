"""Every example of the page about tests is a file that passes, and its figures are true."""

import re
import subprocess
import sys
from pathlib import Path

from clientcert.testing.bad_clients import bad_client_names
from tests.peers import require_peer

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "test-your-app.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```python\n# (\w+\.py)\n(.*?)```", PAGE, flags=re.DOTALL))


def test_all_examples_pass(tmp_path: Path) -> None:
    """All files of the page pass in one run of pytest, warnings being errors."""
    require_peer("nginx")
    assert len(FILES) == PAGE.count("```python")
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "--strict-markers"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout


def test_one_example_for_each_framework() -> None:
    """There is a file for every framework and for both test runners."""
    tests = {name.removeprefix("test_").removesuffix(".py") for name in FILES if name.startswith("test_")}
    assert tests == {"fastapi", "httpx", "flask", "django", "rest", "wsgi", "refusals", "case", "unit"}


def test_figures() -> None:
    """The numbers of bad clients are those of the table."""
    (nginx, envoy), *_ = re.findall(r"(\d+) for nginx, (\d+) for Envoy", PAGE.replace("\n", " "))
    assert (int(nginx), int(envoy)) == (len(bad_client_names("nginx")), len(bad_client_names("envoy")))
