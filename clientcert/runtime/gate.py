"""The gate that every adapter asks: facts in, identity or finished refusal out, everybody told."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from clientcert.core.authenticator import Authenticator
from clientcert.core.exempt import ExemptPaths
from clientcert.core.facts import Header, RequestFacts
from clientcert.core.hosts import AllowedHosts
from clientcert.core.identity import ClientIdentity
from clientcert.core.outcome import Authenticated, Outcome, Rejected
from clientcert.core.policy import WEBSOCKET, Decision, Policy, RoutePolicy, RulePolicy
from clientcert.core.settings import Settings
from clientcert.core.sources.aws import AwsApiGateway
from clientcert.errors import ClientCertError, Reason, escape_peer_text
from clientcert.runtime.environ import environ_layouts
from clientcert.runtime.events import Event, EventLog
from clientcert.runtime.problem import OnProblem, Problem, ProblemWriter


class GateSettings(Settings, Protocol):
    """What a `Gate` needs to know; `ClientCertConfig` is one."""

    @property
    def enforce(self) -> bool:
        """False admits what is refused."""

    @property
    def exempt_paths(self) -> ExemptPaths:
        """Paths that need no certificate."""

    @property
    def hosts(self) -> AllowedHosts:
        """Host names under which the app may be asked."""

    @property
    def mount(self) -> str:
        """Where the app is mounted, without a slash at the end."""

    @property
    def realm(self) -> str:
        """For the challenge of a 401."""

    @property
    def on_event(self) -> Callable[[Event], None] | None:
        """The operator's hook."""

    @property
    def on_problem(self) -> OnProblem | None:
        """The operator's bodies."""


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


def _ask(policy: Policy, identity: ClientIdentity | None, target: Target, granted: set[int] | None) -> Decision | None:
    """
    Ask a policy about a request; None where the rule for it is known to allow this client.

    What is kept in `granted` is that the client passes a rule; which rule it is, each request says anew.
    """
    method, path, raw_path, _ = target
    rule = policy.rule_for(method, path, raw_path) if isinstance(policy, RulePolicy | RoutePolicy) else None
    if granted is not None and id(rule) in granted:
        return None
    decision = policy.decide(identity, method=method, path=path, raw_path=raw_path)
    if decision.allowed and granted is not None and rule is not None and rule.is_constant:
        granted.add(id(rule))
    return decision


class Gate:
    """
    One per middleware instance; safe to share between threads and tasks.

    Attributes:
        authenticator: Who decides.
        headers: The layouts of header lists.
        environs: The layouts of environs.
        is_quiet: An authenticated client goes on, and nobody is told: there is neither policy, list of hosts nor hook.
        has_exempt_paths: False where `is_exempt` need not be asked.
        reads_socket: Evidence or proof is the server's TLS socket, so that an adapter need not ask for it otherwise.
        reads_event: The evidence is the Lambda event of API Gateway.
    """

    def __init__(self, settings: GateSettings) -> None:
        self._settings = settings
        self.authenticator = Authenticator(settings)
        self.headers = self.authenticator.guard.layouts
        self.environs = environ_layouts(self.authenticator.guard)
        self._events = EventLog(settings.on_event)
        self._problems = ProblemWriter(realm=settings.realm, on_problem=settings.on_problem)
        self._has_policy = settings.trust_provider.current(settings.clock()).authorization is not None
        self.is_quiet = not self._has_policy and not settings.hosts and not self._events.wants_success
        self.has_exempt_paths = bool(settings.exempt_paths)
        self._source_names = " or ".join(binding.source.name for binding in settings.bindings)
        self.reads_socket = any(
            not binding.source.needs_proxy_proof
            or any(getattr(proof, "reads_socket", False) for proof in binding.proofs)
            for binding in settings.bindings
        )
        self.reads_event = any(isinstance(binding.source, AwsApiGateway) for binding in settings.bindings)

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
        outcome = self.authenticator.authenticate(facts)
        hosts = [value for name, value in facts.headers if name.lower() == b"host"]
        return self.conclude(outcome, lambda _: target, lambda _: hosts, None)

    def conclude(
        self,
        outcome: Outcome,
        target_of: Callable[[Any], Target],
        hosts_of: Callable[[Any], Sequence[bytes]],
        request: Any,
    ) -> Admission:
        """
        Say what the adapter has to do, and tell who asked to be told.

        Args:
            outcome: What the authenticator decided.
            target_of: Makes the target of the request, for a policy.
            hosts_of: Returns the value of every ``Host`` header of the request.
            request: Their argument.
        """
        if self._settings.hosts:
            outcome = self._settings.hosts.judge(outcome, hosts_of(request))
        if self._has_policy:
            outcome = self._authorize(outcome, target_of(request))
        if isinstance(outcome, Rejected):
            problem = self.refuse(outcome)
            return _ANONYMOUS if problem is None else Admission(problem=problem)
        if self._events.wants(outcome):
            self._tell(outcome, instance=None)
        return Admission(identity=outcome.identity) if isinstance(outcome, Authenticated) else _ANONYMOUS

    def refuse(self, rejected: Rejected) -> Problem | None:
        """Tell of a refusal; the response to send, or None where the configuration only reports."""
        problem = self.turn_away(rejected)
        return problem if self._settings.enforce else None

    def turn_away(self, rejected: Rejected) -> Problem:
        """Tell of a refusal; the response to send even where the configuration only reports."""
        problem = self._problems.problem_for(rejected)
        self._tell(rejected, instance=problem.instance)
        return problem

    def _authorize(self, outcome: Outcome, target: Target) -> Outcome:
        """Ask the policy, on every request: its answer is about this request and is never kept."""
        identity: ClientIdentity | None = None
        granted: set[int] | None = None
        if isinstance(outcome, Authenticated):
            # Of the generation that gave the client its roles.
            identity, policy, granted = outcome.identity, outcome.authorization, outcome.allowed_by
        elif isinstance(outcome, Rejected):
            return outcome
        else:
            try:
                policy = self._settings.trust_provider.current(self._settings.clock()).authorization
            except ClientCertError as error:
                return Rejected(reason=error.reason, status=error.status, detail=error.detail, hints=error.hints)
        if policy is None:
            return outcome
        placed = target.at(self._settings.mount)
        if placed is None:
            return Rejected(
                reason=Reason.POLICY_DENIED, status=Reason.POLICY_DENIED.status, detail=_other_mount(target)
            )
        decision = _ask(policy, identity, placed, granted)
        if decision is None or decision.allowed:
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
