"""The schedules of a folder, asked over a stretch of time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Any

from harness.bridge.backfills import is_partitioned
from harness.bridge.operators import class_paths
from harness.bridge.parsing.schedule import due_runs
from harness.bridge.schedules import (
    counts_from_deployment,
    dated_runs,
    is_continuous,
    next_dated,
    producers_of,
    runs_once,
    schedule_text,
    triggers_of,
)
from harness.bridge.snapshot import asset_condition, snapshot, watched_assets
from harness.bridge.stored import unscheduled, unstorable
from harness.bridge.timetables import RunPlan, allows, last_date, restriction_of, timetable_of
from harness.bridge.zone_transitions import ZoneTransition, oddities, transitions, zone_of
from harness.errors import HarnessError
from harness.kernel.instant import Instant, iso, later, to_datetime, to_instant
from harness.results.finding import Finding
from harness.results.schedule import ClockOddity, DagSchedule, DatedRun, FolderSchedule
from harness.scheduler.dag_runs.calendar import AllOf, AnyOf, Condition, OfAlias
from harness.simulation.schedules.idle import described, why_no_run
from harness.simulation.schedules.pools import busiest_moments
from harness.simulation.simulated import refusal
from harness.world import World

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from harness.simulation.rehearsal import Rehearsal

MOST_CATCHUP = 100
"""Runs that catchup would make up for, counted one by one; of more their number is estimated."""
_NAMED = 3


def schedule_of(
    rehearsal: Rehearsal, since: datetime, until: datetime, dag_ids: Iterable[str] = (), world: World | None = None
) -> FolderSchedule:
    """What the schedules of a rehearsal's Dags ask for, from one instant on until before another; no task runs.

    Args:
        dag_ids: only these Dags; empty for all. The others may still trigger them, or produce their assets.
        world: its pools and durations.
    Raises: DagNotFound.
    """
    dags = rehearsal.folder.dags
    chosen = {dag_id: rehearsal.folder.dag(dag_id) for dag_id in dag_ids} or dags
    with rehearsal.surroundings.entered():
        refused = _refused(chosen.values(), bool(rehearsal.folder.files))
        asking = _Asking(dags, to_instant(since), to_instant(until))
        asked = sorted(set(chosen) - set(refused))
        told = [asking.schedule_of(dags[dag_id]) for dag_id in asked]
        for dag_id, error in sorted(refused.items()):
            asking.findings.append(refusal(error, dag_id))
            why = f"Airflow does not import it: {error.fact}"
            told.append(DagSchedule(dag_id, str(dags[dag_id].fileloc), "unknown", "UTC", why=why))
        odd = [one for dag_id in asked for one in asking.oddities_of(dags[dag_id])]
        pools = busiest_moments(asking.planned(), world or World(), _Classes(dags))
    told.sort(key=lambda dag: dag.dag_id)
    return FolderSchedule(since, until, tuple(told), tuple(odd), tuple(pools), tuple(asking.findings))


def _refused(dags: Iterable[DAG], of_files: bool) -> dict[str, HarnessError]:
    """dag_id -> why Airflow does not import the Dag.

    Args:
        of_files: they were loaded from files, where Airflow stores them.
    """
    listed = list(dags)
    found: dict[str, HarnessError] = {dag.dag_id: error for dag, error in unscheduled(listed)}
    for dag in listed if of_files else ():
        error = None if dag.dag_id in found else unstorable(dag)
        if error is not None:
            found[dag.dag_id] = error
    return found


class _Classes(dict[str, Mapping[str, tuple[str, ...]]]):
    """Import paths of operators' classes by Dag and task, looked up when asked for."""

    def __init__(self, dags: Mapping[str, DAG]) -> None:
        super().__init__()
        self._dags = dags

    def get(self, dag_id: str, _: Any = None) -> Any:
        if dag_id not in self:
            self[dag_id] = {task.task_id: class_paths(task) for task in self._dags[dag_id].tasks}
        return self[dag_id]


