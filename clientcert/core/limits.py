"""How large the things a request carries may be; every check comes before the work it bounds."""

from dataclasses import dataclass, fields

from clientcert.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """
    Upper bounds, all inclusive. Lowering one is free; raising one means naming it here.

    Attributes:
        header_bytes: One header value that carries one certificate, before any decoding.
        chain_header_bytes: One header value of a form that carries a chain.
        name_header_bytes: One header value that carries a distinguished name.
        verdict_header_bytes: One header value that carries the proxy's verdict.
        certificate_bytes: DER of one certificate.
        extensions: X.509 extensions in one certificate.
        alternative_names: Entries of one subjectAltName.
        uri_bytes: One URI of a subjectAltName.
        intermediates: CA certificates that a request may bring along, self-issued ones not counted.
        intermediate_rsa_bits: RSA modulus of such a CA.
        intermediate_rsa_exponent_bits: RSA public exponent of such a CA.
        rdns: RDNs of one distinguished name.
        name_value_characters: One attribute value of a distinguished name.
        name_characters: All attribute values of a distinguished name together.
        name_constraint_checks: Pairs of a name and a constrained subtree in one path; the work grows with their
            product (RFC 5280 §6.1.3 b, c).

    Raises:
        ConfigurationError: A bound that is not a positive integer.
    """

    # A certificate with 200 names is 13.9 kB percent-escaped; an XFCC element with its chain 38 kB.
    header_bytes: int = 24 * 1024
    chain_header_bytes: int = 64 * 1024
    # 2,048 characters, each printed as \XX by the proxy, with attribute types around them.
    name_header_bytes: int = 8 * 1024
    # The longest is FAILED: and a line of OpenSSL's error table.
    verdict_header_bytes: int = 512
    certificate_bytes: int = 16 * 1024
    extensions: int = 32
    alternative_names: int = 256
    # SPIFFE ID §2.3.
    uri_bytes: int = 2048
    intermediates: int = 4
    # One RSA-16384 check with a 64-bit exponent takes 3.2 ms, and a path builder may need 128 of them.
    intermediate_rsa_bits: int = 4096
    intermediate_rsa_exponent_bits: int = 32
    rdns: int = 32
    name_value_characters: int = 256
    name_characters: int = 2048
    # About 20 ms; OpenSSL stops at 2^20.
    name_constraint_checks: int = 1 << 15

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ConfigurationError(f"limits.{field.name} is {value!r}, wanted a positive integer")
