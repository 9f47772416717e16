"""
What a producer says, read by the rules it declares.

A preset is data: the names it sends, what it always sends, its verdict tokens, its encoding. The code that reads
them is here, once, for all presets.
"""

from dataclasses import dataclass

from clientcert.core.facts import RequestFacts
from clientcert.core.headers import CONNECTION_HEADER, TRANSFER_ENCODING_HEADER, SelectedHeaders
from clientcert.core.limits import Limits
from clientcert.core.remembered import Wire
from clientcert.core.sources.attributes import read_serial_number
from clientcert.core.sources.claim import Claim, Source
from clientcert.core.sources.declaration import AliasPolicy, Declaration
from clientcert.errors import EncodingError, EvidenceError, Reason, VerificationError, escape_peer_text

__all__ = ["AliasPolicy", "Claim", "Declaration", "HeaderSource", "Source"]


@dataclass(frozen=True, slots=True)
class _Evidence:
    """Values of the headers that carry evidence, bounded and printable; None where absent, empty or a placeholder."""

    certificate: bytes | None
    chain: tuple[bytes, ...]
    subject_dn: bytes | None
    issuer_dn: bytes | None
    fingerprint: bytes | None

    @property
    def is_there(self) -> bool:
        """Whether any of them came."""
        values = (self.certificate, self.subject_dn, self.issuer_dn, self.fingerprint)
        return bool(self.chain) or any(value is not None for value in values)


