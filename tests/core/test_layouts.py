"""Layouts: where in a request everything is, found by all of its names and by nothing less."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from clientcert.core.headers import HeaderGuard
from clientcert.core.layouts import HeaderLayout, Layouts, picker
from clientcert.core.sources import GUARDED_HEADERS
from tests.material import raw

READ = (b"ssl-client-cert", b"ssl-client-verify", b"x-clientcert-proxy")
NAMES = (
    *READ,
    *(b"SSL-Client-Cert", b"ssl_client_cert", b"ssl.client-verify"),
    *(b"x-forwarded-client-cert", b"x_forwarded_client_cert", b"client-cert"),
    *(b"connection", b"Transfer-Encoding", b"x-forwarded-for", b"X-Real-IP", b"forwarded"),
    *(b"host", b"accept", b"cookie", b"x-request-id"),
)
REQUESTS = st.lists(st.tuples(st.sampled_from(NAMES), st.binary(max_size=4)), max_size=20)


def guard() -> HeaderGuard:
    """A guard that has met no request yet."""
    return HeaderGuard(read=READ, guarded=GUARDED_HEADERS)


def layout_of(made: HeaderGuard, headers: list[tuple[bytes, bytes]]) -> HeaderLayout:
    """The layout of a request."""
    return made.layouts.of([name for name, _ in headers])


@given(st.lists(REQUESTS, min_size=1, max_size=8))
def test_cuts_are_what_strip_removes(requests: list[list[tuple[bytes, bytes]]]) -> None:
    """Whatever requests came before, cutting a list by its layout leaves what `strip` leaves of it."""
    made = guard()
    for headers in requests:
        kept = list(headers)
        for cut in layout_of(made, headers).cuts:
            del kept[cut]
        assert kept == made.strip(headers)


@given(st.lists(REQUESTS, min_size=1, max_size=8))
def test_spoken_is_all_that_is_selected(requests: list[list[tuple[bytes, bytes]]]) -> None:
    """What identifies a request's evidence holds every header that authentication may look at, addresses apart."""
    made = guard()
    for headers in requests:
        layout, selected = layout_of(made, headers), made.select(headers)
        only = made.select(layout.spoken(headers))
        assert (only.values, only.duplicates, only.aliases) == (selected.values, selected.duplicates, selected.aliases)
        again = made.select([*layout.spoken(headers), *layout.forwarded(headers)])
        assert sorted(again.context) == sorted(selected.context)


def test_same_number_of_names_is_no_layout() -> None:
    """A request with as many headers as the one before, and other names, has its own layout."""
    made = guard()
    first = layout_of(made, [(b"host", b"a"), (b"ssl-client-cert", b"b")])
    second = layout_of(made, [(b"ssl-client-cert", b"b"), (b"host", b"a")])
    assert (first.cuts, second.cuts) == ((slice(1, 2),), (slice(0, 1),))
    assert layout_of(made, [(b"host", b"c"), (b"ssl-client-cert", b"d")]) is first


def test_neighbours_are_cut_together() -> None:
    """Guarded headers side by side are one cut, and the last cut comes first."""
    headers = raw((("ssl-client-cert", "a"), ("ssl-client-verify", "b"), ("host", "c"), ("client-cert", "d")))
    assert layout_of(guard(), headers).cuts == (slice(3, 4), slice(0, 2))


def test_layouts_are_bounded() -> None:
    """A sender of ever other names takes a bounded room; what is too long for that is laid out for itself."""
    layouts: Layouts[bytes, HeaderLayout] = Layouts(
        lambda names: HeaderLayout(names, [guard().kind_of(b"")] * len(names))
    )
    random = Random(1)  # noqa: S311 - names, not secrets
    for _ in range(2_000):
        layouts.of([random.randbytes(8)])
    assert len(layouts._known) <= 256
    long = [b"x-%d" % number for number in range(300)]
    assert layouts.of(long).names == long
    assert layouts.of(long) is not layouts.of(long)
    assert layouts.of([b"x" * 9_000]) is not layouts.of([b"x" * 9_000])


def test_picker() -> None:
    """Items come as a tuple, however many."""
    items = ["a", "b", "c"]
    assert [picker(places)(items) for places in ((), (1,), (2, 0))] == [(), ("b",), ("c", "a")]
