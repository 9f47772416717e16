"""The mixes send what they say, as a server would hand it over."""

import random
from collections import Counter
from itertools import islice
from urllib.parse import unquote_to_bytes

import pytest
from cryptography import x509

from benchmarks.material import pki, serial_of_leaf
from benchmarks.traffic import HEADERS, MIXES, Form, Sent, asgi_scope, certificates, junk, wsgi_environ

EXTENSIONS, NAMES, ATTRIBUTES = 8, 3, 5


def numbers() -> random.Random:
    """The same in every run."""
    return random.Random(1)  # noqa: S311 - a mix, no secret


def test_leaf_is_as_described() -> None:
    """A leaf has the extensions, names and attributes of the page, under an issuing CA that the root signed."""
    leaf = pki("ec").issue(3).certificate
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert (len(list(leaf.extensions)), len(list(names)), len(list(leaf.subject))) == (EXTENSIONS, NAMES, ATTRIBUTES)
    leaf.verify_directly_issued_by(pki("ec").issuing.certificate)
    pki("ec").issuing.certificate.verify_directly_issued_by(pki("ec").root.certificate)


@pytest.mark.parametrize("number", [0, 7, 9_999])
def test_leaves_are_alike(number: int) -> None:
    """Headers have one length, but for what percent-escapes and the length of a signature add."""
    length = len(pki("rsa").issue(number).escaped_pem)
    assert 1_800 <= length <= 1_900


@pytest.mark.parametrize("name", ["one", "uniform", "flood"])
def test_mix_sends_the_certificate_it_says(name: str) -> None:
    """The certificate in the header is the one whose serial number must come out."""
    mix = MIXES[name]
    for sent in islice(mix.stream(algorithm="ec"), 20):
        header = dict(sent.evidence)[b"ssl-client-cert"]
        assert x509.load_pem_x509_certificate(unquote_to_bytes(header)).serial_number == sent.serial


def test_flood_is_of_different_clients() -> None:
    """No client comes twice before all have come, and there are more than the default cache holds."""
    drawn = list(islice(MIXES["flood"].draw(numbers()), 10_000))
    assert len(set(drawn)) == len(drawn) > 4_096


def test_zipf_prefers_the_first() -> None:
    """The second client sends about half as much as the first, the tenth a tenth."""
    drawn = Counter(islice(MIXES["zipf"].draw(numbers()), 100_000))
    assert drawn[0] / drawn[1] == pytest.approx(2, rel=0.1)
    assert drawn[0] / drawn[9] == pytest.approx(10, rel=0.15)


def test_mix_repeats_for_a_seed() -> None:
    """The same seed sends the same clients, another one others."""
    first, second, other = (
        [sent.serial for sent in islice(MIXES["uniform"].stream(algorithm="ec", seed=seed), 50)] for seed in (1, 1, 2)
    )
    assert first == second != other


def test_objects_are_new() -> None:
    """Names and values are equal in two requests and the same object in none."""
    (sent,) = certificates(1, "nginx", "ec")
    first, second = asgi_scope(sent)["headers"], asgi_scope(sent)["headers"]
    assert first == second
    pairs = zip(first, second, strict=True)
    assert not any(one is other for pair in pairs for one, other in zip(*pair, strict=True))


@pytest.mark.parametrize("form", ["nginx", "ingress-nginx", "xfcc", "rfc9440"])
def test_request_has_its_headers(form: Form) -> None:
    """Every form of request has as many headers as the others."""
    (sent,) = certificates(1, form, "ec")
    environ = wsgi_environ(sent)
    assert len(asgi_scope(sent)["headers"]) == HEADERS
    assert len([key for key in environ if key.startswith("HTTP_")]) == HEADERS


@pytest.mark.parametrize("count", [2, 20, 200])
def test_number_of_headers_can_be_chosen(count: int) -> None:
    """There are that many, the evidence among them."""
    (sent,) = certificates(1, "nginx", "ec")
    headers = asgi_scope(sent, count)["headers"]
    assert len(headers) == len(dict(headers)) == count
    assert set(sent.evidence) <= set(headers)


def test_junk_differs() -> None:
    """Junk is no certificate, and no two pieces are alike."""
    made: list[Sent] = [junk(number) for number in range(5)]
    assert len({sent.evidence for sent in made}) == len(made)
    with pytest.raises(ValueError, match="parsing asn1"):
        x509.load_pem_x509_certificate(unquote_to_bytes(made[0].evidence[1][1]))


def test_serials_are_those_of_the_leaves() -> None:
    """What is expected of an answer is what stands in the certificate."""
    assert pki("ec").issue(42).certificate.serial_number == serial_of_leaf(42)
