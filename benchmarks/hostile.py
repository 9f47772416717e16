"""What an attacker sends to keep the CPU busy: the dearest certificates and chains that fit into a header."""

from collections.abc import Callable, Sequence

from cryptography import x509

from benchmarks.material import DAYS, START, Leaf, kept_key, pki
from benchmarks.traffic import Pairs, evidence
from clientcert.core.encodings.rfc9440 import encode_byte_sequence, encode_byte_sequence_list
from clientcert.testing import CertificateAuthority, IssuedCertificate
from clientcert.testing.issued import escape_pem, pem
from clientcert.testing.keys import KeyType

# The largest header with one certificate that `Limits` lets in is 24 KiB, with a chain 64 KiB.
_LONGEST = 24 * 1_024 - 64
_MOST_NAMES = 256


def _issue(names: Sequence[str], **knobs: object) -> Pairs:
    issued = pki().issuing.issue("hostile.example.org", key=pki().leaf_key, not_before=START, san=names, **knobs)  # type: ignore[arg-type]
    return evidence(Leaf(0, issued.der))


def _header(value: bytes) -> Pairs:
    return ((b"ssl-client-verify", b"SUCCESS"), (b"ssl-client-cert", value))


def names(count: int) -> Pairs:
    """A good certificate with many names."""
    return _issue([f"DNS:{number:03}.example.org" for number in range(count)], valid_days=DAYS)


def long_subject() -> Pairs:
    """A certificate whose subject is as long as it may be, or longer."""
    return _issue(["DNS:a.example.org"], valid_days=DAYS, subject=[("OU", "x" * 60)] * 33)


def many_extensions() -> Pairs:
    """A good certificate with 200 extensions that mean nothing to anybody."""
    extra = [
        x509.Extension(
            x509.ObjectIdentifier(f"1.3.6.1.4.1.55555.2.{number}"),
            critical=False,
            value=x509.UnrecognizedExtension(x509.ObjectIdentifier(f"1.3.6.1.4.1.55555.2.{number}"), b"\x05\x00"),
        )
        for number in range(200)
    ]
    return _issue(["DNS:a.example.org"], valid_days=DAYS, extra_extensions=extra)


def expired() -> Pairs:
    """A certificate that is out of date by a day."""
    return _issue(["DNS:a.example.org"], valid_days=1)


def impostor(key: KeyType) -> Pairs:
    """A certificate of somebody who has our authority's names and identifiers, and not its key."""
    issuing = pki().issuing
    other = issuing.impostor(
        key=kept_key(key, "impostor"), subject_key_identifier=issuing.key_identifier, valid_days=DAYS
    )
    issued = other.issue("hostile.example.org", key=pki().leaf_key, not_before=START, valid_days=DAYS)
    return evidence(Leaf(0, issued.der))


def noise() -> Pairs:
    """As much PEM without a certificate in it as fits."""
    return _header(escape_pem(pem(b"\x30\x82\x3f\xf0" + bytes(range(256)) * 62)))


def escapes() -> Pairs:
    """Nothing but escapes."""
    return _header(b"%41" * (_LONGEST // 3))


ALONE: dict[str, Callable[[], Pairs]] = {
    "256 names": lambda: names(_MOST_NAMES),
    "400 names": lambda: names(400),
    "long subject": long_subject,
    "200 extensions": many_extensions,
    "expired": expired,
    "impostor, RSA-4096": lambda: impostor("rsa-4096"),
    "impostor, P-521": lambda: impostor("ec-p521"),
    "noise": noise,
    "escapes": escapes,
}


def _chain(leaf: IssuedCertificate, *others: bytes) -> Pairs:
    return (
        (b"client-cert", encode_byte_sequence(leaf.der)),
        (b"client-cert-chain", encode_byte_sequence_list(others)),
    )


def _line(count: int, key: KeyType) -> list[CertificateAuthority]:
    """Authorities below each other, the uppermost without anybody of ours above it."""
    line = [CertificateAuthority("Hostile 0", key=kept_key(key, "hostile 0"), now=START, valid_days=DAYS)]
    for number in range(1, count + 1):
        line.append(line[-1].intermediate(f"Hostile {number}", key=kept_key(key, f"hostile {number}"), valid_days=DAYS))
    return line


def _leaf_of(authority: CertificateAuthority) -> IssuedCertificate:
    key = pki().leaf_key
    return authority.issue("hostile.example.org", key=key, not_before=START, valid_days=DAYS)


def line(key: KeyType) -> Pairs:
    """Four intermediates that are signed well and lead to nobody we trust."""
    line = _line(4, key)
    return _chain(_leaf_of(line[-1]), *(one.der for one in reversed(line[1:])))


def claimed(key: KeyType) -> Pairs:
    """The same, whose uppermost claims our root as its issuer, by name and identifier."""
    root = pki().root
    impostor = root.impostor(
        key=kept_key(key, "hostile 0"), subject_key_identifier=root.key_identifier, valid_days=DAYS
    )
    line = [impostor]
    for number in range(1, 5):
        line.append(line[-1].intermediate(f"Hostile {number}", key=kept_key(key, f"hostile {number}"), valid_days=DAYS))
    return _chain(_leaf_of(line[-1]), *(one.der for one in reversed(line[1:])))


def same_name() -> Pairs:
    """Four self-signed certificates of the same name, each of which may have signed the others."""
    key = kept_key("rsa", "hostile 0")
    made = [CertificateAuthority("Hostile", key=key, now=START, valid_days=DAYS) for _ in range(4)]
    return _chain(_leaf_of(made[0]), *(one.der for one in made))


def loop() -> Pairs:
    """Two names that certify each other, twice each."""
    keys = [kept_key("rsa", f"hostile {number}") for number in range(2)]
    roots = [CertificateAuthority(f"Hostile {n}", key=keys[n], now=START, valid_days=DAYS) for n in range(2)]
    crossed = [
        roots[other].intermediate(f"Hostile {one}", key=keys[one], valid_days=DAYS).der
        for one, other in ((0, 1), (1, 0), (0, 1), (1, 0))
    ]
    return _chain(_leaf_of(roots[0]), *crossed)


CHAINS: dict[str, Callable[[], Pairs]] = {
    "line, RSA-4096": lambda: line("rsa-4096"),
    "line, P-384": lambda: line("ec-p384"),
    "line, P-521": lambda: line("ec-p521"),
    "line to a false root, RSA-4096": lambda: claimed("rsa-4096"),
    "line to a false root, P-521": lambda: claimed("ec-p521"),
    "same name": same_name,
    "loop": loop,
}
