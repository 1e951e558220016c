"""What is said beside the findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.gate.check_result import FileResult, GateResult, UsedName
from harness.gate.inspection import _without_world
from harness.project.scope import FileScope


def note(*names: tuple[str, str], file: Path | None = None, partial: bool = False) -> list[str]:
    used = tuple(UsedName(section, name, "task 't'", "a.py", 1) for section, name in names)
    return _without_world(file, FileScope([], partial), GateResult((FileResult("a.py", names=used),), {}))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([("pools", "etl")], "1 pool is named; no world says whether it exists"),
        ([("pools", "etl"), ("pools", "etl"), ("pools", "gpu")], "2 pools are named; no world says whether they exist"),
        (
            [("pools", "etl"), ("connections", "a"), ("connections", "b"), ("variables", "v")],
            "2 connections, 1 pool and 1 variable are named; no world says whether they exist",
        ),
    ],
)
def test_what_nobody_says_is_counted(names, said):
    assert note(*names) == [f"{said}: airflow-harness init writes one"]


def test_nothing_is_said_of_nothing():
    assert note() == note(("pools", "etl"), file=Path("world.yaml")) == note(("pools", "etl"), partial=True) == []
