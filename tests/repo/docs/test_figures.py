"""The README's figures are the benchmark's, not somebody's memory of them."""

from __future__ import annotations

import json

from benchmarks.__main__ import FIGURES, in_readme
from tests.differential import soak
from tests.repo.sources import ROOT


def test_the_table_of_the_readme_is_what_the_benchmark_wrote() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    assert in_readme(page, json.loads(FIGURES.read_text(encoding="utf-8"))) == page


def test_another_figure_would_be_noticed() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    assert in_readme(page, {**figures, "ti_ms": figures["ti_ms"] + 1}) != page


def test_what_the_readme_says_of_fidelity_is_what_the_soak_wrote() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    figures = json.loads(soak.FIGURES.read_text(encoding="utf-8"))
    assert soak.in_readme(page, figures) == page
    assert soak.in_readme(page, {**figures, "run": {"cases": 1, "different": 1}}) != page


def test_the_soak_left_no_difference_unexplained() -> None:
    figures = json.loads(soak.FIGURES.read_text(encoding="utf-8"))
    assert (figures["run"]["different"], figures["scheduler"]["different"]) == (0, 0)
    assert None not in figures["canaries"].values()
