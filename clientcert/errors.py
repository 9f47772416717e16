"""
Why a request was refused, and every exception this package raises.

Two disjoint roots: `ConfigurationError` is the operator's mistake and is raised while constructing, never by a
request; `ClientCertError` is the peer's (or its proxy's) and carries a `Reason`.
"""

from enum import Enum, StrEnum
from typing import Self


class Case(Enum):
    """
    What a client is told: one constant answer per case, never the cause.

    Each member is ``(name, HTTP status, title)``; the name ends the problem type
    ``urn:clientcert:problem:<name>`` (RFC 9457).
    """

    MISSING = ("missing", 401, "Client certificate required")
    REJECTED = ("rejected", 403, "Client certificate not accepted")
    AMBIGUOUS = ("ambiguous", 400, "Client certificate evidence is contradictory")
    MALFORMED = ("malformed", 400, "Client certificate evidence cannot be read")
    HEADER_TOO_LARGE = ("too-large", 431, "Client certificate header is too large")
    CERTIFICATE_TOO_LARGE = ("too-large", 400, "Client certificate is too large")
    MISDIRECTED = ("misdirected", 421, "Request is for another host")
    UNAVAILABLE = ("unavailable", 503, "Client certificates cannot be verified right now")
    INTERNAL = ("internal", 500, "Client certificate authentication failed")

    def __init__(self, slug: str, status: int, title: str) -> None:
        self.slug = slug
        self.status = status
        self.title = title


