"""
Certificates for tests, without openssl, a network or a proxy.

>>> authority = CertificateAuthority("My Test CA")
>>> client = authority.issue("svc-a", san=["URI:spiffe://prod.example/svc-a"])
>>> expired = authority.issue("svc-a", not_after=timedelta(days=-1))
"""

from clientcert.testing.authority import CertificateAuthority
from clientcert.testing.crl import IssuedCrl, Revoked
from clientcert.testing.issued import CertificateFiles, IssuedCertificate
from clientcert.testing.keys import make_key

__all__ = ["CertificateAuthority", "CertificateFiles", "IssuedCertificate", "IssuedCrl", "Revoked", "make_key"]
