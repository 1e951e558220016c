"""Which folders of a repository hold nothing of its own: one answer, whoever looks."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import harness
from harness.project import BUILT, FOREIGN, WRITTEN, own_folders

HARNESS = Path(harness.__file__).parent


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    names = ("dags", "include", "logs", "build", "__pycache__", "node_modules", ".git", "mine", "theirs")
    for name in names:
        (tmp_path / name).mkdir()
    (tmp_path / "theirs" / "pyvenv.cfg").touch()
    return tmp_path


def test_a_look_goes_into_what_is_the_repositorys_own(repository: Path) -> None:
    names = [one.name for one in repository.iterdir()]
    assert own_folders(repository, names) == ["build", "dags", "include", "logs", "mine"]
    assert own_folders(str(repository), names, but={*BUILT, *WRITTEN}) == ["dags", "include", "mine"]


def test_nobody_else_lists_such_folders() -> None:
    """`harness.project.discovery` leaves out what Airflow does, which is less."""
    listed = []
    for file in sorted(HARNESS.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Set, ast.Tuple, ast.List)):
                texts = {one.value for one in node.elts if isinstance(one, ast.Constant)}
                if len(texts & FOREIGN) > 1:
                    listed.append(file.relative_to(HARNESS).as_posix())
    assert listed == ["project/__init__.py"]
