"""
Two corpora with their revocation lists: path validation, then every certificate but the anchor against the lists.

Intermediates are configured, as an operator who checks revocation does: their lists could not be verified otherwise.
"""

import json
import warnings
from collections import Counter
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
from tests.conformance.corpora import FOLDER, der, load_corpus

_POLICY = RevocationPolicy(mode="hard", scope="chain")


SECTIONS = ("limbo", "4.4", "4.5", "4.14", "4.15")
"""x509-limbo's cases with lists, and the sections of PKITS that are about revocation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationCase:
    """
    One case.

    Attributes:
        section: ``limbo``, or a section of PKITS such as ``4.14``.
        trusted: DER of what is configured, an anchor first.
        leaf: DER of the client's certificate.
        lists: Name and octets of the lists that the case provides.
        valid: Whether the suite wants it accepted.
    """

    id: str
    section: str
    trusted: tuple[bytes, ...]
    leaf: bytes
    lists: tuple[tuple[str, bytes], ...]
    at: datetime
    valid: bool


@cache
def revocation_cases() -> tuple[RevocationCase, ...]:
    """All tests of PKITS but those that need policy processing, and those of x509-limbo with lists."""
    return (*_read_pkits(), *_read_limbo())


def _read_limbo() -> Iterator[RevocationCase]:
    for case in load_corpus("limbo-client.json.gz")["testcases"]:
        if case["crls"] and not case["depends_on_peer_name"]:
            yield RevocationCase(
                id=case["id"],
                section="limbo",
                trusted=tuple(map(der, (*case["trusted_certs"], *case["untrusted_intermediates"]))),
                leaf=der(case["peer_certificate"]),
                lists=tuple((f"list {number}", text.encode()) for number, text in enumerate(case["crls"], 1)),
                at=datetime.fromisoformat(case["validation_time"]),
                valid=case["expected_result"] == "SUCCESS",
            )


def _read_pkits() -> Iterator[RevocationCase]:
    with ZipFile(FOLDER / "pkits.zip") as archive:
        expected = json.loads(archive.read("expected.json"))
        for test in expected["tests"]:
            if test["needs_policy_processing"]:
                continue
            *trusted, leaf = (archive.read(f"certs/{name}.crt") for name in test["certs"])
            yield RevocationCase(
                id=test["id"],
                section=".".join(test["id"].split(".")[:2]),
                trusted=tuple(trusted),
                leaf=leaf,
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
    anchor, *links = case.trusted
    limits = Limits(intermediates=16)
    lists = list(case.lists)
    try:
        if one_by_one:
            links = [link for link in links if _loads(TrustStore.load, [anchor, link])]
        store = TrustStore.load([anchor, *links])
        if one_by_one:
            lists = [item for item in lists if _loads(partial(CrlChecker.load, store=store, at=case.at), [item])]
        checker = CrlChecker.load(lists, store=store, at=case.at)
        verifier = StandardVerifier(store, max_depth=16, limits=limits)
        path = verifier.verify(parse_certificate(case.leaf, limits=limits), at=case.at)
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


def accepts(case: RevocationCase, *, one_by_one: bool = False) -> bool:
    """Whether `judge` accepts; an anchor or a list that operators are warned of is no matter here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return judge(case, one_by_one=one_by_one) == "accepted"


@cache
def section_tally(section: str) -> Counter[tuple[bool, bool]]:
    """How often each pair of (ought to be accepted, was accepted) occurs."""
    return Counter((case.valid, accepts(case)) for case in revocation_cases() if case.section == section)


def section_mismatches(section: str) -> dict[str, str]:
    """The cases of a section that differ from their verdict, and how."""
    found = {case.id: (case.valid, accepts(case)) for case in revocation_cases() if case.section == section}
    return {id_: "false accept" if said else "false reject" for id_, (valid, said) in found.items() if valid != said}
