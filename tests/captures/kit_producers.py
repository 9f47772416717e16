"""How the proxies of the captures were configured, in the words of the kit: ``config_summary`` → producer."""

from clientcert.testing.producers import (
    Detail,
    Line,
    PassTlsClientCert,
    Producer,
    Xfcc,
    header_lines,
    ingress_nginx,
)
from clientcert.testing.producers.registry import PRODUCERS

# What the captured sidecar adds beside; these say nothing of the client.
_SESSION: tuple[Line, ...] = (("X-SSL-Protocol", "TLSv1.3"), ("X-SSL-Session-Reused", "."))
_SIDECAR: tuple[Line, ...] = (
    ("X-SSL-Client-Escaped-Cert", "$ssl_client_escaped_cert"),
    ("X-SSL-Client-Verify", "$ssl_client_verify"),
    ("X-SSL-Client-S-DN", "$ssl_client_s_dn"),
    ("X-SSL-Client-I-DN", "$ssl_client_i_dn"),
    ("X-SSL-Client-S-DN-Legacy", "$ssl_client_s_dn_legacy"),
    ("X-SSL-Client-I-DN-Legacy", "$ssl_client_i_dn_legacy"),
    ("X-SSL-Client-Serial", "$ssl_client_serial"),
    ("X-SSL-Client-Fingerprint", "$ssl_client_fingerprint"),
    ("X-SSL-Client-V-Start", "$ssl_client_v_start"),
    ("X-SSL-Client-V-End", "$ssl_client_v_end"),
    ("X-SSL-Client-V-Remain", "$ssl_client_v_remain"),
)
_HAPROXY: tuple[Line, ...] = (("ssl-client-cert", "%[ssl_c_der,base64]"), ("ssl-client-verify", "%[ssl_c_verify]"))
_HAPROXY_SECURE: tuple[Line, ...] = (
    ("ssl-client-cert", "%[ssl_c_der,base64]", "presented"),
    ("ssl-client-verify", "NONE", "absent"),
    ("ssl-client-verify", "%[ssl_c_verify]", "presented"),
)
_HAPROXY_SAMPLES: tuple[Line, ...] = (
    ("ssl-client-used", "%[ssl_c_used]"),
    ("ssl-client-has-crt", "%[ssl_fc_has_crt]"),
    ("ssl-client-verify", "%[ssl_c_verify]"),
    ("ssl-client-err", "%[ssl_c_err]"),
    ("ssl-client-ca-err", "%[ssl_c_ca_err]"),
    ("ssl-client-ca-err-depth", "%[ssl_c_ca_err_depth]"),
    ("ssl-client-cert", "%[ssl_c_der,base64]"),
    ("ssl-client-chain", "%[ssl_c_chain_der,base64]"),
    ("ssl-client-sha256", "%[ssl_c_der,sha2(256),hex]"),
    ("ssl-client-s-dn", "%[ssl_c_s_dn]"),
    ("ssl-client-s-dn-rfc2253", "%[ssl_c_s_dn(,0,rfc2253)]"),
    ("ssl-client-s-dn-q", "%{+Q}[ssl_c_s_dn]"),
    ("ssl-client-s-dn-cn", "%[ssl_c_s_dn(cn)]"),
    ("ssl-client-i-dn", "%[ssl_c_i_dn]"),
    ("ssl-client-serial", "%[ssl_c_serial,hex]"),
    ("ssl-client-notafter", "%[ssl_c_notafter]"),
    ("ssl-client-key-alg", "%[ssl_c_key_alg]"),
)
_APACHE: tuple[Line, ...] = (
    ("ssl-client-cert", "%{SSL_CLIENT_CERT}s"),
    ("ssl-client-cert-chain-0", "%{SSL_CLIENT_CERT_CHAIN_0}s"),
    ("ssl-client-cert-chain-1", "%{SSL_CLIENT_CERT_CHAIN_1}s"),
    ("ssl-client-cert-escape", "expr=%{escape:%{SSL_CLIENT_CERT}}"),
    ("ssl-client-cert-b64", "expr=%{base64:%{SSL_CLIENT_CERT}}"),
    ("ssl-client-verify", "%{SSL_CLIENT_VERIFY}s"),
    ("ssl-client-subject-dn", "%{SSL_CLIENT_S_DN}s"),
    ("ssl-client-subject-dn-expr", "expr=%{SSL_CLIENT_S_DN}"),
    ("ssl-client-subject-cn", "%{SSL_CLIENT_S_DN_CN}s"),
    ("ssl-client-issuer-dn", "%{SSL_CLIENT_I_DN}s"),
    ("ssl-client-serial", "%{SSL_CLIENT_M_SERIAL}s"),
    ("ssl-client-san-dns-0", "%{SSL_CLIENT_SAN_DNS_0}s"),
    ("ssl-client-san-email-0", "%{SSL_CLIENT_SAN_Email_0}s"),
    ("ssl-client-v-end", "%{SSL_CLIENT_V_END}s"),
    ("ssl-client-env", "%{SSL_CLIENT_VERIFY}e"),
)
_APACHE_SECURE: tuple[Line, ...] = (
    ("ssl-client-cert", "expr=%{escape:%{SSL_CLIENT_CERT}}", "verified"),
    ("ssl-client-verify", "expr=%{SSL_CLIENT_VERIFY}"),
)
_CADDY: tuple[Line, ...] = tuple(
    (name, f"{{http.request.tls.client.{placeholder}}}")
    for name, placeholder in {
        "ssl-client-cert": "certificate_der_base64",
        "ssl-client-fingerprint": "fingerprint",
        "ssl-client-issuer-dn": "issuer",
        "ssl-client-san-dns": "san.dns_names",
        "ssl-client-san-dns-0": "san.dns_names.0",
        "ssl-client-san-email-0": "san.emails.0",
        "ssl-client-san-uri-0": "san.uris.0",
        "ssl-client-serial": "serial",
        "ssl-client-subject-dn": "subject",
    }.items()
)
_ENVOY_FORMATTERS: tuple[Line, ...] = (
    ("x-client-cert", "%DOWNSTREAM_PEER_CERT%"),
    ("x-client-subject", "%DOWNSTREAM_PEER_SUBJECT%"),
    ("x-client-issuer", "%DOWNSTREAM_PEER_ISSUER%"),
    ("x-client-serial", "%DOWNSTREAM_PEER_SERIAL%"),
    ("x-client-fp256", "%DOWNSTREAM_PEER_FINGERPRINT_256%"),
    ("x-client-uri-san", "%DOWNSTREAM_PEER_URI_SAN%"),
    ("x-client-dns-san", "%DOWNSTREAM_PEER_DNS_SAN%"),
    ("x-client-v-end", "%DOWNSTREAM_PEER_CERT_V_END%"),
)
_GATEWAY = ("spiffe://example.org/ns/ingress/sa/gateway", "urn:second;By=x,Hash=1")
_ALL = Xfcc(details=("cert", "chain", "subject", "uri", "dns"))
_ALL_AND_ISSUER: tuple[Detail, ...] = ("cert", "chain", "subject", "uri", "dns", "issuer")


