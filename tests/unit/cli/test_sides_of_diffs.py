"""How far the sides of a comparison are while they are simulated."""

from __future__ import annotations

import json
from pathlib import Path

from harness.cli.airflow2 import Airflow2Runs, SideRuns
from harness.cli.sides import HERE, _Side, _Simulation, how_far


def test_each_side_says_what_it_said_last_or_that_it_begins(tmp_path: Path) -> None:
    asked = SideRuns("2025-01-01T00:00:00+00:00", "2025-01-03T00:00:00+00:00")
    two = Airflow2Runs("main", Path("python2"), "2.11.2", asked, tmp_path, tmp_path / "a", tmp_path)
    here = _Simulation(_Side(HERE), ("simulate",), tmp_path, tmp_path / "b", tmp_path / "b.json")
    assert how_far([two, here]) == "main: 0 runs ended  |  the working tree: beginning"
    lines = [{"dag": "sales", "tasks": []}, {"run": {}}, {"run": {}}]
    (tmp_path / "runs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"run"')
    said = ["note: a clock", "airflow-harness: 1 of 9 runs ended", "airflow-harness: 4 of 9 runs ended", "warning: x"]
    (tmp_path / "b.err").write_text("\n".join(said))
    assert how_far([two, here]) == "main: 2 runs ended  |  the working tree: 4 of 9 runs ended"
