"""A finished simulation as results: here the engine's instants become dates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from harness.bridge.supervisor.handlers.xcom import decoded
from harness.bridge.supervisor.store import facts
from harness.kernel import Instant
from harness.kernel.instant import to_datetime as made_datetime
from harness.results.read_back import ReadBack
from harness.results.run import Attempt, Failure, RunResult, TaskResult
from harness.results.world import Need
from harness.scheduler.model import DagRun, TaskInstance
from harness.simulation.components.deadlines import deadline_result
from harness.simulation.components.spilled_runs import RunsInMemory, SpilledRuns
from harness.simulation.history import AttemptSlice, history
from harness.simulation.record import Recorder

ResultEvent = tuple[datetime, str, "str | None"]
"""(date, task name, state)"""


def run_result(
    run: DagRun, recorder: Recorder, companions: Sequence[RunResult] = (), not_in_world: Sequence[Need] = ()
) -> RunResult:
    """What became of a run.

    Args:
        companions: of the run that was asked for, with the needs of them all.
    """
    instances, events = _details(run, recorder)
    return RunResult(
        dag_id=run.dag.dag_id,
        run_id=run.run_id,
        run_type=run.run_type,
        logical_date=date_of(run.logical_date),
        data_interval_start=date_of(run.data_interval_start),
        data_interval_end=date_of(run.data_interval_end),
        state=run.state,
        start_date=date_of(run.start),
        end_date=date_of(run.end),
        run_after=to_datetime(run.run_after),
        task_instances=instances,
        reason=run.reason if run.reason not in ("success", "task_failure") else None,
        findings=tuple(recorder.findings.get(run, ())),
        companions=tuple(companions),
        events=events,
        deadlines=tuple(deadline_result(one, run) for one in run.deadlines),
        not_in_world=tuple(not_in_world),
    )


def _details(run: DagRun, recorder: Recorder) -> tuple[tuple[TaskResult, ...], tuple[ResultEvent, ...]]:
    """The task instances of a run and its events.

    Where runs are put aside, they are read when they are asked for, without fields, XComs and logs: those are in the
    ledger.
    """
    runs = recorder.runs
    if not isinstance(runs, SpilledRuns):
        xcoms = xcoms_by_task(run)
        return tuple(_task_result(ti, xcoms) for ti in _in_order(run, runs)), _events(run, runs)
    instances, events = runs.counts(run)
    outlines = ReadBack(instances, lambda: [_outline(ti) for ti in _in_order(run, runs)])
    return outlines.as_tuple(), ReadBack(events, lambda: _events(run, runs)).as_tuple()


def _events(run: DagRun, runs: RunsInMemory) -> tuple[ResultEvent, ...]:
    return tuple((to_datetime(at), name, state) for at, name, state in runs.events(run))


def _outline(ti: TaskInstance) -> TaskResult:
    return replace(_task_result(ti, {}), rendered={}, log="")


@lru_cache(maxsize=100_000)
def to_datetime(at: Instant) -> datetime:
    """The date of an instant, one for all that happened then: a result of many task instances holds it often."""
    return made_datetime(at)


def date_of(at: Instant | None) -> datetime | None:
    """`to_datetime`, None kept."""
    return None if at is None else to_datetime(at)


def xcoms_by_task(run: DagRun) -> dict[tuple[str, int], dict[str, Any]]:
    """(task_id, map_index) -> key -> value, decoded as ``xcom_pull`` decodes."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for instance, values in facts(run).xcoms.by_instance():
        found[instance] = {key: decoded(value) for key, value in values.items()}
    return found


def _in_order(run: DagRun, runs: RunsInMemory) -> list[TaskInstance]:
    position = {task_id: at for at, task_id in enumerate(run.dag.tasks)}
    return sorted(runs.instances(run), key=lambda ti: (position[ti.task_id], ti.map_index))


def _task_result(ti: TaskInstance, xcoms: dict[tuple[str, int], dict[str, Any]]) -> TaskResult:
    past = history(ti)
    explained = past.error
    return TaskResult(
        task_id=ti.task_id,
        map_index=ti.map_index,
        operator=ti.task.operator,
        state=ti.state,
        try_number=ti.try_number,
        pool=ti.task.pool,
        start_date=date_of(ti.start),
        end_date=date_of(ti.end),
        rendered=past.rendered,
        xcoms=xcoms.get(ti.key, {}),
        error=None
        if explained is None
        else Failure(explained.kind, explained.message, explained.traceback, explained.where, explained.hint),
        attempts=tuple(map(_attempt, past.attempts)),
        reason=ti.reason,
        log=past.log.text() if past.log.lines else "",
        stood_in=past.stood_in,
    )


def _attempt(one: AttemptSlice) -> Attempt:
    began, ended = to_datetime(one.start), to_datetime(one.end)
    return Attempt(one.try_number, one.state, began, ended, one.reason, one.real_seconds, one.peak_bytes)
