"""The table of checks is whole: every function that is made a check stands in it, once, under its family."""

from __future__ import annotations

import ast
from pathlib import Path

import harness.checks
from harness.checks import catalogue
from harness.checks.registry import CHECKS
from harness.checks.table import OURS

FOLDER = Path(harness.checks.__file__).parent


def made_checks() -> set[tuple[str, str]]:
    """(module, function) of all that have the decorator of the house."""
    found = set()
    for path in sorted(FOLDER.rglob("*.py")):
        module = ".".join(("harness.checks", *path.relative_to(FOLDER).with_suffix("").parts))
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            makers = node.decorator_list if isinstance(node, ast.FunctionDef) else []
            if any(isinstance(one, ast.Call) and ast.unparse(one.func) == "check" for one in makers):
                found.add((module, node.name))
    return found


def test_every_function_that_is_made_a_check_stands_in_the_table():
    listed = [(check.function.__module__, check.function.__name__) for check in OURS]
    assert len(listed) > 50
    assert set(listed) == made_checks()
    assert len(listed) == len(set(listed)) == len({check.id for check in OURS})


def test_each_is_known_by_its_id_and_of_a_family():
    catalogue.load()
    assert all(CHECKS[check.id] is check for check in OURS)
    assert {check.family for check in OURS} == {*catalogue.FAMILIES, "upkeep"}
