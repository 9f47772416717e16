"""The reference page of the kit: its code runs, and it names all that there is."""

import re
from pathlib import Path
from typing import Any, get_args

from clientcert.core.sources import ALIASES
from clientcert.testing import client_request, producers
from clientcert.testing.knobs import Knobs
from clientcert.testing.producers import LANGUAGES, PRODUCERS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "testing.md").read_text(encoding="utf-8")


def test_the_code_of_the_page_runs() -> None:
    """Its blocks are one program, from top to bottom, and what they assert holds."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec("\n".join(blocks), names)  # noqa: S102 - our own page
    assert len(blocks) == 7
    assert names["trust"] == names["authority"].pem


def test_the_page_names_what_there_is() -> None:
    """Every knob, producer, language and failure, every argument of `as_client` and every member of its result."""
    said = set(re.findall(r"`[\"(]*([\w-]+)[\"(.`,]", PAGE))
    members = {name for name in vars(client_request.ClientRequest) if not name.startswith("_")}
    arguments = set(client_request.as_client.__annotations__) - {"client", "knobs", "return"}
    failures = get_args(producers.Failure)
    for wanted in (Knobs.__annotations__, {*PRODUCERS, *ALIASES}, LANGUAGES, members, arguments, failures):
        assert set(wanted) <= said
