"""The guard: which headers are read, which are taken away from the app, in whatever spelling they come."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientcert.core.headers import HeaderGuard, fold_name
from clientcert.core.sources import GUARDED_HEADERS

READ = (b"ssl-client-cert", b"ssl-client-verify")
GUARD = HeaderGuard(read=READ, guarded=GUARDED_HEADERS)

ALIASES = {
    "n3-underscores": b"ssl_client_cert",
    "n3-one-underscore": b"ssl-client_cert",
    "n5-dots": b"ssl.client.cert",
    "n5-one-dot": b"ssl-client.cert",
    "n5-upper-case-underscores": b"SSL_CLIENT_CERT",
    "n5-plus": b"ssl+client+cert",
    "n5-tilde-and-star": b"ssl~client*cert",
    "n10-space-inside": b"ssl client cert",
    "high-byte-as-separator": b"ssl\xa0client\xadcert",
    "nul-as-separator": b"ssl\x00client\x00cert",
}

NOT_OURS = {
    "n6-sharp-s": b"\xdfl-client-cert",
    "n6-sharp-s-utf-8": "\u00dfl-client-cert".encode(),
    "n6-kelvin-sign": "ssl-client-ver\u0131fy".encode(),
    "n10-space-behind": b"ssl-client-cert ",
    "prefix": b"ssl-client-cer",
    "suffix": b"ssl-client-certs",
    "doubled-dash": b"ssl--client-cert",
    "no-dashes": b"sslclientcert",
    "empty": b"",
}


@pytest.mark.parametrize("name", ALIASES.values(), ids=ALIASES)
def test_n5_alias(name: bytes) -> None:
    """Another spelling of a name that is read is reported, not read, and never reaches the app."""
    selected = GUARD.select([(name, b"EVIL")])
    assert (selected.values, selected.aliases, selected.duplicates) == ({}, [name], [])
    assert GUARD.strip([(name, b"EVIL"), (b"host", b"a")]) == [(b"host", b"a")]
    assert GUARD.is_guarded(name)


@pytest.mark.parametrize("name", NOT_OURS.values(), ids=NOT_OURS)
def test_n6_not_ours(name: bytes) -> None:
    """A name that only Unicode case rules, or a lenient eye, take for ours is left alone."""
    selected = GUARD.select([(name, b"x")])
    assert (selected.values, selected.aliases) == ({}, [])
    assert GUARD.strip([(name, b"x")]) == [(name, b"x")]


@pytest.mark.parametrize("name", [b"SSL-Client-Cert", b"ssl-client-cert", b"Ssl-cLIENT-cERT"])
def test_n7_letter_case(name: bytes) -> None:
    """Upper and lower case are one name, read and stripped."""
    selected = GUARD.select([(name, b"x")])
    assert selected.values == {b"ssl-client-cert": b"x"}
    assert selected.aliases == []
    assert GUARD.strip([(name, b"x")]) == []


@pytest.mark.parametrize(
    "pairs",
    {
        "n1-same-spelling": [(b"ssl-client-cert", b"A"), (b"ssl-client-cert", b"B")],
        "n1-other-case": [(b"ssl-client-cert", b"A"), (b"SSL-CLIENT-CERT", b"B")],
        "n1-first-empty": [(b"ssl-client-cert", b""), (b"ssl-client-cert", b"B")],
        "n1-second-blank": [(b"ssl-client-cert", b"A"), (b"ssl-client-cert", b" \t")],
        "n1-equal-values": [(b"ssl-client-cert", b"A"), (b"ssl-client-cert", b"A")],
    }.items(),
    ids=lambda row: row[0],
)
def test_n1_duplicate(pairs: tuple[str, list[tuple[bytes, bytes]]]) -> None:
    """A name that comes twice is reported, in either order and whatever the values."""
    for headers in (pairs[1], pairs[1][::-1]):
        assert GUARD.select(headers).duplicates == [b"ssl-client-cert"]


def test_n1_once_is_no_duplicate() -> None:
    """Two different names, each once, are no duplicates."""
    selected = GUARD.select([(READ[0], b"A"), (READ[1], b"B")])
    assert selected.duplicates == []
    assert selected.values == {READ[0]: b"A", READ[1]: b"B"}


@pytest.mark.parametrize(
    ("value", "read"),
    {
        "n13-trailing": (b"SUCCESS \t ", b"SUCCESS"),
        "n13-leading": (b"\t SUCCESS", b"SUCCESS"),
        "n12-no-break-space-stays": (b"SUCCESS\xa0", b"SUCCESS\xa0"),
        "n12-next-line-stays": (b"\x85SUCCESS", b"\x85SUCCESS"),
        "n9-line-feed-stays": (b"SUCCESS\n", b"SUCCESS\n"),
        "form-feed-stays": (b"\x0cSUCCESS", b"\x0cSUCCESS"),
    }.values(),
)
def test_n12_n13_surrounding_whitespace(value: bytes, read: bytes) -> None:
    """Only SP and HTAB around a value are taken off (RFC 9110 §5.5)."""
    assert GUARD.select([(READ[1], value)]).values == {READ[1]: read}


@pytest.mark.parametrize("value", [b"", b" ", b"\t \t"])
def test_n15_empty_is_absent(value: bytes) -> None:
    """A header without a value is a header that was not sent."""
    assert GUARD.select([(READ[0], value)]).values == {}


def test_reads_configured_names_only() -> None:
    """A guarded name that is not read is stripped and otherwise ignored, its aliases as well."""
    headers = [
        (b"ssl-client-subject-dn", b"CN=x"),
        (b"ssl_client_subject_dn", b"CN=y"),
        (b"ssl-client-issuer-dn", b"z"),
    ]
    selected = GUARD.select(headers)
    assert (selected.values, selected.aliases, selected.duplicates) == ({}, [], [])
    assert GUARD.strip(headers) == []


def test_context_is_kept_for_the_app() -> None:
    """Forwarding headers are noted in order, duplicates kept, and left to the app."""
    headers = [
        (b"X-Forwarded-For", b"a"),
        (b"forwarded", b"for=b"),
        (b"x-forwarded-for", b"c"),
        (b"Connection", b"close"),
    ]
    assert GUARD.select(headers).context == [(name.lower(), value) for name, value in headers]
    assert GUARD.strip(headers) == headers


def test_a_context_header_can_be_guarded() -> None:
    """A name that the configuration reads is read, also where it has another meaning for others."""
    guard = HeaderGuard(read=[b"x-real-ip"], guarded=[])
    assert guard.select([(b"x-real-ip", b"v")]).values == {b"x-real-ip": b"v"}
    assert guard.strip([(b"x-real-ip", b"v")]) == []


def test_names() -> None:
    """The guard knows what it guards: what is read, and every producer's names."""
    assert HeaderGuard(read=[b"x-secret"], guarded=[b"a"]).names == {b"x-secret", b"a"}


