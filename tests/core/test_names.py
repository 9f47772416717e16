"""Distinguished names as values: how they compare and what they give away."""

import pickle

import pytest

from clientcert.core import der
from clientcert.core.names import AmbiguousNameError, DistinguishedName
from tests.core.name_builders import (
    CN,
    OU,
    UID,
    UNKNOWN,
    C,
    O,
    cn_der,
    common,
    name,
    name_der,
    pair,
)

CANONICALLY_EQUAL = {
    "case": (cn_der("Alice"), cn_der("aLICE")),
    "string-type": (cn_der("Alice", der.PRINTABLE_STRING), cn_der("Alice")),
    "bmp": (cn_der("José".encode("utf-16-be"), der.BMP_STRING), cn_der("José")),
    "t61": (cn_der(b"Jos\xe9", der.T61_STRING), cn_der("José")),
    "numeric": (cn_der("42", der.NUMERIC_STRING), cn_der("42")),
    "space-around": (cn_der("  Alice "), cn_der("alice")),
    "space-inside": (cn_der("a \t\n b"), cn_der("A b")),
    "only-space": (cn_der("  "), cn_der("")),
    "set-order": (name_der((pair(CN, "b"), pair(OU, "a"))), name_der((pair(CN, "B"), pair(OU, "A")))),
}

CANONICALLY_DIFFERENT = {
    "value": (cn_der("alice"), cn_der("alicf")),
    "type": (cn_der("alice"), name_der((pair(OU, "alice"),))),
    "no-space": (cn_der("a b"), cn_der("ab")),
    "case-beyond-ascii": (cn_der("É"), cn_der("é")),
    "space-beyond-ascii": (cn_der("\xa0a"), cn_der("a")),
    "normalisation-form": (cn_der("e\u0301"), cn_der("\xe9")),
    "nul": (cn_der("a\x00"), cn_der("a")),
    "rdn-order": (name_der((pair(CN, "a"),), (pair(O, "b"),)), name_der((pair(O, "b"),), (pair(CN, "a"),))),
    "rdn-grouping": (name_der((pair(CN, "a"), pair(OU, "b"))), name_der((pair(CN, "a"),), (pair(OU, "b"),))),
    "longer": (name_der((pair(O, "b"),)), name_der((pair(O, "b"),), (pair(CN, "a"),))),
    "opaque": (cn_der(b"\x00A", der.BIT_STRING), cn_der(b"\x00a", der.BIT_STRING)),
    "empty": (name_der(), cn_der("")),
}


@pytest.mark.parametrize(("left", "right"), CANONICALLY_EQUAL.values(), ids=CANONICALLY_EQUAL)
def test_canonically_equal(left: bytes, right: bytes) -> None:
    """Case and white space of ASCII and the string type do not matter in path validation."""
    names = DistinguishedName.from_der(left), DistinguishedName.from_der(right)
    assert names[0].canonical == names[1].canonical
    assert hash(names[0].canonical) == hash(names[1].canonical)
    assert names[0].is_within(names[1])


@pytest.mark.parametrize(("left", "right"), CANONICALLY_DIFFERENT.values(), ids=CANONICALLY_DIFFERENT)
def test_canonically_different(left: bytes, right: bytes) -> None:
    """Everything else matters."""
    assert DistinguishedName.from_der(left).canonical != DistinguishedName.from_der(right).canonical


def test_canonical_order_of_a_set_does_not_matter() -> None:
    """One RDN is a set: values that compare equal may stand in another order once their case differs."""
    left, right = name(((CN, "a"), (OU, "b"))), name(((OU, "B"), (CN, "A")))
    assert left.canonical == right.canonical
    assert left != right


def test_equality_is_exact_but_for_the_string_type() -> None:
    """Equality, hash and pickling follow type and decoded value, case included."""
    printable, utf8 = (DistinguishedName.from_der(cn_der("Al", tag)) for tag in (der.PRINTABLE_STRING, der.UTF8_STRING))
    assert printable == utf8 == common("Al")
    assert hash(printable) == hash(utf8)
    assert printable != common("al")
    assert pickle.loads(pickle.dumps(printable)) == printable  # noqa: S301 - our own bytes


