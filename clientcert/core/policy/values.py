"""What an operator may write as a value, and when two texts are too much alike to tell them apart."""

from collections.abc import Iterable
from typing import Any, TypeVar
from unicodedata import category, normalize

from clientcert.errors import ConfigurationError

T = TypeVar("T")

# Controls, formats (bidirectional overrides, zero width), surrogates.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs"})
_SHA256_DIGITS, _SHA1_DIGITS = 64, 40
_LOWER_HEX = frozenset("0123456789abcdef")


def exact_texts(kind: str, values: tuple[Any, ...]) -> tuple[str, ...]:
    """
    Check the values of a rule that compares text exactly.

    Args:
        kind: The rule's name, for the message.
        values: What the operator wrote.

    Raises:
        ConfigurationError: No value, one that is no text or empty, one with a character that does not print, or with
            an asterisk, which nothing here would expand.
    """
    for value in one_or_more(kind, values):
        if not isinstance(value, str):
            raise ConfigurationError(f"{kind} takes texts one by one, got {value!r}")
        if not value:
            raise ConfigurationError(f"{kind} of an empty text, which nobody has")
        if not value.isprintable():
            raise ConfigurationError(f"{kind}({value!a}) has a character that does not print")
        if "*" in value:
            raise ConfigurationError(
                f"{kind}({value!r}): values are compared exactly, nothing expands an asterisk; "
                'a wildcard stands for one whole segment in spiffe("spiffe://prod.example/ns/*/sa/web"), nowhere else'
            )
    return distinct(values)


def one_or_more(kind: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the values, or raise `ConfigurationError` when there are none: an empty list is a slip, not a policy."""
    if not values:
        raise ConfigurationError(f"{kind} of no value: give at least one")
    return values


def distinct(values: Iterable[T]) -> tuple[T, ...]:
    """Leave out what was there before."""
    return tuple(dict.fromkeys(values))


def sha256_digests(kind: str, values: tuple[Any, ...], *, of: str) -> tuple[str, ...]:
    """
    Check hashes that an operator wrote.

    Args:
        kind: The rule's name, for the message.
        values: What the operator wrote; 64 lower-case hex digits each.
        of: What they are hashes of, for the message.

    Raises:
        ConfigurationError: No value, or one in another form, SHA-1 among them.
    """
    for value in one_or_more(kind, values):
        if not isinstance(value, str):
            raise ConfigurationError(f"{kind} takes texts one by one, got {value!r}")
        if len(value) != _SHA256_DIGITS or not _LOWER_HEX.issuperset(value):
            raise ConfigurationError(f"{kind}({value!r}) is not the SHA-256 of {of}: {_hash_problem(value)}")
    return distinct(values)


def _hash_problem(value: str) -> str:
    plain = value.strip().replace(":", "").replace(" ", "").lower()
    if len(plain) == _SHA256_DIGITS and _LOWER_HEX.issuperset(plain):
        return f"write it as {plain!r}"
    if len(plain) == _SHA1_DIGITS and _LOWER_HEX.issuperset(plain):
        return "SHA-1 identifies nothing any more"
    return f"wanted {_SHA256_DIGITS} lower-case hex digits"


def alike(text: str) -> str:
    """
    What is left of a text without case, width, composition, invisible characters and repeated white space.

    Two texts with the same rest may be one name to whoever wrote the certificate, so that nobody can tell. It never
    makes a match.
    """
    words = normalize("NFKC", text).casefold().split()
    return " ".join(filter(None, (word if word.isprintable() else _visible(word) for word in words)))


def _visible(word: str) -> str:
    return "".join(character for character in word if category(character) not in _INVISIBLE)
