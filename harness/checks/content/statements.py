"""SQL that is put together as text: which expressions stand in the place of a value."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

_SQL = re.compile(
    r"^\s*(?:--[^\n]*\n\s*)*(?:(?:select\b.*\bfrom|insert\s+(?:into|overwrite)|update\b.*\bset|delete\s+from|merge\s+into"
    r"|replace\s+into|copy\b.*\bfrom|exec(?:ute)?\s+\w+)\b|(?:with\s+\w+\s+as|call\s+[\w.]+)\s*\()",
    re.IGNORECASE | re.DOTALL,
)
_VALUE = re.compile(
    r"(?:[=<>]|\b(?:like|between|limit|offset|in\s*\()|\bvalues\s*\((?:[^()]|\([^()]*\))*[,(]|\bbetween\s+\S+\s+and)\s*\(?\s*$",
    re.IGNORECASE | re.DOTALL,
)
HOLE = "\0"


@dataclass(frozen=True)
class Built:
    """A statement that is put together.

    Attributes:
        node: the expression that does it.
        how: in words.
        values: expressions that stand where a value belongs.
    """

    node: ast.expr
    how: str
    values: tuple[ast.expr, ...]


def looks_like_sql(text: str) -> bool:
    """Whether a text is the beginning of a statement."""
    return _SQL.match(text) is not None


def built(node: ast.AST) -> Built | None:
    """A statement that an expression puts together; None for another one, or without values."""
    made = _made(node)
    if made is None:
        return None
    how, text, parts = made
    if not looks_like_sql(text):
        return None
    values = tuple(part for place, part in zip(_places(text), parts, strict=False) if is_value(text[:place]))
    assert isinstance(node, ast.expr)
    return Built(node, how, values) if values else None


def is_value(before: str) -> bool:
    """Whether what comes after a text is a value, and no name of a table or a column."""
    return before.count("'") % 2 == 1 or _VALUE.search(before.rstrip().rstrip("'")) is not None


def _places(text: str) -> Iterator[int]:
    return (at for at, letter in enumerate(text) if letter == HOLE)


def _made(node: ast.AST) -> tuple[str, str, list[ast.expr]] | None:
    """How, the text with a `HOLE` for every part, the parts."""
    if isinstance(node, ast.JoinedStr):
        return "an f-string", *_holes(node.values)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return _formatted(node, node.func.value)
    if not isinstance(node, ast.BinOp):
        return None
    if isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
        return _percent(node.left.value, node.right)
    if isinstance(node.op, ast.Add):
        parts = list(_added(node))
        if any(isinstance(part, (ast.JoinedStr, ast.Constant)) for part in parts):
            return "+", *_holes(parts)
    return None


def _holes(parts: list[ast.expr]) -> tuple[str, list[ast.expr]]:
    text = ""
    found: list[ast.expr] = []
    for part in parts:
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            text += part.value
        elif isinstance(part, ast.JoinedStr):
            inner, more = _holes(part.values)
            text, found = text + inner, [*found, *more]
        else:
            text += HOLE
            found.append(part.value if isinstance(part, ast.FormattedValue) else part)
    return text, found


def _added(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from _added(node.left)
        yield from _added(node.right)
    else:
        yield node


def _percent(text: str, given: ast.expr) -> tuple[str, str, list[ast.expr]] | None:
    if isinstance(given, ast.Dict):
        named = {
            key.value: value
            for key, value in zip(given.keys, given.values, strict=True)
            if isinstance(key, ast.Constant)
        }
        names = re.findall(r"%\((\w+)\)[a-z]", text)
        return "%", re.sub(r"%\(\w+\)[a-z]", HOLE, text), [named.get(name, given) for name in names]
    parts = given.elts if isinstance(given, ast.Tuple) else [given]
    return "%", re.sub(r"%[-+ #0-9.]*[srdifaxge]", HOLE, text), list(parts)


def _formatted(call: ast.Call, receiver: ast.expr) -> tuple[str, str, list[ast.expr]] | None:
    if not isinstance(receiver, ast.Constant) or not isinstance(receiver.value, str):
        return None
    named = {one.arg: one.value for one in call.keywords}
    positions = iter(range(len(call.args)))
    parts: list[ast.expr] = []
    for name in re.findall(r"\{(\w*)[^{}]*\}", receiver.value):
        place = next(positions, -1) if name == "" else int(name) if name.isdigit() else -1
        parts.append(call.args[place] if 0 <= place < len(call.args) else named.get(name, call))
    return ".format()", re.sub(r"\{\w*[^{}]*\}", HOLE, receiver.value), parts
