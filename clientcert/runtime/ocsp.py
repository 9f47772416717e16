"""
Revocation by OCSP, off the request path: requests look answers up, a thread fetches them.

The first request with a certificate that was never seen finds nothing, and is "unknown": refused in mode ``hard``,
let pass in mode ``soft``. `OcspChecker.follow` and `OcspChecker.staple` give answers beforehand.
"""

import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from weakref import ref

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.names import CanonicalName
from clientcert.core.verification.ocsp import OcspAnswer, OcspRules, build_request, verify_response
from clientcert.core.verification.ocsp_response import OcspError
from clientcert.core.verification.revocation import RevocationAnswer, Unknown
from clientcert.errors import ConfigurationError
from clientcert.runtime.http import FetchError, check_url, post_ocsp

logger = logging.getLogger("clientcert")

DEFAULT_CAPACITY = 4096
DEFAULT_REFRESH = timedelta(hours=1)
_RETRY = timedelta(seconds=30)
_TIMEOUT_SECONDS = 5.0
# How long the thread sleeps when nothing is due and nobody new comes.
_PAUSE_SECONDS = 5.0

Key = tuple[CanonicalName, str, int]
"""Name and SHA-256 of the key of the issuer, and serial number."""


class Fetch(Protocol):
    """How a responder is asked."""

    def __call__(self, url: str, request: bytes, /, *, timeout_seconds: float) -> bytes:
        """Return the response; FetchError when there is none."""


@dataclass(slots=True, kw_only=True)
class _Followed:
    """A certificate that has been seen: what is known of it, and when to ask again."""

    certificate: ParsedCertificate
    issuer: ParsedCertificate
    answer: OcspAnswer | None = None
    error: str = "no OCSP response yet, it is being fetched"
    due_at: datetime


