"""Messages about Dag runs and other task instances. Source: ``execution_api/routes`` (3.3.2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from harness.bridge.supervisor.datamodels import dag_run_model, optional_datetime
from harness.bridge.supervisor.handlers import ApiServer, Handler, error_response, ok_response, refuse
from harness.bridge.supervisor.store import facts
from harness.bridge.supervisor.task_context import TaskContext
from harness.bridge.versions.names import attribute
from harness.kernel.instant import BEGINNING, SECOND, Instant, to_datetime, to_instant
from harness.scheduler.model import DagRun, TaskInstance


def _trigger(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    """Source: ``trigger_dag_run`` and ``DagRunOperations.trigger``."""
    store = api.store
    if msg.dag_id not in store.dags or store.trigger is None:
        raise refuse(f"Dag with dag_id: '{msg.dag_id}' not found", "not_found")
    logical_date = _instant(msg.logical_date)
    existing = store.run(msg.dag_id, msg.run_id) or (
        next((r for r in store.runs_of(msg.dag_id) if r.logical_date == logical_date), None)
        if logical_date is not None
        else None
    )
    if existing is not None:
        if not msg.reset_dag_run or store.reset is None:
            who.refused = f"Dag {msg.dag_id!r} has a run {existing.run_id!r} already{_dated(existing, msg.run_id)}"
            return error_response("DAGRUN_ALREADY_EXISTS", {"dag_id": msg.dag_id, "run_id": msg.run_id})
        store.reset(existing)
        return ok_response()
    run_after = _instant(attribute(msg, "run_after"))
    run = store.trigger(msg.dag_id, msg.run_id, logical_date, run_after, msg.conf or {})
    api.observe(who, "triggered", run)
    return ok_response()


def _note(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    """An empty note removes the one that is there. Source: ``ti_update_dagrun_note`` (3.4.0b2)."""
    if msg.note is not None:
        facts(who.ti.run).note = msg.note or None
    return ok_response()


def _run_state(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    from airflow.sdk.execution_time.comms import DagRunStateResult

    return DagRunStateResult(state=_run(api, msg).state)


def _dag_run(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    from airflow.sdk.execution_time import comms

    model = dag_run_model(_run(api, msg))
    return comms.DagRunResult(**model.model_dump())


def _run_count(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    from airflow.sdk.execution_time.comms import DRCount

    found = api.store.selected_runs(msg.dag_id, msg.run_ids, _instants(msg.logical_dates), msg.states)
    return DRCount(count=len(found))


def _previous_run(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    from airflow.sdk.execution_time.comms import PreviousDagRunResult

    run = api.store.previous_run(msg.dag_id, to_instant(msg.logical_date), msg.state)
    return PreviousDagRunResult(dag_run=None if run is None else dag_run_model(run))


def _previous_success(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    from airflow.sdk.execution_time.comms import PrevSuccessfulDagRunResult

    date = who.ti.run.logical_date
    run = None if date is None else api.store.previous_run(who.ti.run.dag.dag_id, date, "success")
    if run is None:
        return PrevSuccessfulDagRunResult()
    return PrevSuccessfulDagRunResult(
        data_interval_start=optional_datetime(run.data_interval_start),
        data_interval_end=optional_datetime(run.data_interval_end),
        start_date=optional_datetime(run.start),
        end_date=optional_datetime(run.end),
    )


def _previous_ti(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    from airflow.sdk.api.datamodels._generated import PreviousTIResponse
    from airflow.sdk.execution_time.comms import PreviousTIResult

    runs = api.store.earlier_runs(msg.dag_id, _instant(msg.logical_date), msg.state)
    found = (run.task_instances.get((msg.task_id, msg.map_index)) for run in runs)
    ti = next((one for one in found if one is not None and msg.state in (None, one.state)), None)
    if ti is None:
        return PreviousTIResult(task_instance=None)
    span_s = None if ti.start is None or ti.end is None else (ti.end - ti.start) / SECOND
    return PreviousTIResult(
        task_instance=PreviousTIResponse(
            task_id=ti.task_id,
            dag_id=ti.run.dag.dag_id,
            run_id=ti.run.run_id,
            logical_date=optional_datetime(ti.run.logical_date),
            start_date=optional_datetime(ti.start),
            end_date=optional_datetime(ti.end),
            state=ti.state,
            try_number=ti.try_number,
            map_index=ti.map_index,
            duration=span_s,
        )
    )


def _ti_count(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    """Source: ``get_task_instance_count``; the state "null" asks for task instances without one."""
    from airflow.sdk.execution_time.comms import TICount

    states = None if not msg.states else {None if s == "null" else s for s in msg.states}
    matching = _instances(api, msg)
    return TICount(count=sum(1 for ti in matching if states is None or ti.state in states))


def _task_states(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    """run_id -> task_id (``task_id_<map_index>`` when mapped) -> state. Source: ``get_task_instance_states``."""
    from airflow.sdk.execution_time.comms import TaskStatesResult

    states: dict[str, dict[str, Any]] = {}
    for ti in _instances(api, msg):
        name = ti.task_id if ti.map_index < 0 else f"{ti.task_id}_{ti.map_index}"
        states.setdefault(ti.run.run_id, {})[name] = ti.state
    return TaskStatesResult(task_states=states)


def _breadcrumbs(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    """Finished task instances of a run. Source: ``get_task_instance_breadcrumbs``."""
    from airflow.sdk.execution_time.comms import TaskBreadcrumbsResult

    run = _run(api, msg)
    crumbs = [
        {
            "task_id": ti.task_id,
            "map_index": ti.map_index,
            "state": ti.state,
            "operator": ti.task.operator,
            "duration": None if ti.start is None or ti.end is None else (ti.end - ti.start) / SECOND,
        }
        for ti in run.task_instances.values()
        if ti.state in ("success", "failed", "skipped", "upstream_failed", "removed")
    ]
    return TaskBreadcrumbsResult(breadcrumbs=crumbs)


def _dag(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    from airflow.sdk.execution_time import comms

    dag = api.store.dags.get(msg.dag_id)
    if dag is None:
        raise refuse(f"The Dag with dag_id: `{msg.dag_id}` was not found", "not_found")
    fields = {
        "dag_id": dag.dag_id,
        "is_paused": False,
        "bundle_name": None,
        "bundle_version": None,
        "relative_fileloc": dag.relative_fileloc,
        "owners": dag.owner,
        "tags": sorted(dag.tags),
        "next_dagrun": None,
    }
    known = comms.DagResult.model_fields
    return comms.DagResult(**{name: value for name, value in fields.items() if name in known})


def _run(api: ApiServer, msg: Any) -> DagRun:
    run = api.store.run(msg.dag_id, msg.run_id)
    if run is None:
        raise refuse(f"Dag run {msg.run_id!r} of Dag {msg.dag_id!r} not found", "not_found")
    return run


def _instances(api: ApiServer, msg: Any) -> Iterator[TaskInstance]:
    """The task instances that match a message's filters, group members included."""
    ids = set(msg.task_ids) if msg.task_ids else None
    if msg.task_group_id:
        ids = (ids or set()) | _group_tasks(api, msg.dag_id, msg.task_group_id)
    for run in api.store.selected_runs(msg.dag_id, msg.run_ids or None, _instants(msg.logical_dates)):
        for ti in run.task_instances.values():
            fits = msg.map_index is None or ti.map_index == msg.map_index
            if fits and (ids is None or ti.task_id in ids):
                yield ti


