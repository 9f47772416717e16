"""Distinguished names against OpenSSL itself: what it loads, how it prints, which names it holds equal."""

import ctypes
from collections.abc import Callable
from ctypes.util import find_library
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientcert.core import der
from clientcert.core.name_types import OPENSSL_SHORT_NAMES
from clientcert.core.names import DistinguishedName
from clientcert.errors import NameSyntaxError
from tests.core.name_builders import CN, NAMES, OU, TYPES, UNKNOWN, common, name_der, pair
from tests.peers import require_peer

# <openssl/x509.h>, <openssl/asn1.h>: XN_FLAG_RFC2253 and the one flag of it that Apache leaves out.
ESC_MSB = 4
RFC2253 = 0x1 | 0x2 | ESC_MSB | 0x10 | 0x100 | 0x200 | 1 << 16 | 1 << 20 | 1 << 24
BIO_CTRL_INFO = 3


class OpenSSL:
    """The few functions of libcrypto that read, print and compare names."""

    def __init__(self, library: str) -> None:
        crypto = ctypes.CDLL(library)
        pointer, number, buffer = ctypes.c_void_p, ctypes.c_long, ctypes.POINTER(ctypes.c_char_p)

        def function(name: str, result: type | None, *arguments: type) -> Callable[..., Any]:
            found = crypto[name]
            found.restype, found.argtypes = result, arguments
            return found

        self._decode = function("d2i_X509_NAME", pointer, pointer, buffer, number)
        self._print = function("X509_NAME_print_ex", ctypes.c_int, pointer, pointer, ctypes.c_int, ctypes.c_ulong)
        self.compare = function("X509_NAME_cmp", ctypes.c_int, pointer, pointer)
        self.free = function("X509_NAME_free", None, pointer)
        self._memory = function("BIO_s_mem", pointer)
        self._new = function("BIO_new", pointer, pointer)
        self._free = function("BIO_free", ctypes.c_int, pointer)
        self._control = function("BIO_ctrl", number, pointer, ctypes.c_int, number, pointer)
        self._clear_errors = function("ERR_clear_error", None)
        self.number_of = function("OBJ_txt2nid", ctypes.c_int, ctypes.c_char_p)
        self.short_name_of = function("OBJ_nid2sn", ctypes.c_char_p, ctypes.c_int)

    def load(self, encoded: bytes) -> int | None:
        """Handle of a name that is the whole of the bytes; None when OpenSSL does not load it."""
        start = ctypes.create_string_buffer(encoded, len(encoded) + 1)
        cursor = ctypes.cast(start, ctypes.c_char_p)
        origin = ctypes.addressof(start)
        handle = self._decode(None, ctypes.byref(cursor), len(encoded)) or None
        self._clear_errors()
        consumed = (ctypes.cast(cursor, ctypes.c_void_p).value or 0) - origin
        if handle is not None and consumed != len(encoded):
            self.free(handle)
            return None
        return handle

    def text(self, handle: int, flags: int) -> bytes:
        """Print a name."""
        bio = self._new(self._memory())
        assert self._print(bio, handle, 0, flags) >= 0
        start = ctypes.c_void_p()
        size = self._control(bio, BIO_CTRL_INFO, 0, ctypes.byref(start))
        printed = ctypes.string_at(start.value, size) if start.value and size else b""
        self._free(bio)
        return printed


@pytest.fixture(scope="module")
def openssl() -> OpenSSL:
    """Load the libcrypto that the installed openssl runs on."""
    require_peer("openssl")
    return OpenSSL(find_library("crypto") or "libcrypto.so.3")


ENCODERS = {
    der.UTF8_STRING: "utf-8",
    der.PRINTABLE_STRING: "latin-1",
    der.T61_STRING: "latin-1",
    der.IA5_STRING: "latin-1",
    der.NUMERIC_STRING: "latin-1",
    der.BMP_STRING: "utf-16-be",
    der.UNIVERSAL_STRING: "utf-32-be",
}
AWKWARD = st.text(st.sampled_from(' #"+,;<>\\=\n\x00\x7f\x85éA漢🦊'), max_size=5)


@st.composite
def values(draw: st.DrawFn) -> tuple[int, bytes]:
    """Draw a tag and content: mostly a string type with awkward text, else any octets."""
    tag = draw(st.sampled_from([*ENCODERS, der.SEQUENCE]))
    if tag == der.SEQUENCE:
        return tag, b"\x05\x00"
    return tag, draw(AWKWARD.map(lambda text: text.encode(ENCODERS[tag], "replace")) | st.binary(max_size=8))


ATTRIBUTES = st.tuples(st.sampled_from([CN, OU, UNKNOWN]) | TYPES, values())
ENCODED_NAMES = st.lists(
    st.lists(ATTRIBUTES, min_size=1, max_size=3, unique_by=lambda attribute: attribute[0]), max_size=3
).map(lambda rdns: name_der(*(tuple(sorted(pair(oid, value[1], value[0]) for oid, value in rdn)) for rdn in rdns)))


def check_against(openssl: OpenSSL, encoded: bytes) -> None:
    """What OpenSSL loads, we read and print alike; what we read, it loads."""
    handle = openssl.load(encoded)
    if handle is None:
        with pytest.raises(NameSyntaxError):
            DistinguishedName.from_der(encoded)
        return
    ours = DistinguishedName.from_der(encoded)
    assert ours.nginx == openssl.text(handle, RFC2253)
    assert ours.apache == openssl.text(handle, RFC2253 & ~ESC_MSB)
    openssl.free(handle)


@pytest.mark.parametrize("encoded", NAMES.values(), ids=NAMES)
def test_real_names(openssl: OpenSSL, encoded: bytes) -> None:
    """Every captured name is loaded and printed alike."""
    check_against(openssl, encoded)


@given(encoded=ENCODED_NAMES)
def test_random_names(openssl: OpenSSL, encoded: bytes) -> None:
    """Well-formed structures with any octets in any string type are refused by both or printed alike."""
    check_against(openssl, encoded)


@given(left=st.text(" \taAbBéÉ", max_size=4), right=st.text(" \taAbBéÉ", max_size=4))
def test_comparison(openssl: OpenSSL, left: str, right: str) -> None:
    """Two names are canonically equal exactly when X509_NAME_cmp says so."""
    encoded = [name_der((pair(CN, text),)) for text in (left, right)]
    handles = [openssl.load(each) for each in encoded]
    assert (common(left).canonical == common(right).canonical) is (openssl.compare(*handles) == 0)
    for handle in handles:
        openssl.free(handle)


@pytest.mark.parametrize(("oid", "short_name"), OPENSSL_SHORT_NAMES.items())
def test_short_names(openssl: OpenSSL, oid: str, short_name: str) -> None:
    """Every short name of the table is the one that OpenSSL has for the OID."""
    assert openssl.short_name_of(openssl.number_of(oid.encode())) == short_name.encode()
