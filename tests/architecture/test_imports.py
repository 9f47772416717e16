"""The shape of the package, held by its syntax trees: who imports whom, who knows what, and how long things are."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from clientcert.core.headers import fold_name
from clientcert.core.sources import GUARDED_HEADERS

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "clientcert"
STDLIB = "(stdlib)"

# What an idiom of a framework may know of us, besides the adapter that it stands on.
_FRAMEWORK = frozenset({STDLIB, "clientcert.config", "clientcert.core", "clientcert.errors", "clientcert.runtime"})
_DJANGO = _FRAMEWORK | {"django", "asgiref", "clientcert.asgi", "clientcert.django", "clientcert.wsgi"}

# Module prefix → prefixes of what it may import. The longest prefix that matches a module decides for it.
IMPORT_LAW: dict[str, frozenset[str]] = {
    "clientcert": frozenset(
        {
            STDLIB,
            "clientcert._version",
            "clientcert.config",
            "clientcert.core",
            "clientcert.errors",
            "clientcert.runtime",
            "clientcert.verify",
        }
    ),
    "clientcert._version": frozenset(),
    # The console script, which is the command line and nothing else.
    "clientcert.__main__": frozenset({STDLIB, "clientcert.cli"}),
    "clientcert.errors": frozenset({STDLIB}),
    "clientcert.core": frozenset({STDLIB, "cryptography", "clientcert.errors", "clientcert.core"}),
    "clientcert.core.verification.openssl": frozenset(
        {STDLIB, "cryptography", "OpenSSL", "clientcert.errors", "clientcert.core"}
    ),
    "clientcert.runtime": frozenset({STDLIB, "clientcert.errors", "clientcert.core", "clientcert.runtime"}),
    # Optional libraries: one that reads YAML, one that reports changes of files.
    "clientcert.runtime.policy_yaml": frozenset(
        {STDLIB, "yaml", "clientcert.errors", "clientcert.core", "clientcert.runtime"}
    ),
    "clientcert.runtime.watch": frozenset(
        {STDLIB, "watchfiles", "clientcert.errors", "clientcert.core", "clientcert.runtime"}
    ),
    # How a configuration is worked out, apart only for its length; the cycle is one of annotations.
    "clientcert.resolution": frozenset(
        {STDLIB, "clientcert.config", "clientcert.core", "clientcert.errors", "clientcert.runtime"}
    ),
    "clientcert.config": frozenset(
        {
            STDLIB,
            "clientcert.core",
            "clientcert.errors",
            "clientcert.resolution",
            "clientcert.runtime.events",
            "clientcert.runtime.problem",
            "clientcert.runtime.reload",
        }
    ),
    "clientcert.asgi": frozenset(
        {
            STDLIB,
            "clientcert.config",
            "clientcert.core",
            "clientcert.errors",
            "clientcert.runtime",
            "clientcert.servers.connection",
            "clientcert.servers.evidence",
            "clientcert.servers.scope",
        }
    ),
    "clientcert.wsgi": frozenset(
        {
            STDLIB,
            "clientcert.config",
            "clientcert.core",
            "clientcert.errors",
            "clientcert.runtime",
            "clientcert.servers.evidence",
            "clientcert.servers.wsgi",
        }
    ),
    "clientcert.starlette": _FRAMEWORK | {"starlette", "clientcert.asgi", "clientcert.starlette"},
    # FastAPI is Starlette with parameters.
    "clientcert.fastapi": _FRAMEWORK
    | {"fastapi", "starlette", "clientcert.asgi", "clientcert.fastapi", "clientcert.starlette"},
    "clientcert.flask": _FRAMEWORK | {"flask", "werkzeug", "clientcert.flask", "clientcert.wsgi"},
    # Django runs under both, so its middleware stands on both adapters; its plugins each on their own library.
    "clientcert.django": _DJANGO,
    "clientcert.django.channels": _DJANGO | {"channels"},
    "clientcert.django.rest": _DJANGO | {"rest_framework"},
    "clientcert.django.spectacular": _DJANGO | {"drf_spectacular"},
    "clientcert.servers": frozenset({STDLIB, "clientcert.errors", "clientcert.servers"}),
    **{
        f"clientcert.servers.{server}": frozenset({STDLIB, server, *beneath, "clientcert.errors", "clientcert.servers"})
        for server, beneath in {
            "daphne": ("autobahn", "OpenSSL", "twisted"),
            "gunicorn": (),
            "hypercorn": (),
            "uvicorn": (),
            "uvicorn_worker": ("uvicorn",),
        }.items()
    },
    # Imported by nobody, these two may look at everything.
    "clientcert.testing": frozenset({STDLIB, "cryptography", "pytest", "clientcert"}),
    # The test clients are frameworks' own, with identities.
    **{
        f"clientcert.testing.{module}": frozenset({STDLIB, library, "clientcert"})
        for module, library in {
            "django": "django",
            "flask": "flask",
            "httpx": "httpx",
            "rest": "rest_framework",
            "serving": "uvicorn",
            "starlette": "starlette",
            "werkzeug": "werkzeug",
        }.items()
    },
    "clientcert.cli": frozenset({STDLIB, "click", "rich", "cryptography", "clientcert"}),
}

IMPORTED_BY_NOBODY = ("clientcert.testing", "clientcert.cli")

CONSOLE_SCRIPT = "clientcert.__main__"

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 50
PERMIT_ALL_HOME = "clientcert.core.verification.path_builder"

# Names that producers use, those included that have no preset yet.
PRODUCER_HEADERS = GUARDED_HEADERS | {
    b"cf-client-cert-der-base64",
    b"client-cert",
    b"client-cert-chain",
    b"cloudfront-viewer-cert-pem",
    b"ssl-client-s-dn",
    b"ssl-client-i-dn",
    b"x-amzn-mtls-clientcert",
    b"x-arr-clientcert",
    b"x-client-cert",
    b"x-forwarded-client-cert",
    b"x-forwarded-tls-client-cert",
    b"x-ssl-client-cert",
    b"x-ssl-client-verify",
}


def _module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {_module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def _tree(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text(encoding="utf-8"))


def _imports(name: str) -> Iterator[str]:
    """Every module a module imports, wherever in its text, as absolute dotted names."""
    for node in ast.walk(_tree(name)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            # `from clientcert.core import der` names a module, `from clientcert.errors import Reason` does not.
            yield from {
                f"{module}.{alias.name}" if f"{module}.{alias.name}" in MODULES else module for alias in node.names
            }


def _is_within(module: str, prefix: str) -> bool:
    return module == prefix or module.startswith(prefix + ".")


def _law_of(module: str) -> frozenset[str]:
    return IMPORT_LAW[max((prefix for prefix in IMPORT_LAW if _is_within(module, prefix)), key=len)]


def _is_allowed(imported: str, allowed: frozenset[str]) -> bool:
    if imported.partition(".")[0] in sys.stdlib_module_names:
        return STDLIB in allowed
    return any(_is_within(imported, prefix) for prefix in allowed)


def _docstrings(tree: ast.Module) -> set[int]:
    """Identities of all strings that stand alone as a statement: documentation."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def _header_names(name: str) -> set[bytes]:
    """The producers' headers that a module's strings name, in any spelling, WSGI's included."""
    tree = _tree(name)
    documentation = _docstrings(tree)
    words: set[bytes] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in documentation and isinstance(node.value, str | bytes):
            text = node.value.encode() if isinstance(node.value, str) else node.value
            words.update(_as_header(word.strip(b"\"'`:,;()[]{}")) for word in text.split())
    return words & PRODUCER_HEADERS


