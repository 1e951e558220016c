"""What a person is told while a simulation goes on."""

from __future__ import annotations

import io

from rich.console import Console

from harness.cli.progress import CalendarProgress
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