def test_strip_makes_a_new_list() -> None:
    """The server's own list is not the app's, and is not changed."""
    headers = [(b"host", b"a"), (READ[0], b"x")]
    before = list(headers)
    stripped = GUARD.strip(headers)
    assert stripped is not headers
    assert headers == before


def test_n8_select_reads_once() -> None:
    """A one-shot iterable is enough: the headers are passed over a single time."""
    assert GUARD.select(iter([(READ[0], b"x")])).values == {READ[0]: b"x"}


def test_a_flood_of_names_is_not_remembered() -> None:
    """However many and long the names that a sender invents, memory for them is bounded and answers stay right."""
    guard = HeaderGuard(read=READ, guarded=GUARDED_HEADERS)
    for number in range(3_000):
        assert not guard.is_guarded(b"x%d" % number + b"y" * (number % 2 * 1_000))
    assert sum(map(len, guard._classes)) <= 1_024 * 64
    assert guard.is_guarded(b"ssl_client_cert")
    assert guard.is_guarded(b"ssl-client-cert")


NAMES = st.one_of(
    st.sampled_from([*READ, *GUARDED_HEADERS, *ALIASES.values(), *NOT_OURS.values(), b"host", b"x-forwarded-for"]),
    st.binary(max_size=20),
)


@given(st.lists(st.tuples(NAMES, st.binary(max_size=5))))
def test_n23_nothing_guarded_survives(headers: list[tuple[bytes, bytes]]) -> None:
    """For any headers, the app sees exactly those whose folded name is not a guarded one's, in order."""
    folds = set(map(fold_name, GUARDED_HEADERS))
    assert GUARD.strip(headers) == [header for header in headers if fold_name(header[0]) not in folds]


@given(st.lists(st.tuples(NAMES, st.binary(max_size=5))), st.randoms())
def test_selection_does_not_depend_on_other_headers(headers: list[tuple[bytes, bytes]], random: Random) -> None:
    """What is read is a function of the headers read: others may come, go and change places."""
    alone = [(name, value) for name, value in headers if name.lower() in READ]
    unrelated = [header for header in headers if fold_name(header[0]) not in map(fold_name, READ)]
    mixed = alone[:]
    for header in unrelated:
        mixed.insert(random.randint(0, len(mixed)), header)
    expected, selected = GUARD.select(alone), GUARD.select(mixed)
    assert (selected.values, selected.duplicates) == (expected.values, expected.duplicates)


@given(st.binary(max_size=40))
def test_fold_is_idempotent(name: bytes) -> None:
    """Folding a folded name changes nothing, and yields lower-case letters, digits and dashes only."""
    folded = fold_name(name)
    assert fold_name(folded) == folded == fold_name(name.upper())
    assert len(folded) == len(name)
    assert set(folded) <= set(b"abcdefghijklmnopqrstuvwxyz0123456789-")


@pytest.mark.parametrize("separator", [b"-", b"_", b".", b" ", b"\x80"])
def test_alias_relation_is_symmetric(separator: bytes) -> None:
    """Which of the spellings is configured makes no difference to which are aliases of it."""
    guard = HeaderGuard(read=[b"a%sb" % separator], guarded=[])
    assert all(guard.is_guarded(b"a%sb" % other) for other in (b"-", b"_", b".", b" ", b"\x80"))
