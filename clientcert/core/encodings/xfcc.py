"""
Envoy's X-Forwarded-Client-Cert: what one hop says of the client it met.

Two facts are taken from it and nothing else: the certificate, and its SHA-256, which must agree. Every other field is
text that the client's certificate can shape.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar

from clientcert.core.encodings.base import CertificateEncoding, Chain, malformed
from clientcert.core.encodings.pem import (
    decode_escaped_pem,
    decode_escaped_pem_chain,
    decode_pem,
    encode_escaped_pem,
    encode_escaped_pem_chain,
    encode_pem,
)
from clientcert.core.encodings.xfcc_text import split_elements
from clientcert.errors import EvidenceError, Reason

_HEX_DIGITS = frozenset("0123456789abcdef")
_SHA256_DIGITS = 64
# Subject and Issuer are not read; but two of them mean that a name in a certificate was taken for a field.
_ONCE = (b"hash", b"cert", b"chain", b"subject", b"issuer")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """
    The fields of one element that mean something here, as received.

    Attributes:
        hash: SHA-256 of the client's certificate, as the hop wrote it.
        certificate: DER, or None where the hop was not told to send it.
        chain: DER of everything the client presented, its own certificate first; empty where not sent.
    """

    hash: str
    certificate: bytes | None
    chain: Chain

    def fingerprint(self) -> str:
        """
        SHA-256 of the client's certificate, 64 lower-case hex digits.

        Raises:
            EvidenceError: EVIDENCE_MISMATCH when the certificate beside it is another one; EVIDENCE_MISSING when
                there is none, or it is not a SHA-256.
        """
        if len(self.hash) != _SHA256_DIGITS or not _HEX_DIGITS.issuperset(self.hash):
            raise EvidenceError(Reason.EVIDENCE_MISSING, "the element has no Hash of 64 lower-case hex digits")
        if self.certificate is not None and sha256(self.certificate).hexdigest() != self.hash:
            raise EvidenceError(Reason.EVIDENCE_MISMATCH, "Hash is not the SHA-256 of Cert")
        return self.hash

    def presented(self) -> Chain:
        """
        The certificate, then the rest of what the client presented.

        Raises:
            EvidenceError: As `fingerprint`; EVIDENCE_MISSING without a certificate; EVIDENCE_MISMATCH when the chain
                does not begin with it.
        """
        if self.certificate is None:
            raise EvidenceError(Reason.EVIDENCE_MISSING, "the element has no Cert", hints=(_WAY_OUT,))
        self.fingerprint()
        if self.chain and self.chain[0] != self.certificate:
            raise EvidenceError(Reason.EVIDENCE_MISMATCH, "Chain does not begin with Cert")
        return (self.certificate, *self.chain[1:])


_WAY_OUT = (
    "set_current_client_cert_details needs cert: true (Istio, Contour and Envoy Gateway name it in their own way); or "
    "Envoy(fields_only=True, fingerprints=[...]) for an identity that is a fingerprint and nothing else"
)


@dataclass(frozen=True, slots=True)
class ReadHop:
    """
    Finds the element that counts.

    Args:
        is_json: The hops write ``format: JSON``; never both.
        trusted_hops: How many proxies of ours append an element each; the one of the outermost of them, that many
            from the right, speaks of the client. None: there must be exactly one.
    """

    is_json: bool
    trusted_hops: int | None

    def __call__(self, value: bytes) -> Hop:
        """
        Read one element.

        Raises:
            EncodingError: ENCODING_MALFORMED, and as the PEM decoders.
            EvidenceError: DUPLICATE_HEADER for more elements than may be; EVIDENCE_MISSING for fewer than hops.
        """
        return self._read_json(value) if self.is_json else self._read_text(value)

    def _read_text(self, value: bytes) -> Hop:
        elements = split_elements(value)
        element = self._select(elements)
        before = elements[: -self.trusted_hops] if self.trusted_hops else ()
        if any(other.ends_unescaped for other in before):
            raise EvidenceError(
                Reason.DUPLICATE_HEADER,
                "an element before those of the trusted hops ends in By, URI or DNS, where a comma of a certificate "
                "cannot be told from the end of the element",
                hints=("let the outermost hop SANITIZE_SET, or use format: JSON on all of them",),
            )
        if any(len(element.values(key)) > 1 for key in _ONCE):
            raise malformed("XFCC text with each key but By, URI and DNS once", value)
        return Hop(
            hash=b"".join(element.values(b"hash")).decode("latin-1"),
            certificate=next(map(decode_escaped_pem, element.values(b"cert")), None),
            chain=next(map(decode_escaped_pem_chain, element.values(b"chain")), ()),
        )

    def _read_json(self, value: bytes) -> Hop:
        try:
            elements = _JSON.decode(value.decode("latin-1"))
        except (ValueError, RecursionError):
            raise malformed("XFCC JSON without duplicate keys", value) from None
        if not isinstance(elements, list) or not all(isinstance(element, dict) for element in elements):
            raise malformed("XFCC JSON, a list of objects", value)
        element = self._select(elements)
        found, certificate, chain = element.get("hash", ""), element.get("cert"), element.get("chain", [])
        if not isinstance(found, str) or not isinstance(certificate, str | None) or not _is_list_of_text(chain):
            raise malformed("XFCC JSON with hash and cert as text and chain as a list of texts", value)
        return Hop(
            hash=found,
            certificate=None if certificate is None else decode_pem(_ascii(certificate)),
            chain=tuple(decode_pem(_ascii(pem)) for pem in chain),
        )

    def _select(self, elements: Sequence[T]) -> T:
        count, hops = len(elements), self.trusted_hops
        if hops is None and count > 1:
            raise EvidenceError(
                Reason.DUPLICATE_HEADER,
                f"{count} elements, wanted exactly one: several proxies appended theirs, the client wrote one, or a "
                "name in its certificate holds a comma",
                hints=("trusted_hops=n takes the element that the outermost of n proxies of yours wrote",),
            )
        if count < (hops or 1):
            raise EvidenceError(Reason.EVIDENCE_MISSING, f"{count} elements, wanted one from each of {hops or 1} hops")
        return elements[-(hops or 1)]


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("duplicate key")
    return fields


def _no_number(text: str) -> object:
    raise ValueError(f"a number of {len(text)} characters")


_JSON = json.JSONDecoder(
    object_pairs_hook=_fields, parse_int=_no_number, parse_float=_no_number, parse_constant=_no_number
)


def _is_list_of_text(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _ascii(text: str) -> bytes:
    # PEM is ASCII; anything else becomes a byte that no PEM block has.
    return text.encode("ascii", "replace")


@dataclass(frozen=True, slots=True)
class _Certificates:
    read: Callable[[bytes], Hop]

    def __call__(self, value: bytes) -> Chain:
        return self.read(value).presented()


@dataclass(frozen=True, slots=True)
class _Fingerprint:
    read: Callable[[bytes], Hop]

    def __call__(self, value: bytes) -> str:
        return self.read(value).fingerprint()


def encode_xfcc(chain: Chain) -> bytes:
    """The element that Envoy writes for ``{cert: true, chain: true}``."""
    leaf = encode_escaped_pem(chain[0])
    return b'Hash=%s;Cert="%s";Chain="%s"' % (_hash(chain[0]), leaf, encode_escaped_pem_chain(chain))


def encode_xfcc_json(chain: Chain) -> bytes:
    """As `encode_xfcc` with ``format: JSON``."""
    blocks = [encode_pem(der).decode("ascii") for der in chain]
    fields = {"hash": _hash(chain[0]).decode("ascii"), "cert": blocks[0], "chain": blocks}
    return json.dumps([fields], separators=(",", ":")).encode("ascii")


def _hash(der: bytes) -> bytes:
    return sha256(der).hexdigest().encode("ascii")


def xfcc_encoding(*, is_json: bool = False, trusted_hops: int | None = None) -> CertificateEncoding:
    """Declare the form that Envoy writes; the arguments are those of `ReadHop`."""
    return CertificateEncoding(
        name="xfcc-json" if is_json else "xfcc",
        decode=_Certificates(ReadHop(is_json, trusted_hops)),
        encode=encode_xfcc_json if is_json else encode_xfcc,
        carries_chain=True,
    )


def xfcc_fingerprint(*, is_json: bool = False, trusted_hops: int | None = None) -> Callable[[bytes], str]:
    """Declare how ``Hash`` is read where no ``Cert`` is sent; the arguments are those of `ReadHop`."""
    return _Fingerprint(ReadHop(is_json, trusted_hops))


XFCC = xfcc_encoding()
XFCC_JSON = xfcc_encoding(is_json=True)