def _as_header(word: bytes) -> bytes:
    """A word as the header it spells, be it WSGI's spelling; ``SSL_CLIENT_CERT`` is a variable and no header."""
    name = word.removeprefix(b"HTTP_")
    return word.lower() if name == word else fold_name(name)


@pytest.mark.parametrize("name", MODULES)
def test_imports_follow_the_law(name: str) -> None:
    """Each module imports only what its row of the table allows."""
    allowed = _law_of(name)
    assert [imported for imported in _imports(name) if not _is_allowed(imported, allowed)] == []


def test_the_law_has_no_dead_rows() -> None:
    """Each row speaks about a module that exists, or is one of those that the design announces."""
    announced = ("clientcert.cli", "clientcert.core.verification.openssl", "clientcert.servers.")
    assert [prefix for prefix in IMPORT_LAW if prefix not in MODULES and not prefix.startswith(announced)] == []


@pytest.mark.parametrize("private", IMPORTED_BY_NOBODY)
def test_imported_by_nobody(private: str) -> None:
    """What is for tests and for the command line is imported by no other part of the package."""
    importers = {
        name
        for name in MODULES
        if name != CONSOLE_SCRIPT
        and not _is_within(name, private)
        and any(_is_within(imported, private) for imported in _imports(name))
    }
    assert importers == set()