class Reason(StrEnum):
    """
    The stable, machine-readable cause of an outcome: for logs, metrics and tests, never for the client.

    The value is kebab-case and does not change between releases; `case` says what the client is told.
    """

    case: Case

    def __new__(cls, value: str, case: Case) -> Self:
        """Keep the case beside the text, so that a member still is its text."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.case = case
        return member

    # Nobody spoke for a client, or nobody we believe.
    NO_CERTIFICATE = ("no-certificate", Case.MISSING)
    CERTIFICATE_NOT_REQUESTED = ("certificate-not-requested", Case.MISSING)
    PROXY_NOT_PROVEN = ("proxy-not-proven", Case.MISSING)
    PEER_ADDRESS_REWRITTEN = ("peer-address-rewritten", Case.MISSING)

    # Evidence that contradicts itself.
    DUPLICATE_HEADER = ("duplicate-header", Case.AMBIGUOUS)
    HEADER_ALIAS = ("header-alias", Case.AMBIGUOUS)
    HOP_BY_HOP_HEADER = ("hop-by-hop-header", Case.AMBIGUOUS)
    VERDICT_MISSING = ("verdict-missing", Case.AMBIGUOUS)
    VERDICT_CONTRADICTED = ("verdict-contradicted", Case.AMBIGUOUS)
    EVIDENCE_MISSING = ("evidence-missing", Case.AMBIGUOUS)
    EVIDENCE_MISMATCH = ("evidence-mismatch", Case.AMBIGUOUS)
    SOURCES_DISAGREE = ("sources-disagree", Case.AMBIGUOUS)

    # Bytes that cannot be read.
    HEADER_MALFORMED = ("header-malformed", Case.MALFORMED)
    ENCODING_MALFORMED = ("encoding-malformed", Case.MALFORMED)
    PRIVATE_KEY_SENT = ("private-key-sent", Case.MALFORMED)
    CERTIFICATE_MALFORMED = ("certificate-malformed", Case.MALFORMED)
    NAME_MALFORMED = ("name-malformed", Case.MALFORMED)

    # Over a limit.
    HEADER_TOO_LARGE = ("header-too-large", Case.HEADER_TOO_LARGE)
    CERTIFICATE_TOO_LARGE = ("certificate-too-large", Case.CERTIFICATE_TOO_LARGE)
    CHAIN_TOO_LARGE = ("chain-too-large", Case.CERTIFICATE_TOO_LARGE)

    # A certificate was presented and is not acceptable.
    PROXY_VERDICT_FAILED = ("proxy-verdict-failed", Case.REJECTED)
    CERTIFICATE_EXPIRED = ("certificate-expired", Case.REJECTED)
    CERTIFICATE_NOT_YET_VALID = ("certificate-not-yet-valid", Case.REJECTED)
    ISSUER_UNKNOWN = ("issuer-unknown", Case.REJECTED)
    SIGNATURE_INVALID = ("signature-invalid", Case.REJECTED)
    ISSUER_NOT_CA = ("issuer-not-ca", Case.REJECTED)
    PATH_TOO_LONG = ("path-too-long", Case.REJECTED)
    PATH_INVALID = ("path-invalid", Case.REJECTED)
    PURPOSE_NOT_ALLOWED = ("purpose-not-allowed", Case.REJECTED)
    NAME_CONSTRAINT_VIOLATED = ("name-constraint-violated", Case.REJECTED)
    CRITICAL_EXTENSION = ("critical-extension", Case.REJECTED)
    KEY_NOT_ACCEPTED = ("key-not-accepted", Case.REJECTED)
    ALGORITHM_NOT_ACCEPTED = ("algorithm-not-accepted", Case.REJECTED)
    SERIAL_NOT_ACCEPTED = ("serial-not-accepted", Case.REJECTED)
    NAME_NOT_ACCEPTED = ("name-not-accepted", Case.REJECTED)
    STRICT_RULE = ("strict-rule", Case.REJECTED)
    NOT_PINNED = ("not-pinned", Case.REJECTED)
    REVOKED = ("revoked", Case.REJECTED)
    REVOCATION_UNKNOWN = ("revocation-unknown", Case.REJECTED)
    POLICY_DENIED = ("policy-denied", Case.REJECTED)
    TOKEN_NOT_CONFIRMED = ("token-not-confirmed", Case.REJECTED)

    # Of another site.
    HOST_NOT_ALLOWED = ("host-not-allowed", Case.MISDIRECTED)

    # Ours.
    TRUST_STALE = ("trust-stale", Case.UNAVAILABLE)
    SERVER_UNSUPPORTED = ("server-unsupported", Case.INTERNAL)
    INTERNAL_ERROR = ("internal-error", Case.INTERNAL)

    @property
    def status(self) -> int:
        """HTTP status of the refusal (RFC 9110 §15)."""
        return self.case.status


class ConfigurationError(ValueError):
    """The configuration cannot be used as it stands; raised while constructing, its text names the way out."""


class UnsafeConfigurationWarning(UserWarning):
    """A configuration is legal but weaker than it looks; the text names the alternative."""


class MiddlewareMissingError(Exception):
    """
    An identity was asked for where no clientcert middleware has run; the text names the line to add.

    Not a `RuntimeError`: a Werkzeug proxy would take that for "nobody" and answer False.
    """


class ClientCertError(Exception):
    """
    What a request carried cannot become an identity.

    Attributes:
        reason: The stable cause.
        detail: One line for the operator: what was wrong, what was expected. Text that came from the peer is
            escaped and cut; never a certificate, a key or a secret.
        hints: Further lines: the rule and its section, the numbers, which option would accept it.
    """

    def __init__(self, reason: Reason, detail: str, *, hints: tuple[str, ...] = ()) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.hints = hints

    @property
    def status(self) -> int:
        """HTTP status of the refusal."""
        return self.reason.status


class EvidenceError(ClientCertError):
    """Headers contradict each other, or the proxy's own verdict is not success."""


class EncodingError(ClientCertError):
    """Bytes are not in the wire form the source declares, or not one DER certificate."""


class NameSyntaxError(ClientCertError):
    """Bytes or text are not a distinguished name in the declared form (X.501, RFC 4514, or a proxy's dialect)."""


class VerificationError(ClientCertError):
    """A certificate was read but path validation (RFC 5280 §6) or a check beside it refuses it."""


MAX_PEER_TEXT = 80
"""Characters of a peer's text that one line of a log shows."""


def escape_peer_text(text: str | bytes, *, limit: int = MAX_PEER_TEXT) -> str:
    """
    Make text that came from a peer safe for one log line.

    Args:
        text: Anything a request carried; bytes are read as latin-1, as HTTP servers do.
        limit: Longest result in characters before ``...`` is put in the place of the rest.

    Returns:
        Printable ASCII without line breaks; everything else as a Python escape.
    """
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    shown = text[: limit + 1].encode("unicode_escape").decode("ascii")
    return shown if len(shown) <= limit else shown[:limit] + "..."
