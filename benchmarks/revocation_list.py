"""
A revocation list of a million entries: how long it takes to load, how much memory it keeps, how long an answer takes.

    python -m benchmarks.revocation_list [entries] [der|pem]

The limits are those of the product: 2 s, 120 MB, 1 us.
"""

import gc
import random
import statistics
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from clientcert.core.der import encode_tlv
from clientcert.core.verification import TrustStore
from clientcert.core.verification.crl_checker import CrlChecker
from clientcert.testing import CertificateAuthority
from clientcert.testing.asn1 import explicit, integer, sequence, tlv
from clientcert.testing.asn1 import time as der_time
from clientcert.testing.extensions import encode_extension
from clientcert.testing.issued import pem
from clientcert.testing.signing import algorithm_identifier, signed

NOW = datetime(2030, 1, 15, 12, tzinfo=UTC)
CA = CertificateAuthority("Large CA", seed="large", now=NOW, key="rsa")


def make_list(serials: list[int]) -> bytes:
    """A signed list; every third entry has a reason."""
    date = der_time(NOW)
    reason = sequence(encode_extension("2.5.29.21", b"\x0a\x01\x01", critical=False))
    entries = b"".join(
        encode_tlv(0x30, integer(serial) + date + (b"" if n % 3 else reason)) for n, serial in enumerate(serials)
    )
    number = encode_extension("2.5.29.20", integer(1), critical=False)
    tbs = sequence(
        integer(1),
        algorithm_identifier(CA.issued.key),
        CA.subject,
        der_time(NOW) + der_time(NOW.replace(year=2031)),
        tlv(0x30, entries),
        explicit(0, sequence(number)),
    )
    return signed(tbs, CA.issued.key)


def memory(field: str) -> float:
    """A line of the kernel's account of this process, in MB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) * 1024 / 1e6


def main(entries: int = 1_000_000, form: str = "der") -> None:
    """Measure in a process of its own: making the list must not count."""
    file = Path(f"/tmp/clientcert-benchmark-{entries}.{form}")  # noqa: S108 - of no worth to anybody
    numbers = random.Random(1)  # noqa: S311 - not for secrets
    serials = [numbers.getrandbits(127) | 1 for _ in range(entries)]
    if not file.exists():
        encoded = make_list(serials)
        file.write_bytes(pem(encoded, label="X509 CRL") if form == "pem" else encoded)
        print("list made; run again to measure")
        return
    revoked, others = serials[:1000], [numbers.getrandbits(127) | 1 for _ in range(1000)]
    del serials
    store = TrustStore.load(CA.pem)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # resets the peak
    before = memory("VmRSS")
    loaded: list[CrlChecker] = []
    start = time.perf_counter()
    thread = threading.Thread(
        target=lambda: loaded.append(CrlChecker.load([("list", file.read_bytes())], store=store, at=NOW))
    )
    thread.start()
    waits = []
    while thread.is_alive():
        tick = time.perf_counter()
        time.sleep(0.001)
        waits.append(time.perf_counter() - tick - 0.001)
    seconds = time.perf_counter() - start
    gc.collect()
    found = loaded[0].lists[0].entries
    print(f"{found.count} entries, {form}: loaded in {seconds:.2f} s by a thread")
    print(f"memory kept {memory('VmRSS') - before:.0f} MB, peak {memory('VmHWM') - before:.0f} MB")
    print(f"other threads waited {statistics.median(waits) * 1e3:.1f} ms (median), {max(waits) * 1e3:.1f} ms (longest)")
    for name, sample, ask, expected in (
        ("not on the list", others, found.locate, False),
        ("on the list", revoked, found.locate, True),
        ("on the list, reason and date read for the refusal", revoked, found.find, True),
    ):
        assert all((ask(serial) is not None) == expected for serial in sample)  # noqa: S101 - a benchmark of wrong answers
        times = []
        for _ in range(50):
            tick = time.perf_counter()
            for serial in sample:
                ask(serial)
            times.append((time.perf_counter() - tick) / len(sample))
        print(f"{name}: {statistics.median(times) * 1e9:.0f} ns")


if __name__ == "__main__":
    main(*(int(a) if a.isdigit() else a for a in sys.argv[1:]))  # type: ignore[arg-type]
