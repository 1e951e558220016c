"""How a run is made, and how a calendar is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.kernel import SECOND, Instant
from harness.scheduler.backfill import Backfill

HORIZON: int = 30 * 24 * 3600 * SECOND
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
        xcoms: task_id -> return value (or key -> value when wrapped in `Keyed`), as if those tasks had run.
        seed: of ``random`` in task code.
        start: virtual start of the simulation; default the run's ``run_after``.
        horizon: virtual end at the latest, after the start, microseconds.
        keep: folder for the ledger, None for none.
        companions: also run the Dags that sensors of this one wait for.
        asset_events: (name, uri, extra) consumed by the run.
        debug: leave ``stdout`` alone, for a debugger.
        one_by_one: as ``dag.test()`` goes: after each pass of the scheduler what it made ready runs, task by task,
            heeding neither pools nor limits. Otherwise as in production: tasks run side by side, and begin when the
            scheduler has nothing more to decide at an instant, for they are slow against its loop.
        on_error: called in the task's own process with what its code raised, before anything else is done about it.
    """

    logical_date: Instant | None = None
    manual: bool = False
    conf: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    from_task: str | None = None
    xcoms: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    start: Instant | None = None
    horizon: int = HORIZON
    keep: Path | None = None
    companions: bool = True
    asset_events: tuple[tuple[str, str, Mapping[str, Any]], ...] = ()
    debug: bool = False
    one_by_one: bool = False
    on_error: Callable[[BaseException], None] | None = None


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

    at: Instant
    verb: str
    dag_id: str
    task_id: str | None = None
    conf: Mapping[str, Any] = field(default_factory=dict)
    run_id: str | None = None
    backfill: Backfill | None = None


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
    """

    since: Instant
    until: Instant
    fresh: bool = False
    dag_ids: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    conf: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    keep: Path | None = None
    debug: bool = False
    on_error: Callable[[BaseException], None] | None = None
