"""What an authority hands out: certificate, key and chain, in the forms that servers, proxies and tests take."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from clientcert.testing.keys import PrivateKey, key_pem, load_key

if TYPE_CHECKING:
    # These stand on certificates.
    from clientcert.testing.client_request import ClientRequest
    from clientcert.testing.producers import Failure, Proof, Verdict, Via

_PEM_LINE = 64


def pem(der: bytes, *, label: str = "CERTIFICATE") -> bytes:
    """Return the PEM text of DER bytes (RFC 7468 §2): lines of 64 characters, a final newline."""
    text = b64encode(der).decode("ascii")
    lines = (text[start : start + _PEM_LINE] for start in range(0, len(text), _PEM_LINE))
    return "".join(f"{line}\n" for line in (f"-----BEGIN {label}-----", *lines, f"-----END {label}-----")).encode(
        "ascii"
    )


def escape_pem(text: bytes) -> bytes:
    """
    Percent-encode as nginx fills ``$ssl_client_escaped_cert``.

    All but ``A-Za-z0-9-._~`` becomes ``%XX`` in upper case, the final newline included.
    """
    return quote(text, safe="").encode("ascii")


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    path.touch(mode=0o600)
    # An existing file has kept its mode.
    path.chmod(0o600)
    path.write_bytes(content)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFiles:
    """
    Where one certificate lies on the disk.

    Attributes:
        certificate: PEM of the certificate alone.
        chain: PEM of the certificate and its intermediates, leaf first: what a TLS server or client presents.
        key: PEM of the private key, unencrypted, readable by the owner only.
    """

    certificate: Path
    chain: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True, init=False)
class IssuedCertificate:
    """
    A certificate, with its private key unless it came from elsewhere.

    Attributes:
        der: The certificate, possibly one that `certificate` cannot parse: nothing is checked when issuing.
        intermediates: DER of the issuing authorities, nearest first, without the root.
    """

    der: bytes
    _key: PrivateKey | None = field(repr=False)
    intermediates: tuple[bytes, ...]

    def __init__(self, *, der: bytes, key: PrivateKey | None = None, intermediates: tuple[bytes, ...] = ()) -> None:
        """
        Take what there is.

        Args:
            der: See the attributes.
            key: Its private key; None where nobody here has it.
            intermediates: See the attributes.
        """
        object.__setattr__(self, "der", der)
        object.__setattr__(self, "_key", key)
        object.__setattr__(self, "intermediates", intermediates)

    @classmethod
    def from_pem(cls, certificates: bytes | str | Path, *, key: bytes | Path | None = None) -> Self:
        """
        Read a certificate that exists already, such as one out of production: headers need no private key.

        Args:
            certificates: PEM, or the path of such a file: the leaf first, then its intermediates.
            key: Unencrypted private key in PEM, or the path of such a file.

        Raises:
            ValueError: Unreadable PEM, or a type of key that cannot sign here.
            OSError: A file that cannot be read.

        Not checked here: that one has issued the other, and that the key is the leaf's.
        """
        text = Path(certificates).read_bytes() if isinstance(certificates, str | Path) else certificates
        leaf, *others = (each.public_bytes(Encoding.DER) for each in x509.load_pem_x509_certificates(text))
        private = key.read_bytes() if isinstance(key, Path) else key
        return cls(der=leaf, key=None if private is None else load_key(private), intermediates=tuple(others))

    @property
    def key(self) -> PrivateKey:
        """Its private key; ValueError where it came without."""
        if self._key is None:
            raise ValueError("this certificate came without its private key: from_pem(..., key=...) takes one")
        return self._key

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate as ``cryptography`` reads it; ValueError where a knob has made it unreadable."""
        return x509.load_der_x509_certificate(self.der)

    @property
    def chain(self) -> tuple[bytes, ...]:
        """DER of the certificate and its intermediates, leaf first, as a TLS peer presents them."""
        return (self.der, *self.intermediates)

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return pem(self.der)

    @property
    def chain_pem(self) -> bytes:
        """The certificate and its intermediates in PEM, leaf first."""
        return b"".join(pem(der) for der in self.chain)

    @property
    def key_pem(self) -> bytes:
        """The private key in PEM: PKCS #8, unencrypted."""
        return key_pem(self.key)

    @property
    def escaped_pem(self) -> bytes:
        """The header value of nginx's ``$ssl_client_escaped_cert`` for this certificate; see `escape_pem`."""
        return escape_pem(self.pem)

    @property
    def fingerprint_sha256(self) -> str:
        """SHA-256 of the certificate: 64 lower-case hexadecimal digits."""
        return sha256(self.der).hexdigest()

    def as_client(  # noqa: PLR0913 - each is a fact about the connection
        self,
        *,
        via: "Via",
        verdict: "Verdict" = "verified",
        failure: "Failure | None" = None,
        chain: Sequence[bytes] | None = None,
        proof: "Proof | None" = None,
        at: datetime | None = None,
    ) -> "ClientRequest":
        """Write what a producer sends for this client; see `clientcert.testing.as_client`."""
        from clientcert.testing.client_request import as_client

        return as_client(self, via=via, verdict=verdict, failure=failure, chain=chain, proof=proof, at=at)

    def write(self, directory: Path | str, *, name: str = "client") -> CertificateFiles:
        """
        Write ``<name>.crt``, ``<name>-chain.crt`` and ``<name>.key`` into a directory, which is made if need be.

        Existing files of these names are replaced.
        """
        folder = Path(directory)
        folder.mkdir(parents=True, exist_ok=True)
        files = CertificateFiles(
            certificate=folder / f"{name}.crt", chain=folder / f"{name}-chain.crt", key=folder / f"{name}.key"
        )
        files.certificate.write_bytes(self.pem)
        files.chain.write_bytes(self.chain_pem)
        write_private(files.key, self.key_pem)
        return files
