"""A backfill of one Dag or several as a simulation of its own: what ``replay`` does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.bridge.backfills import is_partitioned, is_periodic, runs_between
from harness.bridge.snapshot import asset_condition
from harness.bridge.timetables import RunPlan
from harness.errors import UsageError
from harness.kernel.instant import Instant, iso, later, span, to_datetime, to_instant
from harness.scheduler.dag_runs.backfill import NONE, REPROCESS, Backfill
from harness.simulation.options import Action, CalendarOptions, as_datetimes

if TYPE_CHECKING:
    from airflow.sdk import DAG

LONGEST = timedelta(days=366)
"""Virtual time after its start at which a replay stops, unless told otherwise."""


@dataclass(frozen=True)
class ReplayOptions:
    """How a backfill is replayed; what ``airflow backfill create`` has too is called as there.

    Attributes:
        since, until: the first and the last logical date that may be meant, both counted.
        reverse, max_active_runs, reprocess, dry_run: as of `harness.scheduler.dag_runs.backfill.Backfill`.
        run_on_latest: ``run_on_latest_version`` of it.
        conf: of its runs.
        fail_fast: no further run begins once one has failed.
        idempotent: also whether it may run again; see `harness.simulation.replays.idempotence`.
        start: virtual instant at which the backfill is asked for. None for the first at which Airflow makes all of its
            runs: it leaves out those whose data interval is not over.
        horizon: virtual end at the latest, after the start.
        seed, keep, debug, on_error: as in `harness.simulation.options.RunOptions`.
        jobs: processes among which its runs are shared out, where they are independent; 1 for this one alone.
        engine: the URL of an engine whose workers take the place of processes of this machine: ``dask://HOST:PORT``.
        resume: go on with the ledger in ``keep``, which was cut off; see `harness.ledger.resuming`.
    """

    dag_ids: tuple[str, ...]
    since: datetime
    until: datetime
    reverse: bool = False
    max_active_runs: int = 10
    reprocess: str = NONE
    run_on_latest: bool | None = None
    conf: Mapping[str, Any] = field(default_factory=dict)
    fail_fast: bool = False
    dry_run: bool = False
    idempotent: bool = False
    start: datetime | None = None
    horizon: timedelta = LONGEST
    seed: int = 0
    keep: Path | None = None
    debug: bool = False
    on_error: Callable[[BaseException], None] | None = None
    resume: bool = False
    jobs: int = 1
    engine: str | None = None

    def __post_init__(self) -> None:
        as_datetimes(self, "since", "until", "start")
        if self.resume and self.keep is None:
            raise UsageError("a replay is resumed in the ledger it left", fix="name the folder: --ledger DIR")
        if not self.dag_ids:
            raise UsageError("a replay names no Dag", fix="name one or several")
        if self.until < self.since:
            dates = f"{iso(self.until)} lies before {iso(self.since)}"
            raise UsageError(f"a replay from its end to its beginning: {dates}", fix="exchange since and until")
        if self.max_active_runs < 1:
            raise UsageError(f"max_active_runs is {self.max_active_runs}", fix="give a whole number from 1 on")
        if self.jobs < 1:
            raise UsageError(f"jobs is {self.jobs}", fix="give a whole number from 1 on")
        if self.reprocess not in REPROCESS:
            known = ", ".join(REPROCESS)
            raise UsageError(f"reprocess is {self.reprocess!r}", known=known, fix="take one of these")


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay that can begin.

    Attributes:
        options: of the simulation that it is.
        runs: how many runs the timetables name.
    """

    options: CalendarOptions
    runs: int


def replay_of(dags: Mapping[str, DAG], options: ReplayOptions) -> Replay:
    """The simulation that a replay is: no schedule makes runs, a person asks for the backfills.

    A Dag that waits for assets has no dates to be backfilled: its runs are those that the others' assets make.
    Args:
        dags: those of `ReplayOptions.dag_ids`, by id.
    Raises: UsageError: a Dag that Airflow makes no runs for, or no date at all.
    """
    plans = {dag_id: _plans(dag, options) for dag_id, dag in dags.items() if asset_condition(dag) is None}
    if not plans:
        names = ", ".join(dags)
        raise UsageError(f"{names}: waits for assets, so there are no dates to replay", fix="name who makes them too")
    named = [plan for found in plans.values() for plan in found]
    if not named:
        between = f"between {iso(options.since)} and {iso(options.until)}"
        raise UsageError(f"{', '.join(plans)}: no schedule names a run {between}", fix="take other dates")
    start = to_instant(options.start) if options.start is not None else max(map(_over, named))
    end = later(start, span(options.horizon))
    backfill = Backfill(
        to_instant(options.since),
        to_instant(options.until),
        options.reverse,
        options.max_active_runs,
        options.reprocess,
        options.conf or None,
        options.run_on_latest,
        options.dry_run,
    )
    asked = (Action(to_datetime(start), "backfill", dag_id, backfill=backfill) for dag_id in plans)
    calendar = CalendarOptions(
        to_datetime(start),
        to_datetime(end),
        dag_ids=tuple(dags),
        actions=tuple(asked),
        seed=options.seed,
        keep=options.keep,
        debug=options.debug,
        on_error=options.on_error,
        schedules=False,
        fail_fast=options.fail_fast,
        resume=options.resume,
    )
    return Replay(calendar, len(named))


def _plans(dag: DAG, options: ReplayOptions) -> list[RunPlan]:
    where = str(dag.fileloc)
    if is_partitioned(dag):
        fact = f"Dag {dag.dag_id!r} has partitions, and the harness does not know backfills of those"
        raise UsageError(fact, where=where, fix="leave it out")
    if not is_periodic(dag):
        fact = f"Dag {dag.dag_id!r} has no schedule that names dates, so Airflow makes no backfill of it"
        raise UsageError(fact, where=where, fix=f"airflow-harness run {dag.dag_id} --manual --logical-date ISO")
    return list(_until_it_raises(runs_between(dag, to_instant(options.since), to_instant(options.until))))


def _until_it_raises(plans: Iterable[RunPlan]) -> Iterable[RunPlan]:
    """What a timetable names before it raises; the backfill itself tells what it raised."""
    try:
        yield from plans
    except Exception:  # user code
        return


def _over(plan: RunPlan) -> Instant:
    """When a backfill may make the run: its data interval is over, and it is due."""
    return max(plan.run_after, plan.data_interval_end or plan.run_after)
