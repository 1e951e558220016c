"""XCom messages. Source: ``execution_api/routes/xcoms.py`` and ``client.XComOperations`` (3.3.2)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from harness.bridge.masking import masked
from harness.bridge.supervisor.handlers import ApiServer, Handler, error_response, refuse
from harness.bridge.supervisor.store import facts, matching_xcoms
from harness.bridge.supervisor.task_context import TaskContext
from harness.scheduler.model import DagRun

RETURN_KEY = "return_value"
SKIPMIXIN_KEY = "skipmixin_key"
PAST_DEPENDS_MET = "past_depends_met"


def _get(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    """A missing value is None, never an error: ``XComOperations.get`` turns the 404 into that."""
    from airflow.sdk.execution_time.comms import XComResult

    index = msg.map_index if msg.map_index is not None and msg.map_index >= 0 else -1
    if not msg.include_prior_dates:
        run = api.store.run(msg.dag_id, msg.run_id)
        value = facts(run).xcoms.get((msg.task_id, index, msg.key)) if run is not None else None
        return XComResult(key=msg.key, value=value)
    found = matching_xcoms(api.store, msg.dag_id, msg.run_id, msg.task_id, msg.key, prior=True)
    return XComResult(key=msg.key, value=next((value for at, value in found if at == index), None))


def _count(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    from airflow.sdk.execution_time.comms import XComCountResponse

    found = list(matching_xcoms(api.store, msg.dag_id, msg.run_id, msg.task_id, msg.key, prior=False))
    return XComCountResponse(len=len(found))


def _item(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    from airflow.sdk.execution_time.comms import XComSequenceIndexResult

    found = list(matching_xcoms(api.store, msg.dag_id, msg.run_id, msg.task_id, msg.key, prior=False))
    try:
        return XComSequenceIndexResult(root=found[msg.offset][1])
    except IndexError:
        detail = {"dag_id": msg.dag_id, "task_id": msg.task_id, "key": msg.key, "offset": msg.offset}
        return error_response("XCOM_NOT_FOUND", detail)


def _slice(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    from airflow.sdk.execution_time.comms import XComSequenceSliceResult

    found = matching_xcoms(api.store, msg.dag_id, msg.run_id, msg.task_id, msg.key, msg.include_prior_dates)
    values = [value for _, value in found]
    return XComSequenceSliceResult(root=values[slice(msg.start, msg.stop, msg.step)])


def _set(api: ApiServer, msg: Any, who: TaskContext) -> None:
    """Source: ``set_xcom``; a mapped length above ``[core] max_map_length`` fails the task, as there."""
    run = api.store.run(msg.dag_id, msg.run_id)
    if run is None:
        raise refuse(f"no run {msg.run_id!r} of Dag {msg.dag_id!r}", "not_found")
    index = msg.map_index if msg.map_index is not None else -1
    length = msg.mapped_length
    if length is not None:
        _check_length(length)
        if index < 0:  # ``get_task_map_length`` looks no further: an instance's own list is nobody's length
            run.lengths[msg.task_id] = length
    keep(run, msg.task_id, index, msg.key, msg.value)
    api.observe(who, "xcom", (msg.task_id, index, msg.key, facts(run).xcoms[(msg.task_id, index, msg.key)]))
    pushed, who.pushed = who.pushed, None
    value = pushed[0] if pushed is not None and pushed[1] == msg.value else msg.value
    api.observe(who, "pushed", (msg.task_id, msg.key, value, msg.value))


def _delete(api: ApiServer, msg: Any, who: TaskContext) -> None:
    run = api.store.run(msg.dag_id, msg.run_id)
    index = msg.map_index if msg.map_index is not None else -1
    if run is not None and facts(run).xcoms.pop((msg.task_id, index, msg.key), None) is not None:
        forget(run, msg.task_id, index, msg.key)


def keep(run: DagRun, task_id: str, index: int, key: str, value: Any) -> None:
    """Store an XCom, also where the scheduler's rules look."""
    if key == SKIPMIXIN_KEY and isinstance(value, dict):  # Airflow makes its lists out of sets
        value = {name: sorted(ids) if isinstance(ids, list) else ids for name, ids in value.items()}
    elif key == RETURN_KEY and _branches(run, task_id, value):
        value = sorted(value)
    facts(run).xcoms[(task_id, index, key)] = ordered(value)
    if key == RETURN_KEY:
        run.returned.setdefault(task_id, set()).add(index)
    elif key == SKIPMIXIN_KEY and isinstance(value, dict):
        run.skipmixin[(task_id, index)] = value
    elif key == PAST_DEPENDS_MET:
        run.past_depends_met.add((task_id, index))


def _branches(run: DagRun, task_id: str, value: Any) -> bool:
    """Whether a value is what a branching task follows, which Airflow returns in the order of a set."""
    task = run.dag.tasks.get(task_id)
    if task is None or not task.inherits_from_skipmixin or not isinstance(value, list):
        return False
    return all(isinstance(one, str) and one in task.downstream for one in value)


def ordered(value: Any) -> Any:
    """A stored value with the elements of its sets in an order of their own, which hash seeds do not change."""
    if isinstance(value, list):
        return [ordered(each) for each in value]
    if not isinstance(value, dict):
        return value
    plain = {key: ordered(each) for key, each in value.items()}
    if plain.get("__classname__") in ("builtins.set", "builtins.frozenset") and isinstance(plain.get("__data__"), list):
        plain["__data__"] = sorted(plain["__data__"], key=repr)
    return plain


def forget(run: DagRun, task_id: str, index: int, key: str) -> None:
    """Take an XCom out of what the scheduler's rules look at."""
    if key == RETURN_KEY:
        run.returned.get(task_id, set()).discard(index)
        if index < 0:
            run.lengths.pop(task_id, None)
    elif key == SKIPMIXIN_KEY:
        run.skipmixin.pop((task_id, index), None)


def _check_length(length: int) -> None:
    from airflow.configuration import conf

    limit = conf.getint("core", "max_map_length", fallback=1024)
    if length > limit:
        raise refuse(
            f"Map length {length} is too large: it must be less than or equal to the max_map_length={limit}",
            "unmappable_return_value_length",
            400,
        )


def encoded(value: Any) -> Any:
    """A value as ``xcom_push`` stores it."""
    from airflow.sdk.bases.xcom import BaseXCom

    return BaseXCom.serialize_value(value)


def decoded(value: Any) -> Any:
    """An XCom as a task would pull it; as stored when it cannot be decoded here."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    from airflow.sdk.bases.xcom import BaseXCom

    try:
        return BaseXCom.deserialize_value(SimpleNamespace(value=value))
    except Exception:  # a class the deserialiser does not allow: the stored form says what it was
        return masked(value)


HANDLERS: dict[str, Handler] = {
    "GetXCom": _get,
    "GetXComCount": _count,
    "GetXComSequenceItem": _item,
    "GetXComSequenceSlice": _slice,
    "SetXCom": _set,
    "DeleteXCom": _delete,
}
