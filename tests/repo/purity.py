"""What a module takes from the world around it, read off its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

CLOCKS = {
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "time.monotonic",
    "time.monotonic_ns",
    "time.perf_counter",
    "time.perf_counter_ns",
    "time.process_time",
    "time.sleep",
    "time.time",
    "time.time_ns",
}
CHANCE = {"os.getrandom", "os.urandom", "random", "secrets", "uuid.uuid1", "uuid.uuid4"}
ENVIRONMENT = {"os.environ", "os.environb", "os.getenv", "os.putenv", "os.unsetenv"}
FORBIDDEN = CLOCKS | CHANCE | ENVIRONMENT
EMPTY = ("dict", "list", "set", "defaultdict", "deque", "WeakKeyDictionary", "WeakSet")


def impurities(module: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of every clock, random source and environment that the module names, however imported."""
    aliases = dict(_imported(module))
    for node in ast.walk(module):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from ((node.lineno, found) for _, found in _names(node) if _forbidden(found))
        elif isinstance(node, ast.Attribute):
            head, *rest = _dotted(node)
            dotted = ".".join([aliases.get(head, ""), *rest])
            if dotted in FORBIDDEN:
                yield node.lineno, dotted


def airflow_at_run_time(module: ast.Module) -> Iterator[int]:
    """Lines that import Airflow when they run: every import of it outside ``if TYPE_CHECKING``."""
    typing_only = {id(inner) for node in ast.walk(module) if _type_checking(node) for inner in _body(node)}
    for node in ast.walk(module):
        if id(node) in typing_only:
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            if any(found.split(".")[0] == "airflow" for _, found in _names(node)):
                yield node.lineno
        elif isinstance(node, ast.Call) and _imports_by_name(node):
            yield node.lineno


def _imported(module: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(module):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from _names(node)


def _names(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """(name bound, what it stands for)."""
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            yield alias.asname or alias.name, f"{'.' * node.level}{node.module or ''}.{alias.name}"
        elif alias.asname:
            yield alias.asname, alias.name
        else:
            yield alias.name.split(".")[0], alias.name.split(".")[0]


def _forbidden(dotted: str) -> bool:
    return dotted in FORBIDDEN or dotted.split(".")[0] in FORBIDDEN


def _dotted(node: ast.Attribute) -> list[str]:
    parts = [node.attr]
    inner = node.value
    while isinstance(inner, ast.Attribute):
        parts.append(inner.attr)
        inner = inner.value
    return [*([inner.id] if isinstance(inner, ast.Name) else [""]), *reversed(parts)]


def _type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def _body(node: ast.AST) -> Iterator[ast.AST]:
    assert isinstance(node, ast.If)
    for statement in node.body:
        yield from ast.walk(statement)


def _imports_by_name(node: ast.Call) -> bool:
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    first = node.args[0] if node.args else None
    literal = first.value if isinstance(first, ast.Constant) else None
    return called in {"import_module", "__import__"} and str(literal).split(".")[0] == "airflow"


def kept(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Names of a module that begin empty, or that a function gives another value, and the text that stands below."""
    given = {one for node in ast.walk(module) if isinstance(node, ast.Global) for one in node.names}
    for node, after in pairwise([*module.body, ast.Pass()]):
        if not isinstance(node, (ast.Assign, ast.AnnAssign)):
            continue
        text = ast.get_docstring(ast.Module([after], [])) or ""
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(target, ast.Name) and (target.id in given or _is_empty(node.value)):
                yield target.id, text


def _is_empty(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call):
        return ast.unparse(value.func).rpartition(".")[2] in EMPTY and not value.args
    return (isinstance(value, ast.List) and not value.elts) or (isinstance(value, ast.Dict) and not value.keys)
