"""One side of one benchmark, in a process of its own; prints a JSON object on its last line."""

from __future__ import annotations

import json
import resource
import shutil
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
TASKS = 10
DAGS = Path(__file__).parent / "dags"


def ten_tasks():
    """The Dag of ``dags/ten_numbers.py``: ten tasks, each handing a number to the next."""
    import runpy

    return runpy.run_path(str(DAGS / "ten_numbers.py"))["dag"]


def simulate(runs: int) -> None:
    """``runs`` daily runs, each a simulation of its own."""
    from harness.kernel import to_instant
    from harness.simulation import Rehearsal, RunOptions

    dag = ten_tasks()
    rehearsal = Rehearsal()
    for day in range(runs):
        options = RunOptions(logical_date=to_instant(START + timedelta(days=day)))
        result = rehearsal.run(dag, None, options)
        assert result.state == "success"
        assert result.task("task_9").xcom() == 10


def ours(runs: int) -> dict[str, float]:
    """Milliseconds a task instance, after a warm-up."""
    from harness.bridge.environment import sandbox

    sandbox.enter()
    simulate(5)
    began = time.perf_counter()
    simulate(runs)
    return {"ms_per_ti": (time.perf_counter() - began) / runs / TASKS * 1000}


def quiet_airflow() -> None:
    """A migrated SQLite, and nothing logged: what ``dag.test()`` is timed on."""
    import logging
    import subprocess

    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)


def stock(runs: int) -> dict[str, float]:
    """The same with ``dag.test()`` on a migrated SQLite."""
    quiet_airflow()
    dag = ten_tasks()
    dag.fileloc, dag.relative_fileloc = str(DAGS / "ten_numbers.py"), "ten_numbers.py"
    dag.test(logical_date=START)
    began = time.perf_counter()
    for day in range(1, runs + 1):
        run = dag.test(logical_date=START + timedelta(days=day))
        assert run.state == "success", run.state
    return {"ms_per_ti": (time.perf_counter() - began) / runs / TASKS * 1000}


def first() -> dict[str, float]:
    """Import, load a Dag folder and run a Dag once."""
    from harness.bridge.environment import sandbox

    sandbox.enter()
    from harness.simulation import Rehearsal

    # In a project of its own: in this one the folder ``harness`` is taken for a user's module of our name, and all of
    # its 1,000 files are read to see which Dags import it.
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(DAGS, f"{folder}/dags")
        result = Rehearsal.of_paths([Path(folder, "dags")]).run("ten_numbers")
    assert result.state == "success"
    return {}


def memory() -> dict[str, float]:
    """Growth of the resident set between 2,000 and 12,000 task instances."""
    from harness.bridge.environment import sandbox

    sandbox.enter()
    simulate(200)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    simulate(1000)
    return {"growth_mib": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024}


if __name__ == "__main__":
    case, *numbers = sys.argv[1:]
    print(json.dumps(globals()[case](*map(int, numbers))))
