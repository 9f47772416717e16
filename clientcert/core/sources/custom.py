"""A producer that has no preset, declared by whoever runs it and checked like the others."""

from clientcert.core.encoding import ESCAPED_PEM, encoding_named
from clientcert.core.sources.attributes import BASE64_DER_NAMES, OPENSSL_NAMES, RAW_UTF8_NAMES, NameDialect
from clientcert.core.sources.base import AliasPolicy, HeaderSource
from clientcert.errors import ConfigurationError

_DIALECTS = {dialect.name: dialect for dialect in (OPENSSL_NAMES, RAW_UTF8_NAMES, BASE64_DER_NAMES)}


class Custom(HeaderSource):
    """
    A producer of your own; `custom` is another name for it.

    Args:
        certificate: Header with the certificate; None takes the identity from the names alone, at
            `EvidenceLevel.PROXY_ATTRIBUTES`, which needs a verdict and both names.
        encoding: Its wire form, a name in `ENCODINGS`.
        verdict: Header with the producer's verdict, set on *every* request.
        success: The one value that means "verified"; not a bare number unless `presence` is given.
        absent: Values that mean "none was presented".
        presence: Header that says on every request whether a certificate was presented.
        presence_tokens: Its values: presented, none.
        conditions: Header and value, exactly, that must come with every certificate.
        chain: Headers with the rest of what the client presented, the leaf not among it.
        chain_encoding: Their wire form.
        placeholders: Values that the producer writes in the place of nothing.
        subject_dn, issuer_dn: Headers with the names, compared with the certificate where present.
        dn_dialect: ``openssl``, ``raw-utf8`` or ``base64-der``.
        verifies: The producer verifies in every mode it can be in; else `TRUST_PROXY` is refused.
        trailers_safe: The producer drops request trailers; matters without `verdict` and `presence`.
        drops_aliases: The producer drops names with ``_`` or ``.`` in the place of a dash, so that one that arrives
            is refused; False ignores it.
        ignored: Headers to strip and never read.
        name: Shown in `Evidence.source`.

    Raises:
        ConfigurationError: Unknown encodings or dialects, header names that servers drop or merge or that collide,
            tokens that cannot be told apart, a result code as success; the text says what to change.
    """

    __slots__ = ()

    def __init__(  # noqa: PLR0913 - each is a fact about the producer
        self,
        *,
        certificate: str | None,
        encoding: str = ESCAPED_PEM.name,
        verdict: str | None = None,
        success: str = "SUCCESS",
        absent: tuple[str, ...] = ("NONE",),
        presence: str | None = None,
        presence_tokens: tuple[str, str] = ("true", "false"),
        conditions: tuple[tuple[str, str], ...] = (),
        chain: tuple[str, ...] = (),
        chain_encoding: str = ESCAPED_PEM.name,
        placeholders: tuple[bytes, ...] = (),
        subject_dn: str | None = None,
        issuer_dn: str | None = None,
        dn_dialect: str = OPENSSL_NAMES.name,
        verifies: bool = True,
        trailers_safe: bool = False,
        drops_aliases: bool = True,
        ignored: tuple[str, ...] = (),
        name: str = "custom",
    ) -> None:
        HeaderSource.__init__(
            self,
            name=name,
            certificate=_lower(certificate),
            encoding=encoding_named(encoding),
            chain=tuple(header.lower() for header in chain),
            chain_encoding=encoding_named(chain_encoding),
            placeholders=placeholders,
            verdict=_lower(verdict),
            success=success,
            absent=absent,
            presence=_lower(presence),
            presence_tokens=presence_tokens,
            conditions=tuple((header.lower(), value) for header, value in conditions),
            subject_dn=_lower(subject_dn),
            issuer_dn=_lower(issuer_dn),
            dn_dialect=_dialect(dn_dialect),
            names_required=certificate is None,
            verifies=verifies,
            trailers_safe=trailers_safe,
            aliases=AliasPolicy.REFUSE if drops_aliases else AliasPolicy.IGNORE,
            ignored=tuple(header.lower() for header in ignored),
        )


custom = Custom


def _dialect(name: str) -> NameDialect:
    if name not in _DIALECTS:
        raise ConfigurationError(f"unknown dn_dialect {name!r}, wanted one of: {', '.join(_DIALECTS)}")
    return _DIALECTS[name]


def _lower(header: str | None) -> str | None:
    return None if header is None else header.lower()
