"""The rule about SPIFFE IDs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clientcert.core.identity import ClientIdentity
from clientcert.core.policy.combinators import ConstantLeaf, Rule
from clientcert.core.policy.decision import Answer, Decision
from clientcert.core.policy.names import NO_CERTIFICATE, has_certificate
from clientcert.core.policy.values import distinct, one_or_more
from clientcert.core.spiffe import SpiffeId
from clientcert.errors import ConfigurationError

_PREFIX = "spiffe://"
_WILDCARD = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpiffePattern:
    """
    A SPIFFE ID, or several of one trust domain.

    Attributes:
        trust_domain: Compared exactly, never a pattern.
        segments: Of the path; ``*`` stands for any one segment.
    """

    trust_domain: str
    segments: tuple[str, ...]

    def matches(self, trust_domain: str, segments: Sequence[str]) -> bool:
        """Whether it stands for an ID with this trust domain and path."""
        return (
            self.trust_domain == trust_domain
            and len(self.segments) == len(segments)
            and all(mine in (_WILDCARD, other) for mine, other in zip(self.segments, segments, strict=True))
        )

    @property
    def folded(self) -> "SpiffePattern":
        """The pattern in lower case, for IDs in lower case."""
        return SpiffePattern(trust_domain=self.trust_domain, segments=tuple(map(str.lower, self.segments)))

    def __str__(self) -> str:
        return "/".join(("spiffe:/", self.trust_domain, *self.segments))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SpiffeRule(ConstantLeaf):
    """Whether a pattern stands for the client's SPIFFE ID; see `spiffe`."""

    patterns: tuple[SpiffePattern, ...]

    @property
    def kind(self) -> str:
        """``spiffe``."""
        return "spiffe"

    @property
    def wanted(self) -> tuple[str, ...]:
        """The patterns as text."""
        return tuple(map(str, self.patterns))

    def _look(self, identity: ClientIdentity) -> Decision:
        found = identity.spiffe_id
        if found is None:
            why = "the certificate has no SPIFFE ID, or more URIs than one"
            why = why if has_certificate(identity) else NO_CERTIFICATE
            return self._answer(Answer.CANNOT_TELL, got=identity.uris, why=why)
        if any(pattern.matches(found.trust_domain, found.segments) for pattern in self.patterns):
            return self._answer(Answer.YES, got=(found.uri,))
        folded = tuple(map(str.lower, found.segments))
        if any(pattern.folded.matches(found.trust_domain, folded) for pattern in self.patterns):
            return self._answer(Answer.CANNOT_TELL, got=(found.uri,), why="it differs in spelling only")
        return self._answer(Answer.NO, got=(found.uri,))

    def __repr__(self) -> str:
        return f"spiffe({', '.join(map(repr, self.wanted))})"


def spiffe(*patterns: str) -> Rule:
    """
    Allow whose SPIFFE ID one of the patterns stands for.

    Args:
        patterns: SPIFFE IDs, in whose path ``*`` may stand for one whole segment, whatever it is:
            ``spiffe://prod.example/ns/*/sa/web``.

    Raises:
        ConfigurationError: No pattern; one that is not a SPIFFE ID (SPIFFE-ID §2) when each ``*`` is a segment; an
            asterisk in the trust domain, or in a segment beside other characters, ``**`` included.
    """
    return SpiffeRule(patterns=distinct(_pattern(text) for text in one_or_more("spiffe", patterns)))


def _pattern(text: Any) -> SpiffePattern:
    if not isinstance(text, str):
        raise ConfigurationError(f"spiffe takes texts one by one, got {text!r}")
    authority, slash, path = text.removeprefix(_PREFIX).partition("/")
    segments = tuple(path.split("/")) if slash else ()
    if _WILDCARD in authority:
        raise ConfigurationError(f"spiffe({text!r}) has a wildcard in the trust domain: name each trust domain")
    if any(_WILDCARD in segment and segment != _WILDCARD for segment in segments):
        raise ConfigurationError(f"spiffe({text!r}) has a wildcard that is not a whole segment of the path")
    try:
        # An asterisk stands in no SPIFFE ID; what is left of the text must be one.
        SpiffeId.parse(text.replace(_WILDCARD, "x"))
    except ValueError as exc:
        raise ConfigurationError(f"spiffe({text!r}) is not a SPIFFE ID: {exc}") from exc
    return SpiffePattern(trust_domain=authority, segments=segments)
