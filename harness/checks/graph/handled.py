"""Whether code goes on where an XCom is not there: it asks before it uses it. No check of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import nodes

_ASKS = {"all", "any", "bool", "filter", "isinstance"}
_CATCHES = {"Exception", "BaseException", "TypeError", "AttributeError", "KeyError", "LookupError", "ValueError"}


def in_function(function: ast.AST, call: ast.Call) -> bool:
    """Whether a function asks if what a call of its returns is there, or catches what comes of it."""
    above = {id(child): node for node in ast.walk(function) for child in ast.iter_child_nodes(node)}
    if _asked(call, above) or _caught(call, above):
        return True
    names = set(_names(call, above))
    uses = (node for node in ast.walk(function) if isinstance(node, ast.Name) and node.id in names)
    return any(isinstance(use.ctx, ast.Load) and (_asked(use, above) or _caught(use, above)) for use in uses)


def _asked(node: ast.AST, above: dict[int, ast.AST]) -> bool:
    """Whether an expression is looked at for whether it is there."""
    parent = above.get(id(node))
    if isinstance(parent, (ast.NamedExpr, ast.Await)):
        return _asked(parent, above)
    if isinstance(parent, ast.BoolOp):
        return parent.values[-1] is not node or _asked(parent, above)
    if isinstance(parent, ast.UnaryOp):
        return isinstance(parent.op, ast.Not)
    if isinstance(parent, ast.Compare):
        return all(isinstance(one, (ast.Is, ast.IsNot, ast.Eq, ast.NotEq, ast.In, ast.NotIn)) for one in parent.ops)
    if isinstance(parent, (ast.If, ast.While, ast.IfExp, ast.Assert)):
        return parent.test is node
    if isinstance(parent, ast.comprehension):
        return any(one is node for one in parent.ifs)
    if isinstance(parent, ast.Call):
        return isinstance(parent.func, ast.Name) and parent.func.id in _ASKS
    return isinstance(parent, ast.Match) and parent.subject is node


def _caught(node: ast.AST, above: dict[int, ast.AST]) -> bool:
    """Whether it stands in a ``try`` that catches what None is good for."""
    child, parent = node, above.get(id(node))
    while parent is not None:
        if isinstance(parent, ast.Try) and any(one is child for one in parent.body):
            kinds = [one for handler in parent.handlers for one in ast.walk(handler.type or ast.Name("Exception"))]
            if any(isinstance(one, ast.Name) and one.id in _CATCHES for one in kinds):
                return True
        child, parent = parent, above.get(id(parent))
    return False


def _names(call: ast.AST, above: dict[int, ast.AST]) -> Iterator[str]:
    """Names that get what a call returns, or a part of it."""
    parent = above.get(id(call))
    targets: list[ast.AST] = []
    if isinstance(parent, ast.Await):
        yield from _names(parent, above)
    elif isinstance(parent, ast.Assign):
        targets = list(parent.targets)
    elif isinstance(parent, (ast.AnnAssign, ast.NamedExpr, ast.For, ast.comprehension)):
        targets = [parent.target]
    for target in targets:
        yield from (one.id for one in ast.walk(target) if isinstance(one, ast.Name))


def in_template(tree: nodes.Template, call: nodes.Call) -> bool:
    """The same of a template; ``default(…)`` helps against None with ``true`` as its second argument only."""
    from jinja2 import nodes as kinds

    above = {id(child): node for node in _all(tree) for child in node.iter_child_nodes()}
    setting: list[Any] = list(tree.find_all((kinds.Assign, kinds.For)))
    names = {
        target.name
        for node in setting
        if (node.node if isinstance(node, kinds.Assign) else node.iter) is call
        for target in _all(node.target)
        if isinstance(target, kinds.Name)
    }
    uses = [call, *(node for node in tree.find_all(kinds.Name) if node.name in names and node.ctx == "load")]
    return any(_asked_in_template(use, above) for use in uses)


def _all(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _all(child)


def _asked_in_template(node: nodes.Node, above: dict[int, nodes.Node]) -> bool:
    from jinja2 import nodes as kinds

    parent = above.get(id(node))
    if isinstance(parent, (kinds.Or, kinds.And)):
        return parent.left is node or _asked_in_template(parent, above)
    if isinstance(parent, (kinds.If, kinds.CondExpr)):
        return parent.test is node
    if isinstance(parent, kinds.Filter):
        given = [*parent.args[1:2], *(one.value for one in parent.kwargs if one.key == "boolean")]
        return parent.name in ("default", "d") and any(isinstance(one, kinds.Const) and one.value for one in given)
    return isinstance(parent, (kinds.Not, kinds.Test, kinds.Compare))
