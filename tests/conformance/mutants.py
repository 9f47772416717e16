"""
Mutated chains: one small change in the DER of one certificate, signed again by its issuer.

A change to signed bytes alone would only ever test the signature. Here the authority goes along with the attacker, so
that what decides is how names, extensions and keys are read.
"""

import random
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID

from clientcert.core.der import encode_tlv, read_elements, read_tlv
from clientcert.testing import CertificateAuthority
from clientcert.testing.malformed import extension

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
_OCTET_STRING, _CONSTRUCTED = 0x04, 0x20
_VALUES = (b"", b"\x00", b"\x01", b"\x7f", b"\x80", b"\xff", b"\x00\xff", b"\x00" * 9, b"\xff" * 21, b"a.example", b"*")
_TAGS = (0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A, 0x0C, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1A, 0x1C, 0x1E, 0x30, 0x31)
_CONTEXT_TAGS = tuple(range(0x80, 0x89)) + tuple(range(0xA0, 0xA9))


@dataclass(slots=True)
class Node:
    """An element of DER that can be edited; `children` where its content is DER itself."""

    tag: int
    content: bytes = b""
    children: "list[Node] | None" = None

    def encode(self) -> bytes:
        """The element with right lengths."""
        return encode_tlv(
            self.tag, self.content if self.children is None else b"".join(c.encode() for c in self.children)
        )

    def walk(self) -> "Iterator[tuple[Node, int]]":
        """Every child in the tree, as its parent and its place there."""
        for place, child in enumerate(self.children or ()):
            yield self, place
            yield from child.walk()


