"""How a run is made, and how a calendar is. Datetimes are aware; the engine counts in instants of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.kernel.instant import Instant, to_datetime
from harness.ledger.past_run import PastRun
from harness.scheduler.dag_runs.backfill import Backfill

HORIZON = timedelta(days=30)
"""Virtual time after its start at which a simulation stops, unless told otherwise: 30 days."""


@dataclass(frozen=True)
class RunOptions:
    """How one run is made.

    Attributes:
        logical_date: None takes the first run of the schedule.
        manual: a run as a person triggers it, instead of the schedule's own.
        conf, params: of the run; params are merged into conf, as the trigger form does.
        only: task ids to run, all others left out.
        from_task: this task and what lies downstream of it.
        past: a run of a ledger that is run again: its dates, its conf, and the XComs of the tasks that are left out.
        xcoms: task_id -> return value (or key -> value when wrapped in `Keyed`), as if those tasks had run.
        seed: of ``random`` in task code, and of durations that are drawn.
        start: virtual start of the simulation; default the run's ``run_after``.
        horizon: virtual end at the latest, after the start.
        keep: folder for the ledger, None for none.
        companions: also run the Dags that sensors of this one wait for.
        asset_events: (name, uri, extra) consumed by the run.
        debug: leave ``stdout`` alone, for a debugger.
        one_by_one: as ``dag.test()`` goes: after each pass of the scheduler what it made ready runs, task by task,
            heeding neither pools nor limits. Otherwise as in production: tasks run side by side, and begin when the
            scheduler has nothing more to decide at an instant, for they are slow against its loop.
        on_error: called in the task's own process with what its code raised, before anything else is done about it.
    """

    logical_date: datetime | None = None
    manual: bool = False
    conf: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    from_task: str | None = None
    xcoms: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    start: datetime | None = None
    horizon: timedelta = HORIZON
    keep: Path | None = None
    companions: bool = True
    asset_events: tuple[tuple[str, str, Mapping[str, Any]], ...] = ()
    debug: bool = False
    one_by_one: bool = False
    on_error: Callable[[BaseException], None] | None = None
    past: PastRun | None = None

    def __post_init__(self) -> None:
        as_datetimes(self, "logical_date", "start")
        if not isinstance(self.horizon, timedelta):
            object.__setattr__(self, "horizon", timedelta(microseconds=self.horizon))


VERBS = ("trigger", "pause", "unpause", "clear", "backfill")


@dataclass(frozen=True)
class Action:
    """Something a person does at an instant.

    Attributes:
        verb: one of `VERBS`. ``clear`` clears a task and all downstream of it (the whole run without a task), in the
            Dag's latest run or the one of ``run_id``, and has it run again.
        conf: of a triggered run.
        run_id: of a triggered run; None has Airflow's timetable name it.
        backfill: what ``backfill`` asks for.
    """

    at: datetime
    verb: str
    dag_id: str
    task_id: str | None = None
    conf: Mapping[str, Any] = field(default_factory=dict)
    run_id: str | None = None
    backfill: Backfill | None = None

    def __post_init__(self) -> None:
        as_datetimes(self, "at")


@dataclass(frozen=True)
class CalendarOptions:
    """How the calendar of a folder is simulated.

    Attributes:
        since, until: the stretch of virtual time; what happens at ``until`` itself still counts.
        fresh: the Dags are deployed for the first time at ``since``: catchup makes up for all the past. Otherwise
            they are taken to have run on schedule until then.
        dag_ids: only these Dags; empty for all.
        actions: what a person does meanwhile.
        conf: of the runs that the schedules make.
        seed, keep, debug, on_error: as in `RunOptions`.
        schedules: make the runs that schedules ask for. Off, only people, tasks and assets make runs, of Dags that are
            not paused, and it ends when nothing is left to do.
        fail_fast: no further run begins once one has failed.
        resume: go on with the ledger that is there; see `harness.ledger.resuming`.
        code: run the tasks. Off, the world and a past ledger tell what they come to; the rest is taken for granted.
        from_ledger: that ledger's folder.
        draws_past: none of its runs goes as it went: the seed draws how long tasks take from how long they took.
    """

    since: datetime
    until: datetime
    fresh: bool = False
    dag_ids: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    conf: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    keep: Path | None = None
    debug: bool = False
    on_error: Callable[[BaseException], None] | None = None
    schedules: bool = True
    fail_fast: bool = False
    resume: bool = False
    code: bool = True
    from_ledger: Path | None = None
    draws_past: bool = False

    def __post_init__(self) -> None:
        as_datetimes(self, "since", "until")
        if self.code and self.from_ledger is not None:
            fact = "a past ledger tells what tasks come to where their code does not run"
            raise UsageError(fact, fix="--no-code beside --from-ledger (code=False)")


def as_datetimes(options: object, *names: str) -> None:
    """See to it that these fields are aware datetimes; the engine's own instants become such.

    Raises: UsageError: another type, or a datetime without a zone.
    """
    for name in names:
        value = getattr(options, name)
        if isinstance(value, int):
            object.__setattr__(options, name, to_datetime(Instant(value)))
        elif value is not None and not (isinstance(value, datetime) and value.tzinfo is not None):
            fact = f"{name}={value!r} of {type(options).__name__} is no datetime with a time zone"
            raise UsageError(fact, fix="datetime(2025, 1, 1, tzinfo=timezone.utc)")
