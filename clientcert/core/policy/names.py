"""Rules about one kind of name: attributes of the subject, and names of subjectAltName. Compared exactly."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from clientcert.core.identity import ClientIdentity, EvidenceLevel
from clientcert.core.names import AmbiguousNameError
from clientcert.core.policy.combinators import ConstantLeaf, Rule
from clientcert.core.policy.decision import Answer, Decision
from clientcert.core.policy.values import alike, exact_texts

NO_CERTIFICATE: Final = "the proxy sent no certificate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """
    The names of one kind that a client has.

    Attributes:
        values: All of them, exactly as encoded.
        flaw: Why none of them may be believed; empty where they may.
        doubt: Why there may be more of them than these; empty where these are all.
    """

    values: tuple[str, ...]
    flaw: str = ""
    doubt: str = ""


def _common_name(identity: ClientIdentity) -> Found:
    try:
        return Found(values=(identity.common_name,))
    except AmbiguousNameError:
        values = identity.subject.values("CN")
        flaw = "the one common name cannot be shown" if len(values) == 1 else f"{len(values)} common names, wanted 1"
        return Found(values=values, flaw=flaw)


def _attribute(oid: str, what: str) -> Callable[[ClientIdentity], Found]:
    def read(identity: ClientIdentity) -> Found:
        found = [attribute for rdn in identity.subject.rdns for attribute in rdn if attribute.oid == oid]
        doubt = "" if found else f"the subject has no {what}"
        if not all(attribute.is_text for attribute in found):
            doubt = f"the subject has an {what} that is not text"
        return Found(values=tuple(attribute.value for attribute in found if attribute.is_text), doubt=doubt)

    return read


def _alternative(field: str, what: str) -> Callable[[ClientIdentity], Found]:
    def read(identity: ClientIdentity) -> Found:
        values: tuple[str, ...] = getattr(identity, field)
        doubt = "" if values else f"the certificate has no {what}"
        return Found(values=values, doubt=doubt if has_certificate(identity) else NO_CERTIFICATE)

    return read


def has_certificate(identity: ClientIdentity) -> bool:
    """Whether the certificate was seen, so that what it does not have is known as well."""
    return identity.evidence.level >= EvidenceLevel.PROXY_VERDICT


# Several O or OU are common and all of them vouched for; of several CN one would have to be chosen.
_READERS: Final[dict[str, Callable[[ClientIdentity], Found]]] = {
    "cn": _common_name,
    "o": _attribute("2.5.4.10", "O"),
    "ou": _attribute("2.5.4.11", "OU"),
    "dns": _alternative("dns_names", "DNS name"),
    "email": _alternative("email_addresses", "e-mail address"),
    "uri": _alternative("uris", "URI"),
    "upn": _alternative("user_principal_names", "user principal name"),
}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NameRule(ConstantLeaf):
    """
    Whether one of the client's names of a kind is one of the values.

    Attributes:
        field: Which names: ``cn``, ``o``, ``ou``, ``dns``, ``email``, ``uri`` or ``upn``.
        values: Compared code point by code point: nothing is trimmed, folded, normalised or expanded.

    Raises:
        ConfigurationError: As the functions of that name.
    """

    field: str
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", exact_texts(self.field, self.values))

    @property
    def kind(self) -> str:
        """The function's name."""
        return self.field

    @property
    def wanted(self) -> tuple[str, ...]:
        """The values."""
        return self.values

    def _look(self, identity: ClientIdentity) -> Decision:
        found = _READERS[self.field](identity)
        if found.flaw:
            return self._answer(Answer.CANNOT_TELL, got=found.values, why=found.flaw)
        matching = tuple(value for value in found.values if value in self.values)
        if matching:
            return self._answer(Answer.YES, got=matching)
        near = {alike(value) for value in self.values}
        lookalikes = tuple(value for value in found.values if alike(value) in near)
        if lookalikes:
            return self._answer(Answer.CANNOT_TELL, got=lookalikes, why="it differs in spelling only")
        if found.doubt:
            return self._answer(Answer.CANNOT_TELL, got=found.values, why=found.doubt)
        return self._answer(Answer.NO, got=found.values)

    def __repr__(self) -> str:
        return f"{self.field}({', '.join(map(repr, self.values))})"


def cn(*values: str) -> Rule:
    """
    Allow whose one common name is one of the values.

    A subject without a common name, with several, or with one that is empty, not text or holds a control or format
    character never matches: the rule cannot tell.

    Raises:
        ConfigurationError: No value; one that is not text, empty, does not print, or has an asterisk.
    """
    return NameRule(field="cn", values=values)


def o(*values: str) -> Rule:
    """Allow who has one of the values as an organization (O) of the subject; errors as `cn`."""
    return NameRule(field="o", values=values)


def ou(*values: str) -> Rule:
    """Allow who has one of the values as an organizational unit (OU) of the subject; errors as `cn`."""
    return NameRule(field="ou", values=values)


def dns(*values: str) -> Rule:
    """Allow who has one of the values as a dNSName of subjectAltName, case included; errors as `cn`."""
    return NameRule(field="dns", values=values)


def email(*values: str) -> Rule:
    """Allow who has one of the values as an rfc822Name of subjectAltName, case included; errors as `cn`."""
    return NameRule(field="email", values=values)


def uri(*values: str) -> Rule:
    """Allow who has one of the values as a URI of subjectAltName, as text; errors as `cn`."""
    return NameRule(field="uri", values=values)


def upn(*values: str) -> Rule:
    """Allow who has one of the values as a user principal name of subjectAltName; errors as `cn`."""
    return NameRule(field="upn", values=values)
