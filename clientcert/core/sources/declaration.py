"""What a producer sends, as data: everything that differs between producers, and nothing that happens with it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from clientcert.core.encoding import ESCAPED_PEM, CertificateEncoding
from clientcert.core.headers import header_name
from clientcert.core.sources.attributes import OPENSSL_NAMES, NameDialect, hex_fingerprint
from clientcert.errors import ConfigurationError, EncodingError


class AliasPolicy(Enum):
    """What another spelling of a source's header means; in either case it is stripped and never read."""

    REFUSE = "refuse"
    """This producer drops such names, so one that arrives did not come through it as configured (400)."""

    IGNORE = "ignore"
    """This producer forwards whatever spelling the client invents; it says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """
    A producer that writes headers, as data. Header names are lower-case.

    Attributes:
        name: Preset name.
        certificate: Header with the certificate; None where the producer sends attributes only.
        encoding: Wire form of that header; it may carry what else the client presented.
        chain: Headers with the rest of what the client presented, the leaf not among it, each with one or more.
        chain_encoding: Wire form of those.
        placeholders: Whole values that the producer writes in the place of nothing, whichever header it is.
        verdict: Header with the producer's own verdict; None where there is none.
        success: The one token that means "verified". Compared byte for byte.
        absent: Tokens that mean "the client presented no certificate".
        bare_success_is_absent: The success token without a certificate means "none was presented"; otherwise it is a
            contradiction.
        presence: Header that says whether a certificate was presented, sent with every request.
        presence_tokens: What it says: a certificate, none.
        conditions: Header → value that must come with every certificate, exactly.
        subject_dn, issuer_dn: Headers with the names, None where not sent or not comparable.
        dn_dialect: How those are printed.
        names_required: The producer always sends the DN headers beside a certificate; both must agree with it.
            Otherwise they are compared where present.
        serial_number: Header with the serial number in hex; read where no certificate is sent.
        fingerprint: Header with the SHA-256 of a certificate that is not sent.
        read_fingerprint: Value of that header → 64 lower-case hex digits.
        fingerprints: Those that are accepted; what is in no such list is refused.
        verified_by_presence: A producer without a verdict sends attributes of verified certificates only.
        verifies: False where no verdict can be relied on: the producer never verifies, or not in every mode.
        trailers_safe: Request trailers never reach us through this producer. Matters where nothing is always sent.
        aliases: See `AliasPolicy`.
        ignored: Headers that carry the client's own bytes in this configuration: never read, always stripped.
        also_sent: Further names that this producer can send, for `GUARDED_HEADERS` alone.
        alias_hint, missing_hint: For the operator, when another spelling came, and when the certificate is missing
            beside a success.

    Raises:
        ConfigurationError: What cannot work, or would let one header speak twice.
    """

    name: str
    certificate: str | None
    encoding: CertificateEncoding = ESCAPED_PEM
    chain: tuple[str, ...] = ()
    chain_encoding: CertificateEncoding = ESCAPED_PEM
    placeholders: tuple[bytes, ...] = ()
    verdict: str | None = None
    success: str = "SUCCESS"
    absent: tuple[str, ...] = ("NONE",)
    bare_success_is_absent: bool = False
    presence: str | None = None
    presence_tokens: tuple[str, str] = ("true", "false")
    conditions: tuple[tuple[str, str], ...] = ()
    subject_dn: str | None = None
    issuer_dn: str | None = None
    dn_dialect: NameDialect = OPENSSL_NAMES
    names_required: bool = False
    serial_number: str | None = None
    fingerprint: str | None = None
    read_fingerprint: Callable[[bytes], str] = hex_fingerprint
    fingerprints: frozenset[str] = frozenset()
    verified_by_presence: bool = False
    verifies: bool = True
    trailers_safe: bool = False
    aliases: AliasPolicy = AliasPolicy.REFUSE
    ignored: tuple[str, ...] = ()
    also_sent: tuple[str, ...] = ()
    alias_hint: str = "some server or gateway may take it for the header itself; was the proxy bypassed?"
    missing_hint: str = "does the proxy pass the certificate on?"

    def __post_init__(self) -> None:
        """Refuse what cannot work; a collision would let one header speak twice."""
        names = self.header_names
        if len(set(names)) != len(names):
            listed = ", ".join(sorted(name.decode("ascii") for name in names))
            raise ConfigurationError(f"source {self.name!r} uses one header name twice: {listed}")
        if any(name != name.lower() for name in self._names()):
            given = ", ".join(self._names())
            raise ConfigurationError(f"source {self.name!r} takes header names in lower-case, got {given}")
        if self.certificate is None:
            self._check_attributes()
        elif self.fingerprint is not None:
            raise ConfigurationError(f"source {self.name!r} reads a certificate, so a fingerprint adds nothing to it")
        self._check_tokens()

    def _check_attributes(self) -> None:
        if self.fingerprint is not None:
            if not self.fingerprints:
                raise ConfigurationError(f"source {self.name!r} reads a fingerprint: name those that are accepted")
            for text in self.fingerprints:
                _check_fingerprint(text)
        elif not ((self.verdict or self.verified_by_presence) and self.subject_dn and self.issuer_dn):
            raise ConfigurationError(f"source {self.name!r} without a certificate needs a verdict and both names")

    def _check_tokens(self) -> None:
        tokens = (self.success, *self.absent, *self.presence_tokens, *(value for _, value in self.conditions))
        for token in tokens:
            if not token or not token.isascii() or not token.isprintable() or token.strip() != token or "," in token:
                raise ConfigurationError(f"source {self.name!r}: {token!r} cannot be a header value of its own")
        if self.success in self.absent or self.presence_tokens[0] == self.presence_tokens[1]:
            raise ConfigurationError(f"source {self.name!r} has one token for a certificate and for none")
        is_bare_number = self.success.lstrip("+-").isdigit()
        if self.verdict and is_bare_number and not (self.bare_success_is_absent or self.presence):
            raise ConfigurationError(
                f"source {self.name!r}: success={self.success!r} is a result code, which is also 0 where there was no "
                "certificate; let the proxy write SUCCESS and NONE, or name the header that says whether one was "
                "presented (presence)"
            )

    @property
    def needs_proxy_proof(self) -> bool:
        """See `Source`: anybody can write a header."""
        return True

    @property
    def gives_verdict(self) -> bool:
        """See `Source`; a list of accepted fingerprints is the operator's own verdict."""
        return (self.verdict is not None and self.verifies) or bool(self.fingerprints)

    @property
    def sends_certificate(self) -> bool:
        """See `Source`."""
        return self.certificate is not None

    @property
    def has_status(self) -> bool:
        """Whether some header comes with every request and says whether there is a certificate."""
        return self.verdict is not None or self.presence is not None

    @property
    def header_names(self) -> tuple[bytes, ...]:
        """See `Source`."""
        return tuple(header_name(name) for name in (*self._names(), *self.ignored))

    @property
    def guarded_names(self) -> tuple[bytes, ...]:
        """Every name that the producer can send."""
        return (*self.header_names, *(header_name(name) for name in self.also_sent))

    def _names(self) -> Iterator[str]:
        names = (self.certificate, self.verdict, self.presence, self.subject_dn, self.issuer_dn)
        yield from (name for name in (*names, self.serial_number, self.fingerprint) if name is not None)
        yield from self.chain
        yield from (name for name, _ in self.conditions)


def _check_fingerprint(text: str) -> None:
    try:
        hex_fingerprint(text.encode("utf-8"))
    except EncodingError as error:
        raise ConfigurationError(f"fingerprints: {error.detail}") from None
