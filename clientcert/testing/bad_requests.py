"""Bad clients by what is around their certificate: headers that contradict each other, senders that are no proxy."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from clientcert.core.proxy import DEFAULT_SECRET_HEADER
from clientcert.core.sources import AliasPolicy, HeaderSource, Source
from clientcert.errors import Reason
from clientcert.testing.bad_cases import Bench, Case, everywhere, sends_chain
from clientcert.testing.bad_certificates import BAD_CERTIFICATES
from clientcert.testing.client_request import ClientRequest
from clientcert.testing.issued import escape_pem

_FORGED_NAME = b"CN=admin,O=Example"
# One above `Limits.chain_header_bytes`, the larger of the two limits.
_TOO_MANY = 64 * 1024 + 1


def _reads_headers(source: Source) -> bool:
    return isinstance(source, HeaderSource)


def _in_header(source: Source) -> bool:
    return isinstance(source, HeaderSource) and source.certificate is not None


def _in_pem(source: Source) -> bool:
    return isinstance(source, HeaderSource) and source.certificate is not None and "escaped-pem" in source.encoding.name


def _has_verdict(source: Source) -> bool:
    return isinstance(source, HeaderSource) and source.verdict is not None


def _has_word(source: Source) -> bool:
    return _has_verdict(source) and isinstance(source, HeaderSource) and not source.bare_success_is_absent


def _has_names(source: Source) -> bool:
    return _in_header(source) and isinstance(source, HeaderSource) and source.subject_dn is not None


def _needs_names(source: Source) -> bool:
    return _has_names(source) and isinstance(source, HeaderSource) and source.names_required


def _refuses_aliases(source: Source) -> bool:
    return isinstance(source, HeaderSource) and source.aliases is AliasPolicy.REFUSE


def _header(
    name: Callable[[HeaderSource], str | None], value: Callable[[Bench], bytes]
) -> Callable[..., ClientRequest]:
    """Write a good client's request with another value in one header."""
    return lambda bench: bench.replaced(name(bench.headers) or "", value(bench))


def _certificate(source: HeaderSource) -> str | None:
    return source.certificate


def _carrier(source: HeaderSource) -> str:
    """The header that is always there with a certificate."""
    return source.verdict or source.certificate or source.fingerprint or ""


def _twice(bench: Bench) -> ClientRequest:
    name = _carrier(bench.headers)
    return bench.write(bench.good).with_header(name, bench.value(name))


def _alias(bench: Bench) -> ClientRequest:
    name = bench.headers.certificate or _carrier(bench.headers)
    return bench.write(bench.good).with_header(name.replace("-", "_"), "EVIL")


def _failure(source: HeaderSource) -> bytes:
    """As nginx, HAProxy and the clouds say it."""
    return {"SUCCESS": b"FAILED:certificate has expired", "0": b"10"}.get(source.success, b"false")


def _is_one(source: Source) -> bool:
    """Whether two certificates in a header cannot be a chain."""
    return _in_header(source) and not sends_chain(source) and not _has_verdict(source)


def _tells_of_two(source: Source) -> bool:
    """Whether a comma in the header that is always there means two of them."""
    return _has_verdict(source) or (isinstance(source, HeaderSource) and "xfcc" in source.encoding.name)


def _without(name: Callable[[HeaderSource], str | None]) -> Callable[[Bench], ClientRequest]:
    return lambda bench: bench.write(bench.good).without(name(bench.headers) or "")


