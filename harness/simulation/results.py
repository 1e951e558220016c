"""A finished simulation as results."""

from __future__ import annotations

from typing import Any

from harness.bridge.supervisor.handlers.xcom import decoded
from harness.bridge.supervisor.store import facts
from harness.results.run import Failure, RunResult, TaskResult
from harness.scheduler.model import DagRun, TaskInstance
from harness.simulation.components.deadlines import deadline_result
from harness.simulation.history import history
from harness.simulation.record import Recorder


def run_result(run: DagRun, recorder: Recorder) -> RunResult:
    """What became of a run."""
    xcoms = xcoms_by_task(run)
    return RunResult(
        dag_id=run.dag.dag_id,
        run_id=run.run_id,
        run_type=run.run_type,
        logical_date=run.logical_date,
        data_interval_start=run.data_interval_start,
        data_interval_end=run.data_interval_end,
        state=run.state,
        start_date=run.start,
        end_date=run.end,
        run_after=run.run_after,
        task_instances=[_task_result(ti, xcoms) for ti in _in_order(run)],
        reason=run.reason if run.reason not in ("success", "task_failure") else None,
        findings=recorder.findings.get(run, []),
        events=recorder.events.get(run, []),
        deadlines=[deadline_result(one, run) for one in run.deadlines],
    )


def xcoms_by_task(run: DagRun) -> dict[tuple[str, int], dict[str, Any]]:
    """(task_id, map_index) -> key -> value, decoded as ``xcom_pull`` decodes."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for instance, values in facts(run).xcoms.by_instance():
        found[instance] = {key: decoded(value) for key, value in values.items()}
    return found


def _in_order(run: DagRun) -> list[TaskInstance]:
    position = {task_id: at for at, task_id in enumerate(run.dag.tasks)}
    return sorted(run.task_instances.values(), key=lambda ti: (position[ti.task_id], ti.map_index))


def _task_result(ti: TaskInstance, xcoms: dict[tuple[str, int], dict[str, Any]]) -> TaskResult:
    past = history(ti)
    told = past.error
    return TaskResult(
        task_id=ti.task_id,
        map_index=ti.map_index,
        operator=ti.task.operator,
        state=ti.state,
        try_number=ti.try_number,
        pool=ti.task.pool,
        start_date=ti.start,
        end_date=ti.end,
        rendered=past.rendered,
        xcoms=xcoms.get(ti.key, {}),
        error=None if told is None else Failure(told.kind, told.message, told.traceback, told.where, told.hint),
        attempts=past.attempts,
        reason=ti.reason,
        log=past.log.text(),
    )
