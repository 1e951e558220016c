"""What a person is told while a simulation goes on."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from harness.cli import progress as shown
from harness.cli.progress import CalendarProgress
from harness.kernel.clock import wall_clock
from harness.kernel.instant import to_datetime
from tests.unit.scheduler.scheduler_builders import DAY, NOW, dag, run_of, task, ti


def test_what_ran_in_a_simulation_before_runs_no_more_when_another_begins() -> None:
    """A replay that processes cannot share begins again in one, and one that is checked goes several times."""
    progress = CalendarProgress(Console(file=io.StringIO()), False, None, (NOW, NOW + DAY), runs=2)
    run = run_of(dag(task("load")), {"load": "running"})
    progress(run, ti(run, "load"))
    progress(run, None)
    assert progress._line(1.0).endswith("running: d.load")
    progress.waits_of(lambda: None)  # type: ignore[arg-type,return-value]
    progress.begins_anew()
    assert progress._line(1.0).endswith("running: nothing")
    assert "0 of 2 runs ended" in progress._line(1.0)


def test_a_stop_that_waits_names_the_run_whose_end_it_waits_for(tmp_path: Path) -> None:
    with (tmp_path / "err").open("w") as err:
        progress = CalendarProgress(Console(file=io.StringIO()), False, err, (NOW, NOW + DAY), runs=3)
        runs = [run_of(dag(task("load")), {"load": "running"}) for _ in range(2)]
        for number, run in enumerate(runs):
            run.run_id = f"r{number}"
            progress(run, None)
        progress.stops_later()
        runs[0].state = "success"
        progress(runs[0], None)
        progress.stops_later()
    assert (tmp_path / "err").read_text().splitlines() == [
        "airflow-harness: stops when the next run ends; Ctrl-C again stops at once",
        "airflow-harness: stops when run r1 of d ends; Ctrl-C again stops at once",
    ]


def test_before_there_is_virtual_time_it_says_that_it_begins() -> None:
    progress = CalendarProgress(Console(file=io.StringIO()), False, None, (NOW, NOW + DAY), runs=2)
    assert progress._line(12.0) == "beginning, 12 s so far"


def test_the_clock_stands_where_the_simulation_ended_while_services_end(monkeypatch: pytest.MonkeyPatch) -> None:
    progress = CalendarProgress(Console(file=io.StringIO()), False, None, (NOW, NOW + DAY), runs=1)
    run = run_of(dag(task("load")), {"load": "running"})
    with wall_clock(NOW):
        monkeypatch.setattr(shown, "active", lambda: object())
        progress(run, ti(run, "load"))
        during = progress._line(1.0)
    monkeypatch.setattr(shown, "active", lambda: None)
    assert progress._line(2.0)[:16] == during[:16] == f"{to_datetime(NOW):%Y-%m-%d %H:%M}"
