"""A certificate authority for tests: quick, deterministic on demand, and willing to issue anything."""
# ruff: noqa: SLF001 - private members of other instances of the one class here

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self, TypeAlias, Unpack

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from clientcert.testing.building import Party, build_certificate
from clientcert.testing.crl import CrlKnobs, IssuedCrl, RevokedLike, build_crl
from clientcert.testing.defaults import authority_knobs, client_knobs, complete
from clientcert.testing.issued import IssuedCertificate
from clientcert.testing.keys import Entropy, KeyType, PrivateKey, Seed, derive_key, key_type_of, load_key
from clientcert.testing.knobs import Knobs, resolve
from clientcert.testing.names import encode_name

if TYPE_CHECKING:
    from clientcert.testing.client_request import ClientRequest
    from clientcert.testing.producers import Failure, Proof, Verdict, Via

Clock: TypeAlias = Callable[[], datetime]


def _system_clock() -> datetime:
    return datetime.now(UTC)


class CertificateAuthority:
    """
    A root or an intermediate that issues client certificates, further authorities and revocation lists.

    What it issues without knobs is accepted by every profile that builds paths; each knob (see `Knobs`) changes one
    thing, and none is refused for making a bad certificate. Leaves of one authority share one RSA key per size,
    because making one takes 0.1 s and more; pass ``key=make_key("rsa")`` for another. All other keys are new for
    each certificate.

    Attributes:
        issued: The authority's own certificate and key with its intermediates; presented by a client, it is the
            "CA as client" of a test.
        issuer: The authority above; None for a root.
        subject: DER of the subject.
        key_identifier: What becomes the authority key identifier of everything issued.
    """

    __slots__ = ("_clock", "_entropy", "_issued_before", "_rsa_keys", "issued", "issuer", "key_identifier", "subject")

    issued: IssuedCertificate
    issuer: "CertificateAuthority | None"
    subject: bytes
    key_identifier: bytes
    _clock: Clock
    _entropy: Entropy
    _issued_before: Counter[tuple[str, bytes]]
    _rsa_keys: dict[KeyType, PrivateKey]

    def __init__(
        self,
        name: str = "Test Root CA",
        *,
        issuer: "CertificateAuthority | None" = None,
        seed: Seed | Entropy | None = None,
        now: datetime | Clock | None = None,
        **knobs: Unpack[Knobs],
    ) -> None:
        """
        Make an authority.

        Args:
            name: Common name, unless ``subject`` is given.
            issuer: The authority above; None makes a self-signed root.
            seed: The same seed, clock and knobs give the same bytes (RSA-PSS signatures apart), in whatever order
                certificates are issued. Default: follows from the issuer, else random.
            now: The clock, or a fixed aware time. Default: the issuer's, else the system's.
            **knobs: Of the authority's own certificate.

        Raises:
            TypeError: A knob that does not exist.
            ValueError: A naive datetime, an unknown key type, a general name that cannot be written.
        """
        self._open(encode_name(knobs.get("subject", [("CN", name)])), issuer=issuer, seed=seed, now=now)
        key = self._key(knobs.get("key", "ec" if issuer is None else key_type_of(issuer.issued.key)), "own")
        itself = Party.of(self.subject, key, knobs)
        self.key_identifier = itself.key_identifier
        self.issued = self._certify(authority_knobs(), knobs, subject=itself, issuer=issuer, labels=("own",))

    @classmethod
    def load(
        cls,
        certificate: bytes,
        key: bytes,
        *,
        issuer: "CertificateAuthority | None" = None,
        seed: Seed | None = None,
        now: datetime | Clock | None = None,
    ) -> Self:
        """
        Go on with an authority that exists already.

        Args:
            certificate: Its certificate in PEM.
            key: Its unencrypted private key in PEM.
            issuer: The authority above; None where this is the root.
            seed: See `CertificateAuthority`.
            now: See `CertificateAuthority`.

        Raises:
            ValueError: Unreadable PEM, or a type of key that cannot sign here.

        Not checked here: that key and certificate belong together.
        """
        parsed = x509.load_pem_x509_certificate(certificate)
        authority = cls.__new__(cls)
        authority._open(parsed.subject.public_bytes(), issuer=issuer, seed=seed, now=now)
        authority.key_identifier = _subject_key_identifier(parsed)
        authority.issued = IssuedCertificate(
            der=parsed.public_bytes(Encoding.DER),
            key=load_key(key),
            intermediates=_intermediates_of(issuer),
        )
        return authority

    def issue(self, common_name: str | None = None, **knobs: Unpack[Knobs]) -> IssuedCertificate:
        """
        Issue a certificate, by default a good one for a TLS client.

        ``authority.issue("svc", not_after=timedelta(hours=-1))`` has expired,
        ``not_before=timedelta(hours=1)`` is not valid yet, ``extended_key_usage=["serverAuth"]`` is a server's,
        ``self_signed=True`` has no issuer, ``corrupt_signature=True`` or ``signing_key=make_key()`` a wrong
        signature, ``version=1`` no extensions; ``authority.impostor().issue("svc")`` comes from an authority of
        the same name.

        Args:
            common_name: The only attribute of the subject, unless ``subject`` is given.
            **knobs: What is to differ from a good certificate.

        Raises:
            TypeError: Neither a common name nor a subject, or a knob that does not exist.
            ValueError: A naive datetime, an unknown key type, a general name that cannot be written.
        """
        if common_name is None and "subject" not in knobs:
            raise TypeError("whose certificate? give a common name, or subject= ([] for an empty one)")
        name = encode_name(knobs.get("subject", [("CN", common_name or "")]))
        labels = self._labels("leaf", name)
        key = self._leaf_key(knobs.get("key", key_type_of(self.issued.key)), labels)
        subject = Party.of(name, key, knobs)
        return self._certify(client_knobs(common_name), knobs, subject=subject, issuer=self, labels=labels)

    def as_client(  # noqa: PLR0913 - each is a fact about the connection
        self,
        common_name: str | None = None,
        *,
        via: "Via",
        verdict: "Verdict" = "verified",
        failure: "Failure | None" = None,
        chain: Sequence[bytes] | None = None,
        proof: "Proof | None" = None,
        **knobs: Unpack[Knobs],
    ) -> "ClientRequest":
        """
        Issue a certificate, and write what a producer sends for its owner.

        ``authority.as_client("svc-a", via="envoy")``; see `issue` for names and knobs, `clientcert.testing.as_client`
        for the rest. The producer's clock is the authority's.
        """
        issued = self.issue(common_name, **knobs)
        return issued.as_client(via=via, verdict=verdict, failure=failure, chain=chain, proof=proof, at=self.now)

    def intermediate(self, name: str = "Test Intermediate CA", **knobs: Unpack[Knobs]) -> "CertificateAuthority":
        """Make an authority below this one; see `CertificateAuthority`. A cross-certificate takes ``key=``."""
        return CertificateAuthority(name, issuer=self, **knobs)

    def impostor(self, **knobs: Unpack[Knobs]) -> "CertificateAuthority":
        """
        Make a self-signed authority with the very name of this one and another key.

        ``subject_key_identifier=authority.key_identifier`` makes it indistinguishable but for its signatures.
        """
        wanted = Knobs(subject=self.subject, key=key_type_of(self.issued.key)) | knobs
        seed = self._entropy.child(*self._labels("impostor", self.subject))
        return CertificateAuthority(seed=seed, now=self._clock, **wanted)

    def crl(self, revoked: Iterable[RevokedLike] = (), **knobs: Unpack[CrlKnobs]) -> IssuedCrl:
        """
        Sign a revocation list.

        Args:
            revoked: Issued certificates, serial numbers, or `Revoked` entries with a reason and a time.
            **knobs: What is to differ from a good, complete list.

        Raises:
            TypeError: A knob that does not exist.
            ValueError: A naive datetime.
        """
        return build_crl(revoked, knobs, issuer=self._signer, now=self.now)

    @property
    def certificate(self) -> x509.Certificate:
        """The authority's certificate as ``cryptography`` reads it."""
        return self.issued.certificate

    @property
    def der(self) -> bytes:
        """The authority's certificate in DER."""
        return self.issued.der

    @property
    def pem(self) -> bytes:
        """The authority's certificate in PEM: what ``trust=`` takes for a root."""
        return self.issued.pem

    @property
    def bundle_pem(self) -> bytes:
        """
        The authority's certificate and those above it, up to and with the root, in PEM.

        What ``trust=`` takes where the proxy forwards the leaf alone.
        """
        return self.pem if self.issuer is None else self.pem + self.issuer.bundle_pem

    @property
    def now(self) -> datetime:
        """The authority's time: aware, UTC, in whole seconds."""
        return resolve(timedelta(), self._clock())

    def _open(
        self,
        subject: bytes,
        *,
        issuer: "CertificateAuthority | None",
        seed: Seed | Entropy | None,
        now: datetime | Clock | None,
    ) -> None:
        self.subject, self.issuer = subject, issuer
        self._issued_before = Counter()
        self._rsa_keys = {}
        if now is None:
            now = _system_clock if issuer is None else issuer._clock
        self._clock = (lambda: now) if isinstance(now, datetime) else now
        if issuer is not None and seed is None:
            seed = issuer._entropy.child(*issuer._labels("authority", subject))
        self._entropy = seed if isinstance(seed, Entropy) else Entropy(seed).child("root", subject)

    @property
    def _signer(self) -> Party:
        return Party(name=self.subject, key=self.issued.key, key_identifier=self.key_identifier)

    def _certify(
        self,
        defaults: Knobs,
        knobs: Knobs,
        *,
        subject: Party,
        issuer: "CertificateAuthority | None",
        labels: tuple[str | bytes, ...],
    ) -> IssuedCertificate:
        if knobs.get("self_signed", False):
            issuer = None
        der = build_certificate(
            complete(defaults, knobs, self_signed=issuer is None),
            subject=subject,
            issuer=issuer._signer if issuer else subject,
            # 127 bits: positive, and the same length always.
            serial_number=int.from_bytes(self._entropy.derive(*labels, "serial", size=16)) >> 1 | 1 << 126,
            now=self.now,
        )
        return IssuedCertificate(der=der, key=subject.key, intermediates=_intermediates_of(issuer))

    def _labels(self, purpose: str, subject: bytes) -> tuple[str, bytes, str]:
        self._issued_before[purpose, subject] += 1
        return purpose, subject, str(self._issued_before[purpose, subject])

    def _key(self, wanted: KeyType | PrivateKey, *labels: str | bytes) -> PrivateKey:
        return derive_key(wanted, self._entropy, *labels) if isinstance(wanted, str) else wanted

    def _leaf_key(self, wanted: KeyType | PrivateKey, labels: tuple[str | bytes, ...]) -> PrivateKey:
        if not isinstance(wanted, str) or not wanted.startswith("rsa"):
            return self._key(wanted, *labels)
        if wanted not in self._rsa_keys:
            self._rsa_keys[wanted] = self._key(wanted, "leaves")
        return self._rsa_keys[wanted]


def _intermediates_of(issuer: CertificateAuthority | None) -> tuple[bytes, ...]:
    return () if issuer is None or issuer.issuer is None else issuer.issued.chain


def _subject_key_identifier(certificate: x509.Certificate) -> bytes:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest
