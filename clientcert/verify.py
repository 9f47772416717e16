"""One certificate, one verdict: for gRPC, MQTT, a script, and wherever else there is no HTTP request to adapt."""

import binascii
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from clientcert.core.certificate import ParsedCertificate, parse_certificate
from clientcert.core.limits import Limits
from clientcert.core.verification import (
    PROFILES,
    PinnedVerifier,
    TrustSource,
    TrustStore,
    VerifiedPath,
    Verifier,
    anchor_level,
)
from clientcert.core.verification.base import utc_time
from clientcert.core.verification.crl_checker import CrlChecker
from clientcert.core.verification.crl_rules import CrlRules
from clientcert.core.verification.revocation import RevocationMode, RevocationPolicy, check_revocation
from clientcert.errors import ClientCertError, ConfigurationError, EncodingError, Reason, escape_peer_text
from clientcert.runtime.files import Sources

PINNED = "pinned"
PROFILE_NAMES = (*PROFILES, PINNED)
"""Every profile that `build_verifier` knows."""

_LIMITS = Limits()
_BEGIN, _DASHES = b"-----BEGIN ", b"-----"
_CERTIFICATE_LABELS = frozenset({b"CERTIFICATE", b"X509 CERTIFICATE"})
_DER_SEQUENCE = b"\x30"


def verify_certificate(  # noqa: PLR0913 - the settings of `ClientCertConfig` that speak of one certificate
    certificate: bytes | str,
    *,
    trust: TrustSource | TrustStore,
    intermediates: bytes | str | Iterable[bytes | str] = (),
    at: datetime | None = None,
    profile: str = "standard",
    max_depth: int = 4,
    limits: Limits = _LIMITS,
    crl: TrustSource | None = None,
    revocation: RevocationMode | None = None,
) -> VerifiedPath:
    """
    Verify a TLS client's certificate.

    Args:
        certificate: DER, or PEM with the leaf first; what follows it in PEM counts as `intermediates`.
        trust: The CAs whose clients are accepted, with intermediates that you configure: a path (file or directory),
            PEM or DER bytes, certificates, or, so as not to read them at each call, a `TrustStore`. For profile
            ``pinned``: the clients' certificates, ``"sha256:…"`` or ``"spki-sha256:…"``.
        intermediates: DER or PEM of what the peer sent along, such as the rest of its TLS chain: candidates, never
            trusted; the root may be among them.
        at: The moment to decide for, aware; now unless given.
        profile: One of `PROFILE_NAMES`.
        max_depth: CA certificates allowed between leaf and anchor.
        limits: Bounds on what the peer sent.
        crl: Revocation lists by the CAs of `trust`: paths (files or directories), PEM or DER bytes.
        revocation: ``hard`` (default with `crl`), ``soft`` or ``off`` (default without).

    Returns:
        The path that was found, leaf first, trust anchor last.

    Raises:
        VerificationError: Not accepted; `detail` and `hints` say why and what would accept it.
        EncodingError: Not certificates in the forms above, a private key among them, or over a limit.
        ConfigurationError: Anything but `certificate` and `intermediates` cannot be used.

    Not checked here: that the peer holds the private key, which is the business of whoever terminates TLS.
    """
    at = utc_time(datetime.now(UTC) if at is None else at)
    policy = revocation_policy(revocation, has_crl=crl is not None)
    anchors = trust if profile == PINNED else _load(trust, profile)
    verifier = build_verifier(profile, anchors, max_depth=max_depth, limits=limits)
    checker = None if crl is None or policy.mode == "off" else load_crls(crl, anchors, mode=policy.mode, at=at)
    more = [intermediates] if isinstance(intermediates, bytes | str) else intermediates
    leaf, *forwarded = read_chain([certificate, *more], limits=limits)
    path = verifier.verify(leaf, intermediates=forwarded, at=at)
    check_revocation(path, checker, policy, at=at)
    return path


def build_verifier(profile: str, trust: TrustSource | TrustStore, *, max_depth: int, limits: Limits) -> Verifier:
    """
    Build the engine of a profile.

    Args:
        profile: One of `PROFILE_NAMES`.
        trust: As for `verify_certificate`; a store is used as it is.
        max_depth: CA certificates allowed between leaf and anchor; nothing to profile ``pinned``.
        limits: Bounds on what the peer sent.

    Raises:
        ConfigurationError: An unknown profile, with the legal ones listed; trust that cannot be used.
    """
    if profile == PINNED:
        if isinstance(trust, TrustStore):
            raise ConfigurationError("profile 'pinned' trusts clients' own certificates, got a store of CAs")
        return PinnedVerifier.load(trust)
    if profile not in PROFILES:
        raise ConfigurationError(f"unknown profile {profile!r}, wanted one of: {', '.join(PROFILE_NAMES)}")
    return PROFILES[profile](_load(trust, profile), max_depth=max_depth, limits=limits)


def _load(trust: TrustSource | TrustStore, profile: str) -> TrustStore:
    return trust if isinstance(trust, TrustStore) else TrustStore.load(trust, security_level=anchor_level(profile))


def revocation_policy(revocation: RevocationMode | None, *, has_crl: bool) -> RevocationPolicy:
    """Apply the default, ``hard`` with lists and ``off`` without; ConfigurationError for a check without lists."""
    policy = RevocationPolicy(mode=revocation or ("hard" if has_crl else "off"))
    if policy.mode != "off" and not has_crl:
        raise ConfigurationError(f"revocation is {policy.mode!r} and there is no list to ask: give crl")
    return policy