def test_is_within() -> None:
    """A name lies within a base of the same first RDNs, compared canonically, and within the empty base."""
    base = name(((C, "GB"),), ((O, "Example"),))
    inside = name(((C, "gb"),), ((O, "example "),), ((CN, "a"),))
    assert inside.is_within(base)
    assert base.is_within(base)
    assert base.is_within(DistinguishedName())
    assert not base.is_within(inside)
    assert not name(((C, "GB"),), ((O, "Example2"),)).is_within(base)
    assert not name(((O, "Example"),), ((C, "GB"),)).is_within(base)


def test_values_by_short_name_and_oid() -> None:
    """Values come root first, by either spelling of a short name or by OID; an absent type has none."""
    dn = name(((OU, "one"),), ((OU, "two"), (UID, "x")), (("2.5.4.9", "1 Road"),), ((UNKNOWN, "y"),))
    assert dn.values("OU") == dn.values(OU) == ("one", "two")
    assert dn.values("street") == dn.values("STREET") == ("1 Road",)
    assert dn.values(UNKNOWN) == ("y",)
    assert dn.values("CN") == ()


@pytest.mark.parametrize("type_", ["", "cn", "commonName", "CN ", "1", "2.5.4.", "2.5.4.٣"])
def test_values_refuses_unknown_types(type_: str) -> None:
    """A misspelt type is an error, not an empty answer."""
    with pytest.raises(ValueError, match="unknown attribute type"):
        common("a").values(type_)


def test_one_common_name() -> None:
    """Exactly one readable common name is returned as it was encoded."""
    assert name(((O, "Ex"),), ((CN, " Zoë, 1"), (UID, "x"))).common_name == " Zoë, 1"


AMBIGUOUS = {
    "none": (name(((O, "Ex"),)), "0 common names"),
    "two-rdns": (name(((CN, "alice"),), ((CN, "admin"),)), "2 common names"),
    "same-twice": (name(((CN, "alice"),), ((CN, "alice"),)), "2 common names"),
    "text-and-opaque": (DistinguishedName.from_nginx(b"CN=#03020041,CN=alice"), "2 common names"),
    "opaque": (DistinguishedName.from_nginx(b"CN=#03020041"), "1 common name, but"),
    "empty": (common(""), "1 common name, but"),
    "line-break": (common("bob\n"), "1 common name, but"),
    "override": (common("bob\u202e"), "1 common name, but"),
    "line-separator": (common("bob\u2028"), "1 common name, but"),
}


@pytest.mark.parametrize(("dn", "message"), AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_ambiguous_common_name(dn: DistinguishedName, message: str) -> None:
    """Anything but exactly one readable common name raises, and the text names the way out."""
    with pytest.raises(AmbiguousNameError, match=message) as caught:
        _ = dn.common_name
    assert isinstance(caught.value, LookupError)
    assert '.values("CN")' in str(caught.value)


@pytest.mark.parametrize("character", ["\x00", "\n", "\x1b", "\x85", "\xad", "\u200b", "\u202e", "\u2028", "\u2029"])
def test_has_disguise(character: str) -> None:
    """Control and format characters and line separators are found in every attribute."""
    assert name(((CN, "a"),), ((O, f"b{character}"),)).has_disguise


@pytest.mark.parametrize("value", ["alice", "Zoë 漢 🦊", "a\xa0b", "\ue000", ""])
def test_has_no_disguise(value: str) -> None:
    """Letters of any script, spaces and private-use characters disguise nothing."""
    assert not name(((CN, value),)).has_disguise


def test_opaque_value_is_no_disguise() -> None:
    """A value that is not text is not looked into."""
    assert not DistinguishedName.from_der(cn_der(b"\x00\n", der.BIT_STRING)).has_disguise


def test_empty_name() -> None:
    """The empty name has no RDN, no text and is false."""
    empty = DistinguishedName.from_der(b"\x30\x00")
    assert empty == DistinguishedName() == DistinguishedName.from_nginx(b"")
    assert (empty.is_empty, len(empty), empty.rfc4514, empty.nginx, bool(empty)) == (True, 0, "", b"", False)
    assert (common("a").is_empty, len(common("a"))) == (False, 1)
