"""
Stage 2 of `standard`: a leaf that a trust anchor signed itself.

cryptography's verifier takes neither X.509 v1 leaves, which the usual ``openssl x509 -req`` recipe makes, nor CAs with
Ed25519 or brainpool keys, nor names that differ in encoding only. For the shortest path, and for no other, these rules
suffice: there is no path to build.
"""

from collections.abc import Sequence

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.verification.path import key_id_matches
from clientcert.core.verification.signatures import is_signed_by

# Same name and same key identifier: an operator's mistake, and each costs one signature check.
_MAX_CANDIDATES = 16


def direct_issuers(leaf: ParsedCertificate, anchors: Sequence[ParsedCertificate]) -> list[ParsedCertificate]:
    """
    Return the anchors whose key signed a leaf, of those that have its issuer's name and key identifier.

    Args:
        leaf: The client's certificate.
        anchors: Trust anchors with the name of its issuer.

    Not checked here: everything else; see `path.check_path`. Must not be used for a second hop: nothing here looks
    at path lengths or at budgets.
    """
    candidates = [anchor for anchor in anchors if key_id_matches(leaf, anchor)]
    return [anchor for anchor in candidates[:_MAX_CANDIDATES] if is_signed_by(leaf, anchor)]
