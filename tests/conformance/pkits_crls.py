"""NIST PKITS with its revocation lists: path validation, then every certificate but the anchor against the lists."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any
from zipfile import ZipFile

from clientcert.core.certificate import parse_certificate
from clientcert.core.limits import Limits
from clientcert.core.verification import StandardVerifier, TrustStore
from clientcert.core.verification.crl_checker import CrlChecker
from clientcert.core.verification.revocation import RevocationPolicy, check_revocation
from clientcert.errors import ClientCertError, ConfigurationError
from tests.conformance.corpora import FOLDER

_POLICY = RevocationPolicy(mode="hard", scope="chain")


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationCase:
    """
    One PKITS test.

    Attributes:
        section: Such as ``4.14``.
        certificates: DER, anchor first, leaf last.
        lists: Name and DER of the lists that the test provides.
        valid: Whether the suite wants it accepted.
    """

    id: str
    section: str
    certificates: tuple[bytes, ...]
    lists: tuple[tuple[str, bytes], ...]
    at: datetime
    valid: bool


@cache
def revocation_cases() -> tuple[RevocationCase, ...]:
    """All tests of the suite but those that need policy processing."""
    return tuple(_read())


def _read() -> Iterator[RevocationCase]:
    with ZipFile(FOLDER / "pkits.zip") as archive:
        expected = json.loads(archive.read("expected.json"))
        for test in expected["tests"]:
            if test["needs_policy_processing"]:
                continue
            yield RevocationCase(
                id=test["id"],
                section=".".join(test["id"].split(".")[:2]),
                certificates=tuple(archive.read(f"certs/{name}.crt") for name in test["certs"]),
                lists=tuple((name, archive.read(f"crls/{name}.crl")) for name in test["crls"]),
                at=datetime.fromisoformat(expected["validation_time"]),
                valid=test["should_validate"],
            )


def judge(case: RevocationCase, *, one_by_one: bool = False) -> str:
    """
    Return ``accepted``, or why not.

    Args:
        case: One test.
        one_by_one: Leave unusable certificates and lists out, which no configuration does: there, one of them refuses
            the whole.
    """
    anchor, *links, leaf = case.certificates
    limits = Limits(intermediates=16)
    lists = list(case.lists)
    try:
        if one_by_one:
            links = [link for link in links if _loads(TrustStore.load, [anchor, link])]
        # An operator who checks revocation configures the intermediates: their lists could not be verified otherwise.
        store = TrustStore.load([anchor, *links])
        if one_by_one:
            lists = [item for item in lists if _loads(partial(CrlChecker.load, store=store, at=case.at), [item])]
        checker = CrlChecker.load(lists, store=store, at=case.at)
        verifier = StandardVerifier(store, max_depth=16, limits=limits)
        path = verifier.verify(parse_certificate(leaf, limits=limits), at=case.at)
        check_revocation(path, checker, _POLICY, at=case.at)
    except (ClientCertError, ConfigurationError) as exc:
        return str(exc)
    return "accepted"


def _loads(load: Callable[[Any], object], source: object) -> bool:
    try:
        load(source)
    except ConfigurationError:
        return False
    return True
