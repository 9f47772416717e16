"""The gate: one decision, one event, one thing for the adapter to do."""

import json
from typing import Any

import pytest

from clientcert.core.facts import RequestFacts
from clientcert.errors import Reason
from clientcert.runtime.events import Event
from clientcert.runtime.gate import Admission, Gate, Target
from tests import material as m
from tests.material import ALICE, NOBODY, NOW, PROXY, STRANGER, Pairs, evidence, raw

TARGET = Target("GET", "/whoami", b"/whoami")


def admit(pairs: Pairs, *, peer: str = PROXY, **changes: Any) -> tuple[Admission, list[Event]]:
    """What a gate says of a request, and what it tells its hook."""
    events: list[Event] = []
    gate = Gate(m.config(on_event=events.append, **changes))
    return gate.admit(RequestFacts(headers=raw(pairs), peer=peer), TARGET), events


def test_authenticated() -> None:
    """A good client is admitted with its identity, and told once."""
    admission, (event,) = admit(evidence())
    assert admission.problem is None
    assert admission.identity is not None
    assert admission.identity.fingerprint_sha256 == ALICE.fingerprint_sha256
    assert (event.kind, event.reason, event.instance) == ("authenticated", None, None)
    assert (event.source, event.enforced, event.at) == ("ingress-nginx", True, NOW)


def test_anonymous() -> None:
    """Nobody is admitted without an identity where that is allowed, and told once."""
    admission, (event,) = admit(NOBODY, mode="optional")
    assert admission == Admission()
    assert (event.kind, event.reason, event.instance) == ("anonymous", Reason.NO_CERTIFICATE, None)


def test_rejected() -> None:
    """A refusal is a finished response, whose instance is the event's."""
    admission, (event,) = admit(evidence(verdict="FAILED:x"))
    assert admission.identity is None
    assert admission.problem is not None
    assert admission.problem.status == 403
    assert (event.kind, event.reason, event.instance) == (
        "rejected",
        Reason.PROXY_VERDICT_FAILED,
        admission.problem.instance,
    )
    assert json.loads(admission.problem.body)["instance"] == event.instance


def test_missing_status_and_realm() -> None:
    """The configured status and realm are those of the response."""
    admission, _ = admit(NOBODY, realm="staff")
    assert admission.problem is not None
    assert dict(admission.problem.headers)["www-authenticate"] == 'ClientCert realm="staff"'
    admission, _ = admit(NOBODY, missing_status=403)
    assert admission.problem is not None
    assert admission.problem.status == 403


@pytest.mark.parametrize(
    ("pairs", "peer"),
    [
        (NOBODY, PROXY),
        (evidence(verdict="FAILED:x"), PROXY),
        (evidence(verdict="NONE"), PROXY),
        (evidence(), STRANGER),
        ((m.certificate_header(m.ADMIN), *evidence(None)), PROXY),
    ],
    ids=["missing", "rejected", "ambiguous", "unproven", "swapped"],
)
def test_report_only(pairs: Pairs, peer: str) -> None:
    """Without enforcement what is refused is admitted, never with an identity, and told as it would have been."""
    admission, (event,) = admit(pairs, peer=peer, enforce=False)
    assert admission == Admission()
    assert (event.kind, event.enforced) == ("rejected", False)
    enforced, (same,) = admit(pairs, peer=peer)
    assert enforced.problem is not None
    assert same.reason == event.reason


def test_report_only_shows_good_identities() -> None:
    """Without enforcement a good client still is somebody."""
    admission, (event,) = admit(evidence(), enforce=False)
    assert admission.identity is not None
    assert event.kind == "authenticated"


def test_exempt() -> None:
    """The gate knows the exempt paths of its configuration."""
    gate = Gate(m.config(exempt=["/healthz"]))
    assert gate.is_exempt(Target("GET", "/healthz", b"/healthz"))
    assert not gate.is_exempt(Target("GET", "/healthz", b"/%68ealthz"))
    assert not Gate(m.config()).is_exempt(Target("GET", "/healthz", b"/healthz"))


def test_strips() -> None:
    """The gate takes every guarded header away, the default secret's too, and nothing else."""
    gate = Gate(m.config())
    headers = raw((*evidence(), ("x-clientcert-proxy", "x"), ("Host", "a"), ("x-forwarded-for", "b")))
    assert gate.strip(headers) == [(b"Host", b"a"), (b"x-forwarded-for", b"b")]
    assert gate.is_guarded(b"SSL_Client_Cert")
    assert not gate.is_guarded(b"host")


def test_reads_socket() -> None:
    """Only the TLS source has an adapter ask for the connection's certificate."""
    assert Gate(m.config(source="tls", trusted_proxies=None)).reads_socket
    assert not Gate(m.config()).reads_socket


def test_success_without_a_hook_makes_no_event() -> None:
    """Where nobody listens a success costs nothing, and is the same."""
    gate = Gate(m.config())
    assert gate.admit(RequestFacts(headers=raw(evidence()), peer=PROXY), TARGET).identity is not None
