"""What the names of a function stand for, read off its syntax, and its surroundings where they are at hand."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from types import FunctionType, ModuleType
from typing import Any

from harness.checks.callables import Node, content_of, own


class Bindings:
    """The names of a function.

    Args:
        node: its definition.
        function: itself, for what its module and what surrounds it define.
    """

    def __init__(self, node: Node, function: FunctionType) -> None:
        self.node, self._function = node, function
        self._surroundings = dict(
            zip(function.__code__.co_freevars, map(content_of, function.__closure__ or ()), strict=False)
        )

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """The function's own nodes, in the order of its lines."""
        return sorted(own(self.node), key=lambda one: (getattr(one, "lineno", 0), getattr(one, "col_offset", 0)))

    @cached_property
    def parameters(self) -> list[str]:
        """In their order; ``*args`` and ``**kwargs`` last."""
        given = self.node.args
        named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
        return [one.arg for one in (*named, given.vararg, given.kwarg) if one is not None]

    @cached_property
    def assigned(self) -> dict[str, list[ast.expr | None]]:
        """Name -> every value it is given; None for one that is no expression, or only a part of it."""
        found: dict[str, list[ast.expr | None]] = {}
        for node in self.nodes:
            for name, value in _given(node):
                found.setdefault(name, []).append(value)
        return found

    @cached_property
    def iterated(self) -> dict[str, list[ast.expr]]:
        """Name -> what it is an element or a part of: loops, comprehensions, unpacking."""
        found: dict[str, list[ast.expr]] = {}
        for node in self.nodes:
            for target, value in _parts(node):
                for name in _names(target):
                    found.setdefault(name, []).append(value)
        return found

    @cached_property
    def imported(self) -> dict[str, str]:
        """Name -> dotted name, of the function's own imports."""
        found: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.split(".")[0]
                    found[alias.asname or top] = alias.name if alias.asname else top
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
        return found

    def is_local(self, name: str) -> bool:
        """Whether the function itself gives a name its value."""
        return name in self.parameters or name in self.assigned or name in self.iterated

    def value(self, node: ast.AST) -> Any:
        """What a name or a dotted name from outside stands for now; None for what is not known before the task runs."""
        if isinstance(node, ast.Name):
            if self.is_local(node.id) or node.id in self.imported:
                return None
            return self._surroundings.get(node.id, self._function.__globals__.get(node.id))
        if isinstance(node, ast.Attribute) and isinstance(owner := self.value(node.value), (ModuleType, type)):
            return vars(owner).get(node.attr) if isinstance(owner, ModuleType) else None
        return None

    def dotted(self, node: ast.AST) -> str:
        """``module.name.name`` of what is imported, here or in the module; empty for the rest."""
        if isinstance(node, ast.Attribute):
            owner = self.dotted(node.value)
            return f"{owner}.{node.attr}" if owner else ""
        if not isinstance(node, ast.Name):
            return ""
        if node.id in self.imported:
            return self.imported[node.id]
        value = self.value(node)
        if isinstance(value, ModuleType):
            return value.__name__
        name, module = getattr(value, "__qualname__", None), getattr(value, "__module__", None)
        if isinstance(name, str) and isinstance(module, str) and callable(value):
            return f"{module}.{name}"
        return ""


def _given(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """Names that a node gives values, the values."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _matched(target, node.value)
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
        yield from _matched(node.target, node.value)
    elif isinstance(node, ast.AugAssign):
        yield from ((name, None) for name in _names(node.target))
    elif isinstance(node, (ast.Global, ast.Nonlocal)):
        yield from ((name, None) for name in node.names)
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler)):
        yield node.name or "", None
    elif isinstance(node, (ast.With, ast.AsyncWith)):
        for item in node.items:
            if item.optional_vars is not None:
                yield from _matched(item.optional_vars, item.context_expr)


def _matched(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr | None]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
        for one, part in zip(target.elts, value.elts, strict=False):
            yield from _matched(one, part)


def _parts(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
        yield node.target, node.iter
    elif isinstance(node, ast.Assign) and not isinstance(node.value, (ast.Tuple, ast.List)):
        yield from ((target, node.value) for target in node.targets if isinstance(target, (ast.Tuple, ast.List)))


def _names(target: ast.AST) -> Iterator[str]:
    for node in ast.walk(target):
        if isinstance(node, ast.Name):
            yield node.id
