"""The gate that every adapter asks: facts in, identity or finished refusal out, everybody told."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from clientcert.core.authenticator import Authenticator
from clientcert.core.exempt import ExemptPaths
from clientcert.core.facts import Header, RequestFacts
from clientcert.core.identity import ClientIdentity
from clientcert.core.outcome import Authenticated, Outcome, Rejected
from clientcert.core.policy import WEBSOCKET
from clientcert.core.settings import Settings
from clientcert.core.sources.aws import AwsApiGateway
from clientcert.errors import ClientCertError, Reason, escape_peer_text
from clientcert.runtime.events import Event, EventLog
from clientcert.runtime.problem import Problem, problem_for


class GateSettings(Settings, Protocol):
    """What a `Gate` needs to know; `ClientCertConfig` is one."""

    @property
    def enforce(self) -> bool:
        """False admits what is refused."""

    @property
    def exempt_paths(self) -> ExemptPaths:
        """Paths that need no certificate."""

    @property
    def mount(self) -> str:
        """Where the app is mounted, without a slash at the end."""

    @property
    def realm(self) -> str:
        """For the challenge of a 401."""

    @property
    def on_event(self) -> Callable[[Event], None] | None:
        """The operator's hook."""


class Target(NamedTuple):
    """
    What a request asks for.

    Attributes:
        method: HTTP method, or ``WEBSOCKET``.
        path: Decoded path, with or without the mount point before it.
        raw_path: The path on the wire without the query, where the server gives it.
        mount: Where the server says the app is mounted: ``root_path``, ``SCRIPT_NAME``. Some take it from a header.
    """

    method: str
    path: str
    raw_path: bytes | None
    mount: str = ""

    def at(self, mount: str) -> "Target | None":
        """The same with the full path; None where the app is not mounted where the configuration says it is."""
        if self.mount.rstrip("/") != mount:
            return None
        if not mount or self.path == mount or self.path.startswith(mount + "/"):
            return self
        raw_path = None if self.raw_path is None else mount.encode("utf-8") + self.raw_path
        return self._replace(path=mount + self.path, raw_path=raw_path)


def http_target(method: str, path: str, raw_path: bytes | None, mount: str) -> Target:
    """Make the target of an HTTP request, whose method nobody can turn into a WebSocket's."""
    return Target(f"{method} over HTTP" if method == WEBSOCKET else method, path, raw_path, mount)


@dataclass(frozen=True, slots=True)
class Admission:
    """
    Exactly one thing for an adapter to do.

    Attributes:
        identity: The client, or None where the app runs without one.
        problem: The response to send in the app's place; None when the app runs.
    """

    identity: ClientIdentity | None = None
    problem: Problem | None = None


_ANONYMOUS = Admission()


def _other_mount(target: Target) -> str:
    mount = escape_peer_text(target.mount)
    return f"the app is mounted at {mount!r} according to the server, and at another path according to `mount`"


class Gate:
    """One per middleware instance; safe to share between threads and tasks."""

    def __init__(self, settings: GateSettings) -> None:
        self._settings = settings
        self.authenticator = Authenticator(settings)
        self._events = EventLog(settings.on_event)
        self._has_policy = settings.trust_provider.current(settings.clock()).authorization is not None
        self._source_names = " or ".join(binding.source.name for binding in settings.bindings)
        self._reads_socket = any(
            not binding.source.needs_proxy_proof
            or any(getattr(proof, "reads_socket", False) for proof in binding.proofs)
            for binding in settings.bindings
        )

    @property
    def reads_socket(self) -> bool:
        """True when evidence or proof is the server's TLS socket, so that an adapter need not ask for it otherwise."""
        return self._reads_socket

    @property
    def reads_event(self) -> bool:
        """True when the evidence is the Lambda event of API Gateway."""
        return any(isinstance(binding.source, AwsApiGateway) for binding in self._settings.bindings)

    @property
    def server(self) -> str | None:
        """The WSGI server whose own environ keys the source names; None for sockets, bridges and headers."""
        names = (getattr(binding.source, "server", None) for binding in self._settings.bindings)
        return next((name for name in names if name is not None), None)

    @property
    def realm(self) -> str:
        """For the challenge of a 401."""
        return self._settings.realm

    @property
    def missing_status(self) -> int:
        """HTTP status for "no certificate"."""
        return self._settings.missing_status

    def strip(self, headers: Iterable[Header]) -> list[Header]:
        """A new header list without any guarded name or alias."""
        return self.authenticator.guard.strip(headers)

    def is_guarded(self, name: bytes) -> bool:
        """True for a header name the app must not see."""
        return self.authenticator.guard.is_guarded(name)

    def is_exempt(self, target: Target) -> bool:
        """True when the path needs no certificate and gets no identity."""
        placed = target.at(self._settings.mount)
        return placed is not None and self._settings.exempt_paths.covers(placed.path, placed.raw_path)

    def admit(self, facts: RequestFacts, target: Target) -> Admission:
        """Decide, tell, and say what the adapter has to do."""
        outcome = self._authorize(self.authenticator.authenticate(facts), target)
        if isinstance(outcome, Authenticated):
            if self._events.wants_success:
                self._tell(outcome, instance=None)
            return Admission(identity=outcome.identity)
        if not isinstance(outcome, Rejected):
            self._tell(outcome, instance=None)
            return _ANONYMOUS
        problem = self.refuse(outcome)
        return _ANONYMOUS if problem is None else Admission(problem=problem)

    def refuse(self, rejected: Rejected) -> Problem | None:
        """Tell of a refusal; the response to send, or None where the configuration only reports."""
        problem = problem_for(rejected, realm=self._settings.realm)
        self._tell(rejected, instance=problem.instance)
        return problem if self._settings.enforce else None

    def _authorize(self, outcome: Outcome, target: Target) -> Outcome:
        """Ask the policy, on every request: its answer is about this request and is never kept."""
        if not self._has_policy or isinstance(outcome, Rejected):
            return outcome
        try:
            policy = self._settings.trust_provider.current(self._settings.clock()).authorization
        except ClientCertError as error:
            return Rejected(reason=error.reason, status=error.status, detail=error.detail, hints=error.hints)
        identity = outcome.identity if isinstance(outcome, Authenticated) else None
        if policy is None:
            return outcome
        placed = target.at(self._settings.mount)
        if placed is None:
            return Rejected(
                reason=Reason.POLICY_DENIED, status=Reason.POLICY_DENIED.status, detail=_other_mount(target)
            )
        decision = policy.decide(identity, method=placed.method, path=placed.path, raw_path=placed.raw_path)
        if decision.allowed:
            return outcome
        reason = Reason.NO_CERTIFICATE if identity is None else Reason.POLICY_DENIED
        status = self._settings.missing_status if identity is None else reason.status
        return Rejected(reason=reason, status=status, detail=decision.summary, hints=decision.explain())

    def _tell(self, outcome: Outcome, *, instance: str | None) -> None:
        settings = self._settings
        self._events.emit(
            Event(
                outcome=outcome,
                enforced=settings.enforce,
                source=outcome.identity.evidence.source if isinstance(outcome, Authenticated) else self._source_names,
                instance=instance,
                at=settings.clock(),
            )
        )
