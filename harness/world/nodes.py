"""YAML text to data and the line of every key.

Scalars follow YAML 1.2: only ``true``/``false`` are truth values (``region: no`` is Norway), dates and ``12:30`` stay
text. Custom tags are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[object, ...]
_DEPTH = 4
"""Section, entry, field, and one more below ``executor``: errors name nothing deeper."""

MOST_DEEP, MOST_NODES = 100, 1_000_000
"""Levels and values of a document, its aliases written out."""


@dataclass
class Document:
    """The data of a file, the line (from 1) of keys and items by path, keys given twice as (path, line, first line)."""

    data: object
    line_of: dict[Path, int] = field(default_factory=dict)
    duplicates: list[tuple[str, int, int]] = field(default_factory=list)


class _YamlLoader(yaml.SafeLoader):
    """SafeLoader with the plain scalars of YAML 1.2's core schema, and bounds: a few aliases of aliases write more than
    a machine can hold.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._above = 0
        self._measured: dict[int, tuple[int, int]] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """As PyYAML does, and see how deep and how large it is with its aliases written out."""
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        if self._above > MOST_DEEP:
            raise yaml.MarkedYAMLError(problem=f"nested deeper than {MOST_DEEP} levels", problem_mark=mark)
        self._above += 1
        node = super().compose_node(parent, index)
        self._above -= 1
        if node is None or id(node) in self._measured:
            return node
        if node.start_mark.index != mark.index:  # composed elsewhere, and not whole yet
            raise yaml.MarkedYAMLError(problem="an alias stands inside of what it names", problem_mark=mark)
        sizes = [self._measured[id(child)] for child in _children(node)]
        depth, size = 1 + max((deep for deep, _ in sizes), default=0), 1 + sum(many for _, many in sizes)
        if depth > MOST_DEEP or size > MOST_NODES:
            text = f"its aliases, written out, are deeper than {MOST_DEEP} levels or more than {MOST_NODES} values"
            raise yaml.MarkedYAMLError(problem=text, problem_mark=mark)
        self._measured[id(node)] = (depth, size)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """As PyYAML does; its constructors raise what they like for a value that its tag does not allow."""
        try:
            return super().construct_object(node, deep)
        except yaml.YAMLError:
            raise
        except Exception:
            kind = node.tag.rpartition(":")[2]
            raise yaml.MarkedYAMLError(problem=f"a value that is no {kind}", problem_mark=node.start_mark) from None


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


_CORE = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "merge": (r"<<", "<"),
}
_YamlLoader.yaml_implicit_resolvers = {}
for _tag, (_regexp, _first) in _CORE.items():
    _YamlLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_regexp})$"), list(_first))


def _core_int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    """Decimal even with leading zeros, where YAML 1.1 reads octal."""
    text = loader.construct_scalar(node)
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    return int(text, base)


_YamlLoader.add_constructor("tag:yaml.org,2002:int", _core_int)


def parse(text: str) -> Document:
    """Data and lines of one YAML document; an empty one is an empty mapping.

    Raises: yaml.YAMLError: syntax, unknown tags, several documents, deeper or larger than the bounds.
    """
    loader = _YamlLoader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return Document({})
        duplicates = list(_duplicates(root, set()))
        data = loader.construct_document(root)
        return Document({} if data is None else data, dict(_lines(root, ())), duplicates)
    finally:
        loader.dispose()


def _duplicates(node: yaml.Node, seen: set[int]) -> Iterator[tuple[str, int, int]]:
    """Keys that a mapping holds twice, as (key, line, first line). Each node once: aliases may recur."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from _duplicates(child, seen)
    elif isinstance(node, yaml.MappingNode):
        first: dict[tuple[str, str], int] = {}
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                line = key.start_mark.line + 1
                if (key.tag, key.value) in first:
                    yield key.value, line, first[key.tag, key.value]
                first.setdefault((key.tag, key.value), line)
            yield from _duplicates(value, seen)


def _lines(node: yaml.Node, path: Path) -> Iterator[tuple[Path, int]]:
    """The line of every key and item, after construction has merged ``<<``; an item's key is its number as text."""
    if len(path) >= _DEPTH:
        return
    pairs: list[tuple[object, yaml.Node, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        pairs = [(key.value, key, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        pairs = [(str(number), item, item) for number, item in enumerate(node.value)]
    for name, place, value in pairs:
        here = (*path, name)
        yield here, place.start_mark.line + 1
        yield from _lines(value, here)
