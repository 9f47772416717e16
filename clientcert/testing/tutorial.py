"""
The throw-away certificates of the usual client-certificate tutorials, made as they make them.

Two well-known ones: "Fern" of the ingress-nginx documentation, and the pair "Public Cert Authority" for the server
and "Internal Cert Authority" for the clients of the AKS articles. Both end in ``openssl x509 -req`` without an
extension file, which up to OpenSSL 3.1 writes X.509 **version 1**: most client certificates in use look so.

From 3.2 on, ``x509 -req`` writes version 3 with key identifiers and has no option against it (openssl/openssl#19271,
#24601; ``req -x509v1`` needs a configuration file without extensions). There, the leaf is issued once more by
`CertificateAuthority` with the same keys, so that the result is the same with every version and with none.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from cryptography import x509

from clientcert.testing.authority import CertificateAuthority
from clientcert.testing.issued import CertificateFiles, IssuedCertificate, write_private
from clientcert.testing.keys import load_key
from clientcert.testing.knobs import Knobs
from clientcert.testing.names import Attribute

_SERVER_NAMES = ("DNS:localhost", "IP:127.0.0.1")
_CA_DAYS, _DAYS = 356, 365


@dataclass(frozen=True, slots=True, kw_only=True)
class TutorialCertificates:
    """
    Files of the two tutorials, and of the clients that must be refused.

    Attributes:
        fern_ca: ``CN=Fern Cert Authority``, self-signed.
        fern_server: ``CN=meow.com``, serial 1, also valid for localhost and 127.0.0.1.
        fern_client: ``CN=Fern``, serial 2, X.509 version 1.
        public_ca: ``CN=Public Cert Authority,O=Org Public CA,C=GB``, for the server only.
        public_server: ``CN=internal.example.com,O=aks-ingress,C=GB``, serial 1, also for localhost and 127.0.0.1.
        internal_ca: ``CN=Internal Cert Authority,O=Org Internal CA,C=GB``, for the clients only.
        internal_client: ``CN=internal-client,O=aks-ingress-client,C=GB``, serial 2, X.509 version 1.
        expired_client: The internal client again, serial 3, over since 30 days.
        public_client: A client with the name of the internal one, issued by the server's authority.
        unknown_ca: An authority that nobody has configured.
        unknown_client: A client with the name of the internal one, issued by that authority.
        client_authorities: PEM of Fern's and the internal authority: what the server accepts clients of.
        made_by: The version line of the openssl program, or ``clientcert.testing``.
    """

    fern_ca: CertificateFiles
    fern_server: CertificateFiles
    fern_client: CertificateFiles
    public_ca: CertificateFiles
    public_server: CertificateFiles
    internal_ca: CertificateFiles
    internal_client: CertificateFiles
    expired_client: CertificateFiles
    public_client: CertificateFiles
    unknown_ca: CertificateFiles
    unknown_client: CertificateFiles
    client_authorities: Path
    made_by: str


def make_tutorial_certificates(directory: Path | str, *, openssl: str | None) -> TutorialCertificates:
    """
    Make all of them; takes one to three seconds, for eleven RSA keys of 2048 bits.

    The tutorials say ``rsa:4096``; nothing but the time depends on it. The expired client is issued by
    `CertificateAuthority` in any case: ``x509 -req`` of OpenSSL 3.0 cannot set a beginning in the past.

    Args:
        directory: Made if need be; files of the same names are replaced.
        openssl: Name or path of the program, or None to do without: same files, same shape.

    Raises:
        FileNotFoundError: There is no such program.
        RuntimeError: The program failed; its message and the way out are in the text.
    """
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    workshop: _Workshop = _OwnWorkshop(folder=folder) if openssl is None else _OpenSSLWorkshop.find(folder, openssl)
    internal_client = "/CN=internal-client/O=aks-ingress-client/C=GB"
    fern_ca = workshop.authority("fern-ca", "/CN=Fern Cert Authority", days=_CA_DAYS)
    public_ca = workshop.authority("public-ca", "/CN=Public Cert Authority/O=Org Public CA/C=GB", days=_DAYS)
    internal_ca = workshop.authority("internal-ca", "/CN=Internal Cert Authority/O=Org Internal CA/C=GB", days=_DAYS)
    unknown_ca = workshop.authority("unknown-ca", "/CN=Unknown Cert Authority", days=_DAYS)
    client_authorities = folder / "client-authorities.crt"
    client_authorities.write_bytes(fern_ca.certificate.read_bytes() + internal_ca.certificate.read_bytes())
    return TutorialCertificates(
        fern_ca=fern_ca,
        fern_server=workshop.server("fern-server", "/CN=meow.com", fern_ca),
        fern_client=workshop.client("fern-client", "/CN=Fern", fern_ca, serial_number=2),
        public_ca=public_ca,
        public_server=workshop.server("public-server", "/CN=internal.example.com/O=aks-ingress/C=GB", public_ca),
        internal_ca=internal_ca,
        internal_client=workshop.client("internal-client", internal_client, internal_ca, serial_number=2),
        expired_client=_expired_client(folder, internal_client, internal_ca),
        public_client=workshop.client("public-client", internal_client, public_ca, serial_number=2),
        unknown_ca=unknown_ca,
        unknown_client=workshop.client("unknown-client", internal_client, unknown_ca, serial_number=2),
        client_authorities=client_authorities,
        made_by=workshop.made_by,
    )


class _Workshop(Protocol):
    """Makes the three kinds of certificate into files."""

    @property
    def made_by(self) -> str: ...

    def authority(self, name: str, subject: str, *, days: int) -> CertificateFiles: ...

    def server(self, name: str, subject: str, issuer: CertificateFiles) -> CertificateFiles: ...

    def client(self, name: str, subject: str, issuer: CertificateFiles, *, serial_number: int) -> CertificateFiles: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _OwnWorkshop:
    """Without openssl: our authority, told to leave out what OpenSSL's defaults leave out."""

    folder: Path
    made_by: str = "clientcert.testing"

    def authority(self, name: str, subject: str, *, days: int) -> CertificateFiles:
        authority = CertificateAuthority(
            subject=_attributes(subject),
            key="rsa-2048",
            not_before=timedelta(),
            valid_days=days,
            key_usage=None,
            authority_key_identifier=True,
        )
        return _written(self.folder, name, authority.issued)

    def server(self, name: str, subject: str, issuer: CertificateFiles) -> CertificateFiles:
        # OpenSSL adds the key identifiers on its own.
        knobs = Knobs(
            serial_number=1, san=_SERVER_NAMES, basic_constraints=None, key_usage=None, extended_key_usage=None
        )
        return _issue(self.folder, name, subject, issuer, knobs)

    def client(self, name: str, subject: str, issuer: CertificateFiles, *, serial_number: int) -> CertificateFiles:
        return _issue(self.folder, name, subject, issuer, Knobs(version=1, serial_number=serial_number))


