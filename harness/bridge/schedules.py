"""What a Dag's schedule asks for over a stretch of time, and what else starts its runs; no task is run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.bridge.operators import argument, class_paths, is_template
from harness.bridge.timetables import RunPlan, next_run, next_run_since, timetable_of
from harness.kernel.clock import wall_clock
from harness.kernel.instant import Instant, iso

if TYPE_CHECKING:
    from airflow.sdk import DAG

_MOST_AT_ONCE = 1000
"""Runs due at one instant from which on a timetable is taken never to go on."""
_TRIGGERS = "TriggerDagRunOperator"


class NeverGoesOn(Exception):
    """A timetable that names one instant again and again."""


def dated_runs(dag: DAG, since: Instant, until: Instant) -> list[RunPlan]:
    """The runs that a Dag's schedule makes from one instant on until before another, each made when it is due.

    The timetable is asked as the scheduler asks it: for the first one at ``since``, earlier ones taken for made, for
    each other one at the instant of the one before. Limits of runs hold nothing back.

    Raises: NeverGoesOn; whatever the timetable raises.
    """
    found: list[RunPlan] = []
    with wall_clock(since) as clock:
        at, together = since, 0
        plan = next_run_since(dag, since)
        while plan is not None and plan.run_after < until:
            if plan.run_after > at:
                clock.advance(plan.run_after - at)
                at, together = plan.run_after, 0
            together += 1
            if together > _MOST_AT_ONCE:
                raise NeverGoesOn(f"it names {iso(plan.run_after)} again and again")
            found.append(plan)
            plan = next_run(dag, plan)
        return found


def next_dated(dag: DAG, since: Instant) -> Instant | None:
    """When the first run at or after an instant is due; None when the schedule names none. Raises: as `dated_runs`."""
    with wall_clock(since):
        plan = next_run_since(dag, since)
    return None if plan is None else plan.run_after


def is_continuous(dag: DAG) -> bool:
    """Whether the end of a run starts the next one (``@continuous``), so that no date can be known."""
    return type(timetable_of(dag)).__name__ == "ContinuousTimetable"


def counts_from_deployment(dag: DAG) -> bool:
    """Whether a schedule without catchup begins at the instant it is first asked: a span of time.

    Source: ``DeltaDataIntervalTimetable._skip_to_latest``, ``_TriggerTimetable.next_dagrun_info`` (3.3.2).
    """
    return hasattr(timetable_of(dag), "_delta")


def runs_once(dag: DAG) -> bool:
    """Whether the schedule makes one run, as soon as it may (``@once``)."""
    return type(timetable_of(dag)).__name__ == "OnceTimetable"


def schedule_text(dag: DAG) -> str:
    """The schedule in a word: its cron, its span, ``Asset``; ``none`` without one."""
    timetable = timetable_of(dag)
    if not timetable.can_be_scheduled:
        return "none"
    return str(getattr(timetable, "summary", None) or type(timetable).__name__)


def triggers_of(dags: Mapping[str, DAG]) -> dict[str, list[str]]:
    """dag_id -> ``dag.task`` of each ``TriggerDagRunOperator`` that names it as it is, no template."""
    found: dict[str, list[str]] = {}
    for dag_id, dag in sorted(dags.items()):
        for task in dag.tasks:
            target = argument(task, "trigger_dag_id") if _is_trigger(task) else None
            if isinstance(target, str) and not is_template(target):
                found.setdefault(target, []).append(f"{dag_id}.{task.task_id}")
    return found


def _is_trigger(task: Any) -> bool:
    return any(path.rpartition(".")[2] == _TRIGGERS for path in class_paths(task))


def producers_of(dags: Mapping[str, DAG]) -> dict[str, list[str]]:
    """Name, and URI, of an asset -> ``dag.task`` of each task that has it among its outlets."""
    found: dict[str, list[str]] = {}
    for dag_id, dag in sorted(dags.items()):
        for task in dag.tasks:
            for name in _names(argument(task, "outlets") or ()):
                found.setdefault(name, []).append(f"{dag_id}.{task.task_id}")
    return found


def _names(outlets: Iterable[Any]) -> Iterator[str]:
    for outlet in outlets:
        yield from dict.fromkeys(str(name) for key in ("name", "uri") if (name := getattr(outlet, key, None)))