class HeaderSource(Declaration):
    """A `Source` that does what its `Declaration` says."""

    __slots__ = ()

    def read(self, facts: RequestFacts, headers: SelectedHeaders, limits: Limits) -> Claim | None:
        """
        Read the evidence of one request, the verdict first.

        Raises:
            EvidenceError: DUPLICATE_HEADER, HEADER_ALIAS, HOP_BY_HOP_HEADER, VERDICT_MISSING, VERDICT_CONTRADICTED,
                EVIDENCE_MISSING, EVIDENCE_MISMATCH, PROXY_VERDICT_FAILED, NO_CERTIFICATE.
            EncodingError: HEADER_TOO_LARGE, HEADER_MALFORMED, ENCODING_MALFORMED, CHAIN_TOO_LARGE, PRIVATE_KEY_SENT.
            NameSyntaxError: NAME_MALFORMED.
            VerificationError: NOT_PINNED.

        Not checked here: who sent it (`proxy`), whether the certificate is any good (`verification`).
        """
        self._refuse_merging_server(facts)
        self._refuse_tampering(headers)
        evidence = self._evidence(headers, limits)
        verdict = self._value(headers, self.verdict, limits.verdict_header_bytes)
        if not (
            self._is_presented(evidence, verdict, self._value(headers, self.presence, limits.verdict_header_bytes))
            and self._accepts(evidence, verdict, folded=facts.folded)
            and self._is_complete(evidence)
        ):
            return None
        self._check_conditions(headers, limits)
        self._refuse_trailers(headers)
        presented = self._certificates(evidence, limits)
        return Claim(
            leaf=presented[0] if presented else None,
            intermediates=presented[1:],
            verdict=None if verdict is None else verdict.decode("ascii"),
            # An empty DN is not sent: nginx omits a header whose value is empty.
            subject_dn=self._name(evidence.subject_dn, b"" if self.names_required else None),
            issuer_dn=self._name(evidence.issuer_dn, None),
            serial_number=self._read_serial_number(headers, limits),
            fingerprint_sha256=self._accepted_fingerprint(evidence),
            wire=None if evidence.certificate is None else Wire(evidence.certificate, self.encoding.decode),
        )

    def _refuse_merging_server(self, facts: RequestFacts) -> None:
        """Where producer and server both let ``ssl_client_cert`` through, it may take the place of the real header."""
        if facts.folded and not facts.drops_aliases and self.aliases is AliasPolicy.IGNORE:
            raise EvidenceError(
                Reason.SERVER_UNSUPPORTED,
                f"{self.name} forwards names with underscores, and this WSGI server is not known to drop them",
                hints=_MERGING_WAYS_OUT,
            )

    def _refuse_tampering(self, headers: SelectedHeaders) -> None:
        if headers.duplicates:
            name = headers.duplicates[0].decode("ascii")
            raise EvidenceError(Reason.DUPLICATE_HEADER, f"{name} came more than once, wanted exactly one")
        if self.aliases is AliasPolicy.REFUSE and headers.aliases:
            raise EvidenceError(
                Reason.HEADER_ALIAS,
                f"{escape_peer_text(headers.aliases[0])} is another spelling of a header of {self.name}",
                hints=(self.alias_hint,),
            )
        if self.aliases is AliasPolicy.REFUSE and (nominated := self._nominated(headers)):
            raise EvidenceError(
                Reason.HOP_BY_HOP_HEADER,
                f"Connection names {nominated}: the sender asks the next hop to remove evidence (RFC 9110 §7.6.1)",
            )

    def _nominated(self, headers: SelectedHeaders) -> str | None:
        for name, value in headers.context:
            if name == CONNECTION_HEADER:
                tokens = {token.strip(b" \t").lower() for token in value.split(b",")}
                for ours in self.header_names:
                    if ours in tokens:
                        return ours.decode("ascii")
        return None

    def _evidence(self, headers: SelectedHeaders, limits: Limits) -> _Evidence:
        encoding, link = self.encoding, self.chain_encoding
        link_bytes = limits.chain_header_bytes if link.carries_chain else limits.header_bytes
        links = [self._value(headers, name, link_bytes, link.controls) for name in self.chain]
        names = limits.name_header_bytes
        return _Evidence(
            certificate=self._value(
                headers,
                self.certificate,
                limits.chain_header_bytes if encoding.carries_chain else limits.header_bytes,
                encoding.controls,
            ),
            chain=tuple(value for value in links if value is not None),
            subject_dn=self._value(headers, self.subject_dn, names, self.dn_dialect.controls),
            issuer_dn=self._value(headers, self.issuer_dn, names, self.dn_dialect.controls),
            fingerprint=self._value(headers, self.fingerprint, limits.chain_header_bytes),
        )

    def _value(self, headers: SelectedHeaders, name: str | None, max_bytes: int, more: bytes = b"") -> bytes | None:
        """One header value, bounded and made of printable ASCII and `more`; None when absent, empty, a placeholder."""
        if name is None:
            return None
        value = headers.values.get(name.encode("ascii"))
        if value is None or value in self.placeholders:
            return None
        if len(value) > max_bytes:
            raise EncodingError(Reason.HEADER_TOO_LARGE, f"{name} has {len(value)} bytes, the limit is {max_bytes}")
        if value.translate(None, _PRINTABLE + more):
            shown = escape_peer_text(value, limit=27)
            raise EncodingError(Reason.HEADER_MALFORMED, f"{name} contains control or non-ASCII bytes: {shown}")
        return value

    def _is_presented(self, evidence: _Evidence, verdict: bytes | None, presence: bytes | None) -> bool:
        """Whether the presence header, where there is one, speaks of a certificate."""
        if self.presence is None:
            return True
        given, none = self.presence_tokens
        if presence is None:
            if evidence.is_there or verdict is not None:
                raise EvidenceError(
                    Reason.VERDICT_MISSING, f"{self.presence} is missing, which {self.name} sends with every request"
                )
            return False
        token = presence.decode("ascii")
        if token == none:
            is_success = verdict == self.success.encode("ascii") and not self.bare_success_is_absent
            if evidence.is_there or is_success:
                raise EvidenceError(
                    Reason.VERDICT_CONTRADICTED, f"{self.presence} is {token} but a certificate or verdict came with it"
                )
            return False
        if token != given:
            raise EvidenceError(
                Reason.PROXY_VERDICT_FAILED, f"{self.presence} is {escape_peer_text(token)}, wanted {given} or {none}"
            )
        return True

    def _accepts(self, evidence: _Evidence, verdict: bytes | None, *, folded: bool) -> bool:
        """True on success, False on "no certificate"; raises for everything else."""
        if self.verdict is None:
            return True
        present = evidence.is_there or self.presence is not None
        if verdict is None:
            if present:
                raise EvidenceError(
                    Reason.VERDICT_MISSING, f"{self.verdict} is missing, which {self.name} sends with every request"
                )
            return False
        token = verdict.decode("ascii")
        if folded and "," in token:
            raise EvidenceError(Reason.DUPLICATE_HEADER, f"{self.verdict} holds a comma: the server joined several")
        if token in self.absent:
            if present:
                raise EvidenceError(
                    Reason.VERDICT_CONTRADICTED, f"{self.verdict} is {token} but a certificate or name came with it"
                )
            return False
        if token != self.success:
            raise EvidenceError(
                Reason.PROXY_VERDICT_FAILED,
                f"{self.verdict} is {escape_peer_text(token)}, wanted exactly {self.success}",
            )
        if self.certificate is not None and evidence.certificate is None:
            raise self._bare_success(evidence)
        return True

    def _bare_success(self, evidence: _Evidence) -> EvidenceError:
        detail = f"{self.verdict} is {self.success} but {self.certificate} is missing"
        if self.bare_success_is_absent and self.presence is None and not evidence.is_there:
            return EvidenceError(Reason.NO_CERTIFICATE, f"{detail}: none was presented", hints=(self.missing_hint,))
        return EvidenceError(Reason.VERDICT_CONTRADICTED, detail, hints=(self.missing_hint,))

    def _is_complete(self, evidence: _Evidence) -> bool:
        """False when the producer has no status header and sent nothing; raises when a part is missing."""
        if not evidence.is_there and not self.has_status:
            return False
        required = (
            (self.certificate, evidence.certificate, True),
            (self.fingerprint, evidence.fingerprint, True),
            (self.issuer_dn, evidence.issuer_dn, self.names_required),
        )
        for name, value, is_required in required:
            if name is not None and value is None and is_required:
                raise EvidenceError(
                    Reason.EVIDENCE_MISSING, f"{name} is missing, which {self.name} sends with every certificate"
                )
        return True

    def _check_conditions(self, headers: SelectedHeaders, limits: Limits) -> None:
        for name, wanted in self.conditions:
            value = self._value(headers, name, limits.verdict_header_bytes)
            if value is None:
                raise EvidenceError(
                    Reason.VERDICT_MISSING, f"{name} is missing, which {self.name} sends with every certificate"
                )
            if value != wanted.encode("ascii"):
                shown = escape_peer_text(value)
                raise EvidenceError(Reason.PROXY_VERDICT_FAILED, f"{name} is {shown}, wanted exactly {wanted}")

    def _refuse_trailers(self, headers: SelectedHeaders) -> None:
        if self.has_status or self.trailers_safe:
            return
        if any(name == TRANSFER_ENCODING_HEADER for name, _ in headers.context):
            raise EvidenceError(
                Reason.HOP_BY_HOP_HEADER,
                f"a chunked body may end in trailers, and nothing that {self.name} sends tells its headers from them",
                hints=("trailers_safe=True on the source, where the proxy drops trailers or writes a verdict",),
            )

    def _certificates(self, evidence: _Evidence, limits: Limits) -> tuple[bytes, ...]:
        if evidence.certificate is None:
            return ()
        presented = self.encoding.decode(evidence.certificate)
        for value in evidence.chain:
            presented += self.chain_encoding.decode(value)
        # As many links as self-issued certificates: the verifier can tell them apart, here they are octets.
        most = 1 + 2 * limits.intermediates
        if len(presented) > most:
            raise EncodingError(
                Reason.CHAIN_TOO_LARGE, f"{len(presented)} certificates came, the limit is {most}: limits.intermediates"
            )
        return presented

    def _name(self, value: bytes | None, absent: bytes | None) -> bytes | None:
        return absent if value is None else self.dn_dialect.to_openssl(value)

    def _read_serial_number(self, headers: SelectedHeaders, limits: Limits) -> int | None:
        value = None if self.certificate else self._value(headers, self.serial_number, limits.verdict_header_bytes)
        return None if value is None else read_serial_number(value)

    def _accepted_fingerprint(self, evidence: _Evidence) -> str | None:
        if evidence.fingerprint is None:
            return None
        fingerprint = self.read_fingerprint(evidence.fingerprint)
        if fingerprint not in self.fingerprints:
            raise VerificationError(Reason.NOT_PINNED, f"sha256 {fingerprint} is none of the source's fingerprints")
        return fingerprint


_MERGING_WAYS_OUT = (
    "run the app under gunicorn, waitress or Werkzeug with their defaults, or as ASGI",
    "or let a proxy that drops such names (nginx) write the headers",
)

# RFC 9110 §5.5 field values, without obs-text and horizontal tab.
_PRINTABLE = bytes(range(0x20, 0x7F))
