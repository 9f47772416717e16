"""Name constraints over every name of a certificate, each refusal beside an accepted twin."""

from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from clientcert.core.limits import Limits
from clientcert.errors import Reason
from clientcert.testing import CertificateAuthority
from clientcert.testing.knobs import Knobs
from tests.core.verification.kit import accept, authority, parsed, raw_extension, refuse, standard

_CN_HOST = Knobs(san=None, subject=[("CN", "www.evil.example")])


def _directory(*attributes: tuple[x509.ObjectIdentifier, str]) -> x509.DirectoryName:
    return x509.DirectoryName(x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes]))


_EXAMPLE_LTD = _directory((NameOID.ORGANIZATION_NAME, "Example Ltd"))


class Row(NamedTuple):
    """Constraints, a leaf that they refuse, one that they allow, and what is said."""

    constraints: Knobs
    bad: Knobs
    good: Knobs
    text: str


def _permit(*names: str | x509.GeneralName) -> Knobs:
    return Knobs(permitted_names=names)


def _exclude(*names: str | x509.GeneralName) -> Knobs:
    return Knobs(excluded_names=names)


def _san(*names: str | x509.GeneralName) -> Knobs:
    return Knobs(san=names)


_ROWS = {
    "dns-outside": Row(
        _permit("DNS:a.example"), _san("DNS:b.example"), _san("DNS:www.a.example"), "DNS name 'b.example' is outside"
    ),
    "dns-suffix-is-no-label": Row(_permit("DNS:a.example"), _san("DNS:bada.example"), _san("DNS:A.EXAMPLE"), "outside"),
    "dns-excluded": Row(
        _exclude("DNS:a.example"), _san("DNS:x.a.example"), _san("DNS:example"), "is among the names excluded"
    ),
    "dns-everything-excluded": Row(_exclude("DNS:"), _san("DNS:a.example"), _san("email:a@a.example"), "excluded"),
    "wildcard-over-excluded": Row(
        _exclude("DNS:x.a.example"), _san("DNS:*.a.example"), _san("DNS:*.b.example"), "'*.a.example' is among"
    ),
    "wildcard-outside": Row(_permit("DNS:x.a.example"), _san("DNS:*.a.example"), _san("DNS:*.x.a.example"), "outside"),
    "dns-not-a-host": Row(
        _permit("DNS:a.example"), _san("DNS:a_b-.a.example"), _san("DNS:a-b.a.example"), "not a host name"
    ),
    "dns-label-too-long": Row(
        _permit("DNS:a.example"),
        _san(f"DNS:{'a' * 64}.a.example"),
        _san(f"DNS:{'a' * 63}.a.example"),
        "not a host name",
    ),
    "common-name-as-host": Row(
        _permit("DNS:a.example"), _CN_HOST, Knobs(san=None, subject=[("CN", "www.a.example")]), "outside"
    ),
    "common-name-with-nul": Row(
        _permit("DNS:a.example"),
        Knobs(san=None, subject=[("CN", "a.example\0.evil")]),
        Knobs(san=None, subject=[("CN", "no host")]),
        "not a host",
    ),
    "email-host": Row(
        _permit("email:a.example"), _san("email:u@b.example"), _san("email:u@A.example"), "EMAIL name 'u@b.example'"
    ),
    "email-subdomain": Row(
        _permit("email:.a.example"), _san("email:u@a.example"), _san("email:u@x.a.example"), "outside"
    ),
    "email-mailbox": Row(_permit("email:u@a.example"), _san("email:U@a.example"), _san("email:u@A.example"), "outside"),
    "email-without-mailbox": Row(
        _permit("email:a.example"), _san("email:a.example"), _san("email:u@a.example"), "not a mailbox"
    ),
    "email-in-subject": Row(
        _permit("email:a.example"),
        Knobs(subject=[("emailAddress", "u@b.example"), ("CN", "u")]),
        Knobs(subject=[("emailAddress", "u@a.example"), ("CN", "u")]),
        "'u@b.example' is outside",
    ),
    "ip-outside": Row(_permit("IP:10.0.0.0/8"), _san("IP:11.0.0.1"), _san("IP:10.1.2.3"), "IP name"),
    "ip-of-the-other-family": Row(_permit("IP:10.0.0.0/8"), _san("IP:::1"), _san("IP:10.0.0.1"), "outside"),
    "ip-excluded": Row(_exclude("IP:fd00::/8"), _san("IP:fd00::1"), _san("IP:fe80::1"), "excluded"),
    "uri-host": Row(
        _permit("URI:td.example"), _san("URI:spiffe://other/x"), _san("URI:spiffe://td.example/x"), "URI name"
    ),
    "uri-subdomain": Row(
        _permit("URI:.td.example"), _san("URI:spiffe://td.example/x"), _san("URI:https://a.td.example/"), "outside"
    ),
    "uri-without-host": Row(
        _permit("URI:td.example"), _san("URI:urn:x:y"), _san("URI:spiffe://td.example:443/x"), "without a host name"
    ),
    "uri-with-user": Row(
        _permit("URI:td.example"),
        _san("URI:https://u@td.example/"),
        _san("URI:https://td.example/"),
        "without a host name",
    ),
    "uri-with-address": Row(
        _permit("URI:td.example"), _san("URI:https://10.0.0.1/"), _san("URI:https://td.example"), "without a host name"
    ),
    "uri-malformed": Row(
        _permit("URI:td.example"),
        _san("URI:https://[td.example/"),
        _san("URI:https://td.example"),
        "without a host name",
    ),
    "directory-outside": Row(
        _permit(_EXAMPLE_LTD),
        Knobs(subject=[("O", "Other Ltd"), ("CN", "u")]),
        Knobs(subject=[("O", "example  LTD"), ("CN", "u")]),
        "DIRECTORY name 'CN=u,O=Other Ltd' is outside",
    ),
    "directory-in-san": Row(
        _exclude(_EXAMPLE_LTD), _san(_EXAMPLE_LTD), _san(_directory((NameOID.ORGANIZATION_NAME, "Other"))), "excluded"
    ),
    "registered-id": Row(_permit("RID:1.2.3"), _san("RID:1.2.3"), _san("DNS:a.example"), "name of type REGISTERED_ID"),
    "other-name": Row(
        _exclude("UPN:a@b"),
        _san("UPN:c@d"),
        _san(x509.OtherName(x509.ObjectIdentifier("1.2.3"), b"\x05\x00")),
        "OTHER_NAME",
    ),
}


