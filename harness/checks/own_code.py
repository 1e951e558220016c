"""The repository's code that a file's tasks and callbacks run, and what is said in it. No check of its own.

Functions that code imports where it runs, inside a function, are among it. While a file is parsed no such import is
made, and nothing is run to make it: module and function are found by their names in the text. What such a function
calls is followed in the same way.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.bridge.operators import argument, class_of, is_template
from harness.bridge.parsing.trials.callbacks import callbacks
from harness.checks.callables import Definition, Definitions, callable_of, own, plain
from harness.checks.content.reached import reached_from
from harness.checks.texts import called, calls, dotted, keyword, literal, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow.sdk import DAG

    from harness.checks.callables import Definitions

_DEEPEST = 4
"""Calls through which an argument is followed."""
_BOUND = ("self", "cls")

_MOST = 200
"""Functions that are followed."""
_MODULES = 5
"""Modules through which one name is imported."""


@dataclass(frozen=True)
class CodePart:
    """A piece of code that is looked through.

    Attributes:
        path: None for the Dag file itself.
        node: a function's, or the Dag file's whole tree.
        tree: of the whole file it stands in.
    """

    path: str | None
    node: ast.AST
    tree: ast.Module


class OwnCode:
    """The Dag file, and what its tasks, callbacks and notifiers run in other modules of the repository.

    Args:
        path: the Dag file's.
        dags: those that it makes.
        is_own: whether a file is the repository's.
    """

    def __init__(self, path: str, dags: Sequence[DAG], is_own: Callable[[str], bool], definitions: Definitions) -> None:
        self._path, self._dags, self._is_own, self._definitions = path, dags, is_own, definitions
        self._imports: dict[int, dict[str, str]] = {}
        self._functions: dict[int, dict[int, list[ast.FunctionDef | ast.AsyncFunctionDef]]] = {}

    @cached_property
    def parts(self) -> list[CodePart]:
        """The Dag file first."""
        tree = self._definitions.tree(self._path)
        found = [CodePart(None, tree, tree)]
        taken: dict[str, list[ast.AST]] = defaultdict(list)
        for one in self._reached():
            if one.path != self._path and not any(_within(one.node, other) for other in taken[one.path]):
                taken[one.path].append(one.node)
                found.append(CodePart(one.path, one.node, self._definitions.tree(one.path)))
        return found

    @cached_property
    def calls(self) -> list[tuple[str, ast.Call, CodePart]]:
        """(full name of what is called, call, where) of every call; a name that was imported as another is itself."""
        return [(self._name(name, part), call, part) for part in self.parts for name, call in calls(part.node)]

    def texts(self, node: ast.AST | None, part: CodePart, depth: int = 0) -> list[str]:
        """The texts that an expression can be; see `harness.checks.texts.texts`. Of a parameter what it is given."""
        found = texts(node, part.tree)
        if isinstance(node, ast.Name) and depth < _DEEPEST:
            for function in self._around(node, part):
                if any(one.arg == node.id for one in _parameters(function)):
                    found += self._given(function, node.id, depth)
                    break
        return list(dict.fromkeys(found))

    def _reached(self) -> list[Definition]:
        """Those that are within others come after them."""
        is_own, roots, codes = self._is_own, list[FunctionType](), set[Any]()
        for dag in self._dags:
            for one in callbacks(dag):
                function = plain(one.function)
                roots += [function] if isinstance(function, FunctionType) else _methods(type(function))
            for task in dag.task_dict.values():
                function = plain(callable_of(task))
                roots += [function] if isinstance(function, FunctionType) else []
                roots += _methods(class_of(task))
        found: dict[Definition, None] = {}
        for root in roots:
            if root.__code__ not in codes and is_own(root.__code__.co_filename):
                codes.add(root.__code__)
                reached = map(self._definitions.of, reached_from(root, is_own))
                found |= dict.fromkeys(one for one in reached if one is not None)
        starts: list[tuple[ast.AST, str]] = [(one.node, one.path) for one in found]
        starts.append((self._definitions.tree(self._path), self._path))
        found |= dict.fromkeys(_ImportedInside(is_own, self._definitions).reached_from(starts))
        return sorted(found, key=lambda one: (one.path, one.node.lineno, -(one.node.end_lineno or 0)))

    def _name(self, written: str, part: CodePart) -> str:
        known = self._imports.get(id(part.tree))
        if known is None:
            known = self._imports[id(part.tree)] = _imported(part.tree)
        first, dot, rest = written.partition(".")
        return f"{known.get(first, first)}{dot}{rest}"

    def _around(self, node: ast.AST, part: CodePart) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """The functions that a node stands in, the innermost first."""
        known = self._functions.get(id(part.node))
        if known is None:
            known = self._functions[id(part.node)] = defaultdict(list)
            for function in ast.walk(part.node):  # breadth first: the innermost comes last
                if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    for inner in ast.walk(function):
                        known[id(inner)].insert(0, function)
        return known.get(id(node), [])

    def _given(self, function: ast.FunctionDef | ast.AsyncFunctionDef, name: str, depth: int) -> list[str]:
        """What a parameter is given where the function is called; its default where one of them leaves it out."""
        names = [one.arg for one in [*function.args.posonlyargs, *function.args.args]]
        at = names.index(name) - (names[0] in _BOUND) if name in names else None
        found: list[str] = []
        bound = [named.get(name, _at(values, at)) for values, named in self._tasks_with(function)]
        found += [value for value in bound if isinstance(value, str) and not is_template(value)]
        sites = [(keyword(call, name) or _at(call.args, at), part) for call, part in self._by_name[function.name]]
        for value, part in sites:
            found += self.texts(value, part, depth + 1)
        is_left_out = any(one is None for one in bound) or any(
            one is None or isinstance(one, ast.Starred) for one, _ in sites
        )
        default = literal(_default(function, name)) if is_left_out or not (bound or sites) else None
        return found if default is None else [*found, default]

    def _tasks_with(self, function: ast.AST) -> Iterator[tuple[list[Any], dict[str, Any]]]:
        """``op_args`` and ``op_kwargs`` of the tasks that run a function."""
        for dag in self._dags:
            for task in dag.task_dict.values():
                one = self._definitions.of(callable_of(task))
                if one is not None and one.node is function:
                    values, named = argument(task, "op_args"), argument(task, "op_kwargs")
                    yield list(values) if isinstance(values, (list, tuple)) else [], dict(named or {})

    @cached_property
    def _by_name(self) -> dict[str, list[tuple[ast.Call, CodePart]]]:
        found: dict[str, list[tuple[ast.Call, CodePart]]] = defaultdict(list)
        for name, call, part in self.calls:
            found[name.rpartition(".")[2]].append((call, part))
        return found


def accessed(node: ast.AST, key: str, *kinds: str) -> Iterator[tuple[str, str, int]]:
    """(kind, name, line) of what code takes out of a context: ``context["var"]["json"].x``, ``….get("x")``.

    What has a default is left out.

    Args:
        key: ``var`` or ``conn``.
        kinds: of ``var`` the keys below it; none for ``conn``.
    """
    getters: set[int] = set()
    for one in ast.walk(node):
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr == "get":
            kind = _accessor(one.func.value, key, kinds)
            if kind is not None:
                getters.add(id(one.func))
                name = literal(one.args[0] if one.args else None)
                if name and len(one.args) == 1 and not one.keywords:
                    yield kind, name, one.lineno
        elif isinstance(one, ast.Attribute) and id(one) not in getters:
            kind = _accessor(one.value, key, kinds)
            if kind is not None:
                yield kind, one.attr, one.lineno


def _accessor(node: ast.AST, key: str, kinds: tuple[str, ...]) -> str | None:
    """Which of the kinds an expression is, the key itself where there are none; None for something else."""
    if kinds:
        kind = literal(node.slice) if isinstance(node, ast.Subscript) else None
        inside = isinstance(node, ast.Subscript) and (_is_item(node.value, key) or dotted(node.value) == key)
        return kind if inside and kind in kinds else None
    base = dotted(node.value) if isinstance(node, ast.Subscript) else ""
    return key if base.endswith(("context", "ctx", "kwargs")) and _is_item(node, key) else None


def _is_item(node: ast.AST, key: str) -> bool:
    """Whether it is ``something["key"]`` or ``something.get("key")``."""
    if isinstance(node, ast.Call):
        return called(node) == "get" and bool(node.args) and literal(node.args[0]) == key
    return isinstance(node, ast.Subscript) and literal(node.slice) == key


def _at(values: list[Any], at: int | None) -> Any:
    return values[at] if at is not None and at < len(values) else None


def _methods(kind: type) -> list[FunctionType]:
    found = [plain(one) for base in kind.__mro__ for one in vars(base).values() if callable(one)]
    return [one for one in found if isinstance(one, FunctionType)]


def _within(node: ast.AST, other: ast.AST) -> bool:
    first, last = (getattr(other, name, 0) or 0 for name in ("lineno", "end_lineno"))
    return bool(first <= getattr(node, "lineno", 0) <= last)


def _imported(tree: ast.Module) -> dict[str, str]:
    """A file's name for something imported, wherever it is -> its full name."""
    found: dict[str, str] = {}
    for one in ast.walk(tree):
        if isinstance(one, ast.Import):
            found |= {alias.asname: alias.name for alias in one.names if alias.asname}
        elif isinstance(one, ast.ImportFrom):
            base = f"{one.module}." if one.module else ""
            found |= {alias.asname or alias.name: f"{base}{alias.name}" for alias in one.names}
    return found


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def _default(function: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> ast.expr | None:
    signature = function.args
    positional = [*signature.posonlyargs, *signature.args]
    last = positional[len(positional) - len(signature.defaults) :]
    pairs = [
        *zip(last, signature.defaults, strict=True),
        *zip(signature.kwonlyargs, signature.kw_defaults, strict=True),
    ]
    return next((default for parameter, default in pairs if parameter.arg == name), None)


class _Origin(NamedTuple):
    """Where an imported name comes from.

    Attributes:
        folders: in which its module is looked for.
        parts: of its full name.
    """

    folders: tuple[Path, ...]
    parts: tuple[str, ...]


class _ImportedInside:
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
            if not there and passed_on is not None and depth < _MODULES:
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
