"""Trust that changes all the time, on disk, and what it was at every step."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from random import Random

from tests.core.test_decisions import replace as rename_over
from tests.interop.safety_clients import ROOT_OF, Client, Population
from tests.interop.safety_facts import MARK, trust_files
from tests.runtime.trust_kit import Volume

# Whose certificates and lists lie in the Kubernetes volume, and whose beside it.
_IN_VOLUME = ("steady", "twin", "seasonal", "issuing")
_REVOKED_OF_EACH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """
    What is in force after one change.

    Attributes:
        authorities: Names of those that are trusted.
        revoked: Names of the clients that are revoked.
        lists: Authority → number of its list: that of the step which wrote it.
    """

    authorities: frozenset[str]
    revoked: frozenset[str]
    lists: Mapping[str, int]

    def admits(self, client: Client) -> bool:
        """Whether this client must pass."""
        trusted = {client.issuer, ROOT_OF.get(client.issuer, client.issuer)}
        return trusted <= self.authorities and client.name not in self.revoked


class Material:
    """
    The files, and what they said at each step; each step is one atomic change.

    Args:
        folder: An empty one.
        population: Who issues.
        random: Chooses whom to revoke.
    """

    def __init__(self, folder: Path, population: Population, random: Random) -> None:
        self._population, self._random = population, random
        files = trust_files(folder)
        self._bundle, self._list = files["trust"][1], files["crl"][1]
        folder.mkdir()
        self._volume = Volume(folder / "volume")
        self._kinds = cycle((self._swap, self._rename_list, self._rename_bundle))
        everybody = frozenset(population.authorities)
        self.steps = [Step(authorities=everybody, revoked=frozenset(), lists=dict.fromkeys(everybody, 0))]
        self._write_volume()
        self._write_list()
        self._write_bundle()

    def advance(self) -> int:
        """Change one thing; the number of the step, which is known here before anybody can see it."""
        next(self._kinds)()
        return len(self.steps) - 1

    def _swap(self) -> None:
        """Revoke others, release the former, take a CA away or bring it back: all at once, as the kubelet does."""
        self._append(_IN_VOLUME, self.steps[-1].authorities ^ {"seasonal"})
        self._write_volume()

    def _rename_list(self) -> None:
        """Revoke others and release the former."""
        self._append(("beside",), self.steps[-1].authorities)
        self._write_list()

    def _rename_bundle(self) -> None:
        """Take away the root above an issuing CA, or bring it back."""
        self._append((), self.steps[-1].authorities ^ {"distant"})
        self._write_bundle()

    def _append(self, listed: tuple[str, ...], authorities: frozenset[str]) -> None:
        last, number = self.steps[-1], len(self.steps)
        clients = [(issuer, self._population.of(issuer)) for issuer in listed]
        revoked = {client.name for _, each in clients for client in self._random.sample(each, _REVOKED_OF_EACH)}
        kept = {name for name in last.revoked if name.partition("-")[0] not in listed}
        lists = {**last.lists, **dict.fromkeys(listed, number)}
        self.steps.append(replace(last, authorities=authorities, revoked=frozenset(revoked | kept), lists=lists))

    def _write_volume(self) -> None:
        present = [name for name in _IN_VOLUME if name in self.steps[-1].authorities]
        bundle = b"".join(self._population.authorities[name].pem for name in present)
        self._volume.swap(len(self.steps), ca=bundle, lists=b"".join(map(self._list_of, present)))

    def _write_list(self) -> None:
        rename_over(self._list, self._list_of("beside"))

    def _write_bundle(self) -> None:
        authorities = self._population.authorities
        mark = authorities["beside"].intermediate(f"{MARK}{len(self.steps) - 1}")
        roots = [authorities[name].pem for name in ("beside", "distant") if name in self.steps[-1].authorities]
        rename_over(self._bundle, b"".join((*roots, mark.pem)))

    def _list_of(self, issuer: str) -> bytes:
        step = self.steps[-1]
        revoked = [each.certificate for each in self._population.of(issuer) if each.name in step.revoked]
        return self._population.authorities[issuer].crl(revoked, number=step.lists[issuer]).pem