def parse(der: bytes) -> Node:
    """Read one element and, where that is possible, what is inside its OCTET STRINGs."""
    tlv = read_tlv(der, 0)
    content = der[tlv.start : tlv.end]
    node = Node(tlv.tag, content)
    if tlv.tag & _CONSTRUCTED or tlv.tag == _OCTET_STRING:
        try:
            node.children = [
                parse(content[start : inner.end]) for start, inner in read_elements(content, 0, len(content))
            ]
        except ValueError:
            node.children = None
    return node


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What is verified: DER of the anchor, of the intermediates, and of the leaf."""

    anchor: bytes
    intermediates: tuple[bytes, ...]
    leaf: bytes


@dataclass(slots=True)
class Mutator:
    """
    An endless source of chains.

    Attributes:
        seed: The same seed gives the same edits; the signatures are random, and so are the certificates' bytes.
    """

    seed: int
    _random: random.Random = field(init=False)
    _templates: list[list[tuple[bytes, ec.EllipticCurvePrivateKey]]] = field(init=False)
    _donors: list[Node] = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - reproducible, not secret
        authorities = _authorities()
        self._templates = [[(self._tbs(issued), key) for issued, key in chain] for chain in _chains(authorities)]
        self._donors = [
            Node(node.tag, node.content, node.children).children[place]  # type: ignore[index]
            for issued in _donor_certificates(authorities[0])
            for node, place in parse(issued).walk()
        ]

    @staticmethod
    def _tbs(der: bytes) -> bytes:
        outer = read_tlv(der, 0)
        inner = read_tlv(der, outer.start)
        return der[outer.start : inner.end]

    def originals(self) -> list[list[bytes]]:
        """The chains that the mutants come from, anchor first."""
        return [[sign(tbs, key) for tbs, key in template] for template in self._templates]

    def chain(self) -> Chain:
        """One chain with one to three edits in one of its certificates."""
        template = self._random.choice(self._templates)
        victim = self._random.randrange(len(template))
        signed = []
        for place, (tbs, issuer_key) in enumerate(template):
            edited = self._edit(tbs) if place == victim else tbs
            signed.append(sign(edited, issuer_key))
        return Chain(anchor=signed[0], intermediates=tuple(signed[1:-1]), leaf=signed[-1])

    def _edit(self, tbs: bytes) -> bytes:
        root = parse(tbs)
        for _ in range(self._random.choice((1, 1, 1, 2, 3))):
            slots = list(root.walk())
            # Most of what decides is in the extensions, at the end.
            start = int(len(slots) * self._random.choice((0, 0.5, 0.6, 0.6)))
            parent, place = self._random.choice(slots[start:])
            self._edit_node(parent, place)
        encoded = root.encode()
        if self._random.random() < 0.05:
            position = self._random.randrange(len(encoded))
            encoded = encoded[:position] + self._random.randbytes(1) + encoded[position + 1 :]
        return encoded

    def _edit_node(self, parent: Node, place: int) -> None:
        siblings = parent.children
        if not siblings:
            return
        node = siblings[place]
        match self._random.randrange(9):
            case 0:
                del siblings[place]
            case 1:
                siblings.insert(place, deepcopy(node))
            case 2:
                siblings[place] = deepcopy(self._random.choice(siblings))
            case 3:
                siblings[place] = deepcopy(self._random.choice(self._donors))
            case 4:
                siblings.insert(place, deepcopy(self._random.choice(self._donors)))
            case 5:
                siblings[place] = Node(self._random.choice((*_TAGS, *_CONTEXT_TAGS)), node.content, node.children)
            case 6:
                siblings[place] = Node(node.tag, self._random.choice(_VALUES))
            case 7:
                self._random.shuffle(siblings)
            case _:
                siblings[place] = Node(node.tag, self._flip(node.content))

    def _flip(self, content: bytes) -> bytes:
        if not content:
            return b"\x00"
        position = self._random.randrange(len(content))
        flipped = content[position] ^ 1 << self._random.randrange(8)
        return content[:position] + bytes([flipped]) + content[position + 1 :]


def sign(tbs: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    """Make a certificate of a to-be-signed part that names ecdsa-with-SHA256."""
    algorithm = encode_tlv(0x30, bytes.fromhex("06082a8648ce3d040302"))
    signature = key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    return encode_tlv(0x30, tbs + algorithm + encode_tlv(0x03, b"\x00" + signature))


def _authorities() -> tuple[CertificateAuthority, ...]:
    root = CertificateAuthority("Mutant Root CA", seed="mutants", now=NOW)
    bare = CertificateAuthority("Bare CA", seed="bare", now=NOW, key_usage=None, subject_key_identifier=None)
    narrow = CertificateAuthority(
        "Narrow CA",
        seed="narrow",
        now=NOW,
        permitted_names=["DNS:a.example", "email:a.example", "IP:10.0.0.0/8"],
        excluded_names=["DNS:b.a.example", "email:x@a.example"],
        extended_key_usage=["clientAuth", "serverAuth"],
    )
    return root, bare, narrow


def _chains(authorities: tuple[CertificateAuthority, ...]) -> list[list[tuple[bytes, ec.EllipticCurvePrivateKey]]]:
    root, bare, narrow = authorities
    names = ["DNS:www.a.example", "email:u@a.example", "IP:10.1.2.3"]
    middle = root.intermediate("Middle CA", basic_constraints=x509.BasicConstraints(ca=True, path_length=0))
    limited = root.intermediate("Limited CA", permitted_names=["DNS:a.example", "email:a.example"])
    lower = limited.intermediate("Lower CA", extended_key_usage=["clientAuth"])
    leaves = [
        (root, root.issue("leaf", san=names)),
        (root, root.issue("v1", version=1)),
        (bare, bare.issue("plain", basic_constraints=None, key_usage=None, extended_key_usage=None)),
        (narrow, narrow.issue("narrow", san=names, subject=[("O", "Example"), ("CN", "www.a.example")])),
        (middle, middle.issue("below", san=names)),
        (lower, lower.issue("low", san=names, certificate_policies=["1.2.3.4"])),
    ]
    return [[*_above(authority), (leaf.der, _key(authority))] for authority, leaf in leaves]


def _above(authority: CertificateAuthority) -> list[tuple[bytes, ec.EllipticCurvePrivateKey]]:
    if authority.issuer is None:
        return [(authority.der, _key(authority))]
    return [*_above(authority.issuer), (authority.der, _key(authority.issuer))]


def _key(authority: CertificateAuthority) -> ec.EllipticCurvePrivateKey:
    key = authority.issued.key
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("mutants are signed with ECDSA")
    return key


def _donor_certificates(root: CertificateAuthority) -> list[bytes]:
    """Certificates whose parts are transplanted: every extension that anybody evaluates, and odd ones."""
    other = [
        extension(x509.ObjectIdentifier("2.16.840.1.113730.1.1"), bytes.fromhex("03020640"), critical=True),
        extension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.14"), bytes.fromhex("300c300a06082b06010505071501")),
        extension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.24"), bytes.fromhex("3003020105"), critical=True),
        extension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.8"), bytes.fromhex("300aa0083006020103020105")),
        extension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00", critical=True),
        extension(ExtensionOID.POLICY_CONSTRAINTS, bytes.fromhex("3003800100"), critical=True),
        extension(ExtensionOID.INHIBIT_ANY_POLICY, bytes.fromhex("020100"), critical=True),
        extension(ExtensionOID.ISSUER_ALTERNATIVE_NAME, bytes.fromhex("30048202612e")),
    ]
    every = ["DNS:www.b.example", "DNS:*.a.example", "email:x@b.example", "URI:spiffe://td/x", "IP:::1", "RID:1.2.3"]
    subject = [("C", "GB"), ("emailAddress", "e@b.example"), ("CN", "www.b.example"), ("CN", "second")]
    return [
        root.issue("donor", san=[*every, "UPN:a@corp.example"], extra_extensions=other, subject=subject).der,
        root.issue("any", extended_key_usage=["anyExtendedKeyUsage"], key_usage=["keyCertSign"]).der,
        root.issue("server", extended_key_usage=["serverAuth"], crl_distribution_points=["http://c.example/"]).der,
        root.issue("old", not_after=timedelta(days=-1), critical={"authority_key_identifier": True}).der,
        root.intermediate("Donor CA", permitted_names=["DNS:b.example", "URI:td"], excluded_names=["IP:0.0.0.0/0"]).der,
        root.intermediate("Deep CA", basic_constraints=x509.BasicConstraints(ca=True, path_length=3)).der,
        root.issue("ed", key="ed25519", serial_number=0).der,
    ]
