"""Other Dags a run needs: those its sensors wait for, found in the same folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from harness.bridge.timetables import RunPlan, scheduled
from harness.errors import OffSchedule
from harness.kernel import Instant, span

if TYPE_CHECKING:
    from airflow.sdk import DAG


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
