"""
Name constraints (RFC 5280 §4.2.1.10, §6.1.4 g) over every name of a certificate.

cryptography's verifier looks at subjectAltName only; OpenSSL also holds the subject, its e-mail addresses, and a
common name that looks like a host name against them, and so does this. What cannot be evaluated is a refusal.
"""

from collections.abc import Callable, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from clientcert.core.certificate import ParsedCertificate, show_name
from clientcert.core.extensions import NameConstraints
from clientcert.core.general_names import GeneralName, NameKind, comparison_form
from clientcert.core.limits import Limits
from clientcert.core.verification.rules import LEAF, refusal, role_of
from clientcert.errors import Reason, escape_peer_text

_EMAIL_ADDRESS = "1.2.840.113549.1.9.1"
_HOST_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")
_RULE = "RFC 5280 §4.2.1.10"
# RFC 1035 §2.3.4.
_MAX_HOST, _MAX_LABEL = 253, 63


class _UnsupportedError(ValueError):
    """A name or a constraint that cannot be evaluated."""


def check_name_constraints(path: Sequence[ParsedCertificate], limits: Limits) -> None:
    """
    Hold the names of each certificate against the constraints of every CA above it.

    Args:
        path: Leaf first, anchor last; signatures verified.
        limits: `Limits.name_constraint_checks` bounds the work.

    Raises:
        VerificationError: NAME_CONSTRAINT_VIOLATED for a name outside, a name or constraint that cannot be evaluated,
            or more pairs than the limit.

    Self-issued CAs below a constraint are left out, as RFC 5280 §6.1.3 says; a self-issued leaf is not.
    """
    certificates = list(enumerate(path))
    constraints = [(i, c.extensions.name_constraints) for i, c in certificates[1:] if c.extensions.name_constraints]
    if not constraints:
        return
    names = [(i, constrained_names(c)) for i, c in certificates if i == 0 or not c.is_self_issued]
    pairs = [(above, found, below, held) for above, found in constraints for below, held in names if below < above]
    checks = sum(len(held) * (len(found.permitted) + len(found.excluded)) for _, found, _, held in pairs)
    if checks > limits.name_constraint_checks:
        problem = f"{checks} name constraint checks, the limit is {limits.name_constraint_checks}"
        hint = f"Limits(name_constraint_checks={checks}) accepts it"
        raise refusal(Reason.NAME_CONSTRAINT_VIOLATED, LEAF, path[0], problem, _RULE, hint)
    for above, found, below, held in reversed(pairs):
        violation = _find_violation(held, found)
        if violation is not None:
            problem = f"{violation} by {role_of(above, len(path))} {path[above]}"
            raise refusal(Reason.NAME_CONSTRAINT_VIOLATED, role_of(below, len(path)), path[below], problem, _RULE)


def constrained_names(certificate: ParsedCertificate) -> tuple[GeneralName, ...]:
    """All names of a certificate that constraints apply to, those of the subject in the form of GeneralName."""
    names = list(certificate.extensions.alternative_names or ())
    subject = certificate.subject
    if not subject.is_empty:
        names.append(GeneralName(kind=NameKind.DIRECTORY, value=b"", name=subject))
    names += (_text_name(NameKind.EMAIL, text) for text in subject.values(_EMAIL_ADDRESS))
    if not any(name.kind is NameKind.DNS for name in names):
        names += (_text_name(NameKind.DNS, text) for text in subject.values("CN") if _looks_like_host(text))
    return tuple(names)


def _text_name(kind: NameKind, text: str) -> GeneralName:
    return GeneralName(kind=kind, value=text.encode("utf-8", "surrogatepass"), text=text)


def _looks_like_host(text: str) -> bool:
    """OpenSSL's rule (v3_ncons.c, cn2dnsid): host characters, and a dot with neither dot nor hyphen beside it."""
    text = text.rstrip("\0").lower()
    if "\0" in text:
        return True
    dots = 0
    for index, character in enumerate(text):
        inside = 0 < index < len(text) - 1
        if character == "." and inside and text[index + 1] not in ".-" and text[index - 1] != "-":
            dots += 1
        elif not (character in _HOST_CHARACTERS or (character == "-" and inside)):
            return False
    return dots > 0


def _find_violation(names: Sequence[GeneralName], constraints: NameConstraints) -> str | None:
    """Say which name is outside, or None."""
    if constraints.has_distances:
        return "minimum or maximum in a name constraint, which is not evaluated, is set"
    try:
        permitted, excluded = _by_type(constraints.permitted), _by_type(constraints.excluded)
        for name in names:
            type_ = (name.kind, name.other_type)
            if type_ not in permitted and type_ not in excluded:
                continue
            text, matches = _name_text(name), _MATCHES[name.kind]
            if type_ in permitted and not any(matches(text, base) for base in permitted[type_]):
                return f"{_show(name)} is outside the names permitted"
            if any(matches(text, base) or _covers(text, base) for base in excluded.get(type_, ())):
                return f"{_show(name)} is among the names excluded"
    except _UnsupportedError as exc:
        return f"{exc}: constrained"
    return None


