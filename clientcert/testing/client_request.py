"""One request of a client as the app receives it: the headers that its producer wrote, or its TLS chain."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Self, TypedDict, Unpack

from clientcert.core.facts import Header, RequestFacts
from clientcert.testing.default import default_authority
from clientcert.testing.issued import IssuedCertificate
from clientcert.testing.knobs import Knobs

if TYPE_CHECKING:
    # Producers return what is defined here.
    from clientcert.testing.producers import Failure, Proof, Verdict, Via

# Neither 0 nor None: 0 is what a rewritten address has.
_PORT = 40_000


class Facts(TypedDict, total=False):
    """
    What a test may choose of `RequestFacts`, where each field is described; the client decides about the others.

    Attributes:
        peer: Default 127.0.0.1.
        peer_port: Default 40000.
    """

    peer: str | None
    peer_port: int | None
    peer_is_socket: bool
    tls_chain: tuple[bytes, ...] | None
    tls_error: str | None
    tls_asked: bool
    tls_note: str | None
    folded: bool
    drops_aliases: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRequest:
    """
    What tells an app who its client is, and nothing else of the request.

    Attributes:
        headers: ``(name, value)`` in the producer's order and spelling; empty where it sends none.
        via: Name of the producer.
        certificate: What the client presented; None where it presented none.
        tls_chain: DER, leaf first, where the app itself sees the TLS connection (or API Gateway's event): empty for a
            client without a certificate. None where only headers tell.
    """

    headers: tuple[Header, ...]
    via: str
    certificate: IssuedCertificate | None
    tls_chain: tuple[bytes, ...] | None = None

    def header_dict(self) -> dict[str, str]:
        """
        Return the headers as text, for test clients that take a mapping.

        Octets become the characters of the same number (latin-1), as WSGI has it (PEP 3333).

        Raises:
            ValueError: A name comes twice, in whatever case: a mapping would hide one of them.
        """
        counted = Counter(name.lower() for name, _ in self.headers)
        if twice := [name.decode("latin-1") for name, count in counted.items() if count > 1]:
            raise ValueError(f"a mapping cannot hold {', '.join(twice)} twice: take .headers")
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self.headers}

    def environ(self) -> dict[str, str]:
        """
        Return the headers as keys of a WSGI environ: ``HTTP_SSL_CLIENT_CERT`` and so on.

        As the least careful server does it: names that differ in ``-`` and ``_`` alone are one key, and the values of
        a name that comes twice are joined with a comma.
        """
        made: dict[str, str] = {}
        for name, value in self.headers:
            key = "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
            text = value.decode("latin-1")
            made[key] = f"{made[key]},{text}" if key in made else text
        return made

    def facts(self, **facts: Unpack[Facts]) -> RequestFacts:
        """
        Return what an adapter gives to the core for this request.

        Args:
            **facts: What is to differ from a request of a proxy on this machine, over TCP. With ``folded=True`` the
                headers are those that are left in `environ`.
        """
        headers = self.headers
        if facts.get("folded"):
            unfolded = ((key.removeprefix("HTTP_").replace("_", "-"), value) for key, value in self.environ().items())
            headers = tuple((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in unfolded)
        defaults = Facts(peer="127.0.0.1", peer_port=_PORT, tls_chain=self.tls_chain)
        return RequestFacts(headers=headers, **(defaults | facts))

    def with_header(self, name: str | bytes, value: str | bytes) -> Self:
        """Return this request with one more header behind the others, whether or not the name is there already."""
        return replace(self, headers=(*self.headers, (_octets(name), _octets(value))))

    def without(self, *names: str | bytes) -> Self:
        """
        Return this request without the headers of these names, in whatever case.

        Raises:
            KeyError: There is no header of one of the names: what is to be taken away was never sent.
        """
        unwanted = {_octets(name).lower() for name in names}
        if missing := unwanted - {name.lower() for name, _ in self.headers}:
            raise KeyError(", ".join(sorted(name.decode("latin-1") for name in missing)))
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0].lower() not in unwanted))


def as_client(  # noqa: PLR0913 - each is a fact about the connection
    client: str | IssuedCertificate | None,
    *,
    via: "Via",
    verdict: "Verdict" = "verified",
    failure: "Failure | None" = None,
    chain: Sequence[bytes] | None = None,
    proof: "Proof | None" = None,
    at: datetime | None = None,
    **knobs: Unpack[Knobs],
) -> ClientRequest:
    """
    Write what a producer sends for a client: ``as_client("svc-a", via="envoy")``.

    Args:
        client: A name, for which `default_authority` issues a certificate; a certificate; None for a client without.
        via: The producer: a preset's name or alias, the source of the app's configuration, or one of
            `clientcert.testing.producers` with options.
        verdict: What the producer says of the certificate; ``none`` is a client that presented nothing.
        failure: The reason of a failed verdict, which is then implied. Default ``unknown-issuer``.
        chain: DER of what the client presented behind the leaf. Default the certificate's intermediates; a producer
            that forwards the leaf alone writes none of it.
        proof: The secret of a `SharedSecret`, which the producer adds; header name and secret where the name is not
            the usual one.
        at: The producer's time, aware. Default the system's.
        **knobs: See `CertificateAuthority.issue`; only for a name.

    Returns:
        The request's headers in the producer's order and spelling, octet for octet, and nothing that is not about the
        client: no ``Host``, no ``X-Forwarded-For``.

    Raises:
        ValueError: An unknown producer; a failed verdict where the producer has none to give.
        TypeError: Knobs for a certificate that is issued already.

    Not checked here: that verdict and certificate belong together. Of a certificate that nobody can read, whatever
    would have to be read in it is left out.
    """
    from clientcert.testing.producers.request import write_request

    if isinstance(client, str):
        client = default_authority().issue(client, **knobs)
    elif knobs:
        raise TypeError(f"{', '.join(knobs)}: the certificate is issued already")
    return write_request(client, via=via, verdict=verdict, failure=failure, chain=chain, proof=proof, at=at)


def _octets(text: str | bytes) -> bytes:
    return text.encode("latin-1") if isinstance(text, str) else text
