"""The harness's side of a case: the rendered Dags loaded and run, their real code in virtual time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from itertools import chain
from pathlib import Path
from typing import Any

from harness.bridge.timetables import parse_date
from harness.kernel.instant import Instant, to_datetime
from harness.results.calendar import BackfillResult, CalendarResult
from harness.scheduler.dag_runs.backfill import Backfill
from harness.scheduler.model import DagRun, TaskInstance
from harness.simulation import CalendarOptions, Rehearsal
from harness.simulation.options import Action
from harness.world import World
from tests.differential.case import BackfillCase, Case, Event, History

TOLD = frozenset({"queued", "running"})
NO_STATUS = "None"
"""Of an instance that was cleared; the oracle tells what it comes to next."""


class Watch:
    """Sees every change of state, and keeps what the oracle can see too."""

    def __init__(self) -> None:
        self.queued: list[tuple[str, str, str, str, int]] = []
        self.changes: list[tuple[Instant, DagRun, TaskInstance | None, str | None, int]] = []
        self.runs: dict[DagRun, Instant] = {}
        self.now: Any = None

    def __call__(self, run: DagRun, ti: TaskInstance | None) -> None:
        """A watcher of `Rehearsal.simulate`."""
        at = self.now()
        self.runs.setdefault(run, at)
        if ti is None:
            self.changes.append((at, run, None, run.state, 0))
            return
        if ti.state == "queued":
            self.queued.append((written(at), run.dag.dag_id, run.run_id, ti.task_id, ti.map_index))
        self.changes.append((at, run, ti, ti.state, ti.try_number))


def simulated(case: Case, folder: Path) -> History:
    """What the simulator makes of a case that was rendered into a folder.

    Raises: AssertionError: a Dag file does not import.
    """
    from harness.bridge.environment import sandbox

    sandbox.enter()
    rehearsal = Rehearsal.of_paths([folder])
    assert not rehearsal.folder.failures, rehearsal.folder.failures
    watch = Watch()
    watch.now = present
    result = rehearsal.simulate(options_of(case), world_of(case), watch)
    rows = (row for number, one in enumerate(result.backfills, 1) for row in _backfill_rows(str(number), one))
    return replace(_history(watch, tuple(sorted(_deadlines(result), key=str))), backfills=tuple(rows))


def options_of(case: Case) -> CalendarOptions:
    """The stretch of a case, and what people do in it."""
    return CalendarOptions(
        parse_date(case.start),
        parse_date(case.until),
        fresh=True,
        actions=(
            *(Action(parse_date(m.at), "trigger", m.dag_id, run_id=m.run_id) for m in case.manual_runs),
            *(Action(parse_date(one.at), "backfill", one.dag_id, backfill=_asked(one)) for one in case.backfills),
        ),
    )


def _asked(one: BackfillCase) -> Backfill:
    return Backfill(
        parse_date(one.from_date),
        parse_date(one.to_date),
        one.reverse,
        one.max_active_runs,
        one.reprocess,
        run_on_latest_version=one.run_on_latest_version,
    )


def _backfill_rows(number: str, one: BackfillResult) -> Iterator[tuple[str | None, ...]]:
    if one.refused is not None:
        yield (number, "refused", one.refused.partition(":")[0])
        return
    for place, date in enumerate(one.dates, 1):
        yield (number, str(place), written(date.logical_date), date.reason or "made")
    yield (number, "complete", None if one.completed_at is None else written(one.completed_at))


def present() -> Instant:
    """The present instant of the simulation that goes on."""
    from harness.kernel.instant import to_instant

    return to_instant(datetime.now(timezone.utc))


def world_of(case: Case) -> World:
    """The case's pools and executors."""
    world = World()
    executors = {f"{alias}:oracle.{alias}.Executor": slots for alias, slots in case.executors.items()}
    world.set_executor(parallelism=case.parallelism, executors=executors)
    if any(task.queue != "default" for dag in case.dags for task in dag.tasks):
        names = list(executors) or [None]
        world.set_executor(workers={f"w{n}": {"concurrency": 1000, "executor": name} for n, name in enumerate(names)})
    for name, pool in case.pools.items():
        world.set_pool(name, pool.slots, include_deferred=pool.include_deferred)
    return world


def _deadlines(result: CalendarResult) -> Iterator[tuple[str, str, str, str | None]]:
    for run in result.runs:
        for one in run.deadlines:
            if one.due is not None and one.state != "met":
                at = None if one.missed_at is None else written(one.missed_at)
                yield run.dag_id, run.run_id, written(one.due), at


def _history(watch: Watch, deadlines: tuple[tuple[str, str, str, str | None], ...]) -> History:
    return History(
        events=tuple(_events(watch)),
        queued=tuple(watch.queued),
        runs=tuple(sorted((_run_row(run, at) for run, at in watch.runs.items()), key=str)),
        final={
            (run.dag.dag_id, run.run_id, ti.task_id, ti.map_index): (ti.state, ti.try_number)
            for run in watch.runs
            for ti in run.task_instances.values()
        },
        run_states={(run.dag.dag_id, run.run_id): run.state for run in watch.runs},
        deadlines=deadlines,
    )


def _events(watch: Watch) -> list[Event]:
    """Of each instant the last state of each, and every start of a workload."""
    by_instant: dict[Instant, dict[tuple[str, ...], list[Event]]] = defaultdict(dict)
    for at, run, ti, state, try_number in watch.changes:
        task_id, index = (ti.task_id, ti.map_index) if ti is not None else ("", -1)
        event = Event(written(at), run.dag.dag_id, run.run_id, task_id, index, try_number, str(state))
        key = (event.dag_id, event.run_id, task_id, str(index))
        told = by_instant[at].setdefault(key, [])
        if told and (not task_id or told[-1].state not in TOLD):
            told.pop()
        told.append(event)
    found: list[Event] = []
    last: dict[tuple[str, ...], tuple[str, int]] = {}
    for at in sorted(by_instant):
        for key, told in by_instant[at].items():
            if last.get(key) == (told[-1].state, told[-1].try_number) and told[-1].state not in TOLD:
                told.pop()  # what came back to where it was has not changed, to one who looks between instants
            else:
                last[key] = (told[-1].state, told[-1].try_number)
                if told[-1].state == NO_STATUS:
                    told.pop()
        found += sorted(chain(*by_instant[at].values()))
    return found


def _run_row(run: DagRun, made_at: Instant) -> tuple[str | None, ...]:
    dates = (run.logical_date, run.data_interval_start, run.data_interval_end, made_at)
    shown = [None if date is None else written(date) for date in dates]
    return (run.dag.dag_id, run.run_id, run.run_type, *shown)


def written(at: Instant | datetime) -> str:
    """An instant, or a date of a result, as `Event` writes it."""
    return (at if isinstance(at, datetime) else to_datetime(at)).isoformat()
