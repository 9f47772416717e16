"""Policies as reviewed data files: which client may do what, checked completely when it is loaded."""

from pathlib import Path
from typing import Any

from clientcert.core.policy.roles import Roles
from clientcert.core.policy.routes import AmbiguousRoutesError, Route, RoutePolicy, read_methods
from clientcert.errors import ConfigurationError
from clientcert.runtime.policy_rules import RuleReader, check_keys, check_list, with_fault
from clientcert.runtime.policy_text import Document, DocumentError, Keys, read_document

VERSION = 1


class PolicyFile:
    """Reads policy files; see ``docs/reference/policy.md`` for what stands in them."""

    @staticmethod
    def load(path: str | Path) -> RoutePolicy:
        """
        Read the file at a path.

        Raises:
            ConfigurationError: It cannot be read, or as `parse`.
        """
        return PolicyFile.parse(read_file(path), name=str(path))

    @staticmethod
    def parse(content: bytes, *, name: str) -> RoutePolicy:
        """
        Read the content of a file; the same content gives an equal policy, so that a reload can be compared.

        Args:
            content: UTF-8.
            name: Its path, which says by its end what form it has: ``.toml``, ``.yaml`` or ``.yml``.

        Raises:
            ConfigurationError: Anything in it that does not make a policy; with file, line, and the legal choices.
        """
        document = read_document(content, name=name)
        try:
            return _policy(document)
        except DocumentError as fault:
            raise document.error(fault) from fault


def read_file(path: str | Path) -> bytes:
    """Read a file, or raise `ConfigurationError` that names it."""
    try:
        return Path(path).read_bytes()
    except OSError as exc:
        raise ConfigurationError(f"{str(path)!r} cannot be read: {exc.strerror or exc}") from exc


def check_version(content: dict[str, Any]) -> None:
    """Raise `DocumentError` unless the document says that it is of the version that is read here."""
    # True and 1.0 equal 1 as well.
    if content["version"] != VERSION or not isinstance(content["version"], int) or content["version"] is True:
        raise DocumentError(("version",), f"version is {content['version']!r}, wanted {VERSION}")


def _policy(document: Document) -> RoutePolicy:
    content = check_keys(
        document.content, (), what="a policy", legal=("version", "roles", "route"), needed=("version", "route")
    )
    check_version(content)
    roles = content.get("roles", {})
    if not isinstance(roles, dict):
        raise DocumentError(("roles",), f"roles is {roles!r}, wanted a table of names and rules")
    reader = RuleReader(roles=roles)
    found = Roles({name: reader.role(name, ("roles", name)) for name in roles})
    if not isinstance(content["route"], list) or not content["route"]:
        raise DocumentError(("route",), "route is not a list of routes: write [[route]] above each")
    routes = [
        (route, keys) for index, table in enumerate(content["route"]) for route, keys in _routes(table, index, reader)
    ]
    try:
        return RoutePolicy((route for route, _ in routes), found)
    except AmbiguousRoutesError as exc:
        places = [next(keys for route, keys in routes if route is one) for one in exc.routes]
        first, second = sorted(places, key=document.find_line)
        raise DocumentError(second, f"{exc} (see line {document.find_line(first)})") from exc


def _routes(table: Any, index: int, reader: RuleReader) -> list[tuple[Route, Keys]]:
    """One route for each path of a table, with the keys of the table."""
    keys: Keys = ("route", index)
    needed = ("path", "methods", "allow")
    check_keys(table, keys, what="route", legal=needed, needed=needed)
    rule = reader.rule(table["allow"], (*keys, "allow"))
    paths = check_list(table["path"])
    if not paths:
        raise DocumentError((*keys, "path"), "path is an empty list: name at least one")
    with_fault(read_methods, table["methods"], keys=(*keys, "methods"))
    return [(with_fault(Route, path, table["methods"], rule, keys=(*keys, "path")), keys) for path in paths]
