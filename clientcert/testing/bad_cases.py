"""What a bad client is made of: a recipe, the reason that it must get, and the producers that can send it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from clientcert.core.headers import header_name
from clientcert.core.sources import HeaderSource, Source
from clientcert.errors import Reason
from clientcert.testing.authority import CertificateAuthority
from clientcert.testing.client_request import ClientRequest, as_client
from clientcert.testing.issued import IssuedCertificate

Need: TypeAlias = Literal["crl", "secret", "pinned"]
"""``crl=``, a `SharedSecret` among the proofs, ``profile="pinned"``."""

NAME = "bad-client"


@dataclass(frozen=True, slots=True)
class Bench:
    """
    Where one bad client is made.

    Attributes:
        authority: Whom the app trusts.
        source: What the app reads.
    """

    authority: CertificateAuthority
    source: Source

    @property
    def good(self) -> IssuedCertificate:
        """A certificate without any fault."""
        return self.authority.issue(NAME)

    @property
    def headers(self) -> HeaderSource:
        """The source as one that reads headers; `Case.applies` has seen to it."""
        if not isinstance(self.source, HeaderSource):
            raise TypeError(f"{self.source!r} reads no header")
        return self.source

    def write(self, certificate: IssuedCertificate | None) -> ClientRequest:
        """Write what the producer sends for a certificate, as if it had found it good."""
        return as_client(certificate, via=self.source, at=self.authority.now)

    def value(self, name: str) -> bytes:
        """The value of one header of a good client."""
        return next(value for key, value in self.write(self.good).headers if key.lower() == header_name(name))

    def replaced(self, name: str, value: bytes) -> ClientRequest:
        """Write what the producer sends for a good client, with another value in one header."""
        request, key = self.write(self.good), header_name(name)
        kept = tuple(header for header in request.headers if header[0].lower() != key)
        return replace(request, headers=(*kept, (key, value)))

    def with_leaf(self, der: bytes) -> ClientRequest:
        """Write what the producer sends for a good client, with other octets in the place of the certificate."""
        if isinstance(self.source, HeaderSource):
            return self.replaced(self.source.certificate or "", self.source.encoding.encode((der,)))
        return replace(self.write(self.good), tls_chain=(der,))


def everywhere(source: Source) -> bool:
    """Whether a case is one of every producer: it is."""
    del source
    return True


def sends_certificate(source: Source) -> bool:
    """Whether the app sees the certificate itself."""
    return source.sends_certificate


def sends_chain(source: Source) -> bool:
    """Whether the app sees what the client presented beside its leaf."""
    alone = IssuedCertificate(der=b"leaf")
    with_another = IssuedCertificate(der=b"leaf", intermediates=(b"another",))
    # The producer knows; a header that could hold a chain need not.
    less, more = (as_client(each, via=source) for each in (alone, with_another))
    return (less.headers, less.tls_chain) != (more.headers, more.tls_chain)


def sends_leaf_alone(source: Source) -> bool:
    """Whether the app sees the certificate, and nothing of its chain."""
    return source.sends_certificate and not sends_chain(source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    One bad client.

    Attributes:
        make: Writes its part of the request.
        reason: The reason that it must get.
        wsgi_reason: The same below a WSGI server, if that is another; the status is the same.
        applies: Whether a producer can send it.
        needs: What the app's configuration must have beside ``trust``.
        is_stranger: It is sent past the proxy.
        is_proven: False where the shared secret is left out.
    """

    make: Callable[[Bench], ClientRequest]
    reason: Reason
    wsgi_reason: Reason | None = None
    applies: Callable[[Source], bool] = sends_certificate
    needs: Need | None = None
    is_stranger: bool = False
    is_proven: bool = True
