"""Malformed certificates: each one has its defect, and its twin without it has none."""

import warnings

import pytest
from cryptography import x509

from clientcert.testing import CertificateAuthority
from clientcert.testing.malformed import (
    DEFECTIVE,
    UNREADABLE,
    indefinite_length,
    long_form_length,
    nested,
    trailing,
    truncated,
)


@pytest.mark.parametrize("name", UNREADABLE)
def test_cryptography_cannot_load_it(name: str, authority: CertificateAuthority) -> None:
    """It is refused as a whole; a good certificate of the same authority is not."""
    with pytest.raises((ValueError, x509.InvalidVersion)):
        x509.load_der_x509_certificate(UNREADABLE[name](authority))
    assert authority.issue("malformed").certificate.version is x509.Version.v3


@pytest.mark.parametrize("name", DEFECTIVE)
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_cryptography_loads_it_in_spite_of_its_defect(name: str, authority: CertificateAuthority) -> None:
    """Loading alone does not find the defect."""
    der = DEFECTIVE[name](authority)
    assert x509.load_der_x509_certificate(der).tbs_certificate_bytes in der


READING_RAISES = {
    "name-utf8-invalid",
    "name-t61-latin-1",
    "name-empty-rdn",
    "extension-twice",
    "extension-empty",
    "extension-trailing-octet",
    "extension-default-encoded",
    "extended-key-usage-empty",
    "san-ip-of-5-octets",
    "san-registered-id-cut",
    "san-x400",
    "san-edi-party",
}


@pytest.mark.parametrize("name", DEFECTIVE)
def test_reading_it_on_raises_for_some(name: str, authority: CertificateAuthority) -> None:
    """Names and extensions of these cannot be read, of the others they can: nothing here may be taken for granted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        certificate = x509.load_der_x509_certificate(DEFECTIVE[name](authority))
        try:
            _ = certificate.subject, certificate.extensions
        except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
            raised = True
        else:
            raised = False
    assert raised is (name in READING_RAISES)


def test_editing_changes_what_it_says_and_no_more(authority: CertificateAuthority) -> None:
    """Each edit of good DER leaves its content in place."""
    der = authority.issue("svc-a").der
    content = der[4:]
    assert truncated(der, octets=3) == der[:-3]
    assert trailing(der, octets=b"!") == der + b"!"
    assert long_form_length(der) == b"\x30\x83\x00" + der[2:4] + content
    assert indefinite_length(der) == b"\x30\x80" + content + b"\x00\x00"
    assert long_form_length(b"\x30\x01\x05") == b"\x30\x81\x01\x05"
    assert nested(3) == b"\x30\x04\x30\x02\x30\x00"
