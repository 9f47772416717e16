"""Extensions that are evaluated must be what their type says, critical or not."""

from typing import Unpack

import pytest

from clientcert.core.certificate import parse_certificate
from clientcert.core.limits import Limits
from clientcert.errors import EncodingError, Reason
from clientcert.testing.knobs import Knobs
from tests.core.verification.kit import NO_EXTENSIONS, authority, raw_extension

LIMITS = Limits()
ROOT = authority()

_EXTENSIONS = {
    "key-usage-with-padding-bits": ("2.5.29.15", "03020781"),
    "key-usage-unused-bits-of-nothing": ("2.5.29.15", "030101"),
    "key-usage-not-bits": ("2.5.29.15", "0500"),
    "constraints-ca-not-der": ("2.5.29.19", "3003010101"),
    "constraints-negative-length": ("2.5.29.19", "300601 01ff 0201ff"),
    "constraints-more": ("2.5.29.19", "3005 0101ff 0500"),
    "purpose-not-an-oid": ("2.5.29.37", "3003020101"),
    "key-id-trailing": ("2.5.29.14", "04010000"),
    "authority-key-id-twice": ("2.5.29.35", "30068001008001 00"),
    "authority-key-id-unknown": ("2.5.29.35", "30038301 00"),
    "authority-serial-not-minimal": ("2.5.29.35", "300482020001"),
    "name-constraints-empty": ("2.5.29.30", "3000"),
    "name-constraints-unknown": ("2.5.29.30", "3002a200"),
    "name-constraints-order": ("2.5.29.30", "300ca1043002820 0a0043002 8200".replace(" ", "")),
    "name-constraints-no-sequence": ("2.5.29.30", "3006a00431028200"),
    "points-no-sequence": ("2.5.29.31", "30023100"),
    "points-unknown-field": ("2.5.29.31", "300430028300"),
    "points-bad-reasons": ("2.5.29.31", "3005300381 0109"),
    "points-bad-name": ("2.5.29.31", "300a3008a006a0048602c328"),
    "points-bad-issuer": ("2.5.29.31", "30063004a2028901"),
    "access-nothing": ("1.3.6.1.5.5.7.1.1", "3000"),
    "access-no-sequence": ("1.3.6.1.5.5.7.1.1", "300b310906022a0386033a2f2f"),
    "access-no-name": ("1.3.6.1.5.5.7.1.1", "3006300406022a03"),
    "access-method-not-an-oid": ("1.3.6.1.5.5.7.1.1", "300b300904022a0386033a2f2f"),
    "access-name-of-no-kind": ("1.3.6.1.5.5.7.1.1", "300b300906022a0316033a2f2f"),
    "alternative-name-universal": ("2.5.29.17", "30030c0161"),
    "alternative-name-constructed": ("2.5.29.17", "3003a20161"),
    "other-name-without-value": ("2.5.29.17", "3006a00406022a03"),
    "other-name-trailing": ("2.5.29.17", "300ca00a06022a03a00405000500"),
    "upn-not-utf8-string": ("2.5.29.17", "3015a013060a2b060104018237140203a0051603614062"),
}
_READABLE = {
    "key-usage-nine-bits": ("2.5.29.15", "0303078080"),
    "constraints-length": ("2.5.29.19", "3003020103"),
    "authority-key-id-empty": ("2.5.29.35", "3000"),
    "points": ("2.5.29.31", "3015 3013 a008a0068604613a2f2f 81020780 a2038201 61"),
    "points-relative-name": ("2.5.29.31", "30063004a002a100"),
    "access": ("1.3.6.1.5.5.7.1.1", "300b300906022a0386033a2f2f"),
    "excluded-only": ("2.5.29.30", "3008a106300482026161"),
}


def _bare(**knobs: Unpack[Knobs]) -> Knobs:
    """No extensions but those asked for."""
    return NO_EXTENSIONS | knobs


@pytest.mark.parametrize(("oid", "value"), _EXTENSIONS.values(), ids=_EXTENSIONS)
def test_extension_that_is_not_its_type(oid: str, value: str) -> None:
    """An extension that we evaluate and cannot read is refused, also when it is not critical."""
    with pytest.raises(EncodingError, match=oid) as caught:
        parse_certificate(ROOT.issue("u", **_bare(extra_extensions=[raw_extension(oid, value)])).der, limits=LIMITS)
    assert caught.value.reason is Reason.CERTIFICATE_MALFORMED


@pytest.mark.parametrize(("oid", "value"), _READABLE.values(), ids=_READABLE)
def test_extension_that_is_its_type(oid: str, value: str) -> None:
    """The twins of those are read."""
    der = ROOT.issue("u", **_bare(extra_extensions=[raw_extension(oid, value)])).der
    assert parse_certificate(der, limits=LIMITS).extensions.oids == (oid,)
