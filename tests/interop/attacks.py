"""Who asks, what they forge, and what must come of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from clientcert.core.headers import fold_name
from clientcert.core.sources import GUARDED_HEADERS
from tests.interop.clients import CAPTURED, Client
from tests.interop.http2 import Fields
from tests.interop.snippets import KINDS, SEATS, SECRET_HEADER, Kind, Seat

NAMES = ("none", "ec", "web", "unknown", "selfsigned", "expired", "wrongeku", "revoked", "tricky")
GOOD = ("ec", "web", "tricky")
PROTOCOLS = ("h1", "h2")

# A certificate is public: the attacker holds this one's bytes, not its key.
STOLEN = x509.load_pem_x509_certificate((CAPTURED / "dupcn.pem").read_bytes()).public_bytes(Encoding.DER)
GUESS = b"guess" * 8


def _underscore(name: bytes) -> bytes:
    return name.replace(b"-", b"_")


ATTACKS: dict[str, Callable[[Fields], Fields]] = {
    "nothing": lambda _: [],
    "exact": lambda evidence: evidence,
    "twice": lambda evidence: evidence * 2,
    "underscore": lambda evidence: [(_underscore(name), value) for name, value in evidence],
    "upper-twice": lambda evidence: [
        (change(name), value) for change in (bytes.upper, bytes.title) for name, value in evidence
    ],
    "connection": lambda evidence: [(b"connection", b", ".join(name for name, _ in evidence))],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One request of the matrix."""

    kind: Kind
    seat: Seat
    name: str
    attack: str
    protocol: str

    def __str__(self) -> str:
        return f"{self.kind.name}-{self.seat.name}-{self.name}-{self.attack}-{self.protocol}"

    @property
    def path(self) -> str:
        """Where the app of this terminator and seat is."""
        return f"/{self.kind.name}/{self.seat.name}"

    @property
    def fields(self) -> Fields:
        """What the client writes."""
        return ATTACKS[self.attack]([*self.kind.evidence(STOLEN), (SECRET_HEADER, GUESS)])

    @property
    def reaches_app(self) -> bool:
        """Whether the terminator lets the request through."""
        if (self.attack, self.protocol) in self.kind.refuses:
            return False
        if self.name == "none":
            return self.seat.verify == "optional"
        return self.name in GOOD or (self.name == "revoked" and not self.kind.reads_lists)


def cells() -> Iterator[Cell]:
    """Terminator, how it asks for certificates, client, attack, protocol; the second framework where it is reached."""
    seats = (SEATS["required"], SEATS["optional"], SEATS["wsgi"])
    for kind, seat, name, attack, protocol in product(KINDS.values(), seats, NAMES, ATTACKS, PROTOCOLS):
        cell = Cell(kind=kind, seat=seat, name=name, attack=attack, protocol=protocol)
        if seat.framework == "asgi" or cell.reaches_app:
            yield cell


def assert_identity(identity: Any, client: Client, *, proxy: list[str]) -> None:
    """Everything that the app knows of the client is true, and was told by a proven proxy."""
    assert client.presents is not None
    certificate = x509.load_pem_x509_certificate(client.presents.read_bytes())
    assert identity == {
        "subject": client.subject,
        "serial_number": certificate.serial_number,
        "fingerprint_sha256": certificate.fingerprint(hashes.SHA256()).hex(),
        "proxy": proxy,
    }


def assert_nothing_forged(answer: Any, cell: Cell) -> None:
    """The app sees no name of ours and no forged value."""
    guarded = {fold_name(name) for name in GUARDED_HEADERS}
    assert [name for name, _ in answer["seen"] if fold_name(name.encode()) in guarded] == []
    assert [name for name, value in answer["seen"] if value in _forged(cell)] == []


def assert_from_terminator(answer: Any, cell: Cell) -> None:
    """The app's server already got each name at most once, with the terminator's value."""
    ours = [(name.encode(), value) for name, value in answer["received"] if name.encode() in cell.kind.headers]
    assert len(dict(ours)) == len(ours)
    assert [name for name, value in ours if value in _forged(cell)] == []


def _forged(cell: Cell) -> set[str]:
    # A verdict is the same whoever writes it.
    return {value.decode() for value in (*dict(cell.fields).values(), GUESS) if len(value) > len("SUCCESS")}