class _Asking:
    """Asks each Dag once.

    Attributes:
        findings: timetables that raised.
    """

    def __init__(self, dags: Mapping[str, DAG], since: Instant, until: Instant) -> None:
        self.dags, self.since, self.until = dags, since, until
        self.findings: list[Finding] = []
        self._plans: dict[str, list[RunPlan]] = {}
        self._triggers, self._producers = triggers_of(dags), producers_of(dags)

    def planned(self) -> Iterator[tuple[Any, Instant, Instant | None]]:
        """Each run with its Dag's snapshot."""
        for dag_id, plans in self._plans.items():
            if plans:
                dag = snapshot(self.dags[dag_id])
                yield from ((dag, plan.run_after, plan.logical_date) for plan in plans)

    def schedule_of(self, dag: DAG) -> DagSchedule:
        """What one Dag's schedule asks for."""
        why, plans, catchup = None, [], None
        try:
            why = self._never(dag)
            if why is None:
                plans = dated_runs(dag, self.since, self.until)
                why = None if plans else self._not_now(dag)
                catchup = self._catchup(dag)
        except Exception as error:  # user code: Airflow logs this and never runs the Dag again
            plans, why = [], f"its timetable raised {type(error).__name__}: {error}"
            self.findings.append(
                Finding("timetable", "error", f"{dag.dag_id}: {why}", str(dag.fileloc), dag_id=dag.dag_id)
            )
        self._plans[dag.dag_id] = plans
        return DagSchedule(
            dag_id=dag.dag_id,
            path=str(dag.fileloc),
            schedule=schedule_text(dag),
            timezone=_zone_name(zone_of(dag, timetable_of(dag))),
            runs=tuple(map(_dated, plans)),
            when=self._when(dag),
            why=why,
            catchup=None if catchup is None else catchup[0],
            is_catchup_exact=catchup is None or catchup[1],
            is_begin_assumed=bool(plans) and not dag.catchup and counts_from_deployment(dag),
        )

    def _never(self, dag: DAG) -> str | None:
        """Why no date can be told of a Dag at all."""
        if dag.is_paused_upon_creation:
            return "is paused upon creation"
        if not allows(dag, "scheduled"):
            return "its allowed_run_types leave out scheduled runs"
        if is_partitioned(dag):
            return f"its timetable ({type(timetable_of(dag)).__name__}) makes runs of partitions, at no known date"
        if is_continuous(dag):
            return "runs again and again, at no known date"
        return None

    def _not_now(self, dag: DAG) -> str:
        """Why none of its dates lies in the stretch."""
        due = next_dated(dag, self.since)
        end = last_date(dag)
        if due is None and end is not None and end < self.until:
            return f"its end_date {iso(end)} is past" if end < self.since else f"its end_date is {iso(end)}"
        if due is None and runs_once(dag):
            return "@once: its run is taken for made"
        return why_no_run(dag, False, due, asset_condition(dag))

    def _catchup(self, dag: DAG) -> tuple[int, bool] | None:
        """How many runs it would make up for, were it new at the beginning; whether that is exact."""
        timetable, begins = timetable_of(dag), restriction_of(dag, catchup=True).earliest
        if not dag.catchup or begins is None or not timetable.can_be_scheduled or runs_once(dag):
            return None
        due = due_runs(dag, timetable, to_datetime(later(self.since, -1)), MOST_CATCHUP)
        return (due.number, due.exact) if due.number else None

    def _when(self, dag: DAG) -> str | None:
        """What starts runs of a Dag at no date."""
        if dag.is_paused_upon_creation:
            return None
        condition, found = asset_condition(dag), []
        if condition is not None:
            by = list(dict.fromkeys(name for leaf in _leaves(condition) for name in self._producers.get(leaf, ())))
            found.append(f"{described(condition)} is updated" + (f" (by {_listed(by)})" if by else ""))
        if watched := watched_assets(dag):
            found.append(f"a watcher of {_listed(watched)} hears something")
        if triggers := self._triggers.get(dag.dag_id):
            found.append(f"{_listed(triggers)} triggers it")
        if is_continuous(dag):
            found.append("its run before has ended")
        return "; or ".join(found) or None

    def oddities_of(self, dag: DAG) -> Iterator[ClockOddity]:
        """What changes of clocks in the stretch do to its runs."""
        timetable = timetable_of(dag)
        zone = zone_of(dag, timetable)
        if not self._plans[dag.dag_id] and self._never(dag) is not None:
            return
        for transition in transitions(zone, to_datetime(self.since), to_datetime(self.until)):
            try:
                due = dated_runs(dag, *_around(transition, zone))
            except Exception:  # it was told of already, or comes to be in a later stretch
                continue
            for kind, message in oddities(timetable, zone, transition, [plan.run_after for plan in due]):
                day, hours = transition.day.isoformat(), transition.hours
                yield ClockOddity(dag.dag_id, _zone_name(zone), day, hours, kind, message)


def _around(transition: ZoneTransition, zone: Any) -> tuple[Instant, Instant]:
    """From the beginning of the day before a change of clocks to the end of the day after."""
    first, last = transition.day - timedelta(days=1), transition.day + timedelta(days=2)
    return _midnight(first, zone), _midnight(last, zone)


def _midnight(day: date, zone: Any) -> Instant:
    naive = datetime.combine(day, time(), timezone.utc)
    return to_instant(naive - (naive.astimezone(zone).utcoffset() or timedelta()))


def _zone_name(zone: Any) -> str:
    return str(getattr(zone, "name", None) or getattr(zone, "key", None) or zone)


def _dated(plan: RunPlan) -> DatedRun:
    date = None if plan.logical_date is None else to_datetime(plan.logical_date)
    return DatedRun(plan.run_id, date, to_datetime(plan.run_after))


def _leaves(condition: Condition) -> Iterator[str]:
    """Names and URIs of the assets in a condition."""
    if isinstance(condition, (AllOf, AnyOf)):
        for part in condition.parts:
            yield from _leaves(part)
    elif not isinstance(condition, OfAlias):
        yield from filter(None, (condition.name, condition.uri))


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
