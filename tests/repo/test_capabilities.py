"""What versions of Airflow have differently is asked for in one room, and stands in its table."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module

import pytest

from harness.bridge.patches.inventory.table import PATCHES
from harness.bridge.versions.names import ATTRIBUTES
from harness.bridge.versions.scheduling import FROM_3_2, policies
from harness.bridge.versions.table import CAPABILITIES
from harness.project.installed import airflow_version
from harness.scheduler.policies import SchedulerPolicies
from tests.repo.sources import HARNESS, modules, name, tree

ROOM = "harness/bridge/versions/"
ELSEWHERE = {"harness/project/discovery.py": "asked before Airflow may be imported; stands in the table"}
"""Modules that ask, each with the reason."""
PATCHING = {f"{one.by.replace('.', '/')}.py" for one in PATCHES}
"""Modules that look for what they patch: the table of patches says which versions have it."""


def test_nobody_else_asks_for_a_version() -> None:
    found = {name(path): list(asking(tree(path))) for path in modules() if not name(path).startswith(ROOM)}
    assert {where: lines for where, lines in found.items() if lines and where not in ELSEWHERE} == {}
    looks = {name(path): list(looking(tree(path))) for path in modules() if not name(path).startswith(ROOM)}
    assert {where: lines for where, lines in looks.items() if lines and where not in PATCHING} == {}


def test_no_exception_is_left_over() -> None:
    assert [where for where in ELSEWHERE if not list(asking(tree(HARNESS.parent / where)))] == []


@pytest.mark.parametrize("text", ["airflow_version() >= (3, 2)", "(3, 4) > airflow_version()[:2]"])
def test_a_comparison_is_seen(text: str) -> None:
    assert list(asking(ast.parse(text))) == [1]


def test_a_failing_import_is_seen() -> None:
    text = "try:\n    {}\nexcept {}:\n    pass\n"
    assert list(asking(ast.parse(text.format("from airflow.sdk import x", "ImportError")))) == [1]
    assert list(asking(ast.parse(text.format("import airflow.sdk", "(OSError, ModuleNotFoundError)")))) == [1]
    assert list(asking(ast.parse(text.format("import numpy", "ImportError")))) == []


@pytest.mark.parametrize(
    "text", ["hasattr({}, 'x')", "getattr({}.y, 'x', None)", "inspect.signature({}.x).parameters", "signature({})"]
)
def test_a_look_at_airflow_is_seen(text: str) -> None:
    asked = f"from airflow import settings\n{text.format('settings')}\n"
    assert list(looking(ast.parse(asked))) == [2]
    assert list(looking(ast.parse(asked.replace("airflow", "numpy")))) == []


def test_a_sure_name_is_no_question() -> None:
    assert list(looking(ast.parse("from airflow import settings\ngetattr(settings, name)\n"))) == []


@pytest.mark.parametrize(("attribute", "owner"), [(name, of) for name, one in ATTRIBUTES.items() for of in one.of])
def test_an_attribute_is_there_from_its_version_on(attribute: str, owner: str) -> None:
    module, _, kind = owner.rpartition(".")
    found = getattr(import_module(module), kind)
    fields = {*dir(found), *getattr(found, "model_fields", ()), *getattr(found, "__attrs_attrs__", ())}
    names = {getattr(one, "name", one) for one in fields}
    assert (attribute in names) == (airflow_version() >= ATTRIBUTES[attribute].since)


def test_every_function_of_the_room_stands_in_the_table() -> None:
    known = {one.by for one in CAPABILITIES}
    public = {
        f"{'.'.join(path.relative_to(HARNESS).with_suffix('').parts)}.{node.name}"
        for path in modules()
        if name(path).startswith(ROOM)
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }
    assert public == {one for one in known if one.startswith("bridge.versions.")}


def test_every_line_names_a_function() -> None:
    assert len({(one.by, one.since) for one in CAPABILITIES}) == len(CAPABILITIES)
    for one in CAPABILITIES:
        module, _, function = one.by.rpartition(".")
        assert callable(getattr(import_module(f"harness.{module}"), function))


def test_every_policy_is_set_for_the_installed_version() -> None:
    assert {*FROM_3_2, "numbers_ahead"} == set(SchedulerPolicies.__dataclass_fields__)
    found, version = policies(), airflow_version()
    assert {getattr(found, field) for field in FROM_3_2} == {version >= (3, 2)}
    assert found.numbers_ahead == (version >= (3, 4))


def asking(module: ast.Module) -> Iterator[int]:
    """Lines that compare the version, or catch an import of Airflow's that fails."""
    for node in ast.walk(module):
        if isinstance(node, ast.Compare) and "airflow_version()" in ast.unparse(node):
            yield node.lineno
        if isinstance(node, ast.Try) and any(map(_is_airflows, node.body)) and any(map(_catches, node.handlers)):
            yield node.lineno


def looking(scope: ast.AST, known: frozenset[str] = frozenset()) -> Iterator[int]:
    """Lines that look whether something imported from Airflow has a name, or what its arguments are.

    Args:
        known: names imported from Airflow around this module or function.
    """
    nodes, functions = list(_within(scope)), (ast.FunctionDef, ast.AsyncFunctionDef)
    imports = [node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)) and _is_airflows(node)]
    known |= {(alias.asname or alias.name).partition(".")[0] for node in imports for alias in node.names}
    for node in nodes:
        if isinstance(node, functions):
            yield from looking(node, known)
        elif isinstance(node, ast.Call) and node.args and _root(node.args[0]) in known:
            called = ast.unparse(node.func).rpartition(".")[2]
            if called in {"hasattr", "signature"} or (called == "getattr" and len(node.args) > 2):
                yield node.lineno


def _within(scope: ast.AST) -> Iterator[ast.AST]:
    """All nodes of a scope, and the functions in it, but not what is in these."""
    for node in ast.iter_child_nodes(scope):
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from _within(node)


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_airflows(node: ast.stmt) -> bool:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
    return any(one.partition(".")[0] == "airflow" for one in names)


def _catches(handler: ast.ExceptHandler) -> bool:
    return handler.type is not None and any(
        isinstance(one, ast.Name) and one.id in {"ImportError", "ModuleNotFoundError"} for one in ast.walk(handler.type)
    )
