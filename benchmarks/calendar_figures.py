"""What a calendar costs: at several sizes, and the whole command once."""

from __future__ import annotations

import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import calendar_case
from benchmarks.processes import case, environment, run

SIZES = {2: 25, 20: 5, 200: 1}
"""Runs of a calendar below the full one, and how often each is repeated."""

Row = tuple[str, str, str, str]


def calendar(runs: int) -> dict[str, Any]:
    """Milliseconds of processor time a task instance at each size, small ones before and after the large ones.

    Args:
        runs: of the full calendar.
    """
    order = [*SIZES, runs, *reversed(SIZES)]
    found = [(size, case("calendar_case.py", str(size), str(SIZES.get(size, 1)))) for size in order]
    full = next(each for size, each in found if size == runs)
    sizes = {size * calendar_case.TASKS: [each["cpu_ms"] for other, each in found if other == size] for size in order}
    return {
        **command(runs),
        "calendar_runs": runs,
        "calendar_ms": {str(instances): statistics.mean(costs) for instances, costs in sizes.items()},
        "calendar_scheduler": full["scheduler"],
        "calendar_held": full["held"],
        "calendar_kept": full["kept"],
    }


def command(runs: int) -> dict[str, float]:
    """Seconds of ``airflow-harness simulate``, from its start to its end: wall and processor time."""
    program = [sys.executable, "-c", "from harness.cli import main; main()", "simulate"]
    program += ["--since", calendar_case.SINCE.isoformat(), "--until", calendar_case.until(runs).isoformat()]
    program += ["--dags", str(calendar_case.HERE), "--world", str(calendar_case.HERE / "world.yaml")]
    before, began = _processor(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        run([*program, "--keep", str(Path(folder) / "ledger")], environment() | {"BENCHMARK_RUNS": str(runs)})
    return {"calendar_wall_s": time.perf_counter() - began, "calendar_cpu_s": _processor() - before}


def rows(figures: dict[str, Any]) -> list[Row]:
    """What the table says of it."""
    runs, costs = figures["calendar_runs"], figures["calendar_ms"]
    instances = runs * calendar_case.TASKS
    middle = statistics.mean(costs.values())
    spread = max(abs(cost - middle) for cost in costs.values()) / middle
    each = figures["calendar_cpu_s"] / instances * 1000
    return [
        (
            f"`airflow-harness simulate`, {runs:,} runs × {calendar_case.TASKS} tasks, "
            f"{figures['calendar_held']:.0%} of which wait for a pool",
            f"{figures['calendar_wall_s']:.0f} s",
            f"{figures['calendar_cpu_s']:.0f} s of processor time",
            f"{each:.2f} ms a task instance",
        ),
        (
            f"a task instance of it, at {', '.join(f'{int(size):,}' for size in costs)} of them",
            f"{', '.join(f'{cost:.2f}' for cost in costs.values())} ms",
            "processor time, without import and parsing",
            f"±{spread:.0%}",
        ),
        ("what the scheduler takes of that", f"{figures['calendar_scheduler']:.0%}", "", ""),
        ("memory it keeps a task instance", f"{figures['calendar_kept'] / 1024:.1f} KiB", "", ""),
    ]


def _processor() -> float:
    """Seconds of processor time of the processes started here that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
