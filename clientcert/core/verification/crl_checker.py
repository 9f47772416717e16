"""Revocation by lists that the operator provides (RFC 5280 §6.3): complete, direct, and bound to the issuer's key."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Self

from clientcert.core.certificate import ParsedCertificate, show_name
from clientcert.core.extensions import CRL_DISTRIBUTION_POINTS
from clientcert.core.names import CanonicalName
from clientcert.core.verification.base import utc_time
from clientcert.core.verification.crl import Crl, read_crl
from clientcert.core.verification.crl_bundle import split_crls
from clientcert.core.verification.crl_rules import CrlRules
from clientcert.core.verification.distribution_points import ListScope, read_distribution_points
from clientcert.core.verification.revocation import Good, RevocationAnswer, Revoked, Unknown
from clientcert.core.verification.store import TrustStore
from clientcert.errors import ClientCertError, ConfigurationError, VerificationError, escape_peer_text

_CRL_SIGN = 1 << 6
_NEVER = "has no nextUpdate: set crl_max_age to say how long such a list holds"

IssuerKey = tuple[CanonicalName, str]
"""Name and SHA-256 of the key: two CAs may share a name, and a CA that changes its key signs two lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlChecker:
    """
    Lists that have been verified, by issuer; a `RevocationChecker`. Immutable: a reload makes a new one with `load`.

    Attributes:
        lists: The lists in force.
        rules: How long they hold.
    """

    lists: tuple[Crl, ...]
    rules: CrlRules = field(default_factory=CrlRules)
    _by_issuer: Mapping[IssuerKey, tuple[Crl, ...]] = field(repr=False, compare=False)

    @classmethod
    def load(
        cls,
        files: Iterable[tuple[str, bytes]],
        *,
        store: TrustStore,
        at: datetime,
        rules: CrlRules | None = None,
        previous: "CrlChecker | None" = None,
    ) -> Self:
        """
        Read, verify and index lists: all of them, or nothing.

        Of several lists with the same issuer and scope the newest counts.

        Args:
            files: Name and content of each file; see `crl_bundle.split_crls`. A million entries take about a second.
            store: Where issuers are looked for, among anchors and intermediates.
            at: The moment to judge dates for; aware.
            rules: How long lists hold.
            previous: What is in force; nothing older is accepted, and what is the same is not read again.

        Raises:
            ConfigurationError: No list at all; whatever `split_crls` and `read_crl` refuse; a list whose issuer is not
                configured, may not sign lists (keyUsage without cRLSign), or did not sign this one with SHA-2 or
                EdDSA; one that is not valid yet, has expired or never does; one that is older than what is in force.

        Not checked here: dates of the issuer's certificate, which path validation checks for each request.
        """
        rules, at = rules or CrlRules(), utc_time(at)
        known = {} if previous is None else {crl.sha256: crl for crl in previous.lists}
        newest: dict[tuple[IssuerKey, ListScope], tuple[str, Crl]] = {}
        for origin, octets in files:
            for encoded in split_crls(octets, origin):
                crl = _read(encoded, origin, known)
                place = (_issuer_key(_find_issuer(crl, store, origin)), crl.scope)
                if place not in newest or _age(newest[place][1]) < _age(crl):
                    newest[place] = origin, crl
        if not newest:
            raise ConfigurationError("crl: no revocation list found: name at least one, or leave crl out")
        in_force = {} if previous is None else previous._by_place()  # noqa: SLF001 - of this class
        for place, (origin, crl) in newest.items():
            _check_rollback(crl, in_force.get(place), origin)
            if crl.sha256 not in known:
                _check_dates(crl, origin, rules, at)
        by_issuer: dict[IssuerKey, tuple[Crl, ...]] = {}
        for (issuer, _), (_, crl) in newest.items():
            by_issuer[issuer] = (*by_issuer.get(issuer, ()), crl)
        lists = tuple(crl for _, crl in newest.values())
        return cls(lists=lists, rules=rules, _by_issuer=MappingProxyType(by_issuer))

    def check(self, certificate: ParsedCertificate, issuer: ParsedCertificate, *, at: datetime) -> RevocationAnswer:
        """
        Look a certificate up; see `RevocationChecker.check`.

        An entry counts whatever the age and the scope of its list: revocation is final, and serial numbers are unique
        within an issuer. A list that has expired does not speak for those it leaves out.
        """
        lists = self._by_issuer.get(_issuer_key(issuer), ())
        for crl in lists:
            entry = crl.entries.find(certificate.serial_number)
            if entry is not None:
                status = Revoked(source=str(crl), reason=entry.reason, when=entry.when)
                return RevocationAnswer(status=status)
        answers = [_judge(crl, certificate, at, expiry=self.rules.expiry(crl)) for crl in lists]
        good = next((answer for answer in answers if isinstance(answer.status, Good)), None)
        if good is not None:
            return good
        whys = [answer.status.why for answer in answers if isinstance(answer.status, Unknown)]
        ends = [answer.valid_until for answer in answers if answer.valid_until is not None]
        why = "; ".join(whys) or f"no CRL of {issuer} is configured"
        return RevocationAnswer(status=Unknown(why=why), valid_until=min(ends, default=None))

    @property
    def next_update(self) -> datetime | None:
        """The earliest moment at which one of the lists stops to hold; None where none of them says."""
        ends = (self.rules.expiry(crl) for crl in self.lists)
        return min((end for end in ends if end is not None), default=None)

    def describe(self) -> tuple[str, ...]:
        """One line for each list: issuer, number, dates, entries."""
        return tuple(
            f"{crl} by {_issuer_text(crl)}, {crl.entries.count} entries, "
            + (f"next update {crl.next_update:%Y-%m-%dT%H:%M:%SZ}" if crl.next_update else "no next update")
            for crl in self.lists
        )

    def _by_place(self) -> dict[tuple[IssuerKey, ListScope], Crl]:
        return {(issuer, crl.scope): crl for issuer, lists in self._by_issuer.items() for crl in lists}


