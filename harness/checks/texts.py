"""Templates and literals that checks look through."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from typing import Any

from harness.bridge.operators import is_template
from harness.bridge.parsing.trials.rendering import texts as rendered_texts


def templates(task: Any) -> Iterator[tuple[str, str]]:
    """(field, text) of every text with a template among those that a worker would render."""
    for field, text in rendered_texts(task):
        if is_template(text):
            yield field, text


def arguments(task: Any) -> Iterator[tuple[str, Any]]:
    """(name, value) of what an operator was given and keeps; of a mapped one also each value it is mapped over."""
    partial = getattr(task, "partial_kwargs", None)
    if partial is None:
        yield from list(vars(task).items())
        return
    yield from partial.items()
    mapped = getattr(task.expand_input, "value", None)
    for keywords in mapped if isinstance(mapped, (list, tuple)) else [mapped]:
        for name, value in keywords.items() if isinstance(keywords, dict) else ():
            if isinstance(value, (list, tuple)) and keywords is mapped:
                yield from ((name, one) for one in value)
            else:
                yield name, value


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """(dotted name as written, call) of every call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (name := dotted(node.func)):
            yield name, node


def called(call: ast.Call) -> str:
    """The last name of what a call calls; empty for what has none."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def dotted(node: ast.AST) -> str:
    """``a.b.c`` as written; empty for what is no plain name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


def literal(node: ast.AST | None) -> str | None:
    """The text of a literal; None for everything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def texts(node: ast.AST | None, tree: ast.AST) -> list[str]:
    """The texts that an expression can be: a literal, a constant of the file or of a module it imports, the names that
    a loop goes through.
    """
    if (text := literal(node)) is not None:
        return [text]
    if isinstance(node, ast.Attribute):
        return _constant(sys.modules.get(_module_of(dotted(node.value), tree)), node.attr)
    if not isinstance(node, ast.Name):
        return []
    found: list[str] = []
    for one in ast.walk(tree):
        if isinstance(one, (ast.For, ast.AsyncFor, ast.comprehension)) and _is_name(one.target, node.id):
            items = one.iter.elts if isinstance(one.iter, (ast.Tuple, ast.List, ast.Set)) else []
            found += [text for item in items if (text := literal(item)) is not None]
        elif isinstance(one, ast.Assign) and any(_is_name(target, node.id) for target in one.targets):
            found += [text] if (text := literal(one.value)) is not None else []
        elif isinstance(one, ast.ImportFrom) and one.module and not one.level:
            for alias in one.names:
                if (alias.asname or alias.name) == node.id:
                    found += _constant(sys.modules.get(one.module), alias.name)
    return list(dict.fromkeys(found))


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _constant(module: object, name: str) -> list[str]:
    value = vars(module).get(name) if module is not None else None
    return [value] if isinstance(value, str) else []


def _module_of(name: str, tree: ast.AST) -> str:
    """The module that a name of a file stands for; the name itself where nothing says."""
    for one in ast.walk(tree):
        if isinstance(one, ast.Import):
            for alias in one.names:
                if alias.asname == name:
                    return alias.name
        elif isinstance(one, ast.ImportFrom) and one.module and not one.level:
            for alias in one.names:
                if (alias.asname or alias.name) == name:
                    return f"{one.module}.{alias.name}"
    return name


def keyword(call: ast.Call, *names: str) -> ast.expr | None:
    """The value of the first of these keywords that a call gives."""
    return next((one.value for name in names for one in call.keywords if one.arg == name), None)
