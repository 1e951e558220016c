"""Whether a stretch may run again: the same backfill several times over one another, and what came of it compared.

A pass more should change nothing that services hold, and give the XComs and states of the first. Each begins later on
the virtual clock, so that what follows the clock instead of the date differs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.project.scratch import scratch
from harness.results import dated
from harness.results.calendar import CalendarResult
from harness.results.finding import Finding
from harness.results.run import RunResult
from harness.results.services import PartChange
from harness.scheduler.model import DagRun, TaskInstance
from harness.simulation.replays.replaying import ReplayOptions
from harness.simulation.replays.rows import ChangedRows, PassLedger, RowsBetween
from harness.simulation.watchers import Watcher
from harness.text import one_line, plain
from harness.world import World

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from harness.services.binding import Leases, Snapshot

CHECK = "not-idempotent"
LATER = timedelta(days=1, hours=1)
"""From the end of a pass to the start of the next: another date, and another hour of the day."""

AGAIN, REVERSED, FAILED = "run again", "run again in reverse order", "failed at its end and retried"
CLOCKS_DATE, TAKE_THE_RUNS = ", the clock's date", "take the run's logical_date or data_interval, not the clock"

Subject = tuple[str, ...]
"""What a finding is about: a table, an XCom of a task, the runs of a Dag."""

Differing = Iterator[tuple[Subject, Finding]]

Simulate = Callable[[ReplayOptions, World, "Watcher | None"], CalendarResult]
"""Replays on the services that are up, with their contents as they are."""


@dataclass(frozen=True, slots=True)
class Repetition:
    """One time more of the same.

    Attributes:
        how: for the findings: ``run again``.
        world: where it differs from the first's, with faults.
    """

    how: str
    options: ReplayOptions
    world: World


@dataclass(slots=True)
class Writers:
    """Tells which task instances changed what a service holds, by looking after each of them; a watcher.

    Attributes:
        wrote: (conn_id, part) -> names of tasks, in the order in which they wrote.
    """

    leases: Leases
    before: Snapshot
    wrote: dict[tuple[str, str], dict[tuple[str, str], None]] = field(default_factory=dict)

    def __call__(self, run: DagRun, ti: TaskInstance | None) -> None:
        """A state changed: of a task instance that ended, what it wrote is told."""
        if ti is None or ti.state not in ("success", "failed", "up_for_retry"):
            return
        after = self.leases.snapshot()
        for conn_id, change in changes(self.before, after):
            self.wrote.setdefault((conn_id, change.part), {})[run.dag.dag_id, ti.task_id] = None
        self.before = after


def checked(
    dags: Mapping[str, DAG], options: ReplayOptions, world: World, leases: Leases | None, simulate: Simulate
) -> CalendarResult:
    """The first pass, with a finding for each thing that came out otherwise in a later one.

    Args:
        dags: those of the options, by id.
        leases: of the services, which outlive the passes; None where the world names none.
    """
    with ExitStack() as stack:
        folder = None if leases is None else Path(stack.enter_context(scratch("passes")))
        return _compared(dags, options, world, leases, simulate, folder)


def _compared(
    dags: Mapping[str, DAG],
    options: ReplayOptions,
    world: World,
    leases: Leases | None,
    simulate: Simulate,
    folder: Path | None,
) -> CalendarResult:
    """`checked`, with a folder for the ledgers of passes, whose rows are compared; None without services."""
    kept = options.keep if options.keep is not None or folder is None else folder / "0"
    first = replace(simulate(replace(options, keep=kept), world, None), ledger=options.keep)
    if first.was_interrupted or "failed" in first.states:
        return first  # a stretch that fails has nothing to be compared with
    found: dict[Subject, Finding] = {}
    notes: list[Finding] = []
    last = first
    for number, one in enumerate(_passes(dags, options, world, notes), 1):
        again = replace(one.options, start=last.busy_until + LATER, keep=None, resume=False)
        data: Differing = iter(())
        if leases is None or folder is None or kept is None:
            last = simulate(again, one.world, None)
        else:
            before, left = leases.snapshot(), PassLedger.of(last, kept)
            writers, kept = Writers(leases, before), folder / str(number)
            last = simulate(replace(again, keep=kept), one.world, writers)
            parts = list(changes(before, leases.snapshot()))
            if parts:
                rows = RowsBetween.of_passes(left, PassLedger.of(last, kept))
                data = _other_data(dags, iter(parts), writers, one.how, rows.of)
        differing = *_other_states(dags, first, last, one.how), *_other_xcoms(dags, first, last, one.how), *data
        for subject, finding in differing:
            found.setdefault(subject, finding)  # what differs each time is told once
        if last.was_interrupted:
            break
    told = (*first.findings, *found.values(), *notes)
    return replace(first, findings=told, was_interrupted=last.was_interrupted)


def changes(before: Snapshot, after: Snapshot) -> Iterator[tuple[str, PartChange]]:
    """(conn_id, change) of everything that differs."""
    for conn_id, held in after.held.items():
        if conn_id in before.held:
            for change in before.held[conn_id].changes_to(held):
                yield conn_id, change


def _passes(
    dags: Mapping[str, DAG], options: ReplayOptions, world: World, notes: list[Finding]
) -> Iterator[Repetition]:
    yield Repetition(AGAIN, options, world)
    depending = [dag_id for dag_id, dag in dags.items() if any(task.depends_on_past for task in dag.tasks)]
    if depending:
        notes.append(_note(f"not tried in reverse: {', '.join(depending)} depends on the past"))
    else:
        yield Repetition(REVERSED, replace(options, reverse=not options.reverse), world)
    faulty = world.copy()
    for task in (f"{dag_id}.{task.task_id}" for dag_id, dag in dags.items() for task in dag.tasks):
        faulty.fault("fails", task, on_try=1, when="end")
    faulty.least_retries = 1
    yield Repetition(FAILED, options, faulty)


def _note(message: str) -> Finding:
    return Finding("idempotence", "warning", message)


def _dated(run: RunResult) -> tuple[str, datetime | None]:
    return run.dag_id, run.logical_date


def _other_states(dags: Mapping[str, DAG], first: CalendarResult, last: CalendarResult, how: str) -> Differing:
    states = {_dated(run): str(run.state) for run in first.runs}
    for run in last.runs:
        former = states.get(_dated(run))
        if former is None or former == run.state:
            continue
        failed = run.failed_tasks
        why = f": {failed[0].name}: {one_line(failed[0].reason or '', 160)}" if failed else ""
        fact = f"the run of {dated(run)} ends {run.state}, not {former}{why}"
        task_id = failed[0].task_id if failed else None
        yield ("state", run.dag_id, task_id or ""), _finding(dags, run.dag_id, task_id, how, fact, "")


def _other_xcoms(dags: Mapping[str, DAG], first: CalendarResult, last: CalendarResult, how: str) -> Differing:
    former = {(_dated(run), ti.name): ti for run in first.runs for ti in run.task_instances}
    told: set[tuple[str, str, str]] = set()
    for run in last.runs:
        for ti in run.task_instances:
            before = former.get((_dated(run), ti.name))
            if before is None or ti.state != "success" or before.state != "success":
                continue
            for key in sorted({*before.xcoms, *ti.xcoms}):
                was, now = _text(before.xcom(key)), _text(ti.xcom(key))
                if was == now or (run.dag_id, ti.task_id, key) in told:
                    continue
                told.add((run.dag_id, ti.task_id, key))
                fact = f"XCom {key!r} of {dated(run)} is {one_line(now, 80)}, not {one_line(was, 80)}"
                follows = _clock_in(was, before.end_date) and _clock_in(now, ti.end_date)
                fix = TAKE_THE_RUNS if follows else ""
                fact += CLOCKS_DATE * follows
                yield ("xcom", run.dag_id, ti.task_id, key), _finding(dags, run.dag_id, ti.task_id, how, fact, fix)


def _other_data(
    dags: Mapping[str, DAG],
    differing: Iterator[tuple[str, PartChange]],
    writers: Writers,
    how: str,
    rows: Callable[[str, str], ChangedRows],
) -> Differing:
    for conn_id, change in differing:
        by = list(writers.wrote.get((conn_id, change.part), {}))
        dag_id, task_id = by[-1] if by else (next(iter(dags)), None)
        which = rows(conn_id, change.part)
        fact = f"{conn_id}: {change}" + f": {which.text}" * bool(which.text) + CLOCKS_DATE * which.follows_clock
        fact += f" (written by {', '.join('.'.join(one) for one in by)})" if len(by) > 1 else ""
        doubles = change.added and not change.removed and not change.changed
        fix = f"delete the interval's {change.row}s first, or insert with a key and on conflict" if doubles else ""
        fix = TAKE_THE_RUNS if which.follows_clock else fix
        yield ("data", conn_id, change.part), _finding(dags, dag_id, task_id, how, fact, fix)


def _finding(dags: Mapping[str, DAG], dag_id: str, task_id: str | None, how: str, fact: str, fix: str) -> Finding:
    who = dag_id if task_id is None else f"{dag_id}.{task_id}"
    place = str(dags[dag_id].fileloc) if dag_id in dags else None
    return Finding(CHECK, "error", f"{who}, {how}: {fact}", place, dag_id=dag_id, task_id=task_id, fix=fix or None)


def _text(value: Any) -> str:
    return json.dumps(plain(value), sort_keys=True, ensure_ascii=False)


def _clock_in(text: str, at: datetime | None) -> bool:
    """Whether a value holds the date on which it was made."""
    return at is not None and f"{at:%Y-%m-%d}" in text
