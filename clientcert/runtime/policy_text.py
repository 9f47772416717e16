"""A reviewed data file as plain values, and on which of its lines each of them stands."""

import re
import tomllib
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Final
from unicodedata import category

from clientcert.errors import ConfigurationError

Keys = tuple[str | int, ...]
"""Where a value is: the keys and indices that lead to it."""

# Invisible to a reviewer: controls, formats (bidirectional overrides, zero width), line and paragraph separators.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_LINE_ENDS = "\t\n\r"


class DocumentError(ValueError):
    """
    Something in a document that cannot be used.

    Attributes:
        keys: Where.
    """

    def __init__(self, keys: Keys, message: str) -> None:
        super().__init__(message)
        self.keys = keys


class YamlError(ValueError):
    """
    Text that is not YAML, or YAML that we do not take.

    Attributes:
        line: From 1.
    """

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """
    A data file that has been read.

    Attributes:
        name: For messages.
        content: Tables, lists, texts, numbers and truth values.
        find_line: Line of the value at some keys, or of the nearest one above it; from 1.
    """

    name: str
    content: dict[str, Any] = field(repr=False)
    find_line: Callable[[Keys], int] = field(repr=False)

    def error(self, fault: DocumentError) -> ConfigurationError:
        """The refusal of the file for a fault, with its line."""
        return ConfigurationError(f"{self.name}:{self.find_line(fault.keys)}: {fault}")


def read_document(octets: bytes, *, name: str) -> Document:
    """
    Read a file by the form that its name ends in: ``.toml``, ``.yaml`` or ``.yml``.

    Args:
        octets: Its content, UTF-8.
        name: Its path, for messages too.

    Raises:
        ConfigurationError: Another name; not UTF-8; a character that no reviewer sees; not in that form; YAML where
            PyYAML is not installed.
    """
    suffix = PurePath(name).suffix
    if suffix not in _READERS:
        raise ConfigurationError(f"{name}: wanted a name that ends in one of: {', '.join(_READERS)}")
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError as exc:
        line = octets.count(b"\n", 0, exc.start) + 1
        raise ConfigurationError(f"{name}:{line}: not UTF-8: octet {octets[exc.start]:#04x}") from exc
    _check_visible(text, name)
    return _READERS[suffix](text, name)


def _check_visible(text: str, name: str) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        for character in line:
            if category(character) in _INVISIBLE and character not in _LINE_ENDS:
                raise ConfigurationError(f"{name}:{number}: invisible character U+{ord(character):04X}: remove it")


def _read_toml(text: str, name: str) -> Document:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        # Its text is the only place where the parser tells the line, up to Python 3.13.
        found = re.search(r" \(at line (\d+), ", str(exc))
        line = found[1] if found else text.count("\n") + 1
        raise ConfigurationError(f"{name}:{line}: not TOML: {exc}") from exc
    except RecursionError as exc:
        raise ConfigurationError(f"{name}:1: not TOML that can be read: lists or tables too deep") from exc
    return Document(name=name, content=content, find_line=_TomlLines(text))


@dataclass(frozen=True, slots=True)
class _TomlLines:
    """
    Finds the line of a value in TOML, whose parser reports none.

    The first lines of a TOML file are a TOML file themselves unless they end inside a statement. The statement that
    brings a value is therefore the one after the longest such beginning without it.
    """

    text: str

    def __call__(self, keys: Keys) -> int:
        lines = self.text.replace("\r\n", "\n").split("\n")
        content = tomllib.loads(self.text)
        while not _contains(content, keys):
            keys = keys[:-1]
        if not keys:
            return 1
        end = bisect_left(range(len(lines)), True, key=lambda count: _contains(_beginning(lines, count)[1], keys))
        start = _beginning(lines, end - 1)[0] + 1
        # Of a statement over several lines, the one with the key, if only one has it.
        key = [key for key in keys if isinstance(key, str)][-1]
        with_key = [number for number in range(start, end + 1) if key in lines[number - 1]]
        return with_key[0] if len(with_key) == 1 else start


def _beginning(lines: list[str], count: int) -> tuple[int, dict[str, Any]]:
    """Parse the first lines, as many as asked for or fewer, so that no statement is cut; how many, and the content."""
    while True:
        try:
            return count, tomllib.loads("\n".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            count -= 1


def _contains(content: Any, keys: Keys) -> bool:
    try:
        for key in keys:
            content = content[key]
    except (KeyError, IndexError, TypeError):
        return False
    return True


def _read_yaml(text: str, name: str) -> Document:
    try:
        from clientcert.runtime.policy_yaml import parse_yaml
    except ModuleNotFoundError as exc:
        raise ConfigurationError(
            f"{name}: YAML needs PyYAML, which is not installed: pip install 'clientcert[yaml]', or write TOML"
        ) from exc
    try:
        content, lines = parse_yaml(text)
    except YamlError as exc:
        raise ConfigurationError(f"{name}:{exc.line}: {exc}") from exc

    def find_line(keys: Keys) -> int:
        while keys not in lines:
            keys = keys[:-1]
        return lines[keys]

    return Document(name=name, content=content, find_line=find_line)


_READERS: Final[dict[str, Callable[[str, str], Document]]] = {
    ".toml": _read_toml,
    ".yaml": _read_yaml,
    ".yml": _read_yaml,
}