class OcspChecker:
    """
    A `RevocationChecker` that never waits. Safe between threads; after a fork the thread is started anew.

    Args:
        responders: URL of the responder of every issuer, or URLs by the SHA-256 of the issuer's key (64 lower-case hex
            digits, `ParsedCertificate.spki_sha256`). A URL in a certificate is never used.
        rules: How responses are asked for and judged.
        refresh: Ask again after this time, or at half of a response's life, whichever comes first.
        capacity: Certificates that are followed; the one unused for longest makes room.
        clock: Returns the current time as aware UTC.
        fetch: How a responder is asked.
        background: False starts no thread: somebody calls `refresh_due`.

    Raises:
        ConfigurationError: No responder, something that is not a URL, a capacity or a time that is not positive.
    """

    def __init__(  # noqa: PLR0913 - options, all by name
        self,
        responders: str | Mapping[str, str],
        *,
        rules: OcspRules | None = None,
        refresh: timedelta = DEFAULT_REFRESH,
        capacity: int = DEFAULT_CAPACITY,
        clock: Callable[[], datetime] | None = None,
        fetch: Fetch = post_ocsp,
        background: bool = True,
    ) -> None:
        if not responders or capacity < 1 or refresh <= timedelta(0):
            raise ConfigurationError("ocsp wants a responder, a capacity of 1 or more, and a positive refresh time")
        for url in [responders] if isinstance(responders, str) else responders.values():
            check_url(url)
        self._responders = responders
        self._rules, self._refresh, self._capacity = rules or OcspRules(), refresh, capacity
        self._clock, self._fetch, self._background = clock or _utc_now, fetch, background
        self._followed: OrderedDict[Key, _Followed] = OrderedDict()
        self._process, self._lock, self._wanted = os.getpid(), threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None

    def check(self, certificate: ParsedCertificate, issuer: ParsedCertificate, *, at: datetime) -> RevocationAnswer:
        """Look an answer up, and follow the certificate from now on; see `RevocationChecker.check`."""
        followed = self._follow(certificate, issuer, at)
        if followed is None:
            return RevocationAnswer(status=Unknown(why=f"no OCSP responder is configured for {issuer}"))
        answer = followed.answer
        if answer is None:
            return RevocationAnswer(status=Unknown(why=followed.error), valid_until=at)
        # Before it is asked for again nothing can change.
        end = max(at, min(answer.expires, followed.due_at))
        return RevocationAnswer(status=answer.status_at(at), valid_until=end)

    def follow(self, certificate: ParsedCertificate, issuer: ParsedCertificate) -> None:
        """Begin to ask for a certificate before its first request: after a verified path only."""
        self._follow(certificate, issuer, self._clock())

    def staple(self, response: bytes, certificate: ParsedCertificate, issuer: ParsedCertificate) -> None:
        """
        Take a response that somebody else has fetched.

        Raises:
            OcspError: It does not verify; what is known already stays.
        """
        at = self._clock()
        answer = verify_response(response, certificate, issuer, at=at, rules=self._rules)
        followed = self._follow(certificate, issuer, at)
        if followed is not None and (followed.answer is None or followed.answer.this_update <= answer.this_update):
            followed.answer, followed.due_at = answer, self._next(answer, at)

    def refresh_due(self) -> int:
        """Ask for everything that is due, one after the other; return how many were asked for."""
        at = self._clock()
        with self._lock:
            due = [followed for followed in self._followed.values() if followed.due_at <= at]
        for followed in due:
            self._refresh_one(followed)
        return len(due)

    def _follow(self, certificate: ParsedCertificate, issuer: ParsedCertificate, at: datetime) -> _Followed | None:
        if self._url(issuer) is None:
            return None
        key = issuer.subject_canonical, issuer.spki_sha256, certificate.serial_number
        if self._process != os.getpid():
            # The thread that held the lock, or would release it, has stayed behind.
            self._process, self._lock, self._wanted, self._thread = (
                os.getpid(),
                threading.Lock(),
                threading.Event(),
                None,
            )
        with self._lock:
            followed = self._followed.get(key)
            if followed is None:
                followed = self._followed[key] = _Followed(certificate=certificate, issuer=issuer, due_at=at)
                if len(self._followed) > self._capacity:
                    self._followed.popitem(last=False)
                self._wanted.set()
            self._followed.move_to_end(key)
            if self._background and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(
                    target=_run, args=(ref(self), self._wanted), name="clientcert-ocsp", daemon=True
                )
                self._thread.start()
        return followed

    def _url(self, issuer: ParsedCertificate) -> str | None:
        return self._responders if isinstance(self._responders, str) else self._responders.get(issuer.spki_sha256)

    def _refresh_one(self, followed: _Followed) -> None:
        certificate, issuer = followed.certificate, followed.issuer
        try:
            request = build_request(certificate, issuer, self._rules)
            response = self._fetch(self._url(issuer) or "", request, timeout_seconds=_TIMEOUT_SECONDS)
            at = self._clock()
            answer = verify_response(response, certificate, issuer, at=at, rules=self._rules)
        except (FetchError, OcspError) as exc:
            followed.error, followed.due_at = f"no OCSP response: {exc}", self._clock() + _RETRY
            logger.warning("no OCSP response for %s: %s", certificate, exc)
            return
        # A replay of an older response would undo a revocation.
        if followed.answer is None or followed.answer.this_update <= answer.this_update:
            followed.answer = answer
        followed.due_at = self._next(answer, at)

    def _next(self, answer: OcspAnswer, at: datetime) -> datetime:
        return min(at + self._refresh, at + max((answer.expires - at) / 2, _RETRY))


def _run(checker: "ref[OcspChecker]", wanted: threading.Event) -> None:
    """Refresh as long as there is a checker; it is not kept alive by this thread."""
    while (found := checker()) is not None:
        wanted.clear()
        found.refresh_due()
        del found
        wanted.wait(_PAUSE_SECONDS)


def _utc_now() -> datetime:
    return datetime.now(UTC)
