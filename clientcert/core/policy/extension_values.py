"""The rule about the value of an X.509 extension (RFC 5280 §4.2)."""

from dataclasses import dataclass
from typing import Any

from clientcert.core import der as asn1
from clientcert.core.identity import ClientIdentity
from clientcert.core.name_attributes import Attribute
from clientcert.core.name_types import decode_oid, is_dotted_oid
from clientcert.core.policy.combinators import ConstantLeaf, Rule
from clientcert.core.policy.decision import Answer, Decision
from clientcert.core.policy.names import NO_CERTIFICATE
from clientcert.core.policy.values import alike, distinct, exact_texts, one_or_more
from clientcert.errors import ConfigurationError

_EXTENSIONS = 0xA3


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ExtensionRule(ConstantLeaf):
    """
    Whether an extension has one of the values; see `extension`.

    Attributes:
        oid: Of the extension, dotted.
        values: Octets or texts.
    """

    oid: str
    values: tuple[bytes | str, ...]

    @property
    def kind(self) -> str:
        """``extension``."""
        return "extension"

    @property
    def wanted(self) -> tuple[str, ...]:
        """The values; octets in hex."""
        return tuple(value if isinstance(value, str) else value.hex() for value in self.values)

    def _look(self, identity: ClientIdentity) -> Decision:
        if identity.certificate is None:
            return self._answer(Answer.CANNOT_TELL, why=NO_CERTIFICATE)
        value = read_extension_value(identity.certificate, self.oid)
        if value is None:
            return self._answer(Answer.CANNOT_TELL, why=f"the certificate has no extension {self.oid}")
        text = _text_of(value)
        got = (value.hex() if text is None else text,)
        if any((value if isinstance(mine, bytes) else text) == mine for mine in self.values):
            return self._answer(Answer.YES, got=got, why=self.oid)
        if text is not None and alike(text) in {alike(mine) for mine in self.values if isinstance(mine, str)}:
            return self._answer(Answer.CANNOT_TELL, got=got, why=f"{self.oid} differs in spelling only")
        return self._answer(Answer.NO, got=got, why=self.oid)

    def __repr__(self) -> str:
        return f"extension({', '.join(map(repr, (self.oid, *self.values)))})"


def extension(oid: str, *values: bytes | str) -> Rule:
    """
    Allow whose certificate has an extension with one of the values.

    Args:
        oid: Of the extension, dotted.
        values: Octets are compared with all of extnValue's content; text with the text of the one ASN.1 string
            (UTF8String, IA5String, PrintableString, …) that it consists of.

    Raises:
        ConfigurationError: An OID that is none, no value, or one that is empty or neither octets nor text; text that
            does not print or has an asterisk.
    """
    if not _is_oid(oid):
        raise ConfigurationError(f"extension({oid!r}) is not an OID such as '1.3.6.1.4.1.57264.1.8'")
    for value in one_or_more("extension", values):
        if not isinstance(value, bytes):
            exact_texts("extension", (value,))
        elif not value:
            raise ConfigurationError("extension of no octets, which no extension has")
    return ExtensionRule(oid=oid, values=distinct(values))


def _is_oid(oid: Any) -> bool:
    return isinstance(oid, str) and is_dotted_oid(oid)


def read_extension_value(certificate: bytes, oid: str) -> bytes | None:
    """
    Find the content of extnValue in a certificate that has been parsed before.

    Returns:
        The octets inside the OCTET STRING; None where there is no such extension.

    Raises:
        ValueError: Not a certificate, which `parse_certificate` would have refused.
    """
    outer = asn1.read_tlv(certificate, 0)
    signed = asn1.read_tlv(certificate, outer.start, outer.end)
    for _, field in asn1.read_elements(certificate, signed.start, signed.end):
        if field.tag == _EXTENSIONS:
            sequence = asn1.read_tlv(certificate, field.start, field.end)
            for _, found in asn1.read_elements(certificate, sequence.start, sequence.end):
                # OID, criticality unless it is the default, value.
                parts = [part for _, part in asn1.read_elements(certificate, found.start, found.end)]
                if decode_oid(certificate[parts[0].start : parts[0].end]) == oid:
                    return certificate[parts[-1].start : parts[-1].end]
    return None


def _text_of(value: bytes) -> str | None:
    """Decode a value that is one ASN.1 string; None for any other."""
    try:
        attribute = Attribute.from_der("0.0", value)
    except ValueError:
        return None
    return attribute.value if attribute.is_text else None
