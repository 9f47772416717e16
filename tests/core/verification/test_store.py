"""The trust store: whole or not at all, anchors and intermediates told apart, and what it warns of."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from clientcert.core.verification import TrustStore
from clientcert.core.verification.bundle import read_intermediates
from clientcert.core.verification.public_roots import is_public_root
from clientcert.errors import ConfigurationError
from clientcert.testing import CertificateAuthority
from clientcert.testing.issued import pem
from clientcert.testing.keys import key_pem
from tests.core.verification.kit import NOW, SECOND, accept, authority, parsed, standard

ROOT = authority()
MIDDLE = ROOT.intermediate("Middle CA")


def _folder(path: Path) -> Path:
    (path / "root.pem").write_bytes(ROOT.pem)
    (path / "middle.der").write_bytes(MIDDLE.der)
    (path / ".hidden").write_bytes(b"not a certificate")
    (path / "..data").mkdir()
    return path


def _file(path: Path, content: bytes) -> Path:
    file = path / "ca.crt"
    file.write_bytes(content)
    return file


_SOURCES: dict[str, Callable[[Path], object]] = {
    "pem-file": lambda path: _file(path, MIDDLE.bundle_pem),
    "path-as-text": lambda path: str(_file(path, MIDDLE.bundle_pem)),
    "folder": _folder,
    "pem-octets": lambda _: MIDDLE.bundle_pem,
    "pem-with-text-around": lambda _: b"# the root\r\n" + MIDDLE.bundle_pem.replace(b"\n", b"\r\n") + b"\n# end",
    "der-octets": lambda _: [ROOT.der, MIDDLE.der],
    "certificate-objects": lambda _: (ROOT.certificate, MIDDLE.certificate),
    "mixed": lambda path: [_file(path, ROOT.der), MIDDLE.pem, ROOT.certificate],
    "callable": lambda _: lambda: MIDDLE.bundle_pem,
    "store": lambda _: TrustStore.load(MIDDLE.bundle_pem),
}


@pytest.mark.parametrize("source", _SOURCES.values(), ids=_SOURCES)
def test_every_source_gives_the_same_store(source: Callable[[Path], object], tmp_path: Path) -> None:
    """Root and intermediate are found and told apart, however they are handed over."""
    store = TrustStore.load(source(tmp_path))  # type: ignore[arg-type]
    assert store.anchors == (parsed(ROOT),)
    assert store.intermediates == (parsed(MIDDLE),)
    assert store == TrustStore.load([ROOT.der, MIDDLE.der])


def test_one_certificate_object_is_a_source() -> None:
    """A certificate object needs no list around it."""
    assert TrustStore.load(ROOT.certificate).anchors == (parsed(ROOT),)


def _cut(text: bytes) -> bytes:
    return text[: len(text) * 3 // 4]


_BROKEN = {
    "empty-list": ([], "trust has no certificate"),
    "empty-octets": (b"", "octets is empty"),
    "blank-octets": (b" \n", "octets is empty"),
    "text": (b"hello", "neither PEM nor DER"),
    "pem-as-path": (ROOT.pem.decode(), "PEM text, wanted a path"),
    "no-such-file": ("/nowhere/ca.crt", "'/nowhere/ca.crt' cannot be read: No such file or directory"),
    "nul-in-path": ("/etc/\0", "cannot be read"),
    "number": (42, "wanted a path"),
    "cut-in-the-second": (_cut(ROOT.pem + MIDDLE.pem), "is damaged: 2 BEGIN lines, 1 END lines, 1 whole blocks"),
    "end-without-begin": (ROOT.pem + b"-----END CERTIFICATE-----\n", "1 BEGIN lines, 2 END lines"),
    "labels-differ": (ROOT.pem.replace(b"END CERT", b"END X509 CERT"), "0 whole blocks"),
    "not-base64": (ROOT.pem.replace(b"MII", b"M=I"), "damaged"),
    "base64-cut": (b"-----BEGIN CERTIFICATE-----\nMIIB\nA\n-----END CERTIFICATE-----\n", "damaged"),
    "der-cut": (ROOT.der[:-1], "not an X.509 certificate"),
    "der-trailing": (ROOT.der + b"\0", "not an X.509 certificate"),
    "private-key": (ROOT.pem + key_pem(ROOT.issued.key), "holds a private key"),
    "revocation-list": (ROOT.pem + pem(ROOT.crl().der, label="X509 CRL"), "holds a block 'X509 CRL'"),
    "leaf": (ROOT.pem + ROOT.issue("client.example").pem, "'CN=client.example' .* no keyCertSign: take it out"),
    "intermediate-only": (MIDDLE.pem, "no self-issued CA certificate: add the root CA's"),
    "self-signature-damaged": (authority(corrupt_signature=True).der, "not signed by its own key"),
    "unusable": (authority(key="rsa-1024").der, "no client could be accepted under any anchor: .* RSA key of 1024"),
}


@pytest.mark.parametrize(("source", "message"), _BROKEN.values(), ids=_BROKEN)
def test_broken_source_is_refused_whole(source: object, message: str) -> None:
    """One thing wrong in a bundle, and nothing of it is trusted; the error says what to do."""
    with pytest.raises(ConfigurationError, match=message):
        TrustStore.load(source)  # type: ignore[arg-type]


def test_folder_without_files_is_refused(tmp_path: Path) -> None:
    """An empty folder is a mistake, such as a volume that was not mounted."""
    with pytest.raises(ConfigurationError, match="has no files"):
        TrustStore.load(tmp_path)


def test_self_issued_link_is_no_anchor() -> None:
    """A CA's new key, certified under its own name by the old one, is an intermediate (RFC 5280 §3.2)."""
    link = CertificateAuthority("Test Root CA", issuer=ROOT)
    store = TrustStore.load([ROOT.der, link.der])
    assert store.anchors == (parsed(ROOT),)
    assert store.intermediates == (parsed(link),)


