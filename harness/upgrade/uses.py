"""What is looked for: names of Airflow that a text uses, and where.

A Python file is read as syntax: it need not import, nor be complete. Of a Jinja template, names of the context.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from harness.bridge.operators import is_template
from harness.upgrade.advice import FIELDS

if TYPE_CHECKING:
    import jinja2


@dataclass(frozen=True, order=True)
class SourceLine:
    """Where a name stands.

    Attributes:
        path: relative to the project, with slashes.
        line: from 1 on.
    """

    path: str
    line: int


@dataclass(frozen=True, order=True)
class AirflowName:
    """A name of Airflow, as a file uses it.

    Attributes:
        kind: ``import``: `text` is imported from `owner`, or the module `owner` itself where `text` is empty;
            ``member``: attribute `text` of `owner`, a dotted name; ``argument``: `text` is given to `owner`;
            ``value``: `text` is a trigger rule; ``context``: a key of a task's context, in Python or in a template;
            ``field``: attribute `text` of `owner`, an object of the context such as ``dag_run``; ``default``: `text` is
            a key of ``default_args``; ``unreadable``: the file is no Python 3, `text` says why.
        owner: a dotted name as it is importable, empty where there is none.
    """

    kind: str
    owner: str
    text: str

    @property
    def shown(self) -> str:
        """As people write it."""
        return {
            "import": f"{self.owner}.{self.text}" if self.text else self.owner,
            "member": f"{self.owner}.{self.text}",
            "argument": f"{_called(self.owner)}({self.text}=)",
            "value": f'trigger_rule="{self.text}"',
            "context": f"{self.text} of the context",
            "field": f"{self.owner}.{self.text} of the context",
            "default": f'default_args["{self.text}"]',
            "unreadable": "no Python 3",
        }[self.kind]


def _called(owner: str) -> str:
    """A class, a function, or a method with its class."""
    *_, above, leaf = f".{owner}".split(".")
    return f"{above}.{leaf}" if above[:1].isupper() else leaf


Uses = dict[AirflowName, set[SourceLine]]
"""Every name, and where it stands."""


Found = Iterator[tuple[AirflowName, int]]

_CONTEXTS = {"context", "ctx", "kwargs"}
"""What people call a task's context, beside the ``**name`` of a function and what ``get_current_context()`` gave."""

_FIELDS = {"dag_run", "ti", "task_instance", "dag"}
_OF_THE_SERVER = {"hookimpl", "task_instance_mutation_hook", "task_policy", "dag_policy"}
_PARTIAL = {"partial", "expand", "override"}
"""Methods of an operator or a decorated task that take its arguments."""

_HANDED_AS = re.compile(r"python_callable|on_\w+_callback")
_HANDED = re.compile(r"(?:python_callable|on_\w+_callback|\w+_fn)\s*=\s*\[?\s*([\w.]+)")


