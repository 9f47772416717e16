"""
The part of YAML that says one thing to every reader: mappings, lists, texts, whole numbers and ``true``.

Needs PyYAML. What YAML 1.1 takes for something else than it looks like is refused: ``NO`` for a truth value, ``1:30``
for a number, ``2030-01-01`` for a date, an alias for a copy, the second of two equal keys for the only one.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from clientcert.runtime.policy_text import Keys, YamlError

_TAG = "tag:yaml.org,2002:"
_NUMBER = re.compile(r"0|[1-9][0-9]*|0x[0-9a-fA-F]+", re.ASCII)


def parse_yaml(text: str) -> tuple[dict[str, Any], dict[Keys, int]]:
    """
    Read one document.

    Returns:
        Its content, and the line of each value.

    Raises:
        YamlError: Not YAML; more than one document, or none; anything else than a mapping with texts as keys, lists,
            texts, plain whole numbers and truth values spelled ``true`` or ``false``; a key twice; an alias; a tag.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        raise YamlError(mark.line + 1 if mark else 1, f"not YAML: {exc.problem}") from exc
    except (yaml.YAMLError, RecursionError) as exc:
        raise YamlError(1, f"not YAML: {exc}") from exc
    reader = _Reader()
    if not isinstance(node, yaml.MappingNode):
        raise YamlError(1, "wanted a mapping with the keys of a policy")
    return reader.mapping(node, ()), reader.lines


@dataclass(slots=True)
class _Reader:
    lines: dict[Keys, int] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)

    def value(self, node: yaml.Node, keys: Keys) -> Any:
        if id(node) in self.seen:
            raise _refusal(node, "an alias: write the value again")
        self.seen.add(id(node))
        self.lines.setdefault(keys, _line(node))
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, keys)
        if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
            return [self.value(item, (*keys, index)) for index, item in enumerate(node.value)]
        return _scalar(node)

    def mapping(self, node: yaml.MappingNode, keys: Keys) -> dict[str, Any]:
        if node.tag != _TAG + "map":
            raise _refusal(node, f"a tag {node.tag!r}: remove it")
        self.lines.setdefault(keys, _line(node))
        content: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = _scalar(key_node)
            if not isinstance(key, str):
                raise _refusal(key_node, f"a key {key!r} that is not text: put it into quotes")
            if key in content:
                raise _refusal(key_node, f"the key {key!r} a second time")
            self.lines[*keys, key] = _line(key_node)
            content[key] = self.value(value_node, (*keys, key))
        return content


def _scalar(node: yaml.Node) -> Any:
    kind = node.tag.removeprefix(_TAG)
    if not isinstance(node, yaml.ScalarNode):
        raise _refusal(node, f"a tag or a key of the kind {kind!r}")
    if kind == "str":
        return node.value
    if kind == "int" and _NUMBER.fullmatch(node.value):
        return int(node.value, 0)
    if kind == "bool" and node.value in ("true", "false"):
        return node.value == "true"
    raise _refusal(node, f"{node.value!r}, which YAML takes for {kind}: put text into quotes")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _refusal(node: yaml.Node, what: str) -> YamlError:
    return YamlError(_line(node), f"not taken: {what}")