def test_unusable_anchor_among_good_ones_is_a_warning() -> None:
    """An anchor that can never be used is pointed out, and the others work."""
    weak = authority("Weak CA", key="rsa-1024")
    store = TrustStore.load([ROOT.der, weak.der])
    (line,) = store.warnings(NOW)
    assert line.startswith("unusable anchor 'CN=Weak CA'")
    assert "RSA key of 1024 bits" in line
    accept(standard(ROOT, weak), ROOT.issue("client.example"))


def test_warnings_about_dates() -> None:
    """Anchors out of their dates are pointed out, and good ones are not."""
    old = authority("Old CA", not_after=-SECOND)
    new = authority("New CA", not_before=timedelta(hours=1))
    lines = TrustStore.load([ROOT.der, old.der, new.der]).warnings(NOW)
    assert [line.partition(" (")[0] for line in lines] == ["anchor 'CN=Old CA'", "anchor 'CN=New CA'"]
    assert "expired at 2026-11-21T22:59:59Z" in lines[0]
    assert "not valid before 2026-11-22T00:00:00Z" in lines[1]


def test_warning_about_many_anchors() -> None:
    """17 anchors are a bundle that somebody copied; 16 are not."""
    roots = [authority(f"Root {number}").der for number in range(17)]
    assert TrustStore.load(roots[:16]).warnings(NOW) == ()
    assert TrustStore.load(roots).warnings(NOW) == ("17 trust anchors: clients of every one of them are accepted",)


def test_warning_about_public_roots(monkeypatch: pytest.MonkeyPatch) -> None:
    """A root of the public Web PKI is pointed out; a private one is not."""
    # ISRG Root X1, whose certificate is not in this repository.
    assert is_public_root("0b9fa5a59eed715c26c1020c711b4f6ec42d58b0015e14337a39dad301c5afc3")
    assert not is_public_root(parsed(ROOT).spki_sha256)
    monkeypatch.setattr("clientcert.core.verification.store.is_public_root", lambda _: True)
    (line,) = TrustStore.load(ROOT.der).warnings(NOW)
    assert line.endswith("is a public Web PKI root: anybody can get a certificate under it")


def test_description_has_one_line_for_each_certificate() -> None:
    """Anchors first, with name, fingerprint and dates."""
    lines = TrustStore.load(MIDDLE.bundle_pem).describe()
    assert [line.partition(" (")[0] for line in lines] == ["anchor 'CN=Test Root CA'", "intermediate 'CN=Middle CA'"]
    assert lines[0].endswith("valid 2026-11-21 to 2036-11-18")


def test_legacy_self_signature_is_no_damage() -> None:
    """A root that signed itself with SHA-1 is still the root: nothing rests on that signature."""
    old = authority("Old Root", signature_hash="sha1")
    accept(standard(old), old.issue("client.example"))


def test_anchor_with_a_key_that_cannot_be_checked_is_unusable(dsa_root: bytes) -> None:
    """A DSA root is refused for its key, not called damaged."""
    with pytest.raises(ConfigurationError, match="key of type DSAPublicKey"):
        TrustStore.load(dsa_root)


def test_intermediates_are_read_without_roots() -> None:
    """A setting for links gives them in order; a root among them is refused under the setting's name."""
    lower = MIDDLE.intermediate("Lower CA")
    assert read_intermediates([lower.der, MIDDLE.pem]) == [parsed(lower), parsed(MIDDLE)]
    text = r"intermediates contains the root 'CN=Test Root CA' .*; what is trusted belongs in trust$"
    with pytest.raises(ConfigurationError, match=text):
        read_intermediates([MIDDLE.der, ROOT.der])
    with pytest.raises(ConfigurationError, match=r"^--intermediates contains the root .* belongs in --trust$"):
        read_intermediates(ROOT.pem, setting="--intermediates")
    with pytest.raises(ConfigurationError, match="octets is empty"):
        read_intermediates(b"")


def test_sound_cas_are_those_that_may_issue() -> None:
    """What a CA is, is judged once for a store: those that may issue are sound, a flawed one is not."""
    flawed = ROOT.intermediate("Flawed CA", extended_key_usage=["serverAuth"])
    store = TrustStore.load([ROOT.der, MIDDLE.der, flawed.der])
    assert store.sound == {parsed(ROOT), parsed(MIDDLE)}
    assert len(store.intermediates) == 2


@pytest.mark.parametrize("length", range(1, len("-----BEGIN ") + 1))
def test_s4_bundle_cut_in_a_marker(length: int) -> None:
    """S4: a bundle cut inside the next BEGIN line is refused whole, though everything before it is whole."""
    root = CertificateAuthority("Root").pem
    with pytest.raises(ConfigurationError, match="damaged"):
        TrustStore.load(root + b"-----BEGIN "[:length])
    assert TrustStore.load(root + b"# a remark").anchors
