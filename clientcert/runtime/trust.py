"""From what was read to a generation of trust: the store, the engine for it, and the revocation lists."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, cast

from clientcert.core.policy.routes import Policy
from clientcert.core.verification.authority import Authority, parsed_authority
from clientcert.core.verification.base import Verifier
from clientcert.core.verification.bundle import Encoded, read_intermediates, split_bundle
from clientcert.core.verification.crl_rules import CrlRules
from clientcert.core.verification.generation import TrustGeneration
from clientcert.core.verification.revocation import FirstAnswer, RevocationChecker, RevocationPolicy
from clientcert.core.verification.store import TrustStore, read_authorities
from clientcert.core.verification.strength import SecurityLevel
from clientcert.errors import ConfigurationError
from clientcert.runtime.files import Blob, Snapshot

if TYPE_CHECKING:
    from clientcert.core.verification.crl_checker import CrlChecker

TRUST, INTERMEDIATES, CRL, POLICY = "trust", "intermediates", "crl", "policy"
"""Names of the settings in `Sources` that a `TrustBuilder` reads."""


class Build(Protocol):
    """How a snapshot becomes a generation."""

    def __call__(
        self, snapshot: Snapshot, *, number: int, previous: TrustGeneration | None, at: datetime
    ) -> TrustGeneration:
        """
        Build a generation.

        Args:
            snapshot: What was read.
            number: The number it gets.
            previous: What is in force; None at first.
            at: The moment to judge dates for; aware UTC.

        Raises:
            ConfigurationError: What was read cannot be used; the previous generation stays.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustBuilder:
    """
    Builds generations out of the settings ``trust``, ``intermediates`` and ``crl``; a `Build`.

    Attributes:
        verifier: Makes the engine for a store.
        security_level: What the engine asks of anchors, see `TrustStore.load`.
        policy: Whether revocation is asked about.
        crl_rules: How long lists hold.
        authorization: Who may do what, where no policy file says it.
        checker: A checker of another kind that outlives generations, such as OCSP; it is asked after the lists.
    """

    verifier: Callable[[TrustStore], Verifier]
    security_level: SecurityLevel | None = None
    policy: RevocationPolicy = field(default_factory=lambda: RevocationPolicy(mode="off"))
    crl_rules: CrlRules = field(default_factory=CrlRules)
    checker: RevocationChecker | None = None
    authorization: Policy | None = None

    def __call__(
        self, snapshot: Snapshot, *, number: int, previous: TrustGeneration | None, at: datetime
    ) -> TrustGeneration:
        """
        Build a generation; see `Build`.

        Raises:
            ConfigurationError: Whatever `TrustStore.load` and `CrlChecker.load` refuse, and a root among the
                intermediates, which would silently become an anchor.
        """
        store = self._load_store(snapshot, previous)
        lists = self._load_lists(snapshot, store, None if previous is None else previous.revocation, at)
        checkers = tuple(checker for checker in (lists, self.checker) if checker is not None)
        return TrustGeneration(
            number=number,
            verifier=self.verifier(store),
            known_issuers=tuple(authority.subject for authority in store.authorities.values()),
            revocation=checkers[0] if len(checkers) == 1 else FirstAnswer(checkers) if checkers else None,
            policy=self.policy,
            authorization=read_policy(snapshot) or self.authorization,
            loaded_at=at,
            next_update=None if lists is None else lists.next_update,
            describe=lambda: (*store.describe(), *(lists.describe() if lists is not None else ())),
            warnings=store.warnings(at),
        )

    def _load_store(self, snapshot: Snapshot, previous: TrustGeneration | None) -> TrustStore:
        """Read what is trusted, and no certificate again that the generation before has."""
        before = None if previous is None else getattr(previous.verifier, "store", None)
        known = before.authorities if isinstance(before, TrustStore) else {}
        links = _load_links(snapshot.blobs.get(INTERMEDIATES, ()))
        authorities = read_authorities(_split(snapshot.blobs[TRUST]), known)
        return TrustStore.of((*authorities, *links), security_level=self.security_level)

    def _load_lists(
        self, snapshot: Snapshot, store: TrustStore, in_force: RevocationChecker | None, at: datetime
    ) -> "CrlChecker | None":
        if CRL not in snapshot.blobs:
            return None
        # Not at the top: most deployments have no lists, and every import is part of every start.
        from clientcert.core.verification.crl_checker import CrlChecker

        previous = next((c for c in _flatten(in_force) if isinstance(c, CrlChecker)), None)
        files = []
        for blob in snapshot.blobs[CRL]:
            if not isinstance(blob.content, bytes):
                raise ConfigurationError(f"crl is {blob.origin}, wanted paths or octets")
            files.append((blob.origin, blob.content))
        return CrlChecker.load(files, store=store, at=at, rules=self.crl_rules, previous=previous)


def read_policy(snapshot: Snapshot) -> Policy | None:
    """The policy of a snapshot, if it has one; ConfigurationError with file and line when it cannot be used."""
    for blob in snapshot.blobs.get(POLICY, ()):
        # As the lists: the parsers of TOML and YAML only where there is a file.
        from clientcert.runtime.policy_file import PolicyFile

        return PolicyFile.parse(bytes(cast("bytes", blob.content)), name=blob.origin.strip("'\""))
    return None


def _flatten(checker: RevocationChecker | None) -> tuple[RevocationChecker | None, ...]:
    return checker.checkers if isinstance(checker, FirstAnswer) else (checker,)


def _load_links(blobs: tuple[Blob, ...]) -> list[Authority]:
    links: list[Authority] = []
    for blob in blobs:
        content: Any = blob.content
        with _naming(blob):
            links += map(parsed_authority, read_intermediates(content))
    return links


def _split(blobs: tuple[Blob, ...]) -> list[Encoded]:
    found: list[Encoded] = []
    for blob in blobs:
        content: Any = blob.content
        with _naming(blob):
            found += (encoded._replace(prefix=f"{blob.origin}: ") for encoded in split_bundle(content))
    return found


@contextmanager
def _naming(blob: Blob) -> Iterator[None]:
    """Name the file in the text of an error."""
    try:
        yield
    except ConfigurationError as exc:
        raise ConfigurationError(f"{blob.origin}: {exc}") from exc
