"""Clients that ask in random order over connections that they keep, and what is wrong with the answers."""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from tests.interop.harness import Connection, Response
from tests.interop.safety_clients import Client
from tests.interop.safety_facts import OBSERVED, STATUS, Observed
from tests.interop.safety_trust import Step

# How many ask at once, so how many connections nginx needs.
ASKERS = 8
# One request in so many is on a new connection.
_RECONNECT_EVERY = 100
# One in so many follows a look at the health page.
_LOOK_EVERY = 4
_MAX_FAULTS = 20
# A reload is due 20 ms after the last look, and needs a request.
_PATIENCE_SECONDS = 15.0
_PASSED, _REFUSED = 200, 403


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    One response.

    Attributes:
        status: Of HTTP.
        observed: What surrounded it; None where the app did not answer.
        who: Whom the app named; None without a 200.
        listed: Number of the revocation list that the decision rests on.
        verified_at: When that was made.
    """

    status: int
    observed: Observed | None
    who: tuple[str, ...] | None = None
    listed: int = -1
    verified_at: str = ""

    @classmethod
    def read(cls, response: Response) -> "Answer":
        """Read what the app has written."""
        text = dict(response.headers).get(OBSERVED)
        observed = None if text is None else Observed(**json.loads(text))
        if response.status != _PASSED:
            return cls(status=response.status, observed=observed)
        said = response.json
        return cls(
            status=response.status,
            observed=observed,
            who=tuple(said["who"]),
            listed=said["list"],
            verified_at=said["verified_at"],
        )


def fault(client: Client, answer: Answer, steps: Sequence[Step]) -> str | None:
    """
    What is wrong with an answer to this client; None where it is right.

    It must be right for a step between the one that was in force when the request came in and the one that was when it
    was answered, and rest on the list of such a step.
    """
    observed = answer.observed
    if observed is None or answer.status not in (_PASSED, _REFUSED):
        return f"{client.name}: {answer}"
    possible = steps[observed.before : observed.after + 1]
    if answer.who is not None and answer.who != client.who:
        return f"{client.name} got the identity of another: {answer.who}, not {client.who} ({observed})"
    if (answer.status == _PASSED) not in {step.admits(client) for step in possible}:
        return f"{client.name} got {answer.status} in steps {observed.before} to {observed.after} ({observed})"
    if answer.who is not None and answer.listed not in {step.lists[client.issuer] for step in possible}:
        return f"{client.name} passed by list {answer.listed}, gone in steps {observed.before} to {observed.after}"
    return None


@dataclass(slots=True, kw_only=True)
class Report:
    """
    What came back.

    Attributes:
        passes, refusals: Answers by status.
        recalled: Answers for which the middleware only looked into its memory.
        verifications: Process, client and time of every decision behind a pass.
        shared: Process and connection → the clients whose requests it carried.
        newest: Process → the newest step it is known to have been at.
        faults: See `fault`, and whatever was raised; the first few.
    """

    passes: int = 0
    refusals: int = 0
    recalled: int = 0
    verifications: set[tuple[int, str, str]] = field(default_factory=set)
    shared: dict[tuple[int, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    newest: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    faults: list[str] = field(default_factory=list)

    @property
    def answers(self) -> int:
        """All of them."""
        return self.passes + self.refusals

    @property
    def hits(self) -> int:
        """Passes whose decision had been made for an earlier request of the same client in the same process."""
        return self.passes - len(self.verifications)

    @property
    def most_shared(self) -> int:
        """How many clients the connection with the most of them carried."""
        return max(map(len, self.shared.values()), default=0)

    def note(self, client: Client, answer: Answer, why: str | None) -> None:
        """Count one answer."""
        if why is not None:
            self.faults.append(why)
        if answer.observed is None:
            return
        process = answer.observed.process
        self.recalled += answer.observed.is_recalled
        self.newest[process] = max(self.newest[process], answer.observed.before)
        if answer.observed.connection is not None:
            self.shared[process, answer.observed.connection].add(client.name)
        if answer.status == _PASSED:
            self.passes += 1
            self.verifications.add((process, client.name, answer.verified_at))
        else:
            self.refusals += 1

    def __str__(self) -> str:
        return (
            f"{self.answers} answers, {self.refusals} of them refusals, {self.recalled} recalled, "
            f"{self.hits} hits of {self.passes} passes, "
            f"{len(self.newest)} processes, steps to {max(self.newest.values(), default=0)}, "
            f"{len(self.shared)} connections with up to {self.most_shared} clients each, {len(self.faults)} faults"
        )


class _Kept:
    """One client's connection, opened when it is needed."""

    def __init__(self, client: Client, port: int, random: Random) -> None:
        self.client = client
        self._port, self._random = port, random
        self._connection: Connection | None = None

    def ask(self) -> Answer:
        return Answer.read(self._get("/"))

    def look(self) -> None:
        """Ask for the health page."""
        if self._get(STATUS).status != _PASSED:
            raise RuntimeError("there is no health page")

    def _get(self, path: str) -> Response:
        if self._connection is None:
            self._connection = Connection(self._port, tls=self.client.tls, source=self.client.address)
        response = self._connection.get(path)
        # nginx ends a connection after 1,000 requests.
        if dict(response.headers).get("Connection") == "close" or self._random.randrange(_RECONNECT_EVERY) == 0:
            self.close()
        return response

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Traffic:
    """
    Everybody asking.

    Args:
        port: Of nginx.
        clients: All of them.
        steps: What was in force when; grows meanwhile.
        seed: For the order.
    """

    def __init__(self, port: int, clients: Sequence[Client], steps: Sequence[Step], seed: int) -> None:
        self.report = Report()
        self._port, self._clients, self._steps, self._seed = port, clients, steps, seed
        self._changed, self._is_over = threading.Condition(), False

    @contextmanager
    def running(self) -> Iterator["Traffic"]:
        """Ask until the block ends."""
        threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(ASKERS)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._is_over = True
            for thread in threads:
                thread.join()

    def wait(self, step: int, answers: int) -> None:
        """Wait until a process is known to be at this step, then for more answers; too long is a fault."""
        self._wait(lambda: step in self.report.newest.values(), f"step {step} was not seen")
        goal = self.report.answers + answers
        self._wait(lambda: self.report.answers >= goal, f"nobody answered in step {step}")

    def _wait(self, enough: Callable[[], bool], otherwise: str) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: enough() or self.report.faults, _PATIENCE_SECONDS):
                self.report.faults.append(f"{otherwise} within {_PATIENCE_SECONDS} s")

    def _run(self, number: int) -> None:
        random = Random(f"{self._seed}-{number}")  # noqa: S311 - an order, not a secret
        kept = [_Kept(client, self._port, random) for client in self._clients[number::ASKERS]]
        try:
            while not self._is_over and len(self.report.faults) < _MAX_FAULTS:
                asker = random.choice(kept)
                if random.randrange(_LOOK_EVERY) == 0:
                    asker.look()
                answer = asker.ask()
                self._note(asker.client, answer, fault(asker.client, answer, self._steps))
        except Exception as exc:  # noqa: BLE001 - a thread has nobody else to tell
            with self._changed:
                self.report.faults.append(repr(exc))
                self._changed.notify()
        finally:
            for each in kept:
                each.close()

    def _note(self, client: Client, answer: Answer, why: str | None) -> None:
        with self._changed:
            self.report.note(client, answer, why)
            self._changed.notify()
