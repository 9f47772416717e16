"""
F5 BIG-IP with an iRule of your own.

Facts from its documentation; nothing here was run. The rule decides everything: ``[b64encode [SSL::cert 0]]`` is
base64 of the leaf's DER; ``[SSL::verify_result]`` is OpenSSL's result as a number, 0 also where no certificate came.
"""

from clientcert.core.encoding import BASE64_DER, ENCODINGS, encoding_named
from clientcert.core.sources.base import HeaderSource


class F5(HeaderSource):
    """
    BIG-IP.

    Args:
        certificate: The header that the rule inserts, after removing the client's own.
        encoding: One of `ENCODINGS`.
        verdict: The header with ``[SSL::verify_result]``, set on every request; None where there is none.
        absent: What the rule writes there without a certificate, if not 0.
        trailers_safe: Chunked bodies may come; matters without a verdict.
    """

    __slots__ = ()

    def __init__(
        self,
        *,
        certificate: str = "x-ssl-client-cert",
        encoding: str = BASE64_DER.name,
        verdict: str | None = None,
        absent: tuple[str, ...] = ("NONE",),
        trailers_safe: bool = False,
    ) -> None:
        HeaderSource.__init__(
            self,
            name="f5",
            certificate=certificate.lower(),
            encoding=encoding_named(encoding, among=tuple(ENCODINGS.values())),
            verdict=None if verdict is None else verdict.lower(),
            success="0",
            absent=absent,
            bare_success_is_absent=True,
            trailers_safe=trailers_safe,
        )
