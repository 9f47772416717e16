"""
Amazon: Application Load Balancer, CloudFront, API Gateway.

Facts from Amazon's documentation; nothing here was run. A load balancer in *passthrough* mode verifies nothing and
sends all that the client presented in ``X-Amzn-Mtls-Clientcert``: percent-escaped PEM "with +=/ as safe characters",
leaf first. In *verify* mode it refuses bad certificates and sends ``…-Leaf`` in the same form, and ``…-Subject``,
``…-Issuer`` (RFC 2253), ``…-Serial-Number`` (hex) and ``…-Validity``; no verdict, their presence is one. It takes no
X.509 v1 certificates. That it overwrites a client's own copy is not documented.

CloudFront sends ``CloudFront-Viewer-Cert-Present`` (1 or 0) and what the origin request policy names: ``…-Pem`` is the
percent-escaped leaf, ``…-Subject`` and ``…-Issuer`` are RFC 2253, the serial number has colons. In *passthrough* mode
it verifies nothing, and no header tells the mode.

API Gateway verifies at the custom domain, without revocation, and sends no header: a Lambda function finds the PEM in
its event. The default ``execute-api`` endpoint asks for no certificate and must be disabled.
"""

from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Mapping
from dataclasses import dataclass

from clientcert.core.encoding import AWS_ESCAPED_PEM, ESCAPED_PEM, encoding_named
from clientcert.core.facts import RequestFacts
from clientcert.core.headers import SelectedHeaders
from clientcert.core.limits import Limits
from clientcert.core.sources.base import Claim, HeaderSource
from clientcert.errors import EvidenceError, Reason

_ALB = "x-amzn-mtls-clientcert"
_LEAF, _SUBJECT, _ISSUER = f"{_ALB}-leaf", f"{_ALB}-subject", f"{_ALB}-issuer"
_SERIAL_NUMBER, _VALIDITY = f"{_ALB}-serial-number", f"{_ALB}-validity"
_CLOUDFRONT = "cloudfront-viewer-cert"
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_NO_EVENT = (
    "the request carries no event of API Gateway, which is not the same as no certificate; ways out:",
    'run the app under Mangum, which puts the event into scope["aws.event"]',
    "name the load balancer or proxy in front of it as the source",
)


class AwsAlb(HeaderSource):
    """
    An Application Load Balancer whose listener is in mTLS *passthrough* mode: every check is ours.

    Args:
        certificate: The header, where the listener renames it.
        trailers_safe: Chunked bodies may come; only where nothing in front of the load balancer adds trailers.
    """

    __slots__ = ()

    def __init__(self, *, certificate: str = _ALB, trailers_safe: bool = False) -> None:
        HeaderSource.__init__(
            self,
            name="aws-alb",
            certificate=certificate.lower(),
            encoding=AWS_ESCAPED_PEM,
            verifies=False,
            trailers_safe=trailers_safe,
        )


class AwsAlbVerify(HeaderSource):
    """
    An Application Load Balancer whose listener is in mTLS *verify* mode.

    Args:
        leaf: The certificate itself is read. False takes the identity from the names and the serial number alone, at
            `EvidenceLevel.PROXY_ATTRIBUTES`; they must be spelled as OpenSSL spells them, or are refused.
        trailers_safe: As `AwsAlb`.
    """

    __slots__ = ()

    def __init__(self, *, leaf: bool = True, trailers_safe: bool = False) -> None:
        HeaderSource.__init__(
            self,
            name="aws-alb-verify",
            certificate=_LEAF if leaf else None,
            encoding=AWS_ESCAPED_PEM,
            subject_dn=None if leaf else _SUBJECT,
            issuer_dn=None if leaf else _ISSUER,
            names_required=not leaf,
            serial_number=None if leaf else _SERIAL_NUMBER,
            verified_by_presence=True,
            trailers_safe=trailers_safe,
            also_sent=(_VALIDITY, *((_SUBJECT, _ISSUER, _SERIAL_NUMBER) if leaf else (_LEAF,))),
        )


