"""
OpenSSL's own path builder, through pyOpenSSL: the verdicts of nginx, Apache and HAProxy on chains of any kind.

pyOpenSSL has no way to ask for a purpose, a depth or a security level, so `path.check_path` follows. Upstream means to
retire this interface (pyca/pyopenssl#1321), hence the optional extra.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType

from clientcert.core.certificate import ParsedCertificate, hostile_der
from clientcert.core.limits import Limits
from clientcert.core.verification.base import VerifiedPath, utc_time
from clientcert.core.verification.candidates import check_forwarded, is_cheap
from clientcert.core.verification.diagnosis import hint_where_accepted, trace_path
from clientcert.core.verification.path import PathRules, check_path
from clientcert.core.verification.path_builder import DEFAULT_MAX_DEPTH, check_max_depth
from clientcert.core.verification.rules import LEAF, check_leaf, refusal
from clientcert.core.verification.standard import StandardVerifier
from clientcert.core.verification.store import TrustStore
from clientcert.core.verification.strength import DEFAULT_LEVEL, SecurityLevel
from clientcert.errors import (
    ClientCertError,
    ConfigurationError,
    Reason,
    UnsafeConfigurationWarning,
    VerificationError,
)

# X509_V_ERR_ numbers of include/openssl/x509_vfy.h; all others are PATH_INVALID.
_REASONS = {
    2: Reason.ISSUER_UNKNOWN,
    7: Reason.SIGNATURE_INVALID,
    9: Reason.CERTIFICATE_NOT_YET_VALID,
    10: Reason.CERTIFICATE_EXPIRED,
    18: Reason.ISSUER_UNKNOWN,
    19: Reason.ISSUER_UNKNOWN,
    20: Reason.ISSUER_UNKNOWN,
    21: Reason.ISSUER_UNKNOWN,
    22: Reason.PATH_TOO_LONG,
    24: Reason.ISSUER_NOT_CA,
    25: Reason.PATH_TOO_LONG,
    34: Reason.CRITICAL_EXTENSION,
    47: Reason.NAME_CONSTRAINT_VIOLATED,
    48: Reason.NAME_CONSTRAINT_VIOLATED,
    79: Reason.ISSUER_NOT_CA,
    94: Reason.KEY_NOT_ACCEPTED,
}


def _load_pyopenssl() -> ModuleType:
    try:
        from OpenSSL import crypto
    except ImportError as exc:
        raise ConfigurationError("profile 'openssl' needs pyOpenSSL: pip install 'clientcert[openssl]'") from exc
    if not hasattr(crypto, "X509StoreContext"):
        raise ConfigurationError(
            "this pyOpenSSL has no X509StoreContext any more (pyca/pyopenssl#1321): use profile 'standard', or pin an "
            "older pyOpenSSL"
        )
    return crypto


def _check_security_level(level: int) -> None:
    if level == DEFAULT_LEVEL:
        return
    if level not in (0, 1):
        raise ConfigurationError(f"security_level is {level!r}, wanted 2, or for what cannot be renewed yet 1 or 0")
    weak = "keys of 80 bits of security" if level else "keys and signatures of any strength, MD5 included"
    warnings.warn(
        f"security_level={level} accepts {weak}: renew what needs it, then remove the option",
        UnsafeConfigurationWarning,
        # Called from __post_init__, which the generated __init__ calls.
        stacklevel=4,
    )


@dataclass(frozen=True, slots=True)
class OpenSSLVerifier:
    """
    Path validation by OpenSSL with its purpose ``sslclient``; a `Verifier`.

    Attributes:
        store: What is trusted.
        max_depth: CA certificates between the leaf and the anchor, at most 16.
        security_level: How strong keys and signatures must be, in OpenSSL's own scale (SSL_CTX_set_security_level).
            2, as Debian's nginx: RSA and DSA of 2048 bits, curves of 224 bits, no SHA-1 and no MD5. 1: RSA and DSA of
            1024 bits, curves of 160 bits, no SHA-1 and no MD5. 0: whatever OpenSSL can verify. Explicit curve
            parameters and what makes one check expensive are refused at every level. The anchors must have been
            loaded for the same level.
        limits: Upper bounds for what a request brings along.

    Raises:
        ConfigurationError: pyOpenSSL is not installed or too new, `max_depth` is out of 0..16, or another level.
        UnsafeConfigurationWarning: Level 0 or 1.
    """

    store: TrustStore
    max_depth: int = field(default=DEFAULT_MAX_DEPTH, kw_only=True)
    security_level: SecurityLevel = field(default=DEFAULT_LEVEL, kw_only=True)
    limits: Limits = field(default_factory=Limits, kw_only=True)
    _crypto: ModuleType = field(init=False, repr=False, compare=False)
    _rules: PathRules = field(init=False, repr=False, compare=False)

    @property
    def name(self) -> str:
        """``openssl``."""
        return "openssl"

    def __post_init__(self) -> None:
        check_max_depth(self.max_depth)
        _check_security_level(self.security_level)
        level, sound = self.security_level, self.store.sound
        rules = PathRules(max_depth=self.max_depth, limits=self.limits, level=level, sound=sound)
        object.__setattr__(self, "_crypto", _load_pyopenssl())
        object.__setattr__(self, "_rules", rules)

    def verify(
        self, leaf: ParsedCertificate, *, intermediates: Sequence[ParsedCertificate] = (), at: datetime
    ) -> VerifiedPath:
        """
        Find a path for TLS client authentication; see `Verifier.verify`.

        Raises:
            VerificationError: The first rule that the leaf or the path breaks, or what OpenSSL says.

        Not checked here: revocation; policies, as OpenSSL without policy flags.
        """
        at = utc_time(at)
        check_leaf(leaf, at, level=self.security_level)
        check_forwarded(leaf, intermediates, limits=self.limits)
        links = [link for link in intermediates if is_cheap(link, self.limits)]
        path = self._build(leaf, links, at)
        check_path(path, self._rules, at=at)
        return VerifiedPath(certificates=path, profile=self.name)

    def _build(
        self, leaf: ParsedCertificate, links: Sequence[ParsedCertificate], at: datetime
    ) -> tuple[ParsedCertificate, ...]:
        crypto = self._crypto
        # X509Store keeps the time inside: one for each call.
        store = crypto.X509Store()
        store.set_time(at)
        known = {certificate.der: certificate for certificate in (*links, leaf)}
        try:
            with hostile_der():
                for certificate in self.store.by_x509:
                    store.add_cert(crypto.X509.from_cryptography(certificate))
                untrusted = [crypto.X509.from_cryptography(link.x509) for link in links]
                context = crypto.X509StoreContext(store, crypto.X509.from_cryptography(leaf.x509), untrusted)
                try:
                    chain = context.get_verified_chain()
                except crypto.X509StoreContextError as exc:
                    code, depth, text = exc.errors
                    raise self._refuse(leaf, links, at, code, f"{text} at depth {depth} (error {code})") from exc
                # Not to_cryptography(): it parses again, and warns about serial numbers again.
                ders = [crypto.dump_certificate(crypto.FILETYPE_ASN1, link) for link in chain]
        except ClientCertError as exc:
            if isinstance(exc, VerificationError):
                raise
            raise refusal(Reason.PATH_INVALID, LEAF, leaf, f"OpenSSL: {exc.detail}") from exc
        trusted = self.store.authorities
        return tuple(trusted[der].certificate if der in trusted else known[der] for der in ders)

    def _refuse(
        self, leaf: ParsedCertificate, links: Sequence[ParsedCertificate], at: datetime, code: int, said: str
    ) -> VerificationError:
        """Say it in our words where our own search finds the fault, else in OpenSSL's."""
        try:
            path = trace_path(leaf, self.store, links, self._rules, at=at)
            check_path(path, self._rules, at=at)
        except VerificationError as exc:
            return VerificationError(exc.reason, exc.detail, hints=(*exc.hints, f"OpenSSL: {said}"))
        standard = StandardVerifier(self.store, max_depth=self.max_depth, limits=self.limits)
        hints = hint_where_accepted(standard, leaf, links, at)
        return refusal(_REASONS.get(code, Reason.PATH_INVALID), LEAF, leaf, f"OpenSSL: {said}", *hints)
