"""
What every producer writes into a request, for tests: ``via=`` of `as_client` takes a name, or one of these.

The writers know nothing of the readers in ``clientcert.core.sources``; both are compared with what real producers
sent.
"""

from clientcert.testing.producers.connections import api_gateway_event
from clientcert.testing.producers.envoy import Detail, Xfcc
from clientcert.testing.producers.handshake import Failure, Handshake, Producer, Verdict
from clientcert.testing.producers.lines import HeaderLines, Line
from clientcert.testing.producers.nginx import ingress_nginx
from clientcert.testing.producers.registry import LANGUAGES, PRODUCERS, header_lines, producer_of
from clientcert.testing.producers.request import Proof, Via
from clientcert.testing.producers.traefik import PassTlsClientCert

__all__ = [
    "LANGUAGES",
    "PRODUCERS",
    "Detail",
    "Failure",
    "Handshake",
    "HeaderLines",
    "Line",
    "PassTlsClientCert",
    "Producer",
    "Proof",
    "Verdict",
    "Via",
    "Xfcc",
    "api_gateway_event",
    "header_lines",
    "ingress_nginx",
    "producer_of",
]