class AwsCloudFront(HeaderSource):
    """
    CloudFront with viewer mTLS, and an origin request policy that forwards ``…-Present`` and ``…-Pem``.

    Args:
        pem: The certificate itself is read. False takes the identity from the names and the serial number alone, at
            `EvidenceLevel.PROXY_ATTRIBUTES`: only for the modes *Required* and *Optional*.
        encoding: ``escaped-pem``, or ``aws-escaped-pem`` where ``+ / =`` arrive as they are.
    """

    __slots__ = ()

    def __init__(self, *, pem: bool = True, encoding: str = ESCAPED_PEM.name) -> None:
        subject, issuer, serial = (f"{_CLOUDFRONT}-{name}" for name in ("subject", "issuer", "serial-number"))
        HeaderSource.__init__(
            self,
            name="aws-cloudfront",
            certificate=f"{_CLOUDFRONT}-pem" if pem else None,
            encoding=encoding_named(encoding, among=(ESCAPED_PEM, AWS_ESCAPED_PEM)),
            presence=f"{_CLOUDFRONT}-present",
            presence_tokens=("1", "0"),
            subject_dn=None if pem else subject,
            issuer_dn=None if pem else issuer,
            names_required=not pem,
            serial_number=None if pem else serial,
            verified_by_presence=not pem,
            verifies=False,
            also_sent=(
                *(f"{_CLOUDFRONT}-{name}" for name in ("validity", "sha256")),
                *((subject, issuer, serial) if pem else (f"{_CLOUDFRONT}-pem",)),
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsApiGateway:
    """
    API Gateway in front of a Lambda function: the certificate comes in the event, `api_gateway_chain` finds it.

    Nobody but the Lambda runtime writes the event, so no proxy proof is needed; who may invoke the function is a
    matter of its resource policy.
    """

    name: str = "aws-api-gateway"
    needs_proxy_proof: bool = False
    gives_verdict: bool = False
    sends_certificate: bool = True
    header_names: tuple[bytes, ...] = ()

    def read(self, facts: RequestFacts, headers: SelectedHeaders, limits: Limits) -> Claim | None:  # noqa: ARG002
        """
        The certificate of the event, which the adapter has put into `RequestFacts.tls_chain`.

        Raises:
            EvidenceError: SERVER_UNSUPPORTED when there was no such event.
        """
        if facts.tls_chain is None:
            raise EvidenceError(Reason.SERVER_UNSUPPORTED, "no event of API Gateway", hints=_NO_EVENT)
        return Claim(leaf=facts.tls_chain[0]) if facts.tls_chain else None


def api_gateway_chain(event: object) -> tuple[bytes, ...] | None:
    """
    Find the client's certificate in a Lambda event of API Gateway, for `RequestFacts.tls_chain`.

    Args:
        event: The event of a REST API or HTTP API (payload 1.0: ``requestContext.identity.clientCert``; 2.0:
            ``requestContext.authentication.clientCert``); anything else is no such event.

    Returns:
        DER of the leaf, alone; empty where no certificate was presented; None for anything that is not such an event.
        Text that is no PEM block is handed on as it came, for `parse_certificate` to refuse. Never raises.
    """
    context = event.get("requestContext") if isinstance(event, Mapping) else None
    # An Application Load Balancer and a function URL invoke functions too; the first has no apiId, the second no mTLS.
    if not isinstance(context, Mapping) or "apiId" not in context:
        return None
    holder = context.get("authentication") or context.get("identity") or {}
    certificate = holder.get("clientCert") if isinstance(holder, Mapping) else None
    if not certificate:
        return ()
    pem = certificate.get("clientCertPem") if isinstance(certificate, Mapping) else None
    return (_read_pem(pem.encode("utf-8", "surrogatepass") if isinstance(pem, str) else b""),)


def _read_pem(text: bytes) -> bytes:
    # Where Amazon breaks the lines is not documented, and nobody else writes this text.
    block = text.strip()
    body = block.removeprefix(_BEGIN).removesuffix(_END)
    if len(body) != len(block) - len(_BEGIN) - len(_END):
        return text
    try:
        return a2b_base64(b"".join(body.split()), strict_mode=True)
    except Base64Error:
        return text