# Proxy → part of a ``config_summary`` → producer, the first that fits. A proxy that sets nothing is one without lines.
PRODUCERS_OF: dict[str, dict[str, Producer]] = {
    "nginx": {
        "pass-cert false": ingress_nginx(pass_certificate=False),
        "ingress without auth-tls": header_lines("nginx"),
        "sets no header": header_lines("nginx"),
        "over plain HTTP": header_lines("nginx"),
        "two hosts on one port": header_lines("nginx"),
        "ingress-nginx lines": ingress_nginx(),
        "deprecated $ssl_client_cert": header_lines(
            "nginx", ("X-SSL-Client-Cert", "$ssl_client_cert"), ("X-SSL-Client-Verify", "$ssl_client_verify")
        ),
        "with $ssl_client_raw_cert": header_lines(
            "nginx", ("X-SSL-Client-Raw-Cert", "$ssl_client_raw_cert"), ("ssl-client-verify", "$ssl_client_verify")
        ),
        "sidecar, optional_no_ca": header_lines("nginx", *_SIDECAR, _SESSION[0], ("X-SSL-Session-Reused", "r")),
        "hand-written sidecar": header_lines("nginx", *_SIDECAR, *_SESSION),
    },
    "haproxy": {
        "every ssl_c_* sample": header_lines("haproxy", *_HAPROXY_SAMPLES),
        "OpenShift-router": PRODUCERS["openshift"],
        "secure reference": header_lines("haproxy", *_HAPROXY_SECURE),
        "only if { ssl_c_used }": header_lines("haproxy", *((*line[:2], "presented") for line in _HAPROXY)),
        "RFC 9440": header_lines("haproxy", ("Client-Cert", ":%[ssl_c_der,base64]:", "verified")),
        "": header_lines("haproxy", *_HAPROXY),
    },
    "apache": {
        "virtual host without client certificates": header_lines("apache"),
        "raw line feeds": header_lines(
            "apache", ("ssl-client-cert", "expr=%{SSL_CLIENT_CERT}"), ("ssl-client-verify", "expr=%{SSL_CLIENT_VERIFY}")
        ),
        "+LegacyDNStringFormat": header_lines(
            "apache-legacy-names",
            ("ssl-client-subject-dn", "%{SSL_CLIENT_S_DN}s"),
            ("ssl-client-issuer-dn", "%{SSL_CLIENT_I_DN}s"),
        ),
        "WITHOUT SSLOptions": header_lines("apache", _APACHE[0], _APACHE[5]),
        "expr=%{escape:...}": header_lines("apache", *_APACHE_SECURE),
        "secure reference": header_lines("apache", *_APACHE_SECURE),
        "only when SSL_CLIENT_VERIFY is SUCCESS": header_lines("apache"),
        "": header_lines("apache", *_APACHE),
    },
    "caddy": {
        # Deletes run behind sets there.
        "in one block": header_lines("caddy"),
        "plain reverse_proxy": header_lines("caddy"),
        "secure reference": PRODUCERS["caddy"],
        "": header_lines("caddy", *_CADDY),
    },
    "envoy": {
        # Without it there is no certificate that could be forwarded.
        "no validation_context": header_lines("envoy-formatter"),
        "ALWAYS_FORWARD_ONLY": header_lines("envoy-formatter"),
        "APPEND_FORWARD, format JSON": Xfcc(details=_ALL_AND_ISSUER, json=True, by=_GATEWAY),
        "server with URI SAN": Xfcc(details=_ALL.details, by=_GATEWAY),
        "SANITIZE_SET, no details": Xfcc(details=()),
        "SANITIZE_SET subject+uri+dns": Xfcc(details=("subject", "uri", "dns"), by=_GATEWAY),
        "subject+uri+dns+issuer, format JSON": Xfcc(details=("subject", "uri", "dns", "issuer"), json=True),
        "issuer true, format JSON": Xfcc(details=_ALL_AND_ISSUER, json=True, by=_GATEWAY),
        "issuer true": Xfcc(details=_ALL_AND_ISSUER),
        "SANITIZE_SET, subject+uri+dns": Xfcc(details=("subject", "uri", "dns")),
        "details all true": _ALL,
        "%DOWNSTREAM_PEER_*%, ACCEPT_UNTRUSTED": header_lines("envoy-formatter", *_ENVOY_FORMATTERS),
        "secure: request_headers_to_remove": header_lines("envoy-formatter", *_ENVOY_FORMATTERS[:2]),
        "request_headers_to_add OVERWRITE": header_lines("envoy-formatter", *_ENVOY_FORMATTERS[:2]),
        "": _ALL,
    },
    "traefik": {
        "passTLSClientCert": PassTlsClientCert(info=True),
        "pass-certificate-to-upstream true": PRODUCERS["traefik-ingress-nginx"],
        # Nothing of Traefik's.
        "": header_lines("caddy"),
    },
}


def producer_of_capture(proxy: str, summary: str) -> Producer:
    """The producer of a capture."""
    return next(producer for part, producer in PRODUCERS_OF[proxy].items() if part in summary)
