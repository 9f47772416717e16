"""Decoders take linear time, whatever a sender makes the value of (rows R6 and R8)."""

import gc
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter

import pytest

from clientcert.core.encoding import ENCODINGS, CertificateEncoding
from clientcert.errors import ClientCertError

HOSTILE: dict[str, Callable[[int], bytes]] = {
    "percent": lambda size: b"%" * size,
    "escapes": lambda size: b"%0A" * (size // 3),
    "dashes": lambda size: b"-" * size,
    "begin-markers": lambda size: b"-----BEGIN%20CERTIFICATE-----%0A" * (size // 32),
    "end-markers": lambda size: b"-----END CERTIFICATE-----\n" * (size // 26),
    "equals": lambda size: b"=" * size,
    "base64": lambda size: b"A" * size,
    "empty-sequences": lambda size: b64encode(b"\x30\x00" * (size * 3 // 8)),
    "commas": lambda size: b"," * size,
    "colons": lambda size: b":" * size,
    "items": lambda size: b":MAA=:," * (size // 7),
    "semicolons": lambda size: b";" * size,
    "pairs": lambda size: b"a=;" * (size // 3),
    "elements": lambda size: b"a=b," * (size // 4) + b"a=b",
    "quotes": lambda size: b'"' * size,
    "opening-quotes": lambda size: b'a="' * (size // 3),
    "quoted-pairs": lambda size: b'a="";' * (size // 5) + b'a=""',
    "backslashes": lambda size: b'a="' + b"\\\\" * (size // 2),
    "escaped-quotes": lambda size: b'a="' + b'\\"' * (size // 2) + b'"',
    "long-key": lambda size: b"a" * size + b"=",
    "brackets": lambda size: b"[" * size,
    "objects": lambda size: b'{"a":' * (size // 5),
    "many-objects": lambda size: b"[" + b"{}," * (size // 3) + b"{}]",
    "digits": lambda size: b"[" + b"1" * size + b"]",
    "json-escapes": lambda size: b'["' + b"\\u0041" * (size // 6) + b'"]',
}


def seconds(encoding: CertificateEncoding, value: bytes) -> float:
    """The least time of several runs of a decoder, in which the machine disturbed it least."""
    best = 1.0
    # The collector's passes over many young objects are not the decoder's time.
    gc.disable()
    for _ in range(5):
        start = perf_counter()
        with suppress(ClientCertError):
            encoding.decode(value)
        best = min(best, perf_counter() - start)
    gc.enable()
    return best


@pytest.mark.parametrize("shape", HOSTILE)
def test_r6_r8_linear_time(shape: str) -> None:
    """Twice the input takes at most two and a half times as long, in every form, whatever it is made of."""
    for encoding in ENCODINGS.values():
        for _ in range(4):
            short, long = (seconds(encoding, HOSTILE[shape](size)) for size in (100_000, 200_000))
            # Half a millisecond is noise; a quadratic decoder would need seconds.
            if long <= 2.5 * short + 0.0005:
                break
        else:
            pytest.fail(f"{encoding.name}: {short:.6f} s, then {long:.6f} s")
