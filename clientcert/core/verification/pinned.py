"""Certificates that are accepted one by one, without a CA: for self-signed clients."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from os import PathLike
from typing import Self

from cryptography.x509 import Certificate

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.verification.base import VerifiedPath, utc_time
from clientcert.core.verification.bundle import TrustSource, read_bundle
from clientcert.core.verification.rules import LEAF, check_client, refusal
from clientcert.errors import ConfigurationError, Reason

# A hash with the word that says of what; colons between octets as openssl prints them.
_PIN = re.compile(r"(sha256|spki-sha256):((?:[0-9a-f]{2}:?){31}[0-9a-f]{2})", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedVerifier:
    """
    Accepts the certificates it knows, and nothing that they sign; a `Verifier`.

    Attributes:
        certificates: SHA-256 of whole certificates, 64 lower-case hex digits.
        keys: SHA-256 of subjectPublicKeyInfos, which survive renewal with the same key; 64 lower-case hex digits.

    Raises:
        ConfigurationError: No pin, or one that is no SHA-256.
    """

    certificates: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """``pinned``."""
        return "pinned"

    def __post_init__(self) -> None:
        pins = self.certificates | self.keys
        if not pins:
            raise ConfigurationError("no pins: name at least one certificate or 'sha256:…' / 'spki-sha256:…'")
        wrong = [pin for pin in pins if not re.fullmatch("[0-9a-f]{64}", pin)]
        if wrong:
            raise ConfigurationError(f"pin {min(wrong)!r} is not 64 lower-case hex digits")

    @classmethod
    def load(cls, source: TrustSource) -> Self:
        """
        Read pins.

        Args:
            source: Whatever `TrustStore.load` reads, holding the clients' own certificates; or one text or several,
                each ``sha256:`` and the hash of a certificate, or ``spki-sha256:`` and the hash of a key, as
                ``openssl x509 -fingerprint -sha256`` prints it (colons and case do not count). Both may be mixed.

        Raises:
            ConfigurationError: Nothing found, or a source that cannot be read.
        """
        found = source() if callable(source) else source
        items = [found] if isinstance(found, str | bytes | PathLike | Certificate) else found
        pins: dict[str, set[str]] = {"sha256": set(), "spki-sha256": set()}
        for item in items:
            match = _PIN.fullmatch(item) if isinstance(item, str) else None
            if match is not None:
                pins[match[1].lower()].add(match[2].replace(":", "").lower())
            else:
                pins["sha256"].update(certificate.fingerprint_sha256 for certificate in read_bundle(item))
        return cls(certificates=frozenset(pins["sha256"]), keys=frozenset(pins["spki-sha256"]))

    def verify(
        self,
        leaf: ParsedCertificate,
        *,
        intermediates: Sequence[ParsedCertificate] = (),  # noqa: ARG002 - a pin needs none
        at: datetime,
    ) -> VerifiedPath:
        """
        Accept a pinned certificate within its dates, if its key and purpose allow TLS client authentication.

        Raises:
            VerificationError: NOT_PINNED, and what `rules.check_client` raises.

        Not checked here: signatures. Who holds the private key is the business of whoever terminates TLS.
        """
        if leaf.fingerprint_sha256 not in self.certificates and leaf.spki_sha256 not in self.keys:
            problem = f"neither the certificate nor its key (spki-sha256:{leaf.spki_sha256}) is pinned"
            hint = f"add 'sha256:{leaf.fingerprint_sha256}' to accept this certificate"
            raise refusal(Reason.NOT_PINNED, LEAF, leaf, problem, hint)
        check_client(leaf, utc_time(at))
        return VerifiedPath(certificates=(leaf,), profile=self.name)
