"""A target that answers wrongly is not measured."""

import asyncio
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from benchmarks.driving import Running, WrongAnswerError, run_without_loop
from benchmarks.targets import BASELINES, FRAMEWORKS, OPTIONS, OURS, PASTED, Target
from benchmarks.traffic import MIXES, NOBODY, Sent, certificates
from benchmarks.witness import Scope, Send, asgi_hello

ALICE, BEN = certificates(2, "nginx", "ec")
# Django has one configuration per process, and here it is other tests'.
_HERE = [target for target in (*BASELINES, *PASTED, *OURS, *OPTIONS, *FRAMEWORKS) if "django" not in target.name]
MEASURED = [(target, mix) for target in _HERE for mix in target.mixes if mix != "zipf"]
ROOT = Path(__file__).parents[2]
DJANGO = """
from benchmarks.targets import FRAMEWORKS
from benchmarks.traffic import certificates
for target in FRAMEWORKS:
    if "django" in target.name:
        target.start("ec").check(certificates(3, target.form, "ec"))
        print(target.name)
"""


def running(app: Any, **more: Any) -> Running:
    """An ASGI app as a target."""
    return Running(name="app", kind="asgi", app=app, **more)


async def always_alice(scope: Scope, receive: Any, send: Send) -> None:
    """What a broken cache does."""
    await asgi_hello({**scope, "client_identity": ALICE.serial}, receive, send)


async def refuse(scope: Scope, receive: Any, send: Send) -> None:
    """What is quicker than any app."""
    await send({"type": "http.response.start", "status": 403, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize(("target", "mix"), MEASURED, ids=[f"{target.name}-{mix}" for target, mix in MEASURED])
def test_target_answers_rightly(target: Target, mix: str) -> None:
    """Every target gives the first clients of every mix the answer they deserve, twice."""
    running = target.start("ec")
    sent = list(islice(MIXES[mix].stream(target.form, "ec"), 3))
    running.check(sent)
    running.check(sent)


def test_django_answers_rightly() -> None:
    """So do the targets with Django."""
    command = [sys.executable, "-c", DJANGO]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["django-wsgi-bare", "django-wsgi", "django-asgi-bare", "django-asgi"]


def test_right_identity_passes() -> None:
    """The twin of the next: the client that the app names is the one that asks."""
    running(always_alice).check([ALICE])


def test_wrong_identity_is_noticed() -> None:
    """An app that shows another client's serial number is caught."""
    with pytest.raises(WrongAnswerError, match="wanted"):
        running(always_alice).check([ALICE, BEN])


def test_refusal_is_noticed() -> None:
    """An app that refuses a good client is caught."""
    with pytest.raises(WrongAnswerError, match="403"):
        running(refuse).check([ALICE])


def test_admission_is_noticed() -> None:
    """An app that admits what should be refused is caught."""
    with pytest.raises(WrongAnswerError, match="200"):
        running(asgi_hello).check([Sent(NOBODY.evidence, None, status=401)])


def test_identity_of_nobody_is_noticed() -> None:
    """An app that has an identity for a client without a certificate is caught."""
    with pytest.raises(WrongAnswerError, match="wanted"):
        running(always_alice).check([NOBODY])


def test_app_that_looks_at_nothing_admits_everybody() -> None:
    """Of a baseline only the status is compared."""
    running(asgi_hello, looks=False).check([ALICE, NOBODY])


def test_block_takes_time() -> None:
    """A block is answered and its time is positive."""
    app = running(always_alice)
    assert app.block(app.requests([ALICE, BEN])) > 0


def test_waiting_needs_a_loop() -> None:
    """An app that waits cannot be run without an event loop."""

    async def wait() -> int:
        await asyncio.sleep(0)
        return 1

    coroutine = wait()
    with pytest.raises(RuntimeError, match="event loop"):
        run_without_loop(coroutine)
    coroutine.close()
