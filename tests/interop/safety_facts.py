"""What the app of the safety tests and those who ask it agree on."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from clientcert.core.identity import ClientIdentity
from clientcert.core.verification.crl_checker import CrlChecker
from clientcert.core.verification.generation import TrustGeneration

OBSERVED = "x-observed"
FOLDER = "SAFETY_FOLDER"
MARK = "Step "
STATUS = "/status"
"""A health page beside the middleware: it looks for new trust as well, and no client is decided about."""

Who = tuple[str, str, str]
"""Serial number in hex, SHA-256 of the issuer's key, SHA-256 of the certificate: what no two clients share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """
    What surrounds one request.

    Attributes:
        process: Which process answered.
        connection: Port of the proxy's end of the connection; None where the server does not tell (granian's WSGI).
        before: The step that was certainly in force when the request came in, by ``on_reload``.
        after: The newest step that can have been in force when it was answered.
        is_recalled: Whether the middleware answered from memory, without `Authenticator.authenticate`.
    """

    process: int
    connection: int | None
    before: int
    after: int
    is_recalled: bool

    def __str__(self) -> str:
        return json.dumps(asdict(self))


def who_is(identity: ClientIdentity) -> Who:
    """What an app says of the client that it was told."""
    return identity.serial_hex or "", identity.issuer_key_id or "", identity.fingerprint_sha256 or ""


def trust_files(folder: Path) -> dict[str, list[Path]]:
    """The settings that follow the files of a `Material`."""
    volume = folder / "volume"
    return {"trust": [volume / "ca.crt", folder / "beside.pem"], "crl": [volume / "ca.crl", folder / "beside.crl"]}


def step_of(generation: TrustGeneration) -> int:
    """The step that a generation was loaded after: every step leaves its number in what it writes."""
    checker = generation.revocation
    assert isinstance(checker, CrlChecker)
    names = (name.common_name for name in generation.known_issuers or ())
    marks = [int(name.removeprefix(MARK)) for name in names if name.startswith(MARK)]
    return max(*marks, *(listed.number or 0 for listed in checker.lists))
