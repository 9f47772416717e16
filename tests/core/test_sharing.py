"""Keys of remembered decisions: equal to what came, with as little of their own as may be."""

from typing import Any

import pytest

from clientcert.core.remembered import Wire
from clientcert.core.sharing import kept_in, slim

LONG = b"%2D" * 40


def fresh(value: bytes) -> bytes:
    """An equal object."""
    return bytes(bytearray(value))


def asgi() -> tuple[Any, ...]:
    """What a request says, of new objects."""
    return ((fresh(b"ssl-client-verify"), fresh(b"SUCCESS")), (fresh(b"ssl-client-cert"), fresh(LONG)))


SPOKEN = {
    "asgi": asgi(),
    "wsgi": (("HTTP_A", "HTTP_B"), ("SUCCESS", LONG.decode())),
    "tls": ((LONG,), None, True, "", ((b"name", b"value"),)),
    "nothing": (),
    "empty-parts": ((), ((),)),
    "many-parts": (tuple(b"%d" % number for number in range(9)),),
}


@pytest.mark.parametrize("spoken", SPOKEN.values(), ids=SPOKEN)
def test_equal(spoken: tuple[Any, ...]) -> None:
    """A slimmer key is equal to the original, type by type."""
    made = slim(spoken)
    assert made == spoken
    assert repr(made) == repr(spoken)


def test_short_parts_are_shared_and_long_ones_are_not() -> None:
    """Two clients' keys have the same names and verdicts, and each its own certificate."""
    first, second = asgi(), asgi()
    ours: Any = slim(first)
    theirs: Any = slim(second)
    assert ours[0] is theirs[0]
    assert ours[1][0] is theirs[1][0]
    assert ours[1][1] is first[1][1]
    assert theirs[1][1] is second[1][1]


def test_types_stay_apart() -> None:
    """Text, bytes, numbers and truth values that look alike or are equal never stand for each other."""
    for value in (b"name", "name", 1, True, 1.0, None):
        ((made,),) = (slim((value,)),)
        assert type(made) is type(value)
        pair: Any = slim(((value, value),))[0]
        assert [type(part) for part in pair] == [type(value)] * 2


def test_kept_in() -> None:
    """The certificate's octets are found in a key as the same object, or as the text of a WSGI server."""
    spoken = asgi()
    value = spoken[1][1]
    wire = Wire(value)
    assert kept_in(((0,), slim(spoken)), wire) is wire
    text = LONG.decode()
    found = kept_in(((0,), (("HTTP_A", "HTTP_B"), ("SUCCESS", text)), None), wire)
    assert found is not None
    assert found.value is text


@pytest.mark.parametrize(
    ("key", "wire"),
    [
        pytest.param(None, Wire(LONG), id="not-remembered"),
        pytest.param(((0,), asgi()), None, id="not-from-octets"),
        pytest.param(((0,), ((b"ssl-client-cert", b" " + LONG),)), Wire(LONG), id="white-space"),
        pytest.param(((0,), (("HTTP_A",), ("ä" * len(LONG),))), Wire(LONG), id="other-text"),
        pytest.param(((0,), (("HTTP_A",), ("x" * len(LONG),))), Wire(LONG), id="other-ascii"),
    ],
)
def test_not_kept(key: object, wire: Wire | None) -> None:
    """Where a key does not hold exactly these octets, nothing of it is taken for them."""
    assert kept_in(key, wire) is None