@pytest.mark.parametrize("row", _ROWS.values(), ids=_ROWS)
def test_constraint_refuses_and_accepts_the_twin(row: Row) -> None:
    """A name outside is refused and named; the twin inside is accepted: constraints of a root, which signs itself."""
    root = authority("Constrained CA", key="ed25519", **row.constraints)
    error = refuse(standard(root), root.issue("u", **row.bad))
    assert error.reason is Reason.NAME_CONSTRAINT_VIOLATED
    assert row.text in error.detail, error.detail
    assert "anchor 'CN=Constrained CA'" in error.detail
    accept(standard(root), root.issue("u", **row.good))


# What cryptography's path builder does not evaluate, it refuses.
_STAGE_TWO_ONLY = {"uri", "directory", "registered", "other"}


@pytest.mark.parametrize("name", [name for name in _ROWS if name.partition("-")[0] not in _STAGE_TWO_ONLY])
def test_constraint_of_an_intermediate(name: str) -> None:
    """The same, where the constraint stands in an intermediate and the path builder is at work."""
    row = _ROWS[name]
    root = authority()
    middle = root.intermediate("Constrained CA", **row.constraints)
    assert refuse(standard(root), middle.issue("u", **row.bad), via=[middle]).reason is Reason.NAME_CONSTRAINT_VIOLATED
    accept(standard(root), middle.issue("u", **row.good), via=[middle])


