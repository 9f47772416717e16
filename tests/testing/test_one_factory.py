"""One factory for certificates, and writers of headers that know nothing of the readers."""

import ast
from pathlib import Path

TESTS = Path(__file__).parents[1]
WRITERS = TESTS.parent / "clientcert" / "testing" / "producers"

FACTORIES = frozenset(
    {"CertificateBuilder", "CertificateRevocationListBuilder", "CertificateSigningRequestBuilder", "trustme"}
)
# cryptography's own builder is what the kit's encoder is compared with there.
ALLOWED = {"testing/test_authority.py"}


def names_in(path: Path) -> set[str]:
    """Every name that a module uses, imports or has as an attribute."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return names | {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names
    }


def test_no_second_certificate_factory() -> None:
    """No test makes certificates or revocation lists with anything but the kit, but where the kit itself is judged."""
    paths = sorted(TESTS.rglob("*.py"))
    assert len(paths) > 100
    users = {str(path.relative_to(TESTS)) for path in paths if names_in(path) & FACTORIES}
    assert users == ALLOWED


# Which presets there are, what a source declares, OpenSSL's names of attribute types, and the value that is returned.
KNOWN_OF_THE_CORE = {
    "clientcert.core.facts": {"Header"},
    "clientcert.core.name_types": {"OPENSSL_SHORT_NAMES"},
    "clientcert.core.proxy": {"DEFAULT_SECRET_HEADER"},
    "clientcert.core.sources": {"ALIASES", "PRESETS", "AwsApiGateway", "HeaderSource", "Source", "TLSSocket"},
}


def test_writers_know_no_reader() -> None:
    """What writes a producer's headers uses no encoder, decoder or printer of names of the core."""
    known: dict[str, set[str]] = {}
    for path in WRITERS.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("clientcert.core"):
                known.setdefault(node.module or "", set()).update(alias.name for alias in node.names)
        # A declaration brings its reader along: `source.encoding.decode`, `source.dn_dialect.to_openssl`.
        assert not names_in(path) & {"to_openssl", "read_fingerprint"}
        assert "encoding.encode" not in ast.unparse(tree)
    assert known == KNOWN_OF_THE_CORE
