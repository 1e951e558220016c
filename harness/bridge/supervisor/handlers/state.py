"""Messages with which a task reports its own state, and the small ones around it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from harness.bridge.masking import mask
from harness.bridge.supervisor.conversation import Supervisor, TaskContext, answers, error_response


@answers("SucceedTask", "TaskState", "DeferTask", "RescheduleTask", "RetryTask", "AwaitInputTask")
def _outcome(_: Supervisor, msg: Any, who: TaskContext) -> None:
    who.outcome = msg
    who.rendered_map_index = getattr(msg, "rendered_map_index", None) or who.rendered_map_index


@answers("SetExecutionTimeout")
def _execution_timeout(_: Supervisor, msg: Any, who: TaskContext) -> None:
    """The task runner keeps it; told of it (3.4), Airflow kills a process that goes on for a minute after its end."""


@answers("SkipDownstreamTasks")
def _skip_downstream(supervisor: Supervisor, msg: Any, who: TaskContext) -> None:
    """Takes effect at once, as ``ti_skip_downstream`` does, before the task itself has ended."""
    from harness.scheduler.skips import skip_downstream

    tasks = [key for t in msg.tasks for key in (_all_of(t, who) if isinstance(t, str) else [(t[0], t[1])])]
    who.skipped += tasks
    for ti in skip_downstream(who.ti.run, tasks, supervisor.now()):
        ti.reason = f"skipped by '{who.ti.task_id}'"
        supervisor.observe(who, "skipped", ti)


@answers("SetRenderedFields")
def _rendered(supervisor: Supervisor, msg: Any, who: TaskContext) -> None:
    who.rendered = msg.rendered_fields
    supervisor.observe(who, "rendered", msg.rendered_fields)


@answers("SetRenderedMapIndex")
def _rendered_map_index(_: Supervisor, msg: Any, who: TaskContext) -> None:
    who.rendered_map_index = msg.rendered_map_index


@answers("GetTaskRescheduleStartDate")
def _reschedule_start(_: Supervisor, msg: Any, who: TaskContext) -> Any:
    from airflow.sdk.execution_time.comms import TaskRescheduleStartDate

    return TaskRescheduleStartDate(start_date=who.first_reschedule)


@answers("ResendLoggingFD")
def _logging_descriptor(_: Supervisor, msg: Any, who: TaskContext) -> Any:
    """A child process (virtualenv, ``run_as_user``) asks for a log pipe: it has none here and logs to its stderr."""
    return error_response("GENERIC_ERROR", {"message": "no log descriptor in a simulation"})


@answers("MaskSecret")
def _mask(_: Supervisor, msg: Any, who: TaskContext) -> None:
    mask(msg.value, msg.name)


@answers("GetTaskStateStore")
def _get_task_store(supervisor: Supervisor, msg: Any, who: TaskContext) -> Any:
    from airflow.sdk.execution_time.comms import TaskStateStoreResult

    values = supervisor.store.task_store.get(_scope(who), {})
    if msg.key not in values:
        return error_response("TASK_STORE_NOT_FOUND", {"key": msg.key})
    return TaskStateStoreResult(value=values[msg.key])


@answers("SetTaskStateStore")
def _set_task_store(supervisor: Supervisor, msg: Any, who: TaskContext) -> Any:
    supervisor.store.task_store.setdefault(_scope(who), {})[msg.key] = msg.value
    return _ok()


@answers("DeleteTaskStateStore")
def _delete_task_store(supervisor: Supervisor, msg: Any, who: TaskContext) -> Any:
    supervisor.store.task_store.get(_scope(who), {}).pop(msg.key, None)
    return _ok()


@answers("ClearTaskStateStore")
def _clear_task_store(supervisor: Supervisor, msg: Any, who: TaskContext) -> Any:
    supervisor.store.task_store.pop(_scope(who), None)
    return _ok()


@answers("CreateHITLDetailPayload")
def _ask_person(supervisor: Supervisor, msg: Any, who: TaskContext) -> Any:
    from airflow.sdk.execution_time.comms import HITLDetailRequestResult

    supervisor.store.hitl[msg.ti_id] = {"request": msg, "response": None}
    supervisor.observe(who, "asked", msg)
    fields = msg.model_dump(exclude={"type"})
    return HITLDetailRequestResult(**fields)


@answers("GetHITLDetailResponse")
def _read_person(supervisor: Supervisor, msg: Any, who: TaskContext) -> Any:
    from airflow.sdk.api.datamodels._generated import HITLDetailResponse

    detail = supervisor.store.hitl.get(msg.ti_id)
    given = detail["response"] if detail else None
    return HITLDetailResponse(
        response_received=given is not None,
        responded_by_user=given.get("user") if given else None,
        responded_at=given["at"] if given else None,
        chosen_options=given["chosen_options"] if given else None,
        params_input=given["params_input"] if given else {},
    )


@answers("UpdateHITLDetail")
def _answer_person(supervisor: Supervisor, msg: Any, who: TaskContext) -> Any:
    from datetime import datetime, timezone

    given = {
        "at": datetime.now(timezone.utc),
        "chosen_options": msg.chosen_options,
        "params_input": msg.params_input or {},
    }
    supervisor.store.hitl.setdefault(msg.ti_id, {"request": None, "response": None})["response"] = given
    return _read_person(supervisor, msg, who)


def _all_of(task_id: str, who: TaskContext) -> list[tuple[str, int]]:
    """What is skipped of a task that is named without an index: from 3.4 on also what it is expanded to.

    Source: ``ti_skip_downstream`` (3.3.2, 3.4.0b2).
    """
    if find_spec("airflow.models.task_coordinates") is None:
        return [(task_id, -1)]
    return [key for key in who.ti.run.task_instances if key[0] == task_id]


def _scope(who: TaskContext) -> tuple[str, str, str, int]:
    run = who.ti.run
    return run.dag.dag_id, run.run_id, who.ti.task_id, who.ti.map_index


def _ok() -> Any:
    from airflow.sdk.execution_time.comms import OKResponse

    return OKResponse(ok=True)