BAD_REQUESTS: Mapping[str, Case] = MappingProxyType(
    {
        "no-certificate": Case(make=lambda bench: bench.write(None), reason=Reason.NO_CERTIFICATE, applies=everywhere),
        "past-the-proxy": Case(
            make=lambda bench: bench.write(bench.good),
            reason=Reason.PROXY_NOT_PROVEN,
            applies=_reads_headers,
            is_stranger=True,
        ),
        "secret-missing": Case(
            make=lambda bench: bench.write(bench.good),
            reason=Reason.PROXY_NOT_PROVEN,
            applies=_reads_headers,
            needs="secret",
            is_proven=False,
        ),
        "secret-wrong": Case(
            make=lambda bench: bench.write(bench.good).with_header(DEFAULT_SECRET_HEADER, "x" * 40),
            reason=Reason.PROXY_NOT_PROVEN,
            applies=_reads_headers,
            needs="secret",
            is_proven=False,
        ),
        "duplicate-header": Case(make=_twice, reason=Reason.DUPLICATE_HEADER, applies=_tells_of_two),
        "duplicate-certificate": Case(
            make=_twice,
            reason=Reason.DUPLICATE_HEADER,
            wsgi_reason=Reason.ENCODING_MALFORMED,
            applies=_is_one,
        ),
        "spoofed-alias": Case(
            make=_alias,
            reason=Reason.HEADER_ALIAS,
            wsgi_reason=Reason.ENCODING_MALFORMED,
            applies=_refuses_aliases,
        ),
        "spoofed-alias-with-dots": Case(
            make=lambda bench: bench.write(bench.good).with_header(_carrier(bench.headers).replace("-", "."), "EVIL"),
            reason=Reason.HEADER_ALIAS,
            applies=_refuses_aliases,
        ),
        "header-to-be-removed": Case(
            make=lambda bench: bench.write(bench.good).with_header("connection", f"close, {_carrier(bench.headers)}"),
            reason=Reason.HOP_BY_HOP_HEADER,
            applies=_refuses_aliases,
        ),
        "verdict-failed": Case(
            make=_header(lambda source: source.verdict, lambda bench: _failure(bench.headers)),
            reason=Reason.PROXY_VERDICT_FAILED,
            applies=_has_verdict,
        ),
        "verdict-in-another-case": Case(
            make=_header(lambda source: source.verdict, lambda bench: bench.headers.success.swapcase().encode("ascii")),
            reason=Reason.PROXY_VERDICT_FAILED,
            applies=_has_word,
        ),
        "verdict-none-with-a-certificate": Case(
            make=_header(lambda source: source.verdict, lambda bench: bench.headers.absent[0].encode("ascii")),
            reason=Reason.VERDICT_CONTRADICTED,
            applies=lambda source: _has_verdict(source) and isinstance(source, HeaderSource) and bool(source.absent),
        ),
        "verdict-missing": Case(
            make=_without(lambda source: source.verdict), reason=Reason.VERDICT_MISSING, applies=_has_verdict
        ),
        "verdict-alone": Case(
            make=_without(_certificate),
            reason=Reason.VERDICT_CONTRADICTED,
            applies=lambda s: _has_word(s) and _in_header(s),
        ),
        "forged-subject": Case(
            make=_header(lambda source: source.subject_dn, lambda _: _FORGED_NAME),
            reason=Reason.EVIDENCE_MISMATCH,
            applies=_has_names,
        ),
        "forged-issuer": Case(
            make=_header(lambda source: source.issuer_dn, lambda _: _FORGED_NAME),
            reason=Reason.EVIDENCE_MISMATCH,
            applies=_has_names,
        ),
        "names-missing": Case(
            make=lambda bench: bench.write(bench.good).without(
                bench.headers.subject_dn or "", bench.headers.issuer_dn or ""
            ),
            reason=Reason.EVIDENCE_MISSING,
            applies=_needs_names,
        ),
        "garbage": Case(
            make=_header(_certificate, lambda _: b"garbage"), reason=Reason.ENCODING_MALFORMED, applies=_in_header
        ),
        "truncated-header": Case(
            make=_header(_certificate, lambda bench: bench.value(bench.headers.certificate or "")[:-9]),
            reason=Reason.ENCODING_MALFORMED,
            applies=_in_header,
        ),
        "private-key": Case(
            make=_header(_certificate, lambda bench: escape_pem(bench.good.key_pem)),
            reason=Reason.PRIVATE_KEY_SENT,
            applies=_in_pem,
        ),
        "high-octet": Case(
            make=_header(_certificate, lambda bench: bench.value(bench.headers.certificate or "") + b"\xff"),
            reason=Reason.HEADER_MALFORMED,
            applies=_in_header,
        ),
        "huge-header": Case(
            make=_header(_certificate, lambda _: b"A" * _TOO_MANY), reason=Reason.HEADER_TOO_LARGE, applies=_in_header
        ),
    }
)
"""Id → recipe."""


CASES: Mapping[str, Case] = MappingProxyType({**BAD_CERTIFICATES, **BAD_REQUESTS})
"""Id → recipe, of all of them."""
