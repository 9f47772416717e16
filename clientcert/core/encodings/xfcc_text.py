"""
The text form of Envoy's X-Forwarded-Client-Cert, cut into elements and pairs by one pass over its bytes.

``element *("," element)``, each ``key=value *(";" key=value)``; a value is raw or in double quotes. Envoy quotes Cert,
Chain, Subject and Issuer. It copies By, URI and DNS from certificates *unescaped*: a comma, a semicolon or a quote in
there is a delimiter to every reader. So no raw value may hold a quote, and `Element.ends_unescaped` says after which
elements a comma may be a certificate's own.
"""

from dataclasses import dataclass

from clientcert.core.encodings.base import malformed

Pair = tuple[bytes, bytes]

_QUOTE, _BACKSLASH, _COMMA, _SEMICOLON, _EQUALS = b'"\\,;='
_SPACE = 0x20
# Keys whose values Envoy copies from the certificates without escaping.
_UNESCAPED_KEYS = frozenset({b"by", b"uri", b"dns"})
# What follows a backslash inside quotes: OpenSSL's RFC 2253 escapes, which Envoy passes on as they are.
_ESCAPABLE = frozenset(b'"\\,+;<>#= ')
_HEX_DIGITS = frozenset(b"0123456789ABCDEFabcdef")


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """
    What one hop wrote.

    Attributes:
        pairs: Lower-case key and value, the quotes of a value taken off, its escapes left as they are.
    """

    pairs: tuple[Pair, ...]

    def values(self, key: bytes) -> list[bytes]:
        """All values of a key."""
        return [value for name, value in self.pairs if name == key]

    @property
    def ends_unescaped(self) -> bool:
        """Whether the comma behind it may be one of a certificate's own names."""
        return self.pairs[-1][0] in _UNESCAPED_KEYS


def split_elements(text: bytes) -> tuple[Element, ...]:
    """
    Cut a header value into its elements, the first hop's first.

    Raises:
        EncodingError: ENCODING_MALFORMED for a quote that is not closed or stands inside a raw value, an escape that
            nobody writes, an empty key, pair or element.

    Not checked here: which keys there are, how often, and what they say.
    """
    return _Scanner(text).elements()


class _Scanner:
    """Walks over the text once; where the next delimiter of a kind stands is looked up once per delimiter."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._size = len(text)
        self._found = dict.fromkeys((_QUOTE, _BACKSLASH, _COMMA, _SEMICOLON, _EQUALS), -1)

    def elements(self) -> tuple[Element, ...]:
        """All elements; see `split_elements`."""
        elements = []
        position = -1
        while position < self._size:
            element, position = self._element(self._skip_spaces(position + 1))
            elements.append(element)
        return tuple(elements)

    def _element(self, position: int) -> tuple[Element, int]:
        """One element and the index of the comma behind it, or of the end."""
        pairs = []
        while True:
            pair, position = self._pair(position)
            pairs.append(pair)
            if not self._is(position, _SEMICOLON):
                break
            position += 1
            # Azure Container Apps ends an element with a semicolon.
            if position == self._size or self._is(position, _COMMA):
                break
        return Element(pairs=tuple(pairs)), position

    def _pair(self, position: int) -> tuple[Pair, int]:
        """One pair and the index of what ends it: a semicolon, a comma, or the end of the text."""
        equals = self._next(_EQUALS, position)
        key = self._text[position:equals]
        if not key.isalpha() or equals == self._size:
            raise self._malformed("key=value pairs")
        start = equals + 1
        if self._is(start, _QUOTE):
            end = self._closing_quote(start + 1)
            value, position = self._text[start + 1 : end], end + 1
            if position < self._size and not (self._is(position, _COMMA) or self._is(position, _SEMICOLON)):
                raise self._malformed("nothing behind a closing quote but a comma or semicolon")
        else:
            position = min(self._next(_COMMA, start), self._next(_SEMICOLON, start))
            if self._next(_QUOTE, start) < position:
                raise self._malformed("quotes around whole values only")
            value = self._text[start:position]
        return (key.lower(), value), position

    def _closing_quote(self, position: int) -> int:
        while True:
            quote, backslash = self._next(_QUOTE, position), self._next(_BACKSLASH, position)
            if quote == self._size:
                raise self._malformed("balanced quotes")
            if quote < backslash:
                return quote
            position = backslash + self._escape_length(backslash)

    def _escape_length(self, backslash: int) -> int:
        if self._text[backslash + 1] in _ESCAPABLE:
            return 2
        if _HEX_DIGITS.issuperset(self._text[backslash + 1 : backslash + 3]):
            return 3
        raise self._malformed("RFC 2253 escapes only")

    def _next(self, delimiter: int, position: int) -> int:
        """Index of the next delimiter of a kind at or behind a position; the size where there is none."""
        found = self._found[delimiter]
        if found < position:
            found = self._text.find(delimiter, position)
            found = self._found[delimiter] = self._size if found < 0 else found
        return found

    def _is(self, position: int, byte: int) -> bool:
        return position < self._size and self._text[position] == byte

    def _skip_spaces(self, position: int) -> int:
        while self._is(position, _SPACE):
            position += 1
        return position

    def _malformed(self, wanted: str) -> Exception:
        return malformed(f"XFCC text with {wanted}", self._text)