def test_empty_subject_is_not_constrained() -> None:
    """A directoryName constraint says nothing of an empty subject, whose names stand elsewhere."""
    root = authority("Constrained CA", key="ed25519", **_permit(_EXAMPLE_LTD))
    accept(standard(root), root.issue(subject=[], san=["URI:spiffe://td/x"]))
    assert refuse(standard(root), root.issue(subject=[("CN", "u")])).reason is Reason.NAME_CONSTRAINT_VIOLATED


def test_constraint_holds_for_intermediates_too() -> None:
    """A root's constraint applies to the names of the CAs below it."""
    root = authority("Narrow CA", permitted_names=["DNS:a.example"])
    inside = root.intermediate("Middle CA", san=["DNS:ca.a.example"])
    outside = root.intermediate("Middle CA", san=["DNS:ca.b.example"])
    accept(standard(root), inside.issue("u.a.example"), via=[inside])
    error = refuse(standard(root), outside.issue("u.a.example"), via=[outside])
    assert error.detail.startswith("intermediate 1 'CN=Middle CA'")


def test_self_issued_intermediates_are_left_out() -> None:
    """A CA's key rollover certificate has no names to constrain (RFC 5280 §6.1.3); a self-issued leaf has."""
    old = authority("Narrow CA", permitted_names=["DNS:a.example"], san=["DNS:ca.b.example"])
    new = CertificateAuthority("Narrow CA", issuer=old, san=["DNS:ca.b.example"])
    accept(standard(old), new.issue("u.a.example"), via=[new])


_UNREADABLE = {
    "mask-with-holes": "300ea00c300a87080a000000ff00ff00",
    "address-without-mask": "300aa008300687040a000000",
    "dns-with-dot": "300ea00c300a82082e612e62632e6465",
    "email-neither": "300aa00830068104612e2e62",
    "distance": "300da00b30098204616263648101 01".replace(" ", ""),
}


@pytest.mark.parametrize("value", _UNREADABLE.values(), ids=_UNREADABLE)
def test_constraint_that_cannot_be_evaluated_refuses(value: str) -> None:
    """A constraint that makes no sense refuses everything below it, also for names of another type."""
    extra = [raw_extension("2.5.29.30", value, critical=True)]
    root = authority("Constrained CA", key="ed25519", extra_extensions=extra)
    error = refuse(standard(root), root.issue("u", san=["URI:a:b"]))
    assert error.reason is Reason.NAME_CONSTRAINT_VIOLATED, error.detail
    plain = authority("Constrained CA", key="ed25519")
    accept(standard(plain), plain.issue("u", san=["URI:a:b"]))


def test_number_of_checks_is_bounded() -> None:
    """Names times subtrees above the limit are refused before they are compared, and below it are not."""
    root = authority("Many CA", key="ed25519", permitted_names=[f"DNS:{n}.example" for n in range(20)])
    leaf = root.issue("u", san=[f"DNS:x.{n}.example" for n in range(20)])
    # 20 alternative names and the subject, with 20 subtrees each.
    error = refuse(standard(root, limits=Limits(name_constraint_checks=419)), leaf)
    assert "420 name constraint checks, the limit is 419" in error.detail
    accept(standard(root, limits=Limits(name_constraint_checks=420)), leaf)


@pytest.mark.parametrize(
    ("text", "is_host"),
    [
        ("www.a.example", True),
        ("a_b.c-d", True),
        ("a.b\0", True),
        ("host", False),
        ("a b.c", False),
        ("a..b", False),
        (".a.b", False),
        ("a-.b", False),
        ("a.-b", False),
        ("-a.b", False),
        ("é.b", False),
    ],
)
def test_common_name_counts_as_host_as_in_openssl(text: str, *, is_host: bool) -> None:
    """OpenSSL's rule decides which common names DNS constraints apply to."""
    root = authority("Narrow CA", key="ed25519", permitted_names=["DNS:z.example"])
    leaf = root.issue(subject=[("CN", text)])
    if is_host:
        assert refuse(standard(root), leaf).reason is Reason.NAME_CONSTRAINT_VIOLATED
    else:
        assert accept(standard(root), leaf).leaf == parsed(leaf)
