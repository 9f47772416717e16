"""The authority of this process, for tests that do not care who issues their clients."""

from functools import cache

from clientcert.testing.authority import CertificateAuthority


@cache
def default_authority() -> CertificateAuthority:
    """
    Return the authority that issues for names given to `as_client`: ``trust=default_authority().pem``.

    One for each process, and another in the next: without a seed, so that nothing can come to trust it for good.
    """
    return CertificateAuthority("clientcert.testing")
