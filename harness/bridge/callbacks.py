"""Callbacks that the Dag processor runs: those of Dags, and of tasks that failed without a worker.

Source: ``_execute_dag_callbacks``, ``_execute_task_callbacks`` of the Dag processor, ``DagRun.produce_dag_callback``
(3.3.2).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.bridge.environment.archives import modules_in_place
from harness.bridge.patches.exits import WorkerExited
from harness.bridge.runtime import AttemptRequest, runtime_instance
from harness.bridge.supervisor.capture import TaskLog
from harness.bridge.supervisor.store import facts
from harness.bridge.supervisor.task_context import TaskContext, task_context
from harness.kernel.instant import to_datetime
from harness.scheduler.model import DagRun, RunState, TaskInstance

Failed = Callable[[DagRun, BaseException, "str | None", str], None]


def run_dag_callbacks(run: DagRun, success: bool, reason: str | None, failed: Failed) -> None:
    """Call ``on_success_callback`` or ``on_failure_callback`` of a Dag, in the calling process.

    Args:
        failed: told of each callback that raised; the others still run.
    """
    dag: Any = facts(run).dag
    found = dag.on_success_callback if success else dag.on_failure_callback
    name = f"Dag's on_{'success' if success else 'failure'}_callback"
    ti = relevant(run, "success" if success else "failed")
    context: dict[str, Any] = {"dag": dag, "run_id": run.run_id, "reason": reason}
    if ti is not None:
        task_context.set(TaskContext(ti, name=name, log=TaskLog()))
        runtime = runtime_instance(
            AttemptRequest(ti), dag.task_dict[ti.task_id], to_datetime(ti.start or run.run_after)
        )
        context = {**runtime.get_template_context(), "reason": reason}
    for callback in found if isinstance(found, list) else [found]:
        try:
            with modules_in_place(dag.fileloc):
                callback(context)
        except (Exception, SystemExit, WorkerExited) as error:
            failed(run, error, None, name)


def run_failure_callbacks(ti: TaskInstance, failed: Failed) -> None:
    """Call ``on_failure_callback`` of a task that the scheduler failed, in the calling process.

    Args:
        failed: told of each callback that raised; the others still run.
    """
    task: Any = facts(ti.run).dag.task_dict[ti.task_id]
    task_context.set(TaskContext(ti, name="on_failure_callback", log=TaskLog()))
    context = runtime_instance(AttemptRequest(ti), task, to_datetime(ti.start or ti.run.run_after))
    found = task.on_failure_callback
    for callback in found if isinstance(found, (list, tuple)) else [found]:
        try:
            with modules_in_place(facts(ti.run).dag.fileloc):
                callback(context.get_template_context())
        except (Exception, SystemExit, WorkerExited) as error:
            failed(ti.run, error, ti.task_id, "on_failure_callback")


def relevant(run: DagRun, state: RunState) -> TaskInstance | None:
    """The task instance a Dag callback is told about: the last to end in this state, any when there is none."""
    all_instances = list(run.task_instances.values())
    ended = [ti for ti in all_instances if ti.state == state]
    return max(ended or all_instances, key=lambda ti: ti.end or 0, default=None)
