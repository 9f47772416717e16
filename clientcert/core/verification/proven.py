"""
Issuers whose paths to an anchor are proven: their next client costs one signature check instead of one for each link.

What is remembered is a path of configured CAs that cryptography's verifier has accepted whole, for one name and one
signature algorithm. It stands for a new leaf only where that verifier could neither choose another path nor look at
anything in the leaf that is not looked at here; every other leaf is its business.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

from cryptography.exceptions import InvalidSignature

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.general_names import NameKind
from clientcert.core.tbs import X509_V3
from clientcert.core.verification.signatures import is_signed_by, signature_arguments
from clientcert.core.verification.store import TrustStore
from clientcert.errors import VerificationError

# Names of which cryptography's verifier can make objects, whatever their text is.
_PLAIN_NAMES = frozenset({NameKind.DNS, NameKind.EMAIL, NameKind.URI, NameKind.IP})
# Years that UTCTime can express and GeneralizedTime must not (RFC 5280 §4.1.2.5).
_UTC_TIME, _UTC_YEARS = 0x17, range(1950, 2050)
# As `diagnosis.trace_path`; more CAs of one name are the path builder's business.
_MAX_SIGNATURE_CHECKS = 2
# Forwarded links that bear a signature of ours: what real clients bring along.
_MAX_GENUINE = 256


class ProvenIssuers:
    """
    Remembers at most as many paths as there are names of CAs in a store, for each signature algorithm.

    Args:
        store: What is trusted. Paths through anything else are never remembered.
    """

    __slots__ = ("_genuine", "_known", "_store")

    def __init__(self, store: TrustStore) -> None:
        self._store = store
        self._genuine: set[str] = set()
        self._known: dict[tuple[bytes, bytes], tuple[tuple[ParsedCertificate, ...], tuple[Any, ...]]] = {}

    def path_of(
        self, leaf: ParsedCertificate, forwarded: Collection[ParsedCertificate]
    ) -> tuple[ParsedCertificate, ...] | None:
        """
        Return the path of a leaf whose signature was verified just now and whose issuers were before, or None.

        Args:
            leaf: The client's certificate.
            forwarded: What else came: with a link that is not on the path there may be another path.

        Not checked here: see `path.check_known_path`.
        """
        known = self._known.get((leaf.issuer_der, leaf.signature_algorithm))
        if known is None or not _is_plain(leaf):
            return None
        issuers, arguments = known
        if not all(link in issuers for link in forwarded):
            return None
        key: Any = issuers[0].public_key
        try:
            key.verify(leaf.x509.signature, leaf.signed, *arguments)
        except InvalidSignature:
            return None
        return leaf, *issuers

    def learn(self, path: Sequence[ParsedCertificate]) -> None:
        """
        Remember the issuers of a leaf.

        Args:
            path: Accepted by cryptography's verifier and `path.check_path`; leaf first, anchor last.
        """
        leaf, *issuers = path
        if not _is_plain(leaf) or any(issuer.extensions.name_constraints is not None for issuer in issuers):
            return
        # A namesake that turns out to be damaged is no reason to refuse anybody, but one to learn nothing.
        with suppress(VerificationError):
            if all(self._store.issuers_of(below) == (above,) for below, above in pairwise(path)):
                arguments = signature_arguments(leaf, issuers[0])
                self._known[leaf.issuer_der, leaf.signature_algorithm] = tuple(issuers), arguments

    def is_forged(self, link: ParsedCertificate, forwarded: Collection[ParsedCertificate]) -> bool:
        """
        Say whether a link names a configured CA as its issuer, and nobody else, and that one has not signed it.

        Costs a check with a key of ours, where the path builder would check every signature from the leaf up to this
        one first, with keys that somebody may have made to keep it busy.

        Args:
            link: An intermediate that came with the request.
            forwarded: All of them.
        """
        if link.fingerprint_sha256 in self._genuine or any(
            link.issuer_canonical == other.subject_canonical for other in forwarded
        ):
            return False
        issuers = self._store.issuers_of(link)
        if not 0 < len(issuers) <= _MAX_SIGNATURE_CHECKS:
            return False
        if not any(is_signed_by(link, issuer) for issuer in issuers):
            return True
        if len(self._genuine) >= _MAX_GENUINE:
            self._genuine.clear()
        self._genuine.add(link.fingerprint_sha256)
        return False


def _is_plain(leaf: ParsedCertificate) -> bool:
    """Whether cryptography's verifier has nothing to say of a leaf that passed `rules.check_leaf`, but its issuer."""
    extensions = leaf.extensions
    return (
        leaf.version == X509_V3
        and extensions.name_constraints is None
        and extensions.alternative_names != ()
        and leaf.name_kinds <= _PLAIN_NAMES
        and _has_usual_times(leaf)
    )


def _has_usual_times(leaf: ParsedCertificate) -> bool:
    validity = leaf.validity
    # SEQUENCE, its length; then twice a tag, a length and so many octets.
    first, second = validity[2], validity[4 + validity[3]]
    return (first == _UTC_TIME or leaf.not_before.year not in _UTC_YEARS) and (
        second == _UTC_TIME or leaf.not_after.year not in _UTC_YEARS
    )
