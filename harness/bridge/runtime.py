"""One attempt of a task through Airflow's own ``task_runner.run`` and ``finalize``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from harness.bridge.environment.archives import modules_in_place
from harness.bridge.patches.exits import WorkerExited
from harness.bridge.supervisor.capture import AFTER_THE_END, TaskLog
from harness.bridge.supervisor.conversation import Supervisor, child_socket, starts_children
from harness.bridge.supervisor.datamodels import constructed, dag_run_model, optional_datetime
from harness.bridge.supervisor.store import facts, ti_id
from harness.bridge.supervisor.task_context import TaskContext, task_context
from harness.bridge.versions.scheduling import worker_finds_map_indexes
from harness.kernel.instant import Instant, later, span, to_datetime, to_instant
from harness.scheduler.mapping import NotPopulated, mapped_count, relevant_map_indexes
from harness.scheduler.model import Task, TaskInstance, TaskState
from harness.scheduler.retries import may_retry

TRIGGER_FAIL = "__fail__"


@dataclass
class Resume:
    """How a deferred task goes on: the method and its serialised arguments."""

    method: str
    kwargs: dict[str, Any]


@dataclass
class AttemptOutcome:
    """How an attempt ended.

    Attributes:
        state: the state Airflow's task runner decided.
        message: the message that reported it (``SucceedTask``, ``DeferTask`` …), None when the runner failed to.
        error: the exception behind it.
    """

    state: TaskState | Literal["killed"]
    message: Any
    error: BaseException | None
    task_context: TaskContext


@dataclass
class AttemptRequest:
    """What the worker is told when it starts a task instance (``TIRunContext``).

    Attributes:
        reschedules: attempts of this try that ended in ``up_for_reschedule``.
        first_start: when the try began, on a worker or with a trigger.
        resume: set when the task comes back from a deferral.
        began: start_date the task instance keeps when it resumes.
        identity: its id; set when it starts.
    """

    ti: TaskInstance
    reschedules: int = 0
    first_start: Instant | None = None
    resume: Resume | None = None
    began: Instant | None = None
    log: TaskLog = field(default_factory=TaskLog)
    identity: UUID | None = None


def run_attempt(
    supervisor: Supervisor, request: AttemptRequest, now: Instant, is_killed: Callable[[], bool]
) -> AttemptOutcome:
    """Run one attempt in the calling process.

    Args:
        is_killed: asked after ``run``: True leaves out ``finalize`` (the process was killed).
    Source: ``InProcessTestSupervisor.start`` and ``task_runner.main`` (3.3.2) for the order of calls.
    """
    ti = request.ti
    task = facts(ti.run).dag.task_dict[ti.task_id]
    who = TaskContext(ti, name=f"{ti.task_id}[{ti.map_index}]", log=request.log)
    if request.first_start is not None:  # a microsecond early: a sensor asks whether more than its timeout has passed
        who.first_reschedule = to_datetime(later(request.first_start, -1))
    limit = getattr(task, "execution_timeout", None)
    who.execution_timeout = None if limit is None else span(limit)
    task_context.set(who)
    request.identity = ti_id(ti)
    _forget_answers()
    runtime = runtime_instance(request, task, to_datetime(now))
    try:
        with modules_in_place(facts(ti.run).dag.fileloc):
            return _outcome(supervisor, who, runtime, is_killed)
    finally:
        who.closed = True
        _let_go(runtime)


def _outcome(supervisor: Supervisor, who: TaskContext, runtime: Any, is_killed: Callable[[], bool]) -> AttemptOutcome:
    from airflow.sdk.execution_time import task_runner

    ti, log = who.ti, supervisor.task_log
    try:
        context = runtime.get_template_context()
        with child_socket(supervisor, who) if starts_children(runtime.task) else nullcontext():
            state, message, error = task_runner.run(runtime, context, log)
    except (Exception, SystemExit) as raised:
        # params that do not validate, or (before 3.3) an outcome handler that raised: ``main`` exits with 1 and the
        # supervisor makes of that a retry while there are tries (``ActivitySubprocess.final_state``)
        behind = raised.__context__ if isinstance(raised, UnboundLocalError) else None  # 3.1, 3.2: `finally` trips
        return AttemptOutcome("up_for_retry" if may_retry(ti) else "failed", None, behind or raised, who)
    error = error if who.exited is None else who.exited
    if isinstance(error, WorkerExited):  # neither message nor callback: what the exit code says (``final_state``)
        gone: TaskState = "success" if error.code == 0 else "up_for_retry" if may_retry(ti) else "failed"
        return AttemptOutcome(gone, None, None if error.code == 0 else error, who)
    if is_killed():
        who.closed = True
        if not who.lost:
            with suppress(Exception, SystemExit):  # what SIGTERM makes a worker do (`_on_term`)
                runtime.task.on_kill()
        return AttemptOutcome("killed", message, error, who)
    context["exception"] = error
    try:
        task_runner.finalize(runtime, state, context, log, error)
    except (Exception, SystemExit, WorkerExited) as raised:  # the state is reported; ``main`` logs this and exits
        log.exception("Top level error")
        supervisor.observe(who, "callback-failed", (raised, AFTER_THE_END))
    return AttemptOutcome(state.value, who.outcome if who.outcome is not None else message, error, who)


def _forget_answers() -> None:
    """Forget what a worker's process keeps of its supervisor's answers until it ends: each attempt has one of its own.

    Kept by the task instance's id, which is the same in the next simulation.
    Source: ``get_previous_dagrun_success`` (3.1.8 and 3.3.2).
    """
    from airflow.sdk.execution_time import context

    context.get_previous_dagrun_success.cache_clear()


def _let_go(runtime: Any) -> None:
    """Cut the circles in which a task instance, its context and its operator hold each other.

    Without them all of it is freed when the attempt ends, not when the garbage collector next comes by.
    """
    runtime._cached_template_context = None
    vars(runtime.task).pop("_PythonOperator__prepare_execution", None)


def runtime_instance(request: AttemptRequest, task: Any, start: datetime) -> Any:
    """The ``RuntimeTaskInstance`` a worker would make of its startup message."""
    from airflow.sdk.api.datamodels._generated import TaskInstanceState
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    ti = request.ti
    identity = ti_id(ti) if request.identity is None else request.identity
    values = {
        "id": identity,
        "task_id": ti.task_id,
        "dag_id": ti.run.dag.dag_id,
        "run_id": ti.run.run_id,
        "try_number": ti.try_number,
        "dag_version_id": identity,
        "map_index": ti.map_index,
        "hostname": None,
        "context_carrier": None,
        "queue": ti.task.queue,
        "task": task,
        "bundle_instance": None,
        "max_tries": ti.max_tries,
        "start_date": to_datetime(request.began) if request.began is not None else start,
        "state": TaskInstanceState.RUNNING,
    }
    made = constructed(RuntimeTaskInstance, values)
    made._ti_context_from_server = run_context(request)
    return made


def run_context(request: AttemptRequest) -> Any:
    """Source: ``ti_run`` of the Execution API (3.3.2)."""
    from airflow.sdk.api.datamodels._generated import TIRunContext

    ti, resume = request.ti, request.resume
    values: dict[str, Any] = {
        "dag_run": dag_run_model(ti.run),
        "task_reschedule_count": request.reschedules,
        "max_tries": ti.max_tries,
        "variables": [],
        "connections": [],
        "xcom_keys_to_clear": [] if resume else _own_keys(ti),
        "should_retry": may_retry(ti),
        "next_method": resume.method if resume else None,
        "next_kwargs": resume.kwargs if resume else None,
        "start_date": optional_datetime(request.began),
    }
    if not worker_finds_map_indexes():
        values["upstream_map_indexes"] = upstream_map_indexes(ti)
    return constructed(TIRunContext, values)


def _own_keys(ti: TaskInstance) -> list[str]:
    """Keys of the XComs an earlier attempt left; the worker deletes them before it begins."""
    return facts(ti.run).xcoms.keys_of(ti.task_id, ti.map_index)


def upstream_map_indexes(ti: TaskInstance) -> dict[str, Any]:
    """Source: ``_get_upstream_map_indexes`` (3.1.8)."""
    count = mapped_count(ti.task, ti.run)
    found: dict[str, Any] = {}
    for upstream_id in ti.task.upstream:
        upstream = ti.run.dag.tasks[upstream_id]
        if not upstream.groups:
            found[upstream_id] = None
        elif ti.task.groups[:1] == upstream.groups[:1]:
            found[upstream_id] = ti.map_index
        else:
            found[upstream_id] = _indexes_of(upstream, ti, count)
    return found | _of_those_left_out(ti)


def _of_those_left_out(ti: TaskInstance) -> dict[str, int | None]:
    """The same for upstreams that are not in the run, whose XComs a test gives."""
    operators = facts(ti.run).dag.task_dict
    found: dict[str, int | None] = {}
    for upstream_id in sorted(operators[ti.task_id].upstream_task_ids - set(ti.run.dag.tasks)):
        around = next((group.group_id for group in operators[upstream_id].iter_mapped_task_groups()), None)
        found[upstream_id] = ti.map_index if around is not None and around in ti.task.groups[:1] else None
    return found


def _indexes_of(upstream: Task, ti: TaskInstance, count: int | None) -> int | list[int] | None:
    try:
        indexes = relevant_map_indexes(ti.task, ti.map_index, count, upstream, ti.run)
        total = mapped_count(upstream, ti.run)
    except NotPopulated:  # it runs all the same, whatever its upstream came to
        return None
    if indexes is None and total is not None:
        indexes = range(total)
    return list(indexes) if isinstance(indexes, range) else indexes


def reschedule_at(message: Any) -> Instant:
    """The instant of a ``RescheduleTask`` message."""
    return to_instant(message.reschedule_date)