def load_crls(
    source: TrustSource, trust: TrustSource | TrustStore, *, mode: RevocationMode, at: datetime
) -> CrlChecker:
    """
    Read and verify revocation lists.

    Args:
        source: Where they are.
        trust: The store of the CAs that signed them.
        mode: ``soft`` accepts lists that have expired.
        at: The moment to judge dates for; aware.

    Raises:
        ConfigurationError: A list that cannot be read or used, see `CrlChecker.load`; trust that is no store but pins.
    """
    if not isinstance(trust, TrustStore):
        raise ConfigurationError("profile 'pinned' has no CAs that could sign a revocation list: remove crl")
    rules = CrlRules(accept_expired=mode == "soft")
    return CrlChecker.load(_crl_files(source), store=trust, at=at, rules=rules)


def _crl_files(source: TrustSource) -> Iterator[tuple[str, bytes]]:
    for blob in Sources({"crl": source}).read().blobs["crl"]:
        if not isinstance(blob.content, bytes):
            raise ConfigurationError(f"crl is {blob.origin}, wanted paths or octets")
        yield blob.origin, blob.content


def read_chain(
    pieces: Iterable[bytes | str], *, limits: Limits, split: Callable[[bytes], Sequence[bytes]] | None = None
) -> tuple[ParsedCertificate, ...]:
    """
    Read what a peer sent: its certificate first.

    Args:
        pieces: Each DER of one certificate, or PEM of one or several.
        limits: Bounds, on the number of certificates too.
        split: How to find the certificates of a piece; `split_pem` unless given.

    Returns:
        At least one certificate, the leaf first.

    Raises:
        EncodingError: CHAIN_TOO_LARGE for too many; what `split_pem` and `parse_certificate` raise.
        VerificationError: What `parse_certificate` raises.
    """
    ders = [der for piece in pieces for der in (split or split_pem)(_octets(piece))]
    # As many self-issued ones as others, and the leaf: beyond that, path validation refuses anyway.
    most = 1 + 2 * limits.intermediates
    if len(ders) > most:
        raise EncodingError(Reason.CHAIN_TOO_LARGE, f"{len(ders)} certificates came together, the limit is {most}")
    return tuple(_parse(der, place, limits) for place, der in enumerate(ders))


def _octets(piece: bytes | str) -> bytes:
    if isinstance(piece, bytes):
        return piece
    try:
        return piece.encode("ascii")
    except UnicodeEncodeError as exc:
        raise _malformed(f"text of a certificate has the character {piece[exc.start]!a}, wanted PEM") from exc


def _parse(der: bytes, place: int, limits: Limits) -> ParsedCertificate:
    try:
        return parse_certificate(der, limits=limits)
    except ClientCertError as exc:
        if place == 0:
            raise
        raise type(exc)(exc.reason, f"certificate {place + 1}: {exc.detail}", hints=exc.hints) from exc


def split_pem(octets: bytes, *, skip_others: bool = False) -> tuple[bytes, ...]:
    """
    Find the certificates of one piece.

    Args:
        octets: DER of one certificate; or PEM blocks with any text around them (RFC 7468 §2, lax).
        skip_others: Pass over blocks that are not certificates, such as a private key, if there is one that is.

    Returns:
        DER of each, in order; at least one.

    Raises:
        EncodingError: PRIVATE_KEY_SENT for a private key, unless skipped; ENCODING_MALFORMED for neither PEM nor DER,
            a block that is cut off, text that is not base64, no certificate, a block that is something else.

    Not checked here: that the DER is a certificate.
    """
    if _BEGIN not in octets:
        if octets.startswith(_DER_SEQUENCE):
            return (octets,)
        raise _malformed("neither PEM nor DER of a certificate" if octets.strip() else "empty, wanted a certificate")
    blocks = list(_blocks(octets))
    found = [body for label, body in blocks if label in _CERTIFICATE_LABELS]
    others = [label for label, _ in blocks if label not in _CERTIFICATE_LABELS]
    if others and not (found and skip_others):
        if b"PRIVATE KEY" in others[0]:
            raise EncodingError(Reason.PRIVATE_KEY_SENT, "a private key is in the place of a certificate, or beside it")
        raise _malformed(f"block {escape_peer_text(others[0])!r} in the place of a certificate, or beside it")
    return tuple(_decode(body) for body in found)


def _blocks(octets: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield label and body of each block; each octet is looked at a fixed number of times."""
    at = octets.find(_BEGIN)
    while at >= 0:
        label_end = octets.find(_DASHES, at + len(_BEGIN))
        label = octets[at + len(_BEGIN) : label_end]
        closing = b"-----END " + label + _DASHES
        end = octets.find(closing, label_end) if label_end >= 0 else -1
        if end < 0:
            raise _malformed(f"PEM block {escape_peer_text(label, limit=27)!r} has no end: is the file cut off?")
        yield label, octets[label_end + len(_DASHES) : end]
        at = octets.find(_BEGIN, end + len(closing))


def _decode(body: bytes) -> bytes:
    try:
        return binascii.a2b_base64(b"".join(body.split()), strict_mode=True)
    except binascii.Error as exc:
        raise _malformed(f"PEM is damaged: {escape_peer_text(str(exc))}") from exc


def _malformed(detail: str) -> EncodingError:
    return EncodingError(Reason.ENCODING_MALFORMED, detail)
