"""For issuers that follow the Web PKI's rules: cryptography's verifier as it comes, and our rules on top."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.limits import Limits
from clientcert.core.verification.base import VerifiedPath, utc_time
from clientcert.core.verification.candidates import admit_forwarded, collect_intermediates
from clientcert.core.verification.path import PathRules, check_path
from clientcert.core.verification.path_builder import DEFAULT_MAX_DEPTH, PathBuilder
from clientcert.core.verification.rules import LEAF, check_leaf, refusal, role_of
from clientcert.core.verification.standard import StandardVerifier
from clientcert.core.verification.store import TrustStore
from clientcert.core.verification.strict_rules import find_broken_rule
from clientcert.errors import Reason, VerificationError


@dataclass(frozen=True, slots=True)
class StrictVerifier:
    """
    Path validation with the Web PKI's demands on extensions; a `Verifier`.

    It asks for a subjectAltName and an authority key identifier in the leaf, a critical basicConstraints and a key
    usage in every CA, and more (see cryptography's documentation of ``ExtensionPolicy``). Everything it accepts,
    `standard` accepts.

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
    _rules: PathRules = field(init=False, repr=False, compare=False)

    @property
    def name(self) -> str:
        """``strict``."""
        return "strict"

    def __post_init__(self) -> None:
        rules = PathRules(max_depth=self.max_depth, limits=self.limits, sound=self.store.sound)
        object.__setattr__(self, "_rules", rules)
        object.__setattr__(self, "_builder", PathBuilder(self.store, max_depth=self.max_depth, strict=True))

    def verify(
        self, leaf: ParsedCertificate, *, intermediates: Sequence[ParsedCertificate] = (), at: datetime
    ) -> VerifiedPath:
        """
        Find a path for TLS client authentication; see `Verifier.verify`.

        Raises:
            VerificationError: The refusal of `standard` where that refuses too; else STRICT_RULE with the rule that
                the path breaks, or what cryptography's verifier says, and the hint that `standard` accepts.

        Not checked here: revocation, policies.
        """
        at = utc_time(at)
        check_leaf(leaf, at)
        forwarded = admit_forwarded(leaf, intermediates, at=at, limits=self.limits)
        links = collect_intermediates(leaf, self.store, forwarded, at=at, max_depth=self.max_depth)
        built = self._builder.build(leaf, links, at)
        if isinstance(built, str):
            raise self._explain(leaf, intermediates, at, built)
        check_path(built, self._rules, at=at)
        return VerifiedPath(certificates=built, profile=self.name)

    def _explain(
        self, leaf: ParsedCertificate, forwarded: Sequence[ParsedCertificate], at: datetime, cause: str
    ) -> VerificationError:
        standard = StandardVerifier(self.store, max_depth=self.max_depth, limits=self.limits)
        try:
            path = standard.verify(leaf, intermediates=forwarded, at=at).certificates
        except VerificationError as exc:
            return exc
        hint = "profile 'standard' accepts it"
        broken = find_broken_rule(path)
        if broken is None:
            return refusal(Reason.STRICT_RULE, LEAF, leaf, f"no strict path: {cause}", hint)
        index, problem, section = broken
        return refusal(Reason.STRICT_RULE, role_of(index, len(path)), path[index], problem, section, hint)
