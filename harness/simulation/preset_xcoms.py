"""XComs that a caller gives a run, as if tasks had pushed them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness.bridge.supervisor.handlers.xcom import RETURN_KEY, encoded, keep
from harness.errors import TaskNotFound, UsageError, known_names
from harness.scheduler.model import DagRun

if TYPE_CHECKING:
    from airflow.sdk import DAG


def give_xcom(run: DagRun, dag: DAG, task_id: str, value: Any) -> None:
    """A return value as if its task had pushed it; also what mapping looks at.

    Args:
        value: of a mapped task, or of one in a mapped group, a list of each instance's value, or map_index -> value.
            As in Airflow, an instance that returned None has pushed nothing.
    Raises: TaskNotFound: the Dag has no such task. UsageError: neither list nor map indexes, for a mapped task.
    """
    if task_id not in dag.task_dict:
        raise TaskNotFound(
            f"xcoms name {task_id!r}, which is no task of {dag.dag_id!r}", known=known_names(task_id, dag.task_dict)
        )
    task = dag.task_dict[task_id]
    if task.is_mapped or task.get_closest_mapped_task_group() is not None:
        for index, item in _by_index(dag, task_id, value).items():
            if item is not None:
                keep(run, task_id, index, RETURN_KEY, encoded(item))
        run.returned.setdefault(task_id, set())
        return
    keep(run, task_id, -1, RETURN_KEY, encoded(value))
    if isinstance(value, (list, dict, tuple)):
        run.lengths[task_id] = len(value)


def _by_index(dag: DAG, task_id: str, value: Any) -> dict[int, Any]:
    if isinstance(value, (list, tuple)):
        return dict(enumerate(value))
    if isinstance(value, Mapping) and all(type(index) is int and index >= 0 for index in value):
        return dict(sorted(value.items()))
    kind = "a dict whose keys are no map indexes" if isinstance(value, Mapping) else f"a {type(value).__name__}"
    raise UsageError(
        f"xcoms give {kind} for the mapped task {task_id!r} of {dag.dag_id!r}",
        why="each of its instances returns a value of its own",
        fix=f"give a value for each instance, xcoms={{{task_id!r}: [1, 4]}}, or for some, {{{task_id!r}: {{1: 4}}}}",
    )
