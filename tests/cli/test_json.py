"""The objects of ``--json``: keys that scripts rely on, and values exactly as encoded."""

import json
import re
from typing import Any

from clientcert.cli.verify import verify as command
from clientcert.errors import Reason
from tests.cli.conftest import Run
from tests.cli.transcript import PAGE
from tests.material import ALICE, AUTHORITY, BEN, INTERMEDIATE, STRANGERS

KEYS = [
    "file",
    "accepted",
    "profile",
    "verified_at",
    "reason",
    "detail",
    "hints",
    "accepted_with",
    "other_profiles",
    "certificate",
    "days_left",
    "path",
    "valid_until",
    "revocation",
]


def _record(verify: Run, leaf: bytes, *arguments: str) -> dict[str, Any]:
    result = verify(leaf, "--json", *arguments)
    records = json.loads(result.stdout)
    assert (len(records), result.stdout.isascii()) == (1, True)
    assert result.exit_code == (0 if records[0]["accepted"] else 1)
    return dict(records[0])


def test_keys_are_stable(verify: Run) -> None:
    """The same keys in the same order, accepted, refused or unreadable; the page lists them."""
    for leaf in (ALICE.pem, STRANGERS.pem, b"junk"):
        assert list(_record(verify, leaf)) == KEYS
    table = PAGE.read_text(encoding="utf-8").partition("### For scripts")[2]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == KEYS


def test_certificate_keys_are_documented(verify: Run) -> None:
    """The page lists the keys of the certificate and of a place in the path."""
    record = _record(verify, ALICE.pem)
    page = PAGE.read_text(encoding="utf-8")
    for part in (record["certificate"], record["path"][0]):
        assert ", ".join(f"`{key}`" for key in part) in page


def test_accepted(verify: Run) -> None:
    """An accepted certificate comes with its names, its path and the end of its validity."""
    record = _record(verify, BEN.chain_pem)
    assert record["certificate"] | {"spki_sha256": ""} == {
        "subject": "CN=ben,O=Example",
        "issuer": "CN=Issuing CA,O=Example",
        "serial_hex": "2001",
        "not_before": "2030-01-15T11:00:00Z",
        "not_after": "2030-02-14T12:00:00Z",
        "dns_names": [],
        "email_addresses": [],
        "uris": [],
        "ip_addresses": [],
        "user_principal_names": [],
        "spiffe_id": None,
        "fingerprint_sha256": BEN.fingerprint_sha256,
        "spki_sha256": "",
    }
    assert [place["role"] for place in record["path"]] == ["leaf", "intermediate 1", "anchor"]
    chain = (BEN, INTERMEDIATE.issued, AUTHORITY.issued)
    assert [place["fingerprint_sha256"] for place in record["path"]] == [c.fingerprint_sha256 for c in chain]
    assert (record["reason"], record["detail"], record["hints"], record["accepted_with"]) == (None, None, [], [])
    assert (record["valid_until"], record["days_left"], record["revocation"]) == (
        "2030-02-14T12:00:00Z",
        30,
        "not-checked",
    )


def test_names(verify: Run) -> None:
    """Alternative names come by kind, and the SPIFFE ID once more by itself."""
    found = _record(verify, ALICE.pem)["certificate"]
    assert (found["dns_names"], found["email_addresses"]) == (["alice.example"], ["alice@example.org"])
    assert (found["ip_addresses"], found["uris"]) == (["192.0.2.7"], ["spiffe://prod.example/alice"])
    assert found["spiffe_id"] == "spiffe://prod.example/alice"


def test_spiffe_id_needs_one_uri(captured: Run) -> None:
    """Two URIs, or one that is no SPIFFE ID, give none."""
    records = json.loads(captured("--json", "multiuri.pem", "xfcc.pem", "web.pem").stdout)
    assert [record["certificate"]["spiffe_id"] for record in records] == [
        None,
        None,
        "spiffe://example.org/ns/default/sa/web",
    ]


def test_values_are_exact(verify: Run) -> None:
    """A name with a line break is that name again once the JSON is decoded."""
    leaf = AUTHORITY.issue("exact", san=["URI:urn:a\r\n\x1b[31m"])
    assert _record(verify, leaf.pem)["certificate"]["uris"] == ["urn:a\r\n\x1b[31m"]


def test_refused(verify: Run) -> None:
    """A refused certificate comes with its Reason, the cause, and what the other profiles say; it has no path."""
    record = _record(verify, STRANGERS.pem)
    assert record["reason"] == Reason.ISSUER_UNKNOWN
    assert "'CN=Other CA,O=Elsewhere'" in record["detail"]
    assert record["other_profiles"] == {"strict": "issuer-unknown", "openssl": "issuer-unknown"}
    assert (record["path"], record["valid_until"], record["revocation"]) == ([], None, None)
    assert record["certificate"]["subject"] == "CN=stranger"


def test_refused_with_a_way_out(verify: Run) -> None:
    """What would accept a certificate is there as options, ready to be used."""
    record = _record(verify, AUTHORITY.issue("old", version=1).pem, "--profile", "strict")
    assert record["accepted_with"] == ["--profile standard", "--profile openssl"]
    assert record["other_profiles"] == {"standard": "accepted", "openssl": "accepted"}


def test_unreadable(verify: Run) -> None:
    """A file without a certificate has a Reason and no certificate, and no profile is asked."""
    record = _record(verify, b"junk")
    assert (record["reason"], record["certificate"], record["days_left"]) == ("encoding-malformed", None, None)
    assert (record["other_profiles"], record["accepted_with"]) == ({}, [])


def test_several(verify: Run) -> None:
    """Several files give one list in their order, and nothing else on standard output."""
    result = verify(ALICE.pem, "--json", "ca.pem", "issuing.pem")
    assert [record["file"] for record in json.loads(result.stdout)] == ["ca.pem", "issuing.pem", "leaf"]


def test_unusable_prints_no_json(verify: Run) -> None:
    """A command that cannot run prints nothing on standard output, with --json too."""
    result = verify(ALICE.pem, "--json", trust="none.pem")
    assert (result.exit_code, result.stdout) == (2, "")


def test_profiles_are_those_of_the_library() -> None:
    """The option offers every profile."""
    option = next(parameter for parameter in command.params if parameter.name == "profile")
    assert list(getattr(option.type, "choices", ())) == ["standard", "strict", "openssl", "pinned"]
