"""YAML text to data and the line of every key.

Scalars follow YAML 1.2: only ``true``/``false`` are truth values (``region: no`` is Norway), dates and ``12:30`` stay
text. Custom tags are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

Path = tuple[object, ...]
_DEPTH = 4
"""Section, entry, field, and one more below ``executor``: errors name nothing deeper."""


@dataclass
class Document:
    """The data of a file, the line (from 1) of keys by path, and keys given twice as (path, line, first line)."""

    data: object
    line_of: dict[Path, int] = field(default_factory=dict)
    duplicates: list[tuple[str, int, int]] = field(default_factory=list)


class _Loader(yaml.SafeLoader):
    """SafeLoader with the plain scalars of YAML 1.2's core schema."""


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
_Loader.yaml_implicit_resolvers = {}
for _tag, (_regexp, _first) in _CORE.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_regexp})$"), list(_first))


def _core_int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    """Decimal even with leading zeros, where YAML 1.1 reads octal."""
    text = loader.construct_scalar(node)
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    return int(text, base)


_Loader.add_constructor("tag:yaml.org,2002:int", _core_int)


def parse(text: str) -> Document:
    """Data and lines of one YAML document; an empty one is an empty mapping.

    Raises: yaml.YAMLError: syntax, unknown tags, several documents.
    """
    loader = _Loader(text)
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
    """The line of every key, after construction has merged ``<<``."""
    if not isinstance(node, yaml.MappingNode) or len(path) >= _DEPTH:
        return
    for key, value in node.value:
        here = (*path, key.value)
        yield here, key.start_mark.line + 1
        yield from _lines(value, here)
