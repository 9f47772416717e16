"""Clients for trying a policy out: identities that nobody has proven."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from clientcert.core.certificate import MAX_SERIAL_NUMBER, ParsedCertificate
from clientcert.core.identity import ClientIdentity, Evidence, EvidenceLevel, identity_from_path
from clientcert.core.names import DistinguishedName
from clientcert.core.policy.clients import LEVEL_NAMES
from clientcert.core.policy.dn_text import parse_rfc4514
from clientcert.core.policy.values import sha256_digests
from clientcert.core.spiffe import SpiffeId
from clientcert.core.verification.base import VerifiedPath
from clientcert.core.verification.bundle import read_bundle
from clientcert.errors import ConfigurationError
from clientcert.runtime.policy_file import read_file
from clientcert.runtime.policy_rules import check_choice, check_keys, check_list, with_fault
from clientcert.runtime.policy_text import DocumentError, Keys

_LEVELS: Final = {name: level for level, name in LEVEL_NAMES.items()}
_NAMES: Final = {
    "dns": "dns_names",
    "email": "email_addresses",
    "uri": "uris",
    "upn": "user_principal_names",
}
_DIGESTS: Final = {"fingerprint": "fingerprint_sha256", "spki": "spki_sha256", "issued_by": "issuer_key_id"}
_ATTRIBUTES: Final = ("subject", "issuer", *_NAMES, "serial", *_DIGESTS, "evidence")


def assumed_identity(
    certificates: Sequence[ParsedCertificate], *, level: EvidenceLevel = EvidenceLevel.VERIFIED
) -> ClientIdentity:
    """
    The identity that a client would have if its certificate were accepted.

    Args:
        certificates: The leaf, and after it the path to its anchor as far as it matters: rules about the issuer cannot
            tell without.
        level: What is taken for proven.

    Not checked here: anything at all.
    """
    path = VerifiedPath(certificates=tuple(certificates), profile="assumed", anchored=len(certificates) > 1)
    return identity_from_path(path, _evidence(level))


def read_client(table: Any, keys: Keys, *, folder: Path) -> ClientIdentity:
    """
    Read a client of a file with cases: a certificate, or attributes under the names of the rules.

    Raises:
        DocumentError: Anything that makes no client.
    """
    if isinstance(table, dict) and "certificate" in table:
        check_keys(table, keys, what="client with a certificate", legal=("certificate", "evidence"))
        return assumed_identity(_read_certificates(table, keys, folder), level=_level(table, keys))
    check_keys(table, keys, what="client", legal=("certificate", *_ATTRIBUTES), needed=("subject",))
    fields: dict[str, Any] = {field: _texts(table, name, keys) for name, field in _NAMES.items()}
    for name, field in _DIGESTS.items():
        if name in table:
            (fields[field],) = with_fault(_digest, name, table[name], keys=(*keys, name))
    if "issued_by" in table:
        # The place of the leaf: there is no other CA above it.
        fields["chain"] = (b"",)
    return ClientIdentity(
        subject=_name(table["subject"], (*keys, "subject")),
        issuer=_name(table.get("issuer", ""), (*keys, "issuer")),
        serial_number=_serial(table, keys),
        spiffe_id=_spiffe_id(fields["uris"]),
        evidence=_evidence(_level(table, keys)),
        **fields,
    )


def _evidence(level: EvidenceLevel) -> Evidence:
    return Evidence(level=level, source="assumed", profile="assumed", verified_at=datetime.now(UTC))


def _level(table: dict[str, Any], keys: Keys) -> EvidenceLevel:
    name = table.get("evidence", LEVEL_NAMES[EvidenceLevel.VERIFIED])
    return _LEVELS[check_choice(name, (*keys, "evidence"), what="evidence", legal=_LEVELS)]


def _read_certificates(table: dict[str, Any], keys: Keys, folder: Path) -> list[ParsedCertificate]:
    name = table["certificate"]
    if not isinstance(name, str):
        raise DocumentError((*keys, "certificate"), f"certificate is {name!r}, wanted the path of a file")
    try:
        return read_bundle(read_file(folder / name))
    except ConfigurationError as exc:
        problem = str(exc).removeprefix("trust: ")
        raise DocumentError((*keys, "certificate"), f"certificate {name!r}: {problem}") from exc


def _texts(table: dict[str, Any], name: str, keys: Keys) -> tuple[str, ...]:
    values = check_list(table.get(name, []))
    if not all(isinstance(value, str) and value for value in values):
        raise DocumentError((*keys, name), f"{name} is {table[name]!r}, wanted a text or a list of texts")
    return values


def _digest(name: str, value: Any) -> tuple[str, ...]:
    return sha256_digests(name, (value,), of="a certificate or key")


def _name(text: Any, keys: Keys) -> DistinguishedName:
    if not isinstance(text, str):
        raise DocumentError(keys, f"name is {text!r}, wanted RFC 4514 text such as 'CN=alice,O=Example'")
    try:
        return parse_rfc4514(text)
    except ValueError as exc:
        raise DocumentError(keys, f"{text!r} is not RFC 4514 text as we print it: {exc}") from exc


def _serial(table: dict[str, Any], keys: Keys) -> int | None:
    number = table.get("serial")
    if number is not None and (not isinstance(number, int) or not 1 <= number <= MAX_SERIAL_NUMBER or number is True):
        raise DocumentError((*keys, "serial"), f"serial is {number!r}, wanted a number such as 0x1001")
    return number


def _spiffe_id(uris: tuple[str, ...]) -> SpiffeId | None:
    """As for a certificate: of exactly one URI."""
    try:
        (uri,) = uris
        return SpiffeId.parse(uri)
    except ValueError:
        return None
