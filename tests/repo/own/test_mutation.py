"""Faults that are said to change nothing are of lines that there are, and say why."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ENTRIES = [line for line in (ROOT / "tests/mutation/alike.txt").read_text().splitlines() if not line.startswith("#")]


@pytest.mark.parametrize("entry", ENTRIES)
def test_it_is_of_a_line_that_there_is(entry: str) -> None:
    name, _, why = entry.partition("  ")
    module, _, source = name.split(" ", 2)
    lines = {" ".join(line.split()) for line in (ROOT / module).read_text().splitlines()}
    assert any(source == line or source.startswith(f"{line} -> ") for line in lines if line)
    assert why