def names_in_python(source: str, callables: Set[str] = frozenset()) -> Found:
    """Every use of a name of Airflow, with its line.

    Args:
        source: of a Python file.
        callables: names of functions that tasks call, wherever: their arguments are keys of the context.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the user's own escapes
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        yield AirflowName("unreadable", "", str(getattr(error, "msg", error))), getattr(error, "lineno", None) or 1
        return
    reader = _PythonReader(callables)
    reader.imports(tree)
    yield from reader.found(tree)


def callables_in(source: str) -> set[str]:
    """Names of the functions that a file hands to tasks."""
    return {found.rpartition(".")[2] for found in _HANDED.findall(source)}


class _PythonReader:
    """One file.

    Attributes:
        bound: name in the file -> what it is, a dotted name of Airflow.
        contexts: names that hold a task's context.
        macros: names that the file gives its templates itself.
        dags: names that hold a Dag and nothing else.
        server: whether a policy or a listener is in it, which the scheduler hands rows of its database.
        either: imports of a file that is written for several versions of Airflow.
    """

    def __init__(self, callables: Set[str]) -> None:
        self._callables = callables
        self.bound: dict[str, str] = {}
        self.contexts = set(_CONTEXTS)
        self.macros: set[str] = set()
        self.dags: set[str] = set()
        self.server = False
        self.either: set[int] = set()

    def imports(self, tree: ast.Module) -> None:
        """Learn what the file's names stand for; a name bound twice stands for the last."""
        for node in ast.walk(tree):
            if _chooses(node):
                self.either |= {id(one) for one in ast.walk(node) if isinstance(one, (ast.Import, ast.ImportFrom))}
        for node in ast.walk(tree):
            if id(node) in self.either:
                continue
            if isinstance(node, ast.ImportFrom) and not node.level and _airflow(node.module):
                self.bound |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
            elif isinstance(node, ast.Import):
                for one in node.names:
                    if _airflow(one.name):
                        self.bound |= {one.asname: one.name} if one.asname else {"airflow": "airflow"}
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.args.kwarg:
                self.contexts.add(node.args.kwarg.arg)
            elif isinstance(node, ast.keyword) and _HANDED_AS.fullmatch(node.arg or "") and _lambda(node.value):
                kwarg = node.value.args.kwarg  # type: ignore[attr-defined]
                self.contexts |= {kwarg.arg} if kwarg else set()
            elif isinstance(node, ast.Assign) and _calls(node.value, "get_current_context"):
                self.contexts |= {one.id for one in node.targets if isinstance(one, ast.Name)}
            elif (
                isinstance(node, ast.keyword) and node.arg == "user_defined_macros" and isinstance(node.value, ast.Dict)
            ):
                self.macros |= {str(one.value) for one in node.value.keys if isinstance(one, ast.Constant)}

        self.dags = self._named_dags(tree)
        named = {getattr(node, "name", None) or getattr(node, "id", None) for node in ast.walk(tree)}
        self.server = not named.isdisjoint(_OF_THE_SERVER)

    def _named_dags(self, tree: ast.Module) -> set[str]:
        held: set[str] = set()
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.withitem)
                and isinstance(node.optional_vars, ast.Name)
                and self._makes_dag(node.context_expr)
            ):
                held.add(node.optional_vars.id)
            elif isinstance(node, ast.Assign) and self._makes_dag(node.value):
                held |= {one.id for one in node.targets if isinstance(one, ast.Name)}
        assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and not self._makes_dag(node.value)]
        other = {one.id for node in assigned for one in node.targets if isinstance(one, ast.Name)}
        return held - other

    def _makes_dag(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Call) and (self._dotted(node.func) or "").endswith(".DAG")

    def found(self, tree: ast.Module) -> Found:
        within = {id(child): node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        handlers: dict[type[ast.AST], Callable[..., Found]] = {
            ast.ImportFrom: self._from,
            ast.Import: self._import,
            ast.Attribute: self._attribute,
            ast.Call: self._call,
            ast.Subscript: self._key,
            ast.Constant: self._text,
            ast.FunctionDef: self._function,
            ast.AsyncFunctionDef: self._function,
            ast.Dict: self._dictionary,
        }
        for node in ast.walk(tree):
            handler = handlers.get(type(node))
            if handler is not None:
                yield from handler(node, within.get(id(node)))

    def _from(self, node: ast.ImportFrom, _: ast.AST | None) -> Found:
        if not node.level and _airflow(node.module) and id(node) not in self.either:
            for one in node.names:
                yield AirflowName("import", node.module or "", "" if one.name == "*" else one.name), one.lineno

    def _import(self, node: ast.Import, _: ast.AST | None) -> Found:
        for one in node.names:
            if _airflow(one.name) and id(node) not in self.either:
                yield AirflowName("import", one.name, ""), one.lineno

    def _attribute(self, node: ast.Attribute, outer: ast.AST | None) -> Found:
        owner = self._dotted(node.value)
        if owner is not None and not isinstance(outer, ast.Attribute):  # the longest chain alone: the rest is in it
            yield AirflowName("member", owner, node.attr), node.lineno
        if self._is_field(node.value) and not (self.server and _of_rows(node)):
            yield AirflowName("field", _last(node.value), node.attr), node.lineno
        elif isinstance(node.value, ast.Name) and node.value.id in self.dags:
            yield AirflowName("field", "dag", node.attr), node.lineno

    def _call(self, node: ast.Call, _: ast.AST | None) -> Found:
        for keyword in node.keywords:
            if keyword.arg == "trigger_rule" and isinstance(keyword.value, ast.Constant):
                yield AirflowName("value", "", str(keyword.value.value)), keyword.value.lineno
            if _HANDED_AS.fullmatch(keyword.arg or "") and isinstance(keyword.value, ast.Lambda):
                parameters = (*keyword.value.args.args, *keyword.value.args.kwonlyargs)
                yield from ((AirflowName("context", "", one.arg), one.lineno) for one in parameters)
        called = node.func
        if isinstance(called, ast.Attribute) and called.attr in _PARTIAL:
            called = called.value
        owner = self._dotted(called)
        if owner is not None:
            for keyword in node.keywords:
                if keyword.arg:
                    yield AirflowName("argument", owner, keyword.arg), keyword.value.lineno
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "pop") and node.args:
            yield from self._of_context(node.func.value, node.args[0])

    def _key(self, node: ast.Subscript, _: ast.AST | None) -> Found:
        yield from self._of_context(node.value, node.slice)

    def _of_context(self, owner: ast.expr, key: ast.expr) -> Found:
        if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
            return
        # "conf" is too plain a word: whatever else takes **kwargs has it.
        plain = key.value == "conf" and _last(owner) == "kwargs"
        held = isinstance(owner, ast.Name) and owner.id in self.contexts
        if (held or _calls(owner, "get_current_context")) and not plain:
            yield AirflowName("context", "", key.value), key.lineno

    def _text(self, node: ast.Constant, outer: ast.AST | None) -> Found:
        if isinstance(node.value, str) and not isinstance(outer, (ast.Expr, ast.FormattedValue)):
            for name, line in names_in_template(node.value):
                if (name.text if name.kind == "context" else name.owner) in self.macros:
                    continue
                # Inside a triple-quoted text the lines count; elsewhere a "\n" of the text is none of the file's.
                spans = (node.end_lineno or node.lineno) - node.lineno == node.value.count("\n")
                yield name, node.lineno + (line - 1 if spans else 0)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, _: ast.AST | None) -> Found:
        """A task's callable asks for keys of the context by the names of its arguments."""
        if any(map(self._decorates, node.decorator_list)) or node.name in self._callables:
            for one in (*node.args.args, *node.args.kwonlyargs):
                yield AirflowName("context", "", one.arg), one.lineno

    def _decorates(self, decorator: ast.expr) -> bool:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        return ".task" in (self._dotted(called) or "")

    def _dictionary(self, node: ast.Dict, outer: ast.AST | None) -> Found:
        named = isinstance(outer, ast.keyword) and outer.arg == "default_args"
        if isinstance(outer, (ast.Assign, ast.AnnAssign)):
            targets = outer.targets if isinstance(outer, ast.Assign) else [outer.target]
            named = any(isinstance(one, ast.Name) and "default_args" in one.id.lower() for one in targets)
        for key, value in zip(node.keys, node.values, strict=True):
            if named and isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield AirflowName("default", "", key.value), key.lineno
                if key.value == "trigger_rule" and isinstance(value, ast.Constant):
                    yield AirflowName("value", "", str(value.value)), value.lineno

    def _is_field(self, node: ast.expr) -> bool:
        """Whether this is an object of the context: ``dag_run``, ``context["ti"]``."""
        if isinstance(node, ast.Subscript):
            in_context = isinstance(node.value, ast.Name) and node.value.id in self.contexts
            return in_context and _last(node) in _FIELDS
        return isinstance(node, ast.Name) and node.id in _FIELDS - {"dag"} and node.id not in self.bound

    def _dotted(self, node: ast.expr) -> str | None:
        """What an expression names, where that is something of Airflow."""
        if isinstance(node, ast.Name):
            return self.bound.get(node.id)
        if isinstance(node, ast.Attribute):
            owner = self._dotted(node.value)
            return f"{owner}.{node.attr}" if owner else None
        return None


