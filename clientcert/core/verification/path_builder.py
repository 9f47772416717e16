"""cryptography's path builder, held to one profile's view of extensions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder

from clientcert.core import extensions as ext
from clientcert.core.certificate import ParsedCertificate, hostile_der
from clientcert.core.tbs import X509_V3
from clientcert.core.verification.path import MAX_DEPTH
from clientcert.core.verification.store import TrustStore
from clientcert.errors import ClientCertError, ConfigurationError, escape_peer_text

# nginx follows 1 intermediate by default, OpenSSL 100; cryptography 8.
DEFAULT_MAX_DEPTH = 4


def _extension_type(oid: str) -> type[x509.ExtensionType]:
    """Make a class for an extension that cryptography has none for; its verifier asks for the OID only."""
    return type("UnparsedExtension", (x509.ExtensionType,), {"oid": x509.ObjectIdentifier(oid)})


_ALLOWED_CRITICAL: tuple[type[x509.ExtensionType], ...] = (
    x509.CertificatePolicies,
    x509.CRLDistributionPoints,
    x509.PolicyConstraints,
    x509.InhibitAnyPolicy,
    x509.OCSPNoCheck,
    _extension_type(ext.POLICY_MAPPINGS),
    _extension_type(ext.NETSCAPE_CERT_TYPE),
)


def _permissive() -> ExtensionPolicy:
    """Leave extensions to `path.check_path`, those included that cryptography's verifier refuses when critical."""
    policy = ExtensionPolicy.permit_all()  # noqa: TID251 - the one place; check_path is behind it
    for extension_type in _ALLOWED_CRITICAL:
        policy = policy.may_be_present(extension_type, Criticality.AGNOSTIC, None)
    return policy


_LEAF_POLICY = _permissive()
_CA_POLICY = _permissive().require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)


def check_max_depth(max_depth: int) -> None:
    """Raise ConfigurationError for a path depth out of 0..16."""
    if not 0 <= max_depth <= MAX_DEPTH:
        raise ConfigurationError(f"max_depth is {max_depth}, wanted 0 to {MAX_DEPTH}")


@dataclass(frozen=True, slots=True)
class PathBuilder:
    """
    Builds paths to the anchors of a store that cryptography can use.

    Attributes:
        store: What is trusted.
        max_depth: CA certificates between the leaf and the anchor, 0 to 16.
        strict: Keep cryptography's own view of extensions (the Web PKI's) instead of leaving them to `path`.

    Raises:
        ConfigurationError: `max_depth` is out of its range.
    """

    store: TrustStore
    max_depth: int = field(kw_only=True)
    strict: bool = field(default=False, kw_only=True)
    _policy: PolicyBuilder | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_max_depth(self.max_depth)
        policy = None
        if self.store.x509_store is not None:
            # A verifier freezes its time when it is built; the policy builder has none yet and is shared.
            policy = PolicyBuilder().store(self.store.x509_store).max_chain_depth(self.max_depth)
            if not self.strict:
                policy = policy.extension_policies(ca_policy=_CA_POLICY, ee_policy=_LEAF_POLICY)
        object.__setattr__(self, "_policy", policy)

    def build(
        self, leaf: ParsedCertificate, links: Sequence[ParsedCertificate], at: datetime
    ) -> tuple[ParsedCertificate, ...] | str:
        """
        Find a path through these links.

        Args:
            leaf: The client's certificate.
            links: Intermediates that the path may go through; every one of them costs signature checks.
            at: The moment to decide for; UTC.

        Returns:
            The path, leaf first, its signatures verified; or why there is none, in cryptography's words.

        Not checked here: what `path.check_path` checks.
        """
        if self._policy is None or leaf.version != X509_V3:
            return "not an X.509 v3 path"
        by_x509 = {link.x509: link for link in links}
        try:
            with hostile_der():
                chain = self._policy.time(at).build_client_verifier().verify(leaf.x509, list(by_x509)).chain
        except ClientCertError as exc:
            return escape_peer_text(str(exc.__cause__).removeprefix("validation failed: "))
        return leaf, *(by_x509.get(link) or self.store.by_x509[link] for link in chain[1:])
