"""A calendar of ``daily_sales``, simulated as ``airflow-harness simulate`` does; prints a JSON object on its last line.

``calendar_case.py RUNS REPETITIONS``, in a process of its own.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

TASKS = 50
HERE = Path(__file__).parent / "calendar"
SINCE = datetime(2025, 1, 1, tzinfo=timezone.utc)
EVERY, AFTERWARDS = timedelta(minutes=10), timedelta(hours=12)


def until(runs: int) -> datetime:
    """When so many runs have surely ended."""
    return SINCE + runs * EVERY + AFTERWARDS


def loaded(runs: int) -> Callable[[], Any]:
    """The Dag of so many runs and its world. Returns: simulates the calendar, its ledger kept while it lasts."""
    from harness.cli.folders import world_of
    from harness.kernel import to_instant
    from harness.simulation import CalendarOptions, Rehearsal

    os.environ["BENCHMARK_RUNS"] = str(runs)
    rehearsal, world = Rehearsal.of_paths([HERE]), world_of(HERE / "world.yaml")

    def simulate() -> Any:
        with tempfile.TemporaryDirectory() as folder:
            options = CalendarOptions(to_instant(SINCE), to_instant(until(runs)), keep=Path(folder))
            result = rehearsal.simulate(options, world)
        assert result.states == {"success": runs}, result.states
        return result

    return simulate


def measured(runs: int, repetitions: int) -> dict[str, float]:
    """Costs of a task instance, after a warm-up; import and the loading of the Dag are left out.

    Returns: ``cpu_ms`` and ``wall_ms`` a task instance; ``scheduler`` the share of processor time that deciding takes,
        the making of runs and the records of its decisions among it; ``held`` the share of task instances that waited
        for a slot; ``kept`` bytes that the process grew by, a task instance of one repetition.
    """
    from harness.bridge.environment import sandbox

    sandbox.enter()
    loaded(2)()
    simulate, deciding = loaded(runs), _clocked()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(repetitions):
        result = simulate()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    instances = runs * TASKS
    return {
        "cpu_ms": cpu / instances / repetitions * 1000,
        "wall_ms": wall / instances / repetitions * 1000,
        "scheduler": deciding() / cpu,
        "held": _held(result) / instances,
        "kept": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / instances,
    }


def _clocked() -> Callable[[], float]:
    """Have the driver's deciding timed from now on. Returns: asks for its seconds of processor time."""
    from harness.simulation.components.scheduler_loop import Driver

    total, settle = [0.0], Driver._settle

    def timed(driver: Driver) -> None:
        began = time.process_time()
        settle(driver)
        total[0] += time.process_time() - began

    Driver._settle = timed  # type: ignore[method-assign]
    return lambda: total[0]


def _held(result: Any) -> int:
    """How many task instances began later than they were scheduled."""
    return sum(
        state == "scheduled" and at < run.task(name).start_date for run in result.runs for at, name, state in run.events
    )


if __name__ == "__main__":
    print(json.dumps(measured(*map(int, sys.argv[1:]))))