@dataclass(frozen=True, slots=True, kw_only=True)
class _OpenSSLWorkshop:
    """The very commands of the tutorials, in the folder of the files."""

    folder: Path
    program: str
    made_by: str

    @classmethod
    def find(cls, folder: Path, openssl: str) -> "_OpenSSLWorkshop":
        found = shutil.which(openssl)
        if found is None:
            raise FileNotFoundError(f"no program {openssl!r}: give another path, or openssl=None to do without")
        # Commands run in another directory than ours.
        program = os.path.abspath(found)  # noqa: PTH100 - Path.absolute() leaves ".." in
        return cls(folder=folder, program=program, made_by=_run([program, "version"], folder).strip())

    def authority(self, name: str, subject: str, *, days: int) -> CertificateFiles:
        self._openssl(
            f"req -x509 -sha256 -newkey rsa:2048 -keyout {name}.key -out {name}.crt -days {days} -nodes -subj", subject
        )
        return _files(self.folder, name)

    def server(self, name: str, subject: str, issuer: CertificateFiles) -> CertificateFiles:
        # The tutorials' server has no such names; clients of today ask for them.
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={','.join(_SERVER_NAMES)}\n")
        self._sign(name, subject, issuer, serial_number=1, options=("-extfile", extensions.name))
        extensions.unlink()
        return _files(self.folder, name)

    def client(self, name: str, subject: str, issuer: CertificateFiles, *, serial_number: int) -> CertificateFiles:
        self._sign(name, subject, issuer, serial_number=serial_number)
        files = _files(self.folder, name)
        if x509.load_pem_x509_certificate(files.certificate.read_bytes()).version is x509.Version.v1:
            return files
        key = load_key(files.key.read_bytes())
        return _issue(self.folder, name, subject, issuer, Knobs(version=1, serial_number=serial_number, key=key))

    def _sign(
        self, name: str, subject: str, issuer: CertificateFiles, *, serial_number: int, options: tuple[str, ...] = ()
    ) -> None:
        self._openssl(f"req -new -newkey rsa:2048 -keyout {name}.key -out {name}.csr -nodes -subj", subject)
        self._openssl(
            f"x509 -req -sha256 -days {_DAYS} -in {name}.csr -CA {issuer.certificate.name} -CAkey {issuer.key.name}"
            f" -set_serial {serial_number:02} -out {name}.crt",
            *options,
        )
        (self.folder / f"{name}.csr").unlink()

    def _openssl(self, command: str, *more: str) -> None:
        _run([self.program, *command.split(), *more], self.folder)


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        shown = " ".join(command)
        raise RuntimeError(f"{shown} failed: {done.stderr.strip()}; give openssl=None to do without the program")
    return done.stdout


def _expired_client(folder: Path, subject: str, issuer: CertificateFiles) -> CertificateFiles:
    over = Knobs(not_before=timedelta(days=-60), not_after=timedelta(days=-30))
    return _issue(folder, "expired-client", subject, issuer, over | Knobs(version=1, serial_number=3))


def _issue(folder: Path, name: str, subject: str, issuer: CertificateFiles, knobs: Knobs) -> CertificateFiles:
    authority = CertificateAuthority.load(issuer.certificate.read_bytes(), issuer.key.read_bytes())
    defaults = Knobs(subject=_attributes(subject), key="rsa-2048", not_before=timedelta(), valid_days=_DAYS)
    return _written(folder, name, authority.issue(**(defaults | knobs)))


def _attributes(subject: str) -> list[Attribute]:
    pairs = (part.split("=", 1) for part in subject.removeprefix("/").split("/"))
    return [(attribute_type, value) for attribute_type, value in pairs]


def _files(folder: Path, name: str) -> CertificateFiles:
    # Nothing stands between these leaves and their root: the certificate is the chain.
    certificate = folder / f"{name}.crt"
    return CertificateFiles(certificate=certificate, chain=certificate, key=folder / f"{name}.key")


def _written(folder: Path, name: str, issued: IssuedCertificate) -> CertificateFiles:
    files = _files(folder, name)
    files.certificate.write_bytes(issued.pem)
    write_private(files.key, issued.key_pem)
    return files