def _by_type(bases: Sequence[GeneralName]) -> dict[tuple[NameKind, str], list[str]]:
    """The bases as texts to match, by their type; read once, for there may be many names."""
    texts: dict[tuple[NameKind, str], list[str]] = {}
    for base in bases:
        texts.setdefault((base.kind, base.other_type), []).append(_base_text(base))
    return texts


def _show(name: GeneralName) -> str:
    shown = f"'{escape_peer_text(name.text or name.value.hex())}'" if name.name is None else show_name(name.name)
    return f"{name.kind.name} name {shown}"


def _base_text(base: GeneralName) -> str:
    """What `_MATCHES` holds a name against; _UnsupportedError for a base that makes no sense."""
    if base.kind is NameKind.IP:
        half = len(base.value) // 2
        mask = _bits(base.value[half:]).partition("/")[2]
        if len(base.value) not in (8, 32) or "01" in mask:
            raise _UnsupportedError("IP constraint that is not an address and a mask")
        family, _, bits = _bits(base.value[:half]).partition("/")
        return f"{family}/{bits[: mask.count('1')]}"
    text = base.text.lower()
    if base.kind is NameKind.DNS and text and not _is_host(text):
        raise _UnsupportedError(f"DNS constraint '{escape_peer_text(base.text)}' that is not a host name")
    if base.kind is NameKind.EMAIL:
        mailbox, at, host = base.text.rpartition("@")
        if not _is_host(host.lower().removeprefix(".")):
            raise _UnsupportedError(f"e-mail constraint '{escape_peer_text(base.text)}' that is no mailbox and no host")
        return mailbox + at + host.lower()
    return _directory_text(base) if base.kind is NameKind.DIRECTORY else text


def _name_text(name: GeneralName) -> str:
    """What `_MATCHES` holds against a base; _UnsupportedError for a name whose place cannot be told."""
    if name.kind is NameKind.DNS:
        if not _is_host(name.text.lower().removeprefix("*.")):
            raise _UnsupportedError(f"DNS name '{escape_peer_text(name.text)}' that is not a host name")
        return name.text.lower()
    if name.kind is NameKind.EMAIL:
        mailbox, _, host = name.text.rpartition("@")
        if not mailbox or "@" in mailbox or not _is_host(host.lower()) or not name.text.isascii():
            raise _UnsupportedError(f"e-mail address '{escape_peer_text(name.text)}' that is not a mailbox")
        return f"{mailbox}@{host.lower()}"
    if name.kind is NameKind.URI:
        return _uri_host(name.text)
    if name.kind is NameKind.IP:
        return _bits(name.value)
    if name.kind is NameKind.DIRECTORY:
        return _directory_text(name)
    raise _UnsupportedError(f"name of type {name.kind.name}")


def _bits(address: bytes) -> str:
    """The length in octets and the bits of an address, so that a network is a prefix."""
    return f"{len(address)}/{int.from_bytes(address):0{8 * len(address)}b}"


def _directory_text(name: GeneralName) -> str:
    """The RDNs of a name in the form in which they compare, one for each line, so that a subtree is a prefix."""
    return "".join(f"{rdn!r}\n" for rdn in comparison_form(name.name)) if name.name is not None else ""


def _uri_host(uri: str) -> str:
    try:
        parts = urlsplit(uri)
        host = (parts.hostname or "").lower()
    except ValueError:
        host = ""
    if not _is_host(host) or "@" in parts.netloc or _is_address(host):
        raise _UnsupportedError(f"URI '{escape_peer_text(uri)}' without a host name")
    return host


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_host(text: str) -> bool:
    """Lower-case labels of letters, digits, hyphens and underscores, separated by single dots; no wildcard."""
    return len(text) <= _MAX_HOST and all(
        0 < len(label) <= _MAX_LABEL and label[0] != "-" and label[-1] != "-" and set(label) <= _HOST_CHARACTERS | {"-"}
        for label in text.split(".")
    )


def _matches_dns(name: str, base: str) -> bool:
    host = name.removeprefix("*.")
    return not base or host == base or host.endswith("." + base)


def _covers(name: str, base: str) -> bool:
    """Whether a wildcard stands for hosts on both sides of a constraint (CVE-2025-61727)."""
    return name.startswith("*.") and ("." + base).endswith(name[1:])


def _matches_email(name: str, base: str) -> bool:
    if "@" in base:
        return name == base
    return name.endswith(base if base.startswith(".") else "@" + base)


def _matches_uri(name: str, base: str) -> bool:
    return name.endswith(base) and name != base if base.startswith(".") else name == base


_MATCHES: dict[NameKind, Callable[[str, str], bool]] = {
    NameKind.DNS: _matches_dns,
    NameKind.EMAIL: _matches_email,
    NameKind.URI: _matches_uri,
    NameKind.IP: str.startswith,
    NameKind.DIRECTORY: str.startswith,
}