@pytest.mark.parametrize("name", MODULES)
def test_imports_are_absolute(name: str) -> None:
    """No relative import hides from the table."""
    assert [node.lineno for node in ast.walk(_tree(name)) if isinstance(node, ast.ImportFrom) and node.level] == []


# Modules in which such a word means something else.
NO_HEADER = {"clientcert.fastapi.openapi": {b"x-client-certificate"}}  # a key of the OpenAPI document


@pytest.mark.parametrize(
    "name", [name for name in MODULES if not name.startswith(("clientcert.core.sources", "clientcert.testing"))]
)
def test_knows_no_header_name(name: str) -> None:
    """Outside `core.sources` no text that the program uses holds the name of a producer's header, in any spelling."""
    assert _header_names(name) <= NO_HEADER.get(name, set())


def test_header_name_search_finds_one() -> None:
    """The search above does find the names where they are."""
    found = _header_names("clientcert.core.sources.nginx")
    assert found >= {b"ssl-client-cert", b"ssl-client-verify", b"ssl-client-subject-dn", b"ssl-client-issuer-dn"}


@pytest.mark.parametrize("name", MODULES)
def test_file_is_short(name: str) -> None:
    """A file has at most 300 lines."""
    lines = MODULES[name].read_text(encoding="utf-8").count("\n")
    assert lines <= MAX_FILE_LINES


@pytest.mark.parametrize("name", MODULES)
def test_functions_fit_a_screen(name: str) -> None:
    """A function has at most 50 lines, its docstring included."""
    long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(_tree(name))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None
    }
    assert {function: lines for function, lines in long.items() if lines > MAX_FUNCTION_LINES} == {}


@pytest.mark.parametrize("name", [name for name in MODULES if not _is_within(name, "clientcert.testing")])
def test_asserts_nothing(name: str) -> None:
    """Nothing that runs in production rests on `assert`, which ``python -O`` removes."""
    assert [node.lineno for node in ast.walk(_tree(name)) if isinstance(node, ast.Assert)] == []


def test_permit_all_has_one_home() -> None:
    """The extension policy that checks nothing is used in the one module that checks everything itself."""
    users = {
        name
        for name in MODULES
        for node in ast.walk(_tree(name))
        if isinstance(node, ast.Attribute | ast.Name) and ast.unparse(node).endswith("permit_all")
    }
    assert users == {PERMIT_ALL_HOME}


@pytest.mark.parametrize("name", [name for name in MODULES if not _is_within(name, "clientcert.testing")])
def test_broad_except_has_a_reason(name: str) -> None:
    """Whoever catches every exception says why, beside the handler; nobody catches more than `Exception`."""
    lines = MODULES[name].read_text(encoding="utf-8").splitlines()
    for node in ast.walk(_tree(name)):
        if isinstance(node, ast.ExceptHandler):
            caught = "BaseException" if node.type is None else ast.unparse(node.type)
            assert "BaseException" not in caught
            if caught == "Exception":
                assert "#" in lines[node.lineno - 1] + lines[node.lineno - 2]


def _modules_after(statement: str) -> frozenset[str]:
    command = f"{statement}\nimport sys\nprint(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True, cwd=ROOT)
    return frozenset(done.stdout.split())


def test_import_loads_no_framework() -> None:
    """`import clientcert` loads no framework, no server, no event loop, nothing for tests."""
    beneath = _modules_after("import cryptography.x509.verification")
    ours = _modules_after("import clientcert") - beneath
    third_party = {name.partition(".")[0] for name in ours} - sys.stdlib_module_names
    assert third_party <= {"clientcert", "cryptography"}
    heavy = ("asyncio", "concurrent", "http", "multiprocessing", "ssl", "unittest", "xml", "clientcert.testing")
    assert [name for name in sorted(ours) if name.startswith(heavy)] == []


@pytest.mark.parametrize(
    ("module", "frameworks"),
    {
        "clientcert.asgi": frozenset(),
        "clientcert.wsgi": frozenset(),
        "clientcert.starlette": frozenset({"starlette"}),
        "clientcert.fastapi": frozenset({"fastapi", "starlette"}),
        "clientcert.flask": frozenset({"flask", "werkzeug"}),
        "clientcert.django": frozenset({"django", "asgiref"}),
    }.items(),
)
def test_adapter_loads_its_own_framework_only(module: str, frameworks: frozenset[str]) -> None:
    """Importing one adapter does not load another one's framework."""
    known = {"starlette", "fastapi", "flask", "werkzeug", "django", "asgiref", "uvicorn"}
    loaded = {name.partition(".")[0] for name in _modules_after(f"import {module}")}
    assert loaded & known == frameworks
