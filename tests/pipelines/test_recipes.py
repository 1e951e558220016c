"""Each recipe of docs/cookbook can be taken over: what its page has, in an empty folder, and pytest passes there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repo.docs.blocks import blocks
from tests.repo.docs.cookbook import RECIPES
from tests.repo.sources import ROOT

OF_SERVERS = {"mysql": pytest.mark.mariadb}
"""Recipes all of whose tests ask for a server."""
TESTED = [name for name, recipe in RECIPES.items() if any(file.startswith("tests/") for file, _ in recipe.files)]


@pytest.mark.parametrize("name", [pytest.param(name, marks=OF_SERVERS.get(name, pytest.mark.gate)) for name in TESTED])
def test_a_recipe_runs_where_nothing_else_is(name: str, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "cookbook" / f"{name}.md").read_text(encoding="utf-8")
    for block in blocks(page):
        if "file" in block.tags:
            file = tmp_path / block.tags["file"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
    chosen = ["-m", name] if name in OF_SERVERS else []
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen, "tests"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    passed = re.search(r"(\d+) passed", ran.stdout)
    assert passed is not None
    assert int(passed[1]) >= 2


def test_each_dag_of_the_repository_is_in_a_recipe() -> None:
    written = {
        path.relative_to(ROOT / "dags_under_test" / "pipelines").as_posix()
        for folder in ("dags", "bad", "plugins", "tests")
        for path in (ROOT / "dags_under_test" / "pipelines" / folder).rglob("*.py")
    }
    assert written == {file for recipe in RECIPES.values() for file, _ in recipe.files if file in written}
