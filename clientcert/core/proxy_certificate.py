"""The proxy proves itself by a client certificate of its own, on a TLS hop that the app server terminates."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from threading import Lock

from clientcert.core.cache import DecisionCache
from clientcert.core.certificate import parse_certificate
from clientcert.core.facts import RequestFacts
from clientcert.core.forks import renew_after_fork
from clientcert.core.headers import SelectedHeaders
from clientcert.core.limits import Limits
from clientcert.core.verification.authorities import Certificates
from clientcert.core.verification.base import Verifier
from clientcert.core.verification.bundle import TrustSource
from clientcert.core.verification.standard import StandardVerifier
from clientcert.core.verification.store import TrustStore
from clientcert.errors import ClientCertError, ConfigurationError, EvidenceError, Reason, escape_peer_text

# Proxies are few, and each connects with one certificate at a time.
_REMEMBERED = 64
_LIFE = timedelta(minutes=5)


class ProxyCertificate:
    """
    The TLS peer of the hop presented a certificate that only our proxy has.

    Needs a server that shows it (`clientcert.servers`). The CA must issue to proxies only: were it the clients' CA,
    every client could claim to be the proxy. So `ClientCertConfig` refuses an anchor that `trust` has as well.

    Args:
        trust: The CAs of proxies; same forms as ``ClientCertConfig.trust``. Read once, at start.
        names: Who the proxy is: exact common names, DNS names or URIs of its certificate.

    Raises:
        ConfigurationError: No names, or a bundle that cannot be used.
    """

    name = "proxy-certificate"
    header: bytes | None = None
    reads_socket = True

    def __init__(self, *, trust: TrustSource | TrustStore, names: Iterable[str]) -> None:
        self._names = frozenset([names] if isinstance(names, str) else names)
        if not self._names or "" in self._names:
            raise ConfigurationError("ProxyCertificate needs names: which certificate of that CA is the proxy's?")
        self._store = TrustStore.load(trust)
        self._verifier: Verifier = StandardVerifier(self._store)
        self._proven: DecisionCache[bool, datetime] = DecisionCache(_REMEMBERED)
        self._lock = Lock()
        renew_after_fork(self)

    def __repr__(self) -> str:
        return f"ProxyCertificate(names={sorted(self._names)})"

    def renew_locks(self) -> None:
        """See `forks`."""
        self._lock = Lock()

    @property
    def anchors(self) -> Certificates:
        """The trust anchors of proxies."""
        return self._store.anchors

    def check(self, facts: RequestFacts, headers: SelectedHeaders, *, at: datetime) -> None:  # noqa: ARG002
        """See `ProxyProof.check`; a hop without TLS, without data or without a certificate proves nothing."""
        if not facts.tls_chain:
            raise EvidenceError(
                Reason.PROXY_NOT_PROVEN,
                "the sender presented no certificate on the hop"
                if facts.tls_chain is not None
                else "the app server gives no data about the hop's TLS connection",
                hints=("terminate TLS in the app server behind a bridge of clientcert.servers",),
            )
        if self._proven.get(facts.tls_chain, at) is None:
            until = self._verify(facts.tls_chain, at)
            with self._lock:
                self._proven.put(facts.tls_chain, value=True, since=at, until=min(until, at + _LIFE))

    def _verify(self, chain: tuple[bytes, ...], at: datetime) -> datetime:
        limits = Limits()
        try:
            leaf = parse_certificate(chain[0], limits=limits)
            sent = [parse_certificate(der, limits=limits) for der in chain[1 : 1 + limits.intermediates]]
            path = self._verifier.verify(leaf, intermediates=sent, at=at)
        except ClientCertError as error:
            raise EvidenceError(
                Reason.PROXY_NOT_PROVEN, f"the sender's certificate is not a proxy's: {error.detail}", hints=error.hints
            ) from error
        presented = {*leaf.subject.values("CN"), *leaf.dns_names, *leaf.uris}
        if not presented & self._names:
            shown = escape_peer_text(", ".join(sorted(presented)) or "without names")
            raise EvidenceError(
                Reason.PROXY_NOT_PROVEN, f"the sender's certificate is for {shown}, wanted {sorted(self._names)}"
            )
        return path.valid_until
