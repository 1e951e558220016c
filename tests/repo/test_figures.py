"""The README's figures are the benchmark's, not somebody's memory of them."""

from __future__ import annotations

import json

from benchmarks.__main__ import FIGURES, in_readme
from tests.repo.sources import ROOT


def test_the_table_of_the_readme_is_what_the_benchmark_wrote() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    assert in_readme(page, json.loads(FIGURES.read_text(encoding="utf-8"))) == page


def test_another_figure_would_be_noticed() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    assert in_readme(page, {**figures, "ti_ms": figures["ti_ms"] + 1}) != page
