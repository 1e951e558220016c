"""Which branches a function can choose, read off its source where that is plain."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

Branch = tuple[str, ...]
"""The task or task group ids that one return value names; empty for none."""


def branches_of(function: Callable[..., Any]) -> list[Branch] | None:
    """The branches that a function returns, in the order of its source; None when it cannot be told.

    It can when every ``return`` is of text, of lists of text or of None, also behind a conditional expression.
    """
    found = _definition(function)
    if found is None or _contains(found, (ast.Yield, ast.YieldFrom)):
        return None
    branches: list[Branch] = []
    for statement in _returns(found):
        named = [()] if statement.value is None else _values(statement.value)
        if named is None:
            return None
        branches += named
    if _falls_off(found.body):
        branches.append(())
    return list(dict.fromkeys(branches))


def names_one(function: Callable[..., Any]) -> bool:
    """Whether a function is annotated to return one id, never several and never None."""
    try:
        return inspect.signature(function).return_annotation in (str, "str")
    except (TypeError, ValueError):
        return False


def _definition(function: Callable[..., Any]) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    try:
        module = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):  # no source, or a lambda in the middle of a line
        return None
    first = module.body[0] if module.body else None
    return first if isinstance(first, (ast.FunctionDef, ast.AsyncFunctionDef)) else None


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below one, without those of functions and classes defined there."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            yield from _own(child)


def _returns(function: ast.AST) -> list[ast.Return]:
    return [node for node in _own(function) if isinstance(node, ast.Return)]


def _contains(function: ast.AST, kinds: tuple[type[ast.AST], ...]) -> bool:
    return any(isinstance(node, kinds) for node in _own(function))


def _values(node: ast.expr) -> list[Branch] | None:
    if isinstance(node, ast.IfExp):
        one, other = _values(node.body), _values(node.orelse)
        return None if one is None or other is None else [*one, *other]
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, str)):
        return [() if node.value is None else (node.value,)]
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        texts = [item.value for item in node.elts if isinstance(item, ast.Constant) and isinstance(item.value, str)]
        return [tuple(texts)] if len(texts) == len(node.elts) else None
    return None


def _falls_off(body: list[ast.stmt]) -> bool:
    """Whether the end of a body may be reached, and None be returned; yes where it is not plain."""
    last = body[-1]
    if isinstance(last, (ast.Return, ast.Raise)):
        return False
    if isinstance(last, ast.If):
        return _falls_off(last.body) or not last.orelse or _falls_off(last.orelse)
    if isinstance(last, (ast.With, ast.AsyncWith)):
        return _falls_off(last.body)
    if isinstance(last, ast.Try):
        bodies = [last.orelse or last.body, *(handler.body for handler in last.handlers)]
        return not (last.finalbody and not _falls_off(last.finalbody)) and any(map(_falls_off, bodies))
    return True
