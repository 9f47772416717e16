"""
An app that says whom it was told, and around our middleware a record of the trust in force before and after.

Every response, a refusal too, carries what `Observed` has.
"""

import json
import os
import threading
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import clientcert.asgi
import clientcert.wsgi
from clientcert.config import ClientCertConfig
from clientcert.core.authenticator import Authenticator
from clientcert.core.identity import ClientIdentity
from clientcert.core.outcome import Outcome
from clientcert.core.proxy import SharedSecret
from clientcert.runtime import gate
from clientcert.runtime.reload import ReloadAttempt
from tests.interop.apps import PASS, SECRET, SECRET_HEADER
from tests.interop.safety_facts import FOLDER, OBSERVED, STATUS, Observed, step_of, trust_files, who_is


class _InForce:
    """The newest step that a reload has told of, so it is in force already."""

    step = 0


def _note(attempt: ReloadAttempt) -> None:
    if attempt.is_success:
        _InForce.step = step_of(attempt.generation)


class _Counting(Authenticator):
    """An authenticator that counts what each thread asks it."""

    asked = threading.local()

    def authenticate(self, *arguments: Any, **keywords: Any) -> Outcome:
        """Count, and decide."""
        self.asked.times = self.times() + 1
        return super().authenticate(*arguments, **keywords)

    @classmethod
    def times(cls) -> int:
        """How often this thread has asked."""
        return getattr(cls.asked, "times", 0)


# A gate makes its own.
gate.Authenticator = _Counting  # type: ignore[attr-defined]  # which is not its to export
_TRUST: dict[str, Any] = trust_files(Path(os.environ[FOLDER]))
_CONFIG = ClientCertConfig(
    source=PASS,
    trusted_proxies=SharedSecret(SECRET, header=SECRET_HEADER),
    reload_interval=timedelta(milliseconds=20),
    on_reload=_note,
    **_TRUST,
)


def _newest_step() -> int:
    return step_of(_CONFIG.trust_provider.current(_CONFIG.clock()))


def _observed(port: Any, before: int, times: int) -> str:
    return str(
        Observed(
            process=os.getpid(),
            connection=None if port is None else int(port),
            before=before,
            after=_newest_step(),
            is_recalled=_Counting.times() == times,
        )
    )


def _status(authenticator: Authenticator) -> bytes:
    return str(authenticator.status().generation).encode()


def _say(identity: ClientIdentity) -> bytes:
    evidence = identity.evidence
    # ``good: CRL 17 of …``: the list that let this client pass, wherever the decision was kept since.
    listed = int(evidence.revocation.split()[2])
    return json.dumps(
        {"who": who_is(identity), "list": listed, "verified_at": evidence.verified_at.isoformat()}
    ).encode()


async def _asgi_app(scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": _say(scope["client_identity"])})


def _wsgi_app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [_say(environ["clientcert.identity"])]


_ASGI = clientcert.asgi.ClientCertMiddleware(_asgi_app, _CONFIG)
_WSGI = clientcert.wsgi.ClientCertMiddleware(_wsgi_app, _CONFIG)
_InForce.step = _newest_step()


async def asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Around the ASGI middleware; the lifespan is left to nobody."""
    if scope["type"] == "lifespan":
        raise NotImplementedError
    if scope["path"] == STATUS:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": _status(_ASGI.authenticator)})
        return
    before, times = _InForce.step, _Counting.times()

    async def answer(message: clientcert.asgi.Message) -> None:
        if message["type"] == "http.response.start":
            observed = _observed(scope["client"][1], before, times).encode()
            message["headers"] = [*message["headers"], (OBSERVED.encode(), observed)]
        await send(message)

    await _ASGI(scope, receive, answer)


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Around the WSGI middleware."""
    if environ["PATH_INFO"] == STATUS:
        start_response("200 OK", [])
        return [_status(_WSGI.authenticator)]
    before, times = _InForce.step, _Counting.times()

    def answer(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        observed = _observed(environ.get("REMOTE_PORT"), before, times)
        return start_response(status, [*headers, (OBSERVED, observed)], *more)

    return _WSGI(environ, answer)
