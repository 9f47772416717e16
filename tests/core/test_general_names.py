"""Names as path validation compares them, and which faults of a Name are told."""

import pytest

from clientcert.core import der
from clientcert.core.general_names import NameKind, comparison_form, read_general_names, read_name, read_name_and_form
from clientcert.errors import NameSyntaxError
from tests.core.name_builders import CN, OU, cn_der, name_der, pair

_FORMS = {
    "case-and-spaces": (cn_der(" A  b "), cn_der("a B", der.PRINTABLE_STRING), True),
    "other-value": (cn_der("a"), cn_der("b"), False),
    "numeric-string": (cn_der("12", der.NUMERIC_STRING), cn_der("12", der.NUMERIC_STRING), True),
    "numeric-string-and-text": (cn_der("12", der.NUMERIC_STRING), cn_der("12"), False),
    "too-long-to-be-remembered": (cn_der("A" * 200), cn_der("a" * 200), True),
}


@pytest.mark.parametrize(("one", "other", "same"), _FORMS.values(), ids=_FORMS)
def test_comparison_form(one: bytes, other: bytes, *, same: bool) -> None:
    """Names are the same where OpenSSL says so; reading them gives the same form, the second time too."""
    for encoded in (one, other, one, other):
        name, form = read_name_and_form(encoded)
        assert name == read_name(encoded)
        assert form == comparison_form(name)
    assert (read_name_and_form(one)[1] == read_name_and_form(other)[1]) is same


def test_value_of_another_type() -> None:
    """A type of string that OpenSSL takes for no Name is refused, as is a bit string with rubbish behind its end."""
    with pytest.raises(ValueError, match="tag 0x1a"):
        read_name(cn_der("a", der.VISIBLE_STRING))
    with pytest.raises(ValueError, match="BIT STRING"):
        read_name(cn_der(b"\x07\xff", der.BIT_STRING))
    assert read_name(cn_der(b"\x07\x80", der.BIT_STRING)).rdns[0][0].value == "#03020780"


def test_what_is_no_name_is_told_first() -> None:
    """A Name that breaks off behind a value of a wrong type is refused because it is no Name."""
    wrong = name_der((pair(OU, "a", der.VISIBLE_STRING),), (pair(CN, b"\xff"),))
    with pytest.raises(NameSyntaxError, match="utf-8"):
        read_name(wrong)
    with pytest.raises(NameSyntaxError, match="not exactly one SEQUENCE"):
        read_name(cn_der("a") + b"\x05\x00")


@pytest.mark.parametrize("size", [0, 0x7F, 0x80, 0x100])
def test_texts_of_every_length(size: int) -> None:
    """A name is read whole, whatever its length, with its neighbours."""
    encoded = b"".join(der.encode_tlv(0x80 | kind, b"x" * size) for kind in (NameKind.DNS, NameKind.URI, NameKind.IP))
    names = read_general_names(b"--" + encoded, 2, 2 + len(encoded))
    assert [name.kind for name in names] == [NameKind.DNS, NameKind.URI, NameKind.IP]
    assert [name.text for name in names] == ["x" * size, "x" * size, ""]
    assert {name.value for name in names} == {b"x" * size}
