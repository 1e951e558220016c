"""The harness's side of one run: what its tasks, its XComs and itself came to."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.bridge.reference import RunHistory
from harness.bridge.supervisor.store import facts
from harness.bridge.timetables import parse_date
from harness.errors import HorizonReached, RunStuck
from harness.scheduler.model import DagRun, TaskInstance
from harness.simulation import Rehearsal, RunOptions
from harness.world import World

LINK = "_link_"
"""Keys of operators' links: they hold the run_id, which ``dag.test()`` makes of a clock with microseconds."""


def simulated_run(
    folder: Path, dag_id: str, logical_date: str, conf: dict[str, Any] | None = None, world: World | None = None
) -> RunHistory:
    """A manual run, as ``dag.test()`` makes it.

    Raises: AssertionError: a Dag file does not import.
    """
    from harness.bridge.environment import sandbox

    sandbox.enter()
    rehearsal = Rehearsal.of_paths([folder])
    assert not rehearsal.folder.failures, rehearsal.folder.failures
    runs: list[DagRun] = []

    def watch(run: DagRun, ti: TaskInstance | None) -> None:
        if ti is None and run.dag.dag_id == dag_id and run not in runs:
            runs.append(run)

    options = RunOptions(
        logical_date=parse_date(logical_date), manual=True, conf=conf or {}, companions=False, one_by_one=True
    )
    with suppress(RunStuck, HorizonReached):  # in Airflow such a run stays as it is
        rehearsal.run(dag_id, world, options, watch)
    run = runs[0]
    return RunHistory(
        final={ti.key: (ti.state, ti.try_number) for ti in run.task_instances.values()},
        xcoms=dict(facts(run).xcoms),
        run_state="running" if run.state == "queued" else run.state,
    )


def run_differences(ours: RunHistory, theirs: RunHistory) -> list[str]:
    """A line for each difference between the ends of a run; empty when they agree."""
    found = [] if ours.run_state == theirs.run_state else [f"run: here {ours.run_state}, Airflow {theirs.run_state}"]
    for what, mine, real in (("task", ours.final, theirs.final), ("XCom", ours.xcoms, theirs.xcoms)):
        for key in sorted({*mine, *real}, key=str):  # type: ignore[misc]
            if str(key[-1]).startswith(LINK):
                continue
            here, there = _sorted(mine.get(key, "(none)")), _sorted(real.get(key, "(none)"))  # type: ignore[call-overload]
            if here != there:
                found.append(f"{what} {key}: here {here!r}, Airflow {there!r}")
    return found


def _sorted(value: Any) -> Any:
    """What a branch followed, without the order of the set that Airflow made it of."""
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return sorted(value)  # our acts return numbers: these are the ids that a branch returned
    if isinstance(value, dict) and set(value) <= {"followed", "skipped"}:
        return {key: sorted(ids) if isinstance(ids, list) else ids for key, ids in value.items()}
    return value
