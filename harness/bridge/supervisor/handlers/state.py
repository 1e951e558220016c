"""Messages with which a task reports its own state, and the small ones around it."""

from __future__ import annotations

from typing import Any

from harness.bridge.masking import mask
from harness.bridge.supervisor.handlers import ApiServer, Handler, error_response, ok_response
from harness.bridge.supervisor.task_context import TaskContext
from harness.bridge.versions.scheduling import skips_what_is_expanded
from harness.scheduler.model import DagRun


def _outcome(_: ApiServer, msg: Any, who: TaskContext) -> None:
    who.outcome = msg
    who.rendered_map_index = getattr(msg, "rendered_map_index", None) or who.rendered_map_index


def _execution_timeout(_: ApiServer, msg: Any, who: TaskContext) -> None:
    """The task runner keeps it; told of it (3.4), Airflow kills a process that goes on for a minute after its end."""


def _skip_downstream(api: ApiServer, msg: Any, who: TaskContext) -> None:
    """Takes effect at once, as ``ti_skip_downstream`` does, before the task itself has ended."""
    from harness.scheduler.dependencies.skips import skip_downstream

    tasks = [key for t in msg.tasks for key in (keys_of(who.ti.run, t) if isinstance(t, str) else [(t[0], t[1])])]
    who.skipped += tasks
    for ti in skip_downstream(who.ti.run, tasks, api.now()):
        ti.reason = f"skipped by '{who.ti.task_id}'"
        api.observe(who, "skipped", ti)


def _rendered(api: ApiServer, msg: Any, who: TaskContext) -> None:
    who.rendered = msg.rendered_fields
    api.observe(who, "rendered", msg.rendered_fields)


def _rendered_map_index(_: ApiServer, msg: Any, who: TaskContext) -> None:
    who.rendered_map_index = msg.rendered_map_index


def _reschedule_start(_: ApiServer, msg: Any, who: TaskContext) -> Any:
    from airflow.sdk.execution_time.comms import TaskRescheduleStartDate

    return TaskRescheduleStartDate(start_date=who.first_reschedule)


def _logging_descriptor(_: ApiServer, msg: Any, who: TaskContext) -> Any:
    """A child process (virtualenv, ``run_as_user``) asks for a log pipe: it has none here and logs to its stderr."""
    return error_response("GENERIC_ERROR", {"message": "no log descriptor in a simulation"})


def _mask(_: ApiServer, msg: Any, who: TaskContext) -> None:
    mask(msg.value, msg.name)


def _get_task_store(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    from airflow.sdk.execution_time.comms import TaskStateStoreResult

    values = api.store.task_store.get(_scope(who), {})
    if msg.key not in values:
        return error_response("TASK_STORE_NOT_FOUND", {"key": msg.key})
    return TaskStateStoreResult(value=values[msg.key])


def _set_task_store(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    api.store.task_store.setdefault(_scope(who), {})[msg.key] = msg.value
    api.observe(who, "task-store", {"verb": "set", "key": msg.key, "value": msg.value})
    return ok_response()


def _delete_task_store(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    api.store.task_store.get(_scope(who), {}).pop(msg.key, None)
    api.observe(who, "task-store", {"verb": "delete", "key": msg.key, "value": None})
    return ok_response()


def _clear_task_store(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    api.store.task_store.pop(_scope(who), None)
    api.observe(who, "task-store", {"verb": "clear", "key": None, "value": None})
    return ok_response()


def _ask_person(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    from airflow.sdk.execution_time.comms import HITLDetailRequestResult

    api.store.hitl[msg.ti_id] = {"request": msg, "response": None}
    api.observe(who, "asked", msg)
    fields = msg.model_dump(exclude={"type"})
    return HITLDetailRequestResult(**fields)


def _read_person(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    from airflow.sdk.api.datamodels._generated import HITLDetailResponse

    detail = api.store.hitl.get(msg.ti_id)
    response = detail["response"] if detail else None
    return HITLDetailResponse(
        response_received=response is not None,
        responded_by_user=response.get("user") if response else None,
        responded_at=response["at"] if response else None,
        chosen_options=response["chosen_options"] if response else None,
        params_input=response["params_input"] if response else {},
    )


def _answer_person(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    from datetime import datetime, timezone

    response = {
        "at": datetime.now(timezone.utc),
        "chosen_options": msg.chosen_options,
        "params_input": msg.params_input or {},
    }
    api.store.hitl.setdefault(msg.ti_id, {"request": None, "response": None})["response"] = response
    return _read_person(api, msg, who)


def keys_of(run: DagRun, task_id: str) -> list[tuple[str, int]]:
    """What is skipped of a task that is named without an index: from 3.4 on also what it is expanded to.

    Source: ``ti_skip_downstream`` (3.3.2, 3.4.0b2).
    """
    if not skips_what_is_expanded():
        return [(task_id, -1)]
    return [key for key in run.task_instances if key[0] == task_id]


def _scope(who: TaskContext) -> tuple[str, str, str, int]:
    run = who.ti.run
    return run.dag.dag_id, run.run_id, who.ti.task_id, who.ti.map_index


HANDLERS: dict[str, Handler] = {
    "SucceedTask": _outcome,
    "TaskState": _outcome,
    "DeferTask": _outcome,
    "RescheduleTask": _outcome,
    "RetryTask": _outcome,
    "AwaitInputTask": _outcome,
    "SetExecutionTimeout": _execution_timeout,
    "SkipDownstreamTasks": _skip_downstream,
    "SetRenderedFields": _rendered,
    "SetRenderedMapIndex": _rendered_map_index,
    "GetTaskRescheduleStartDate": _reschedule_start,
    "ResendLoggingFD": _logging_descriptor,
    "MaskSecret": _mask,
    "GetTaskStateStore": _get_task_store,
    "SetTaskStateStore": _set_task_store,
    "DeleteTaskStateStore": _delete_task_store,
    "ClearTaskStateStore": _clear_task_store,
    "CreateHITLDetailPayload": _ask_person,
    "GetHITLDetailResponse": _read_person,
    "UpdateHITLDetail": _answer_person,
}