def _of_rows(node: ast.Attribute) -> bool:
    """Whether this may be a row of the scheduler's database, which has more attributes than a worker's object."""
    return isinstance(node.value, ast.Name) and ("dag_run", node.attr) not in FIELDS and ("ti", node.attr) not in FIELDS


def _lambda(node: ast.expr) -> bool:
    return isinstance(node, ast.Lambda)


def _chooses(node: ast.AST) -> bool:
    """Whether a statement imports one thing or another, whichever the installed Airflow has."""
    if isinstance(node, ast.If):
        return "airflow" in (words := ast.unparse(node.test).lower()) or "version" in words
    caught = [one.type for one in node.handlers] if isinstance(node, ast.Try) else []
    return any(one is None or re.search(r"Import|NotFound|Exception", ast.unparse(one)) for one in caught)


def _airflow(module: str | None) -> bool:
    return module is not None and (module == "airflow" or module.startswith("airflow."))


def _calls(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Call) and _last(node.func) == name


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript):
        return str(node.slice.value) if isinstance(node.slice, ast.Constant) else ""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


SUFFIXES = (
    ".sql",
    ".hql",
    ".sh",
    ".bash",
    ".j2",
    ".jinja",
    ".jinja2",
    ".json",
    ".yaml",
    ".yml",
    ".html",
    ".txt",
    ".md",
)
"""Of files that operators read as templates (``template_ext``), as far as they are text."""


def names_in_template(text: str) -> Iterator[tuple[AirflowName, int]]:
    """Keys of the context and fields of its objects, with their lines in the text; none where it is no template."""
    if not is_template(text):
        return
    import jinja2
    from jinja2 import meta, nodes

    try:
        tree = _environment().parse(text)
        free = meta.find_undeclared_variables(tree)
    except (jinja2.TemplateSyntaxError, RecursionError):
        return  # check has a finding for it, and f-strings and shell scripts have braces of their own
    for node in tree.find_all(nodes.Name):
        if node.name in free and node.ctx == "load":
            yield AirflowName("context", "", node.name), node.lineno
    for attribute in tree.find_all(nodes.Getattr):
        owner = attribute.node
        if isinstance(owner, nodes.Name) and owner.name in free:
            yield AirflowName("field", owner.name, attribute.attr), attribute.lineno


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    made = jinja2.Environment(autoescape=True, extensions=["jinja2.ext.do"])  # parses only, renders nothing
    made.filters, made.tests = _Every(made.filters), _Every(made.tests)
    return made


class _Every(dict[str, Any]):
    """Filters and tests by name, those of a Dag's own (``user_defined_filters``) among them."""

    def get(self, key: str, default: Any = str) -> Any:
        return super().get(key, default or str)
