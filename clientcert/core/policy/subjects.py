"""The rules about the whole subject."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from clientcert.core.identity import ClientIdentity
from clientcert.core.names import Attribute, DistinguishedName
from clientcert.core.policy.combinators import ConstantLeaf, Rule
from clientcert.core.policy.decision import Answer, Decision
from clientcert.core.policy.dn_text import parse_rfc4514
from clientcert.core.policy.values import alike, distinct, exact_texts, one_or_more
from clientcert.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SubjectRule(ConstantLeaf):
    """
    Whether the whole subject is one of the names; see `subject`.

    Attributes:
        names: Compared RDN by RDN, case and spaces included; string types and the order within an RDN aside.
    """

    names: tuple[DistinguishedName, ...]

    @property
    def kind(self) -> str:
        """``subject``."""
        return "subject"

    @property
    def wanted(self) -> tuple[str, ...]:
        """The names as RFC 4514 text."""
        return tuple(name.rfc4514 for name in self.names)

    def _look(self, identity: ClientIdentity) -> Decision:
        if identity.subject.is_empty:
            return self._answer(Answer.CANNOT_TELL, why="the subject is empty")
        got = (identity.subject.rfc4514,)
        if _exact(identity.subject) in map(_exact, self.names):
            return self._answer(Answer.YES, got=got)
        if _rough(identity.subject) in map(_rough, self.names):
            return self._answer(Answer.CANNOT_TELL, got=got, why="it differs in spelling only")
        return self._answer(Answer.NO, got=got)

    def __repr__(self) -> str:
        return f"subject({', '.join(map(repr, self.wanted))})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AsciiSubject(ConstantLeaf):
    """Whether the subject is all printable ASCII; see `ascii_subject`."""

    @property
    def kind(self) -> str:
        """``ascii_subject``."""
        return "ascii_subject"

    def _look(self, identity: ClientIdentity) -> Decision:
        values = [attribute for rdn in identity.subject.rdns for attribute in rdn]
        if not values:
            return self._answer(Answer.CANNOT_TELL, why="the subject is empty")
        odd = tuple(attribute.value for attribute in values if not _is_plain(attribute))
        return self._answer(Answer.NO if odd else Answer.YES, got=odd)

    def __repr__(self) -> str:
        return "ascii_subject()"


def ascii_subject() -> Rule:
    """
    Allow whose subject has no character but printable ASCII, in any attribute.

    For CAs that issue such names only: then nothing in one looks like something else (a Cyrillic letter, a full-width
    one), and nothing in it does anything to a terminal or a log.
    """
    return AsciiSubject()


def subject(*names: DistinguishedName | str) -> Rule:
    """
    Allow whose whole subject is one of the names.

    Args:
        names: Names, or their RFC 4514 text exactly as `DistinguishedName.rfc4514` prints it, most specific first:
            ``"CN=alice,OU=ops,O=Example"``.

    Raises:
        ConfigurationError: No name, an empty one, text in another spelling, a character that does not print, or an
            asterisk.
    """
    return SubjectRule(names=distinct(_name(name) for name in one_or_more("subject", names)))


def _name(name: Any) -> DistinguishedName:
    found = name if isinstance(name, DistinguishedName) else _parse(name)
    # Characters that do not print, which RFC 4514 text escapes, and asterisks must not come in through an object.
    exact_texts("subject", tuple(attribute.value for rdn in found.rdns for attribute in rdn))
    return found


def _parse(name: Any) -> DistinguishedName:
    (text,) = exact_texts("subject", (name,))
    try:
        return parse_rfc4514(text)
    except ValueError as exc:
        raise ConfigurationError(f"subject({text!r}) is not RFC 4514 text as we print it: {exc}") from exc


def _is_plain(attribute: Attribute) -> bool:
    return attribute.is_text and attribute.value.isascii() and attribute.value.isprintable()


def _exact(name: DistinguishedName) -> Hashable:
    return tuple(frozenset(rdn) for rdn in name.rdns)


def _rough(name: DistinguishedName) -> Hashable:
    return tuple(
        frozenset((attribute.oid, attribute.is_text, alike(attribute.value)) for attribute in rdn) for rdn in name.rdns
    )
