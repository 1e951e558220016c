"""Other Dags a run needs: those its sensors wait for, found in the same folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.bridge.operators import argument, class_of
from harness.bridge.timetables import RunPlan, scheduled
from harness.errors import OffSchedule
from harness.kernel import Instant, span

if TYPE_CHECKING:
    from airflow.sdk import DAG


def needed(dag: DAG, dags: Mapping[str, DAG]) -> list[DAG]:
    """The Dags that a Dag triggers or waits for, and what those do in turn; all of ``dags`` where only a run can tell.

    Operators refuse, or wait for, a Dag that Airflow does not know (``TriggerDagRunOperator``, ``ExternalTaskSensor``).
    """
    found, todo = {dag.dag_id: dag}, [dag]
    while todo:
        for task in todo.pop().tasks:
            for name in _NAMING:
                other = argument(task, name) if _may_have(task, name) else None
                if other is None and not _is_given_later(task, name):
                    continue
                if not isinstance(other, str) or "{{" in other:
                    return [one for one in dags.values() if one is not dag]
                if other in dags and other not in found:
                    found[other] = dags[other]
                    todo.append(dags[other])
    return [one for one in found.values() if one is not dag]


_NAMING = ("trigger_dag_id", "external_dag_id")
"""Arguments of operators that name another Dag."""


def _may_have(task: Any, name: str) -> bool:
    return bool(getattr(task, "is_mapped", False)) or hasattr(task, name)


def _is_given_later(task: Any, name: str) -> bool:
    """Whether a mapped task has this argument from what it is mapped over."""
    if not getattr(task, "is_mapped", False) or name in task.partial_kwargs:
        return False
    return name in getattr(class_of(task), "template_fields", ())


def awaited_runs(dag: DAG, plan: RunPlan, dags: dict[str, DAG]) -> Iterator[tuple[DAG, RunPlan]]:
    """The scheduled runs that ``ExternalTaskSensor``s of a Dag wait for, and what those wait for in turn.

    A date computed at run time (``execution_date_fn``) cannot be known here; such a Dag is given by the caller.
    Source: ``ExternalTaskSensor._get_dttm_filter`` (standard provider).
    """
    seen = {(dag.dag_id, plan.logical_date)}
    todo = [(dag, plan)]
    while todo:
        waiting, at = todo.pop(0)
        for task in waiting.tasks:
            for other, date in _awaited(task, at.logical_date, dags):
                if (other.dag_id, date) in seen:
                    continue
                seen.add((other.dag_id, date))
                try:
                    found = scheduled(other, date)
                except OffSchedule:
                    continue  # the sensor will wait in vain, as in production; the horizon tells
                if found.run_type != "scheduled":
                    continue  # no schedule makes that run
                todo.append((other, found))
                yield other, found


def _awaited(task: Any, date: Instant | None, dags: dict[str, DAG]) -> Iterator[tuple[DAG, Instant]]:
    other = dags.get(getattr(task, "external_dag_id", None) or "")
    if other is None or date is None or getattr(task, "execution_date_fn", None) is not None:
        return
    delta = getattr(task, "execution_delta", None)
    yield other, date - (span(delta) if delta is not None else 0)
