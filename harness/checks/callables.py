"""The source of functions that Dags hold."""

from __future__ import annotations

import ast
import functools
import inspect
import tokenize
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Node = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True)
class Definition:
    """Where and how a function is defined.

    Attributes:
        path: absolute; the Dag's file or a module of the repository.
    """

    node: Node
    path: str


class Definitions:
    """Finds the syntax of the repository's functions.

    Args:
        own: whether a file is the repository's; what stands elsewhere is not looked for.
        trees: files that are parsed already, by path.
    """

    def __init__(self, own: Callable[[str], bool], trees: dict[str, ast.Module]) -> None:
        self._own, self._trees = own, dict(trees)
        self._texts: dict[str, str] = {}
        self._indexes: dict[str, dict[tuple[int, str], Node | None]] = {}

    def of(self, function: Any) -> Definition | None:
        """The definition of a function, a method, a ``partial`` or what ``functools.wraps`` wraps.

        Returns: None for one that is not the repository's, has no source, or shares its line with another lambda.
        """
        code = getattr(plain(function), "__code__", None)
        path = getattr(code, "co_filename", "")
        if code is None or not (path in self._trees or self._own(path)):
            return None
        if path not in self._indexes:
            self._indexes[path] = _index(self.tree(path))
        node = self._indexes[path].get((code.co_firstlineno, code.co_name))
        return None if node is None else Definition(node, path)

    def tree(self, path: str) -> ast.Module:
        """The syntax tree of a file; an empty module when it has none."""
        if path not in self._trees:
            self._trees[path] = _parsed(self.text(path))
        return self._trees[path]

    def text(self, path: str) -> str:
        """The text of a file; empty for what has none."""
        if path not in self._texts:
            try:
                with tokenize.open(path) as file:
                    self._texts[path] = file.read()
            except (OSError, SyntaxError, UnicodeDecodeError):
                self._texts[path] = ""
        return self._texts[path]


def plain(function: Any) -> Any:
    """The function itself, without ``partial``, binding and wrappers."""
    for _ in range(100):
        if isinstance(function, functools.partial):
            function = function.func
        elif inspect.ismethod(function):
            function = function.__func__
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        else:
            break
    return function


def callable_of(task: Any) -> Any:
    """The function that a task was given to run, also a mapped one; None when it has none."""
    mapped_callable = task.partial_kwargs.get("python_callable") if getattr(task, "is_mapped", False) else None
    return mapped_callable or getattr(task, "python_callable", None)


def content_of(cell: Any) -> Any:
    """What a closure's cell holds; None for one that is not filled yet."""
    try:
        return cell.cell_contents
    except ValueError:
        return None


def returned(node: Node) -> list[ast.expr | None]:
    """What a function's own ``return`` statements return, None where one returns nothing."""
    if isinstance(node, ast.Lambda):
        return [node.body]
    return [one.value for one in own(node) if isinstance(one, ast.Return)]


def own(node: ast.AST) -> list[ast.AST]:
    """All nodes below one, without those of functions and classes defined there."""
    found: list[ast.AST] = []
    rest = list(ast.iter_child_nodes(node))
    while rest:
        one = rest.pop()
        found.append(one)
        if not isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            rest += ast.iter_child_nodes(one)
    return found


def _index(tree: ast.Module) -> dict[tuple[int, str], Node | None]:
    """By first line, decorators included, and name; None where several are alike."""
    found: dict[tuple[int, str], Node | None] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
            first = min([node.lineno, *(one.lineno for one in decorators)])
            key = (first, "<lambda>" if isinstance(node, ast.Lambda) else node.name)
            found[key] = None if key in found else node
    return found


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])
