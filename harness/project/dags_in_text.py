"""Dags that the text of a file would make, and that nothing reaches."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_MEANING = ("DAG", "dag", "sdk", "models")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_ANY_NAME = {"globals", "locals", "vars", "dir", "getattr", "inspect", "eval", "exec"}
"""What reaches a function without its name."""
Unreached = tuple[str, int, str]


def unreached(tree: ast.Module) -> Iterator[Unreached]:
    """(message, line, fix) of what would make a Dag in a file that has none; what stands below an ``if`` is let be."""
    names = _names(tree)
    used = _used(tree)
    for node in tree.body:
        if isinstance(node, _FUNCTIONS) and node.name not in used:
            if _is_decorated(node, names):
                fact = f"{node.name}() is decorated with @dag and never called, so the file has no Dag"
                yield fact, node.lineno, f"call it at the end of the file: {node.name}()"
            elif _makes_within(node, names):
                fact = f"{node.name}() makes a Dag and is never called, so the file has no Dag"
                yield fact, node.lineno, "call it at the top level, and keep what it returns in a name"
        elif isinstance(node, (ast.For, ast.AsyncFor)) and _reaches(node, names, _makers(tree, names)):
            fact = "the loop would make Dags and goes round no time, so the file has no Dag"
            yield fact, node.lineno, "look whether what it goes over is found, from the file's own place"


def uncalled(tree: ast.Module) -> Iterator[Unreached]:
    """The same of a file that has other Dags: functions with ``@dag`` alone that nothing could reach."""
    names, used = _names(tree), _used(tree)
    if not used.isdisjoint(_ANY_NAME):
        return
    for node in tree.body:
        if not isinstance(node, _FUNCTIONS) or node.name in used:
            continue
        if len(node.decorator_list) == 1 and _is_decorated(node, names):
            fact = f"{node.name}() is decorated with @dag and never called, so its Dag is not there"
            yield fact, node.lineno, f"call it at the end of the file: {node.name}()"


def _names(tree: ast.Module) -> set[str]:
    """Names that mean ``DAG``, ``dag`` or a module of Airflow's."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "airflow":
            found |= {one.asname or one.name for one in node.names if one.name in _MEANING}
        elif isinstance(node, ast.Import):
            found |= {(one.asname or "airflow") for one in node.names if one.name.split(".")[0] == "airflow"}
    return found


def _is_dag(node: ast.expr, names: set[str]) -> bool:
    """Whether an expression is ``DAG``, ``dag``, ``sdk.DAG``, or a call of one."""
    node = node.func if isinstance(node, ast.Call) else node
    if isinstance(node, ast.Name):
        return node.id in names and node.id not in ("sdk", "models", "airflow")
    if not isinstance(node, ast.Attribute) or node.attr not in ("DAG", "dag"):
        return False
    root = node.value
    while isinstance(root, ast.Attribute):
        root = root.value
    return isinstance(root, ast.Name) and root.id in names


def _makes(node: ast.AST, names: set[str]) -> bool:
    return isinstance(node, ast.Call) and _is_dag(node, names)


def _makers(tree: ast.Module, names: set[str]) -> set[str]:
    """Functions of the file that make a Dag."""
    functions = [node for node in tree.body if isinstance(node, _FUNCTIONS)]
    return {node.name for node in functions if _is_decorated(node, names) or _makes_within(node, names)}


def _is_decorated(node: ast.FunctionDef | ast.AsyncFunctionDef, names: set[str]) -> bool:
    return any(_is_dag(decorator, names) for decorator in node.decorator_list)


def _makes_within(node: ast.AST, names: set[str]) -> bool:
    return any(_makes(one, names) for one in ast.walk(node))


def _reaches(loop: ast.AST, names: set[str], makers: set[str]) -> bool:
    calls = [node for node in ast.walk(loop) if isinstance(node, ast.Call)]
    return any(_makes(call, names) or (isinstance(call.func, ast.Name) and call.func.id in makers) for call in calls)


def _used(tree: ast.Module) -> set[str]:
    """Names that are read somewhere; what only a program's start reads (``__name__ == "__main__"``) is not."""
    found: set[str] = set()
    rest: list[ast.AST] = [tree]
    while rest:
        node = rest.pop()
        if isinstance(node, ast.If) and "__main__" in ast.dump(node.test):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)  # __all__, globals()["name"]
        rest += ast.iter_child_nodes(node)
    return found


def line_of(text: str, dag_id: str) -> int:
    """The line of the call that makes a Dag: one that names its id, or of a function called as it is; 1 for none."""
    try:
        calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return 1
    named, made = [], []
    for call in calls:
        arguments = [*call.args[:1], *(one.value for one in call.keywords if one.arg == "dag_id")]
        if any(isinstance(one, ast.Constant) and one.value == dag_id for one in arguments):
            named.append(call.lineno)
        if isinstance(call.func, ast.Name) and call.func.id == dag_id:
            made.append(call.lineno)
    return min(named or made or [1])
