"""The site builds strictly: each page has its place, each link and anchor leads somewhere, nothing comes from afar."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.repo.sources import ROOT, files

_FETCHED = re.compile(r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=\"?(?:https?:)?//")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the site is made of."""
    for path in files():
        relative = path.relative_to(ROOT)
        if (
            relative.parts[0] in ("docs", "mkdocs.yml")
            or path.suffix == ".md"
            or relative.match("tests/repo/docs/site.py")
        ):
            (tmp_path / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, tmp_path / relative)
    return tmp_path


def built(checkout: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]  # with --quiet it would not see its own warnings
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)


@pytest.mark.pages
def test_it_builds_and_needs_nobody_else(checkout: Path) -> None:
    done = built(checkout)
    assert done.returncode == 0, done.stderr
    pages = sorted((checkout / ".site").rglob("*.html"))
    assert len(pages) > 30
    assert [page.name for page in pages if _FETCHED.search(page.read_text(encoding="utf-8"))] == []
    found = json.loads((checkout / ".site" / "search" / "search_index.json").read_text())
    assert any("pool-missing" in one["text"] for one in found["docs"])


@pytest.mark.pages
def test_links_that_lead_nowhere_are_refused(checkout: Path) -> None:
    lost = ["gone.md", "gate.md#no-such-part", "../harness/errors.py"]
    with (checkout / "docs" / "index.md").open("a") as page:
        page.write("".join(f"\nSee [there]({link}).\n" for link in lost))
    done = built(checkout)
    assert done.returncode == 1
    assert [link for link in lost if f"'{link}'" not in done.stderr] == []
    assert "3 warnings" in done.stdout


def test_every_page_of_it_is_one_of_the_repository() -> None:
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    named = re.findall(r"- ([\w/-]+\.md)$", settings, re.MULTILINE)
    written = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    recipes = {name for name in written if name.startswith("cookbook/")}
    assert sorted(named) == sorted({*named}), "a page has one place"
    missing = written - {*named, *recipes}
    assert not missing, f"put it under nav: in mkdocs.yml: {missing}"
    assert {*named, *recipes} == written | {"changelog.md", "contributing.md"}
    assert yaml.safe_load(settings)["theme"]["font"] is False


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 150
