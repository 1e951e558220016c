"""Every difference that docs/fidelity.md states names a test, and the test exists."""

from __future__ import annotations

import re

from tests.repo.sources import ROOT

PAGE = (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(test_\w+)`")
DEFINED = re.compile(r"def (test_\w+)\(")


def test_every_test_that_the_page_names_exists() -> None:
    there = {name for path in (ROOT / "tests").rglob("*.py") for name in DEFINED.findall(path.read_text("utf-8"))}
    named = set(NAMED.findall(PAGE))
    assert len(named) > 20
    assert named - there == set()


def test_every_difference_names_a_test() -> None:
    table = PAGE.partition("## Differences kept on purpose")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 8
    assert [row for row in rows if "test" not in row.rpartition("|")[0].rpartition("|")[2]] == []