def _group_tasks(api: ApiServer, dag_id: str, group_id: str) -> set[str]:
    dag = api.store.dags.get(dag_id)
    group = dag.task_group_dict.get(group_id) if dag is not None else None
    return {task.task_id for task in group.iter_tasks()} if group is not None else {group_id}


def _dated(run: DagRun, run_id: str) -> str:
    """The date that another run has taken."""
    same = run.run_id == run_id or run.logical_date is None
    return "" if same else f", of the same logical_date {to_datetime(run.logical_date or BEGINNING).isoformat()}"


def _instant(moment: datetime | None) -> Instant | None:
    return None if moment is None else to_instant(moment)


def _instants(moments: list[datetime] | None) -> list[Instant] | None:
    return [to_instant(moment) for moment in moments] if moments else None


HANDLERS: dict[str, Handler] = {
    "TriggerDagRun": _trigger,
    "UpdateDagRunNote": _note,
    "GetDagRunState": _run_state,
    "GetDagRun": _dag_run,
    "GetDRCount": _run_count,
    "GetPreviousDagRun": _previous_run,
    "GetPrevSuccessfulDagRun": _previous_success,
    "GetPreviousTI": _previous_ti,
    "GetTICount": _ti_count,
    "GetTaskStates": _task_states,
    "GetTaskBreadcrumbs": _breadcrumbs,
    "GetDag": _dag,
}
