"""Functions that code imports where it runs: inside a function. No check of its own.

While a file is parsed no such import is made, and nothing is run to make it: module and function are found by their
names in the text. What such a function calls is followed in the same way.
"""

from __future__ import annotations

import ast
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from harness.checks.callables import Definition, Definitions, own
from harness.checks.texts import dotted

_MOST = 200
"""Functions that are followed."""
_DEEPEST = 5
"""Modules through which one name is imported."""


class _Origin(NamedTuple):
    """Where an imported name comes from.

    Attributes:
        folders: in which its module is looked for.
        parts: of its full name.
    """

    folders: tuple[Path, ...]
    parts: tuple[str, ...]


class ImportedInside:
    """Finds them.

    Args:
        is_own: whether a file is the repository's; others are not followed.
    """

    def __init__(self, is_own: Callable[[str], bool], definitions: Definitions) -> None:
        self._is_own, self._definitions = is_own, definitions
        self._folders = tuple(Path(entry) for entry in dict.fromkeys(sys.path) if entry and is_own(f"{entry}/a.py"))

    def reached_from(self, starts: Iterable[tuple[ast.AST, str]]) -> list[Definition]:
        """What code imports inside of functions and names, in turn.

        Args:
            starts: code and its file; what that imports at its top is loaded, and is not looked for here.
        """
        found: dict[int, Definition] = {}
        rest = deque((node, path, True) for node, path in starts)
        while rest and len(found) < _MOST:
            for one in self._named_in(*rest.popleft()):
                if id(one.node) not in found:
                    found[id(one.node)] = one
                    rest.append((one.node, one.path, False))
        return list(found.values())

    def _named_in(self, node: ast.AST, path: str, is_loaded: bool) -> Iterator[Definition]:
        tree = self._definitions.tree(path)
        imported = {} if is_loaded else self._imports(own(tree), path)
        for function in ast.walk(node):
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                imported |= self._imports(ast.walk(function), path)
        if not imported and is_loaded:
            return
        names = {dotted(one) for one in ast.walk(node) if isinstance(one, (ast.Name, ast.Attribute))} - {""}
        for name in sorted(names):
            first, *more = name.split(".")
            origin = imported.get(first)
            if origin is not None:
                yield from self._function(_Origin(origin.folders, (*origin.parts, *more)))
            elif not is_loaded and not more:
                yield from self._defined(tree, name, path)

    def _imports(self, nodes: Iterable[ast.AST], path: str) -> dict[str, _Origin]:
        """A name -> what it stands for."""
        found: dict[str, _Origin] = {}
        for one in nodes:
            if isinstance(one, ast.Import):
                for alias in one.names:
                    parts = tuple(alias.name.split("."))
                    found[alias.asname or parts[0]] = _Origin(self._folders, parts if alias.asname else parts[:1])
            elif isinstance(one, ast.ImportFrom):
                folders = (Path(path).parents[one.level - 1],) if one.level else self._folders
                base = tuple(one.module.split(".")) if one.module else ()
                found |= {alias.asname or alias.name: _Origin(folders, (*base, alias.name)) for alias in one.names}
        return found

    def _function(self, origin: _Origin, depth: int = 0) -> Iterator[Definition]:
        """The function of a full name; nothing where it is none of the repository's."""
        for split in range(len(origin.parts) - 1, 0, -1):
            path = self._module(origin.folders, origin.parts[:split])
            if path is None:
                continue
            name, *more = origin.parts[split:]
            tree = self._definitions.tree(path)
            there = list(self._defined(tree, name, path))
            passed_on = self._imports(own(tree), path).get(name)
            if not there and passed_on is not None and depth < _DEEPEST:
                yield from self._function(_Origin(passed_on.folders, (*passed_on.parts, *more)), depth + 1)
            yield from there if not more else ()
            return

    def _module(self, folders: Iterable[Path], parts: tuple[str, ...]) -> str | None:
        for folder in folders:
            place = folder.joinpath(*parts)
            for file in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
                if self._is_own(str(file)) and file.is_file():
                    return str(file)
        return None

    def _defined(self, tree: ast.Module, name: str, path: str) -> Iterator[Definition]:
        for one in tree.body:
            if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)) and one.name == name:
                yield Definition(one, path)
