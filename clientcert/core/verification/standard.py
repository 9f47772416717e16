"""
The default profile: what a private PKI issues is accepted, what OpenSSL refuses is not.

Stage 1 is cryptography's path builder with the extensions that private CAs leave out made optional; stage 2 takes what
that builder cannot express, over one hop (`direct`). Both are held to the same rules (`path.check_path`).
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.limits import Limits
from clientcert.core.names import CanonicalName
from clientcert.core.verification.base import VerifiedPath, utc_time
from clientcert.core.verification.candidates import admit_forwarded, collect_intermediates, is_cheap
from clientcert.core.verification.diagnosis import inexpressible, trace_path
from clientcert.core.verification.direct import direct_issuers
from clientcert.core.verification.path import PathRules, check_known_path, check_path
from clientcert.core.verification.path_builder import DEFAULT_MAX_DEPTH, PathBuilder
from clientcert.core.verification.proven import ProvenIssuers
from clientcert.core.verification.rules import check_leaf
from clientcert.core.verification.store import TrustStore
from clientcert.errors import VerificationError


@dataclass(frozen=True, slots=True)
class StandardVerifier:
    """
    Path validation for private PKIs; a `Verifier`.

    Attributes:
        store: What is trusted.
        max_depth: CA certificates between the leaf and the anchor, at most 16.
        limits: Upper bounds for what a request brings along.

    Raises:
        ConfigurationError: `max_depth` out of 0..16.
    """

    store: TrustStore
    max_depth: int = field(default=DEFAULT_MAX_DEPTH, kw_only=True)
    limits: Limits = field(default_factory=Limits, kw_only=True)
    _builder: PathBuilder = field(init=False, repr=False, compare=False)
    _anchor_names: frozenset[CanonicalName] = field(init=False, repr=False, compare=False)
    _proven: ProvenIssuers = field(init=False, repr=False, compare=False)
    _rules: PathRules = field(init=False, repr=False, compare=False)

    @property
    def name(self) -> str:
        """``standard``."""
        return "standard"

    def __post_init__(self) -> None:
        rules = PathRules(max_depth=self.max_depth, limits=self.limits, sound=self.store.sound)
        object.__setattr__(self, "_builder", PathBuilder(self.store, max_depth=self.max_depth))
        object.__setattr__(self, "_anchor_names", frozenset(self.store.anchors_by_name))
        object.__setattr__(self, "_proven", ProvenIssuers(self.store))
        object.__setattr__(self, "_rules", rules)

    def verify(
        self, leaf: ParsedCertificate, *, intermediates: Sequence[ParsedCertificate] = (), at: datetime
    ) -> VerifiedPath:
        """
        Find a path for TLS client authentication; see `Verifier.verify`.

        Raises:
            VerificationError: The first rule that the leaf, or else the most promising path, breaks.

        Not checked here: revocation; policies (RFC 5280 §6.1.5 g), as OpenSSL without policy flags.
        """
        at = utc_time(at)
        check_leaf(leaf, at)
        if leaf.is_self_issued and leaf in self.store.anchors:
            return VerifiedPath(certificates=(self.store.authorities[leaf.der].certificate,), profile=self.name)
        forwarded = admit_forwarded(leaf, intermediates, at=at, limits=self.limits)
        known = self._proven.path_of(leaf, forwarded)
        if known is not None:
            # Whatever is wrong with it by now, such as its dates, is said as if it had not been known.
            with suppress(VerificationError):
                check_known_path(known, at=at)
                return VerifiedPath(certificates=known, profile=self.name)
        refusals: list[VerificationError] = []
        for path, is_proof in self._paths(leaf, forwarded, at):
            try:
                accepted = self._accept(path, at)
            except VerificationError as exc:
                refusals.append(exc)
            else:
                if is_proof:
                    self._proven.learn(path)
                return accepted
        if refusals:
            raise refusals[0]
        return self._retrace(leaf, intermediates, at)

    def _accept(self, path: Sequence[ParsedCertificate], at: datetime) -> VerifiedPath:
        check_path(path, self._rules, at=at)
        return VerifiedPath(certificates=tuple(path), profile=self.name)

    def _paths(
        self, leaf: ParsedCertificate, forwarded: Sequence[ParsedCertificate], at: datetime
    ) -> Iterator[tuple[Sequence[ParsedCertificate], bool]]:
        """Yield paths whose signatures are verified, and which is of stage 1: at most one, before those of stage 2."""
        genuine = [link for link in forwarded if not self._proven.is_forged(link, forwarded)]
        links = collect_intermediates(leaf, self.store, genuine, at=at, max_depth=self.max_depth)
        names = {certificate.issuer_canonical for certificate in (leaf, *links)}
        # Where not even the names lead to an anchor, no signature can.
        if names & self._anchor_names:
            built = self._builder.build(leaf, links, at)
            if not isinstance(built, str):
                yield built, True
        anchors = direct_issuers(leaf, self.store.anchors_by_name.get(leaf.issuer_canonical, ()))
        yield from (((leaf, anchor), False) for anchor in anchors)

    def _retrace(self, leaf: ParsedCertificate, forwarded: Sequence[ParsedCertificate], at: datetime) -> VerifiedPath:
        """
        Find out why there is no path, or, for what the filter took away (self-issued links), that there is one.

        The path builder gets a second chance with links that lead to an anchor by verified signatures, and so with
        none that were made to keep it busy.
        """
        cheap = [link for link in forwarded if is_cheap(link, self.limits)]
        path = trace_path(leaf, self.store, cheap, self._rules, at=at)
        check_path(path, self._rules, at=at)
        built = self._builder.build(leaf, path[1:-1], at)
        if isinstance(built, str):
            raise inexpressible(leaf)
        return self._accept(built, at)
