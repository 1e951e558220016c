"""Code that puts something in the place of what is not its own stands in the table of patches, under its module."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from harness.bridge.patches.inventory.table import PATCHES
from tests.repo.sources import HARNESS, modules, name, tree

ROOMS = ("bridge", "kernel", "simulation")
ITS_OWN = {
    "harness/bridge/patches/__init__.py": "puts what the others say",
    "harness/bridge/parsing/trials/trial.py": "gives a class of ours its methods",
    "harness/bridge/supervisor/datamodels.py": "fills models that it made",
    "harness/bridge/parsing/leftovers/pollution.py": "puts back what a file changed",
    "harness/bridge/timetables.py": "has a copy of a timetable remember its dates",
    "harness/bridge/loader.py": "tells Airflow, in Airflow's own way, which file its Dags come from",
}
"""Modules that set attributes, and patch nothing that the table would name."""
_DATA = ("os.environ[", "sys.modules[", "sys.path[", "vars(self)[")
"""What is there to be written to."""


def test_whoever_patches_stands_in_the_table() -> None:
    known = {f"{one.by.replace('.', '/')}.py" for one in PATCHES}
    found = {name(path): list(patching(tree(path))) for path in modules() if _room(path) in ROOMS}
    untold = {where: lines for where, lines in found.items() if lines and where not in known and where not in ITS_OWN}
    assert untold == {}


def test_no_exception_is_left_over() -> None:
    assert [where for where in ITS_OWN if not list(patching(tree(HARNESS.parent / where)))] == []


def test_every_line_names_a_module_and_has_a_name_of_its_own() -> None:
    assert [one.by for one in PATCHES if not (HARNESS.parent / f"{one.by.replace('.', '/')}.py").is_file()] == []
    assert len({one.name for one in PATCHES}) == len(PATCHES)


def test_code_that_patches_is_seen() -> None:
    patches = "setattr(os, 'x', 1)", "patch.object(os, 'x', 1)", "vars(os)['x'] = 1", "vars(os).update(x=1)", "os.x = 1"
    for line in (*patches, "replaced(changes)", "a, os.x = 1, 2"):
        assert list(patching(ast.parse(f"import os\n{line}"))) == [2], line
    for line in ("self.x = 1", "thing.x = 1", "os.environ['x'] = 1", "x = os.x"):
        assert list(patching(ast.parse(f"import os\n{line}"))) == [], line


def _room(path: Path) -> str:
    return path.relative_to(HARNESS).parts[0]


def patching(module: ast.Module) -> Iterator[int]:
    """Lines that set what belongs to others: by ``setattr``, ``patch``, ``vars``, ``replaced``, or on a module."""
    imported = {alias.asname or alias.name for node in ast.walk(module) for alias in _imported(node)}
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and _sets(node):
            yield node.lineno
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in (one for each in targets for one in ast.walk(each) if _is_set(one)):
                text = ast.unparse(target)
                if not text.startswith(_DATA) and (text.partition(".")[0] in imported or text.startswith("vars(")):
                    yield node.lineno


def _imported(node: ast.AST) -> list[ast.alias]:
    return node.names if isinstance(node, (ast.Import, ast.ImportFrom)) else []


def _is_set(node: ast.AST) -> bool:
    return isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, ast.Store)


def _sets(call: ast.Call) -> bool:
    called = ast.unparse(call.func)
    return called in {"setattr", "replaced", "patch.object", "patch.dict"} or (
        called.startswith("vars(") and called.endswith(").update")
    )
