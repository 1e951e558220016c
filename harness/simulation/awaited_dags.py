"""Other Dags a run needs: those its sensors wait for, found in the same folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.bridge.operators import argument, class_of, is_template
from harness.bridge.supervisor.store import facts
from harness.bridge.timetables import RunPlan, scheduled
from harness.errors import OffSchedule
from harness.kernel import Instant, span
from harness.kernel.instant import later
from harness.results.finding import Finding
from harness.scheduler.model import DagRun, TaskInstance

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
                if other is None and not _comes_from_mapping(task, name):
                    continue
                if not isinstance(other, str) or is_template(other):
                    return [one for one in dags.values() if one is not dag]
                if other in dags and other not in found:
                    found[other] = dags[other]
                    todo.append(dags[other])
    return [one for one in found.values() if one is not dag]


_NAMING = ("trigger_dag_id", "external_dag_id")
"""Arguments of operators that name another Dag."""


def _may_have(task: Any, name: str) -> bool:
    return bool(task.is_mapped) or hasattr(task, name)


def _comes_from_mapping(task: Any, name: str) -> bool:
    """Whether a mapped task has this argument from what it is mapped over."""
    if not task.is_mapped or name in task.partial_kwargs:
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
            named = _awaited(task, at.logical_date, dags)
            if named is None:
                continue
            other, date = named
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


def failed_unawaited(
    triggered: Mapping[DagRun, TaskInstance], dags: Mapping[str, DAG]
) -> Iterator[tuple[DagRun, Finding]]:
    """Runs that tasks started, that failed, and on which nothing depends that would tell: nobody waits for them.

    To Airflow a ``TriggerDagRunOperator`` that does not wait succeeds with the run's creation.
    """
    for run, ti in triggered.items():
        if run.state == "failed" and not _is_awaited(run, ti, dags):
            by = f"task {ti.task_id!r} of {ti.run.dag.dag_id!r}"
            message = f"the run that {by} started failed, and nobody waits for it"
            path, dag_id = str(facts(run).dag.fileloc), run.dag.dag_id
            yield run, Finding("triggered-run", "error", message, path, None, dag_id, None, _SEE)


_SEE = "see what its own tasks say; a task that waits for it (wait_for_completion=True) fails with it"


def _is_awaited(run: DagRun, ti: TaskInstance, dags: Mapping[str, DAG]) -> bool:
    """Whether the task that started a run waits for its end, or a sensor of the same Dag for that of its Dag."""
    dag = dags.get(ti.run.dag.dag_id)
    if dag is None:
        return False
    task = dag.task_dict.get(ti.task_id)
    if task is not None and argument(task, "wait_for_completion", False):
        return True
    return any(argument(one, "external_dag_id") == run.dag.dag_id for one in dag.tasks)


def _awaited(task: Any, date: Instant | None, dags: dict[str, DAG]) -> tuple[DAG, Instant] | None:
    """The Dag and the logical date that a sensor waits for; None for other tasks, and where only the run can tell."""
    other = dags.get(getattr(task, "external_dag_id", None) or "")
    if other is None or date is None or getattr(task, "execution_date_fn", None) is not None:
        return None
    delta = getattr(task, "execution_delta", None)
    return other, later(date, -span(delta) if delta is not None else 0)
