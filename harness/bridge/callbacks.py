"""Callbacks that no task's worker runs: those of Dags, of tasks that failed without one, and of missed deadlines.

Source: ``_execute_dag_callbacks``, ``_execute_task_callbacks`` of the Dag processor, ``DagRun.produce_dag_callback``
(3.3.2). Those of deadlines are run by the installed Airflow's own code: in the triggerer, or in a worker.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import structlog

from harness.bridge.environment.archives import modules_in_place
from harness.bridge.patches.exits import WorkerExited
from harness.bridge.runtime import AttemptRequest, runtime_instance
from harness.bridge.supervisor.capture import TaskLog
from harness.bridge.supervisor.store import facts
from harness.bridge.supervisor.task_context import TaskContext, task_context
from harness.bridge.triggerer import as_sent, decode
from harness.bridge.versions.names import callback_trigger, execute_callback
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


def run_failure_callbacks(ti: TaskInstance, failed: Failed, name: str = "on_failure_callback") -> None:
    """Call ``on_failure_callback`` of a task that the scheduler failed, in the calling process.

    Args:
        failed: told of each callback that raised; the others still run.
        name: or ``on_retry_callback``.
    """
    task: Any = facts(ti.run).dag.task_dict[ti.task_id]
    task_context.set(TaskContext(ti, name=name, log=TaskLog()))
    context = runtime_instance(AttemptRequest(ti), task, to_datetime(ti.start or ti.run.run_after))
    found = getattr(task, name) or ()
    for callback in found if isinstance(found, (list, tuple)) else [found]:
        try:
            with modules_in_place(facts(ti.run).dag.fileloc):
                callback(context.get_template_context())
        except (Exception, SystemExit, WorkerExited) as error:
            failed(ti.run, error, ti.task_id, name)


def relevant(run: DagRun, state: RunState) -> TaskInstance | None:
    """The task instance a Dag callback is told about: the last to end in this state, any when there is none."""
    all_instances = list(run.task_instances.values())
    ended = [ti for ti in all_instances if ti.state == state]
    return max(ended or all_instances, key=lambda ti: ti.end or 0, default=None)


IN_DAG_FILE = "unusual_prefix_"
"""How names of modules begin that were made of a Dag file (``get_unique_dag_module_name``)."""

FAILED, RUNNING, SUCCESS = "failed", "running", "success"

Ended = Callable[[str, str], None]
"""Told of the state that a callback ended in, and of what it returned or why it failed."""


def is_async(callback: Any) -> bool:
    """Whether the triggerer runs it; an executor does otherwise. Source: ``Callback.create_from_sdk_def`` (3.3.2)."""
    return type(callback).__name__ == "AsyncCallback"


async def run_in_triggerer(callback: Any, context: dict[str, Any], ended: Ended) -> None:
    """Run an ``AsyncCallback`` as the triggerer does; never raises what the callback raises.

    Source: ``CallbackTrigger.run`` (3.3.2; ``DeadlineCallbackTrigger`` in 3.1, which always gives ``context``).
    """
    try:
        state, output = FAILED, "its trigger ended without an event"
        with _unknown(_module(callback.path)):
            async for event in _trigger(callback, context).run():
                state, output = str(getattr(event.payload["state"], "value", "")), str(event.payload.get("body"))
    except (Exception, SystemExit, WorkerExited) as error:
        structlog.get_logger(logger_name="trigger").exception("An exit in a deadline's callback", exc_info=error)
        state, output = FAILED, f"{type(error).__name__}: {error}"
    ended(state, output)


def _trigger(callback: Any, context: dict[str, Any]) -> Any:
    """The trigger as the triggerer reads it from the database: its arguments went there and back."""
    kwargs = decode(as_sent({**(callback.kwargs or {}), "context": context}))
    return callback_trigger()(callback_path=callback.path, callback_kwargs=kwargs)


def run_in_worker(callback: Any, context: dict[str, Any], run: DagRun, ended: Ended) -> None:
    """Run a ``SyncCallback`` as the executor's worker does, in the calling process.

    Source: ``execute_callback`` of the callback supervisor (3.3.2), ``execute_callback_workload`` (3.2.2).
    """
    kwargs = {**(callback.kwargs or {}), "context": context}
    log = structlog.get_logger(logger_name="callback_runner")
    try:
        good, why = _execute(callback.path, kwargs, run, log)
    except (SystemExit, WorkerExited) as error:
        name = type(error).__name__
        good, why = error.code == 0 or (error.code is None and name == "SystemExit"), f"{name}({error.code!r})"
        if not good:
            log.exception("Callback execution failed", exc_info=error)
    ended(SUCCESS if good else FAILED, str(why))


def _execute(path: str, kwargs: dict[str, Any], run: DagRun, log: Any) -> tuple[bool, str | None]:
    execute = execute_callback()
    if execute is None:
        from airflow.executors.workloads.callback import execute_callback_workload

        with _unknown(_module(path)):
            found: tuple[bool, str | None] = execute_callback_workload(
                SimpleNamespace(data={"path": path, "kwargs": kwargs}), log
            )
        return found
    file = Path(str(facts(run).dag.fileloc))
    return execute(callback_path=path, callback_kwargs=kwargs, log=log, file=file)


def _module(path: str) -> str:
    return path.rpartition(".")[0]


@contextmanager
def _unknown(module: str) -> Iterator[None]:
    """Hide the module of a Dag file, which the process that runs the callback in production has not imported."""
    if not module.startswith(IN_DAG_FILE) or module not in sys.modules:
        yield
        return
    known = sys.modules.pop(module)
    try:
        yield
    finally:
        sys.modules[module] = known
