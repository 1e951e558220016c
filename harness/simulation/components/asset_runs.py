"""The Dag runs that asset events make while a simulation goes on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.bridge.supervisor.store import AssetEvent, facts
from harness.bridge.timetables import asset_triggered
from harness.kernel.instant import Instant
from harness.scheduler.dag_runs.calendar import (
    AssetKey,
    DagCalendar,
    QueuedEvent,
    asset_triggered_at,
    concerns,
    room_for,
    runs_of,
    still_queued,
)
from harness.simulation.components.scheduler_loop import Driver
from harness.simulation.run_factory import MakeRun

if TYPE_CHECKING:
    from airflow.sdk import DAG


@dataclass(slots=True, eq=False)
class _Listener:
    """A Dag that is scheduled on assets.

    Attributes:
        triggered: how many runs events have made of it.
        unconsumed: events by number that its runs may consume, where each is consumed once.
    """

    dag: DAG
    calendar: DagCalendar
    triggered: int = 0
    unconsumed: dict[int, AssetEvent] = field(default_factory=dict)


class AssetRuns:
    """The part of the scheduler that makes runs of asset events.

    Args:
        make: makes a run of a plan; it is added to the driver here.
    """

    def __init__(self, driver: Driver, make: MakeRun, dags: Iterable[tuple[DAG, DagCalendar]]) -> None:
        self._driver, self._make = driver, make
        self._listeners = [_Listener(*one) for one in dags if one[1].condition is not None]

    def event(self, event: AssetEvent) -> None:
        """Queue an event for the Dags scheduled on its asset. Source: ``AssetManager.register_asset_change``."""
        for listener in self._listeners:
            calendar, policy = listener.calendar, listener.calendar.policy
            if not _concerns(listener, event):
                continue
            if policy.grouping != "window" and (policy.catchup or not calendar.paused):
                listener.unconsumed[event.id] = event
            if not calendar.paused:
                calendar.queued.setdefault((event.name, event.uri), event.at)
                if policy.grouping != "window":
                    calendar.waiting.append(_queued(event))

    def make_due(self) -> bool:
        """Make the runs of one loop, whose Dags are those that are ready before it makes any; whether there was one.

        Source: ``SchedulerJobRunner._create_dag_runs_asset_triggered`` (3.3.2, 3.4.0b2).
        """
        ready = [(listener, at) for listener in self._listeners if (at := self._ready(listener)) is not None]
        made = 0
        for listener, at in ready:
            if listener.calendar.policy.grouping == "window":
                self._add(listener, at, self._window(listener, at))
                listener.calendar.queued.clear()
                made += 1
            else:
                made += self._consume(listener, len(ready), made)
        return made > 0

    def _ready(self, listener: _Listener) -> Instant | None:
        calendar = listener.calendar
        if not calendar.queued:
            return None
        return asset_triggered_at(
            calendar, self._driver.active_runs(listener.dag.dag_id), self._driver.store.alias_assets
        )

    def _add(self, listener: _Listener, at: Instant, events: Iterable[AssetEvent]) -> None:
        listener.triggered += 1
        run = self._make(listener.dag, asset_triggered(listener.dag, at, listener.triggered), {})
        facts(run).consumed += events
        self._driver.add(run)

    def _window(self, listener: _Listener, until: Instant) -> list[AssetEvent]:
        """The events since the asset-triggered run before."""
        store = self._driver.store
        latest = (run for run in reversed(store.runs_of(listener.dag.dag_id)) if run.run_type == "asset_triggered")
        floor = next((run.run_after for run in latest if run.run_after < until), Instant(-1))
        return [event for event in store.events_between(floor, until) if _concerns(listener, event)]

    def _consume(self, listener: _Listener, ready: int, made: int) -> int:
        """Make runs of events that none has consumed; how many. Source: ``_select_consumed_asset_events`` (3.4.0b2)."""
        calendar, policy = listener.calendar, listener.calendar.policy
        active = self._driver.active_runs(listener.dag.dag_id, backfills=False)
        room = room_for(policy, ready, policy.runs_a_loop - made, calendar.dag.max_active_runs - active)
        if room == 0:
            return 0
        events = listener.unconsumed
        runs = runs_of(policy, map(_queued, events.values()), room)
        taken = {event.number for _, consumed in runs for event in consumed}
        calendar.waiting = still_queued(policy, calendar.waiting, taken, len(taken) < len(events))
        calendar.queued = _first_of(calendar.waiting)
        for at, consumed in runs:
            self._add(listener, at, [events.pop(event.number) for event in consumed])
        return len(runs)


def _concerns(listener: _Listener, event: AssetEvent) -> bool:
    condition = listener.calendar.condition
    return condition is not None and concerns(condition, (event.name, event.uri), event.aliases)


def _queued(event: AssetEvent) -> QueuedEvent:
    return QueuedEvent(event.at, event.id, (event.name, event.uri))


def _first_of(waiting: Iterable[QueuedEvent]) -> dict[AssetKey, Instant]:
    first: dict[AssetKey, Instant] = {}
    for event in waiting:
        first.setdefault(event.asset, event.at)
    return first
