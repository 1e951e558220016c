"""Backfills: which runs one makes, clears or leaves alone, in which order, and when it is over.

When its queued runs start, and who goes before them, stands in `harness.scheduler.dag_runs.runs`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from harness.kernel.instant import Instant, iso
from harness.scheduler.model import FAILED as RUN_FAILED
from harness.scheduler.model import Dag, DagRun

BACKFILL = "backfill"
"""The run type (Airflow's ``DagRunType.BACKFILL_JOB``)."""

NONE, FAILED, COMPLETED = "none", "failed", "completed"
REPROCESS = (NONE, FAILED, COMPLETED)
"""Airflow's ``ReprocessBehavior``: which existing runs are run again."""

IN_FLIGHT, ALREADY_EXISTS = "in flight", "already exists"
"""Airflow's ``BackfillDagRunExceptionReason``; its third, "unknown", is given by no code of Airflow (3.1.8, 3.3.2)."""

CREATE, CLEAR, LEAVE = "create", "clear", "leave"


@dataclass(frozen=True, slots=True)
class Backfill:
    """What is asked for; the fields are those of ``airflow backfill create``.

    Attributes:
        from_date, to_date: the first and the last logical date that may be meant.
        reverse: the latest date first (``--run-backwards``).
        max_active_runs: how many of its runs may be running; the Dag's own limit does not count.
        reprocess: one of `REPROCESS`.
        conf: of its runs; None leaves cleared runs theirs.
        run_on_latest_version: of cleared runs; None for the Dag's ``rerun_with_latest_version``, or else True.
        dry_run: only say what it would do.
    """

    from_date: Instant
    to_date: Instant
    reverse: bool = False
    max_active_runs: int = 10
    reprocess: str = NONE
    conf: Mapping[str, Any] | None = None
    run_on_latest_version: bool | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a backfill meets.

    Attributes:
        periodic: its Dag's schedule is one that can be backfilled.
        allowed: the Dag's ``allowed_run_types`` have backfills in them.
        running: another backfill of the Dag is not complete.
        conf_error: why the Dag's params refuse the conf, or none at all.
        has_dates: there is a date between its two.
    """

    periodic: bool = True
    allowed: bool = True
    running: bool = False
    conf_error: str | None = None
    has_dates: bool = True


class BackfillRefusal(NamedTuple):
    """The exception that Airflow raises, and what it says."""

    kind: str
    message: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


class Dated(Protocol):
    """What a timetable says of a run."""

    @property
    def logical_date(self) -> Instant | None:
        """The logical date."""

    @property
    def data_interval_end(self) -> Instant | None:
        """The end of the data interval."""


D = TypeVar("D", bound=Dated)


@dataclass(frozen=True, slots=True)
class Step(Generic[D]):
    """What a backfill does about one date.

    Attributes:
        ordinal: its place, from 1; dates that are left alone have one too.
        run: the run that is there already.
        verb: `CREATE`, `CLEAR` (the run there, to run again as the backfill's) or `LEAVE`.
        reason: why it is left alone.
    """

    ordinal: int
    plan: D
    run: DagRun | None
    verb: str
    reason: str | None = None


def refusal(backfill: Backfill, dag: Dag, now: Instant, met: Circumstances) -> BackfillRefusal | None:
    """Why Airflow refuses a backfill, None when it does not; a dry run asks less.

    Dates in the wrong order, and a backfill of no date, are refused where the policies are so.
    Source: airflow/models/backfill.py `_create_backfill`, `_do_dry_run`, `_validate_backfill_params` (3.1.8, 3.3.2;
    before 3.3 some of the exceptions have other names).
    """
    # In Airflow's order: of several reasons it gives the first, and so must we (tests/differential asks for refused
    # ones too).
    name = f"'{dag.dag_id}'"
    if not met.allowed:
        return BackfillRefusal("DagRunTypeNotAllowed", f"Dag with dag_id: {name} does not allow backfill runs")
    if not met.periodic:
        return BackfillRefusal(
            "DagNonPeriodicScheduleException", f"{name} has a schedule that does not support backfills"
        )
    if met.running and not backfill.dry_run:
        return BackfillRefusal("AlreadyRunningBackfill", f"Another backfill is running for Dag {name}: one at a time")
    between = f"{iso(backfill.from_date)} and {iso(backfill.to_date)}"
    if backfill.from_date > backfill.to_date and dag.policies.backfill_dates_in_order:
        return BackfillRefusal("InvalidBackfillDateRange", f"the from and to dates, {between}, are in the wrong order")
    if backfill.from_date > now and backfill.to_date > now:
        return BackfillRefusal("InvalidBackfillDate", "Backfill cannot be executed for future dates.")
    past = _past_refusal(backfill, dag)
    if past is not None:
        return past
    if met.conf_error is not None and backfill.conf is not None:
        return BackfillRefusal("InvalidBackfillConf", met.conf_error)
    if backfill.dry_run:
        return None
    if not met.has_dates and dag.policies.backfill_needs_dates:
        return BackfillRefusal("NoBackfillRunsToCreate", f"No runs to create for Dag {name} between {between}")
    if met.has_dates and met.conf_error is not None:
        return BackfillRefusal("ParamValidationError", met.conf_error)
    return None


def _past_refusal(backfill: Backfill, dag: Dag) -> BackfillRefusal | None:
    depending = next((task.task_id for task in dag.tasks.values() if task.depends_on_past), None)
    if depending is None:
        return None
    if backfill.reverse:
        what = "cannot be run in reverse when the Dag has tasks where depends_on_past=True"
        return BackfillRefusal("InvalidBackfillDirection", f"Backfill {what} ('{depending}')")
    if backfill.reprocess == NONE:
        what = "You must set reprocess behavior to reprocess completed or reprocess failed"
        return BackfillRefusal("InvalidReprocessBehavior", f"'{depending}' has depends_on_past=True. {what}.")
    return None


def in_order(plans: Iterable[D], now: Instant, reverse: bool) -> list[D]:
    """The dates a backfill is about: those whose data interval is over, in the order of its runs.

    Airflow asks for an end strictly in the past, and is always a moment late; here the end itself will do.
    Source: airflow/models/backfill.py `_get_info_list` (3.3.2).
    """
    over = [plan for plan in plans if plan.data_interval_end is not None and plan.data_interval_end <= now]
    return over[::-1] if reverse else over


def steps(plans: Iterable[D], existing: Callable[[Instant], DagRun | None], reprocess: str) -> Iterator[Step[D]]:
    """What is done about each date, in order. The caller does each before it asks for the next.

    Args:
        plans: as `in_order` gives them.
        existing: the Dag's run of a logical date.
    Source: airflow/models/backfill.py `_create_runs_non_partitioned`, `_create_backfill_dag_run_non_partitioned`
    (3.3.2; `_create_backfill_dag_run` in 3.1.8).
    """
    # Numbered before it is known what becomes of each: dates that are left alone have a place too, for only the run
    # in the first place heeds no past (test_the_first_run_of_a_backfill_heeds_no_past_and_the_others_do).
    for ordinal, plan in enumerate(plans, start=1):
        # Asked for here and not for all at once: a run may have been made meanwhile
        # (test_a_run_made_meanwhile_is_seen).
        run = None if plan.logical_date is None else existing(plan.logical_date)
        if run is None:
            yield Step(ordinal, plan, None, CREATE)
            continue
        reason = no_create_reason(run.state, reprocess)
        yield Step(ordinal, plan, run, CLEAR if reason is None else LEAVE, reason)


def no_create_reason(state: str, reprocess: str) -> str | None:
    """Why a run that exists is left alone, None when it is run again.

    Source: airflow/models/backfill.py `_get_dag_run_no_create_reason` (3.3.2).
    """
    if state not in ("success", RUN_FAILED):
        return IN_FLIGHT
    if reprocess == NONE or (reprocess == FAILED and state != RUN_FAILED):
        return ALREADY_EXISTS
    return None


def is_complete(backfill_id: str, runs: Iterable[DagRun]) -> bool:
    """Whether none of a backfill's runs is queued or running. Airflow looks twice a minute, the harness at once.

    Args:
        runs: those of its Dag; ended ones may be left out.
    Source: airflow/jobs/scheduler_job_runner.py `_mark_backfills_complete` (3.3.2).
    """
    return not any(run.backfill_id == backfill_id and run.state in ("queued", "running") for run in runs)