def _judge(crl: Crl, certificate: ParsedCertificate, at: datetime, *, expiry: datetime | None) -> RevocationAnswer:
    """What a list says of a certificate it leaves out."""
    why = _silent_because(crl, certificate)
    if why is not None:
        return RevocationAnswer(status=Unknown(why=why))
    if at < crl.this_update:
        why = f"{crl} is not valid for another {_seconds(crl.this_update - at)}"
        return RevocationAnswer(status=Unknown(why=why), valid_until=at)
    if expiry is None:
        return RevocationAnswer(status=Unknown(why=f"{crl} {_NEVER}"))
    if at > expiry:
        return RevocationAnswer(status=Unknown(why=f"{crl} {_expired(expiry, at)}"))
    return RevocationAnswer(status=Good(source=str(crl)), valid_until=expiry)


def _silent_because(crl: Crl, certificate: ParsedCertificate) -> str | None:
    """Why a list says nothing of a certificate of its issuer (RFC 5280 §6.3.3 b), or None."""
    if not crl.covers(certificate):
        return f"{crl} is not for this kind of certificate"
    if crl.scope.names is None and CRL_DISTRIBUTION_POINTS not in certificate.extensions.oids:
        return None
    try:
        points = read_distribution_points(certificate)
    except (ValueError, ClientCertError) as exc:
        return f"cRLDistributionPoints cannot be read: {escape_peer_text(str(exc))}"
    own = [point for point in points if not point.has_issuer]
    if points and not own:
        return "the certificate names another CRL issuer (indirect lists are not supported)"
    names = crl.scope.names
    if names is not None and not any(point.names & names for point in own if not point.has_reasons):
        return f"{crl} is for another distribution point"
    return None


def _read(encoded: bytes, origin: str, known: Mapping[bytes, Crl]) -> Crl:
    digest = sha256(encoded).digest()
    if digest in known:
        return known[digest]
    try:
        return read_crl(encoded)
    except ConfigurationError as exc:
        raise ConfigurationError(f"crl: {origin}: {exc}") from exc


def _find_issuer(crl: Crl, store: TrustStore, origin: str) -> ParsedCertificate:
    name = crl.issuer_canonical
    try:
        named = store.anchors_by_name.get(name, ()) + store.intermediates_by_name.get(name, ())
    except VerificationError as exc:
        raise ConfigurationError(f"crl: {origin}: {crl} is by a damaged {exc.detail}") from exc
    if not named:
        raise ConfigurationError(
            f"crl: {origin}: {crl} is by {_issuer_text(crl)}, which is not configured: take it out, or add its CA to "
            "trust or intermediates"
        )
    if not crl.signed.is_strong:
        raise ConfigurationError(f"crl: {origin}: {crl} is not signed with SHA-2 or EdDSA")
    key_id = None if crl.authority_key_id is None else crl.authority_key_id.key_id
    signers = [c for c in named if key_id in (None, c.extensions.subject_key_id or key_id) and crl.signed.is_by(c)]
    if not signers:
        raise ConfigurationError(f"crl: {origin}: {crl} is not signed by the key of {named[0]}, whose name it bears")
    allowed = [c for c in signers if c.extensions.key_usage is None or c.extensions.key_usage & _CRL_SIGN]
    if not allowed:
        raise ConfigurationError(f"crl: {origin}: {crl}: key usage of {signers[0]} has no cRLSign (RFC 5280 §4.2.1.3)")
    return allowed[0]


def _issuer_key(issuer: ParsedCertificate) -> IssuerKey:
    return issuer.subject_canonical, issuer.spki_sha256


def _age(crl: Crl) -> tuple[datetime, int]:
    return crl.this_update, crl.number or 0


def _check_rollback(crl: Crl, in_force: Crl | None, origin: str) -> None:
    if in_force is None:
        return
    is_older = crl.this_update < in_force.this_update
    if crl.number is not None and in_force.number is not None:
        is_older = is_older or crl.number < in_force.number
    if is_older:
        raise ConfigurationError(f"crl: {origin}: {crl} is older than {in_force}, which is in force")


def _check_dates(crl: Crl, origin: str, rules: CrlRules, at: datetime) -> None:
    expiry = rules.expiry(crl)
    if at < crl.this_update:
        raise ConfigurationError(f"crl: {origin}: {crl} is not valid for another {_seconds(crl.this_update - at)}")
    if expiry is None:
        raise ConfigurationError(f"crl: {origin}: {crl} {_NEVER}")
    if at > expiry and not rules.accept_expired:
        raise ConfigurationError(f"crl: {origin}: {crl} {_expired(expiry, at)}: fetch a current one")


def _expired(expiry: datetime, at: datetime) -> str:
    return f"expired at {expiry:%Y-%m-%dT%H:%M:%SZ} ({_seconds(at - expiry)} late)"


def _seconds(span: timedelta) -> str:
    return f"{span.total_seconds():.0f} s"


def _issuer_text(crl: Crl) -> str:
    return show_name(crl.issuer)
