"""A year of daily runs replayed by one process, by two, and by ``dag.test()``; and the memory that runs keep.

Figures as JSON.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
RUNS, TASKS = 365, 20
DAGS = Path(__file__).parent / "dags"


def year():
    """The Dag of ``dags/twenty_tasks.py``."""
    import runpy

    dag = runpy.run_path(str(DAGS / "twenty_tasks.py"))["dag"]
    assert len(dag.tasks) == TASKS
    return dag


def rehearsed():
    """A rehearsal of it."""
    from harness.bridge.environment import sandbox

    sandbox.enter()
    from harness.simulation import Rehearsal

    rehearsal = Rehearsal()
    rehearsal.folder.dags["twenty_tasks"] = year()
    return rehearsal


def spent_s() -> float:
    """Processor time of this process and of those children that have ended."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def sharing(repetitions: int) -> dict[str, float]:
    """Seconds of the year by one process and by two, in turn, ledgers included; the median of the ratios.

    Wall time wants a processor for each process. Where a machine has other work, processor time says more: what one
    process spends, beside the longest way through the work of two: all that their owner spends, as if nothing went on
    meanwhile, and half of what they spend.
    """
    from harness.simulation.replays.replaying import ReplayOptions

    rehearsal = rehearsed()

    def took(jobs: int, runs: int = RUNS) -> tuple[float, float, float]:
        until = START + timedelta(days=runs - 1)
        with tempfile.TemporaryDirectory() as keep:
            began, spent, own = time.perf_counter(), spent_s(), time.process_time()
            result = rehearsal.replay(ReplayOptions(("twenty_tasks",), START, until, jobs=jobs, keep=Path(keep)))
            wall, all_of_it, owners = time.perf_counter() - began, spent_s() - spent, time.process_time() - own
        assert len(result.runs) == runs
        assert result.ok
        assert not result.notes, result.notes
        return wall, all_of_it, owners

    took(1, 30)
    pairs = [(took(1), took(2)) for _ in range(repetitions)]
    return {
        "replay_runs": RUNS,
        "replay_s": statistics.median(one[0] for one, _ in pairs),
        "replay_shared_s": statistics.median(two[0] for _, two in pairs),
        "replay_wall_ratio": statistics.median(one[0] / two[0] for one, two in pairs),
        "replay_cpu_s": statistics.median(one[1] for one, _ in pairs),
        "replay_shared_cpu_s": statistics.median(two[1] for _, two in pairs),
        "replay_shared_owner_s": statistics.median(two[2] for _, two in pairs),
        "replay_cpu_ratio": statistics.median(one[1] / _way_s(*two) for one, two in pairs),
        "replay_way_s": statistics.median(_way_s(*two) for _, two in pairs),
    }


def _way_s(_: float, spent: float, owners: float) -> float:
    """The longest way through the work of two processes and their owner."""
    return owners + (spent - owners) / 2


def stock(runs: int) -> dict[str, float]:
    """Seconds a run with ``dag.test()`` on a migrated SQLite, of so many days of the year, after a first one."""
    from cases import quiet_airflow  # the folder of this file is first on the path

    quiet_airflow()
    dag = year()
    dag.fileloc, dag.relative_fileloc = str(DAGS / "twenty_tasks.py"), "twenty_tasks.py"
    dag.test(logical_date=START)
    took, spent = [], []
    for day in range(1, runs + 1):
        began, before = time.perf_counter(), time.process_time()
        run = dag.test(logical_date=START + timedelta(days=day))
        took.append(time.perf_counter() - began)
        spent.append(time.process_time() - before)
        assert run.state == "success", run.state
    return {"dag_test_run_s": statistics.median(took), "dag_test_run_cpu_s": statistics.median(spent)}


def memory(instances: int) -> dict[str, float]:
    """MiB of the resident set at its highest, when so many task instances were replayed as the command does it."""
    from harness.simulation.replays.replaying import ReplayOptions

    rehearsal = rehearsed()
    rehearsal.spills = True
    until = START + timedelta(days=instances // TASKS - 1)
    with tempfile.TemporaryDirectory() as keep:
        options = ReplayOptions(("twenty_tasks",), START, until, keep=Path(keep))
        result = rehearsal.replay(options)
    assert len(result.runs) == instances // TASKS
    return {f"replay_mib_{instances}": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main() -> None:
    """Measure what the command line names."""
    what, number = sys.argv[1], int(sys.argv[2])
    print(json.dumps({"sharing": sharing, "stock": stock, "memory": memory}[what](number)))


if __name__ == "__main__":
    main()
