"""Header lines in a producer's own language: ``("X-Serial", "$ssl_client_serial")``."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from clientcert.core.facts import Header
from clientcert.testing.producers.handshake import Handshake, Variable

When: TypeAlias = Literal["presented", "absent", "verified"]
"""For which clients a line counts: with a certificate, without one, with one that was found good."""

Line: TypeAlias = tuple[str, str] | tuple[str, str, When]
"""Name, value, and for which clients, if not for all."""


# Compared by identity: functions have no other, and producers are to be keys and parameters of tests.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Language:
    """
    How one producer's configuration describes header values.

    Attributes:
        name: Of the producer.
        pattern: What a variable looks like; text around it is taken literally.
        variables: Variable as it is written in the configuration → its value.
        unset: What stands for a variable without a value: text, or a function of the variable.
        drops_empty: A header whose value is empty is not sent.
        spell: Header name as configured → as sent.
        sorts: Headers are sent in alphabetical order.
        tells_failure: Some variable holds the verdict, and bad certificates can be forwarded.
    """

    name: str
    pattern: re.Pattern[str] = field(repr=False)
    variables: Mapping[str, Variable] = field(repr=False)
    unset: str | Callable[[str, Handshake], str] = ""
    drops_empty: bool = False
    spell: Callable[[str], str] = str
    sorts: bool = False
    tells_failure: bool = True

    def value(self, template: str, handshake: Handshake) -> bytes:
        """Fill in a template."""
        parts, end = [], 0
        for found in self.pattern.finditer(template):
            value = self.variables[found.group()](handshake)
            if value is None:
                value = (self.unset if isinstance(self.unset, str) else self.unset(found.group(), handshake)).encode()
            parts += [template[end : found.start()].encode("latin-1"), value]
            end = found.end()
        return b"".join((*parts, template[end:].encode("latin-1")))

    def check(self, template: str) -> None:
        """Raise ValueError for a variable that this producer does not have, or whose value is not known here."""
        for found in self.pattern.finditer(template):
            if found.group() not in self.variables:
                legal = ", ".join(self.variables)
                raise ValueError(f"{self.name}: unknown {found.group()} in {template!r}, the legal ones are {legal}")


@dataclass(frozen=True, slots=True)
class HeaderLines:
    """
    A producer whose headers are lines of its configuration.

    Attributes:
        language: The producer's.
        lines: In the order of the configuration.

    Raises:
        ValueError: A variable that this producer does not have; the legal ones are listed.
    """

    language: Language
    lines: tuple[Line, ...]

    def __post_init__(self) -> None:
        """Refuse what the producer would not start with."""
        for _, template, *_ in self.lines:
            self.language.check(template)

    @property
    def name(self) -> str:
        """See `Producer`."""
        return self.language.name

    @property
    def tells_failure(self) -> bool:
        """See `Producer`."""
        return self.language.tells_failure

    def headers(self, handshake: Handshake, extra: tuple[tuple[str, bytes], ...]) -> tuple[Header, ...]:
        """See `Producer`."""
        language = self.language
        pairs = [
            *(
                (name, language.value(value, handshake))
                for name, value, *when in self.lines
                if _counts(when, handshake)
            ),
            *extra,
        ]
        made = [(language.spell(name).encode("latin-1"), value) for name, value in pairs]
        if language.sorts:
            made.sort(key=lambda header: header[0])
        return tuple(header for header in made if header[1] or not language.drops_empty)

    def tls_chain(self, handshake: Handshake) -> tuple[bytes, ...] | None:  # noqa: ARG002 - the protocol
        """See `Producer`: TLS ends there."""
        return None


def capitalized(name: str) -> str:
    """Spell a header name as Go does: ``ssl-client-cert`` → ``Ssl-Client-Cert``."""
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


def _counts(when: list[When], handshake: Handshake) -> bool:
    is_presented = handshake.certificate is not None
    counts = {
        "presented": is_presented,
        "absent": not is_presented,
        "verified": is_presented and handshake.failure is None,
    }
    return all(counts[condition] for condition in when)
