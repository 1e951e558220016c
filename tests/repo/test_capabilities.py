"""What versions of Airflow have differently is asked for in one room, and stands in its table."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module

import pytest

from harness.bridge.versions.scheduling import FROM_3_2, policies
from harness.bridge.versions.table import CAPABILITIES
from harness.project.installed import airflow_version
from harness.scheduler.policies import SchedulerPolicies
from tests.repo.sources import HARNESS, modules, name, tree

ROOM = "harness/bridge/versions/"
ELSEWHERE = {
    "harness/project/discovery.py": "asked before Airflow may be imported; stands in the table",
    "harness/bridge/deadlines.py": "custom references, which 3.1 has not: the error says so",
    "harness/bridge/callbacks.py": "3.2 runs callbacks in a way of its own",
}
"""Modules that ask, each with the reason."""


def test_nobody_else_asks_for_a_version() -> None:
    found = {name(path): list(asking(tree(path))) for path in modules() if not name(path).startswith(ROOM)}
    assert {where: lines for where, lines in found.items() if lines and where not in ELSEWHERE} == {}


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
    assert len({one.by for one in CAPABILITIES}) == len(CAPABILITIES)
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


def _is_airflows(node: ast.stmt) -> bool:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
    return any(one.partition(".")[0] == "airflow" for one in names)


def _catches(handler: ast.ExceptHandler) -> bool:
    return handler.type is not None and any(
        isinstance(one, ast.Name) and one.id in {"ImportError", "ModuleNotFoundError"} for one in ast.walk(handler.type)
    )
