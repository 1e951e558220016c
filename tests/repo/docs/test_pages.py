"""Every block of the README and of docs/ runs. How blocks are tagged: blocks.py, and CONTRIBUTING.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.repo.docs.blocks import blocks, commands
from tests.repo.docs.pages import Runner
from tests.repo.sources import ROOT, files, name

PAGES = [path for path in files() if path.suffix == ".md" and path.relative_to(ROOT).parts[0] in ("README.md", "docs")]
OTHERS = [path for path in files() if path.suffix == ".md" and path not in PAGES]


@pytest.mark.pages
@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_of_the_page_runs(page: Path, tmp_path: Path) -> None:
    Runner(tmp_path / "page", tmp_path / "aside").page(page.read_text(encoding="utf-8"), name(page))


@pytest.mark.mariadb
def test_blocks_that_need_mariadb_run(tmp_path: Path) -> None:
    page = ROOT / "docs" / "services.md"
    assert (
        Runner(tmp_path / "page", tmp_path / "aside").page(page.read_text(encoding="utf-8"), name(page), "mariadb") == 1
    )


def test_what_is_needed_is_a_mark_of_a_test_that_runs_it() -> None:
    needed = {block.tags.get("needs") for path in PAGES for block in blocks(path.read_text(encoding="utf-8"))}
    assert needed == {None, "mariadb"}


def test_the_readme_begins_with_a_first_run_and_tells_how_ci_tests() -> None:
    found = [block for block in blocks((ROOT / "README.md").read_text(encoding="utf-8")) if block.language == "console"]
    first = [command.text for block in found for command in commands(block)]
    assert any("airflow-harness run" in command for command in first)
    assert any(block.tags.get("by") == ".ci/run" for block in found), "the test command, tagged by=.ci/run"
