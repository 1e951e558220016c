"""When the scheduler makes a Dag's next run, by its timetable and by the events of assets.

The timetables themselves are asked by the caller; how an Airflow makes runs of queued events is a policy, handed in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.kernel.instant import Instant
from harness.scheduler.dag_runs.backfill import BACKFILL
from harness.scheduler.model import FAILED, Dag, DagRun

AssetKey = tuple[str, str]
"""(name, uri) of an asset."""

Grouping = Literal["window", "batch", "each"]
"""How queued events become runs.

* ``window``: one run at the latest queued event, with the events since the asset-triggered run before it.
* ``batch``: one run with all queued events, each of which is consumed once.
* ``each``: a run an event, the oldest first.
"""


@dataclass(frozen=True, slots=True)
class AssetPolicy:
    """How a Dag's queued events become runs.

    Attributes:
        catchup: events that nobody queued, from before the Dag was unpaused, are consumed too (not of ``window``).
        runs_a_loop: most runs that a loop of the scheduler makes of events, of all Dags together (of ``each``).
    """

    grouping: Grouping = "window"
    catchup: bool = False
    runs_a_loop: int = 10


@dataclass(frozen=True, slots=True, order=True)
class QueuedEvent:
    """An event that waits for a run of one Dag, a row of ``AssetDagRunQueue`` (3.4); by time, then by number."""

    at: Instant
    number: int
    asset: AssetKey


def room_for(policy: AssetPolicy, ready: int, left: int, free: int) -> int | None:
    """The most runs that a loop makes of one Dag's events; None for as many as the policy makes, which is one.

    Args:
        ready: Dags whose condition is met in this loop.
        left: of ``runs_a_loop``, after the Dags before this one.
        free: how many runs the Dag's ``max_active_runs`` leaves; runs of backfills do not count.
    Source: airflow/jobs/scheduler_job_runner.py `_create_dag_runs_asset_triggered` (3.4.0b2).
    """
    if policy.grouping != "each":
        return None
    return max(0, min(max(1, policy.runs_a_loop // max(1, ready)), left, free))


def runs_of(
    policy: AssetPolicy, events: Iterable[QueuedEvent], room: int | None
) -> list[tuple[Instant, tuple[QueuedEvent, ...]]]:
    """``run_after`` and the consumed events of each run that a loop makes, in order.

    Args:
        events: those that no run of the Dag has consumed.
        room: `room_for`.
    Source: airflow/timetables/base.py `Timetable.group_asset_events` (3.4.0b2).
    """
    consumed = sorted(events)
    if policy.grouping == "each":
        return [(event.at, (event,)) for event in consumed[:room]]
    return [(consumed[-1].at, tuple(consumed))] if consumed else []


def still_queued(
    policy: AssetPolicy, queued: Iterable[QueuedEvent], consumed: Collection[int], more: bool
) -> list[QueuedEvent]:
    """What stays in a Dag's queue behind a loop.

    Args:
        consumed: numbers of the events that the loop's runs took.
        more: whether there were events beyond the room. If not, the queue is emptied, taken or not.
    Source: airflow/jobs/scheduler_job_runner.py `_create_dag_runs_asset_triggered` (3.4.0b2); with catchup the latest
    row stays as a reminder until the events that nobody queued are consumed.
    """
    if not more:
        return []
    rows = sorted(queued, key=lambda event: event.number)
    reminder = rows[-1].number if policy.catchup and rows else None
    return [event for event in rows if event.number not in consumed or event.number == reminder]


@dataclass(frozen=True, slots=True)
class OfAsset:
    """Met by an event of an asset; None stands for any name or uri (``Asset.ref``)."""

    name: str | None
    uri: str | None

    def is_for(self, asset: AssetKey) -> bool:
        """Whether the asset is meant."""
        return (self.name is None or self.name == asset[0]) and (self.uri is None or self.uri == asset[1])


@dataclass(frozen=True, slots=True)
class OfAlias:
    """Met by an event of any asset that an alias has come to stand for."""

    name: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """``a & b``."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """``a | b``."""

    parts: tuple[Condition, ...]


Condition = OfAsset | OfAlias | AllOf | AnyOf


@dataclass(slots=True, eq=False)
class DagCalendar:
    """What the scheduler knows of a Dag's runs to come; Airflow's ``DagModel``.

    Attributes:
        due: when its next scheduled run is to be made (``next_dagrun_create_after``), None for never.
        condition: of the assets it is scheduled on.
        queued: assets with an event since its last asset-triggered run, and when (``AssetDagRunQueue``).
        policy: how events become runs.
        waiting: the events behind `queued`, where the policy consumes each of them once.
    """

    dag: Dag
    paused: bool = False
    due: Instant | None = None
    condition: Condition | None = None
    queued: dict[AssetKey, Instant] = field(default_factory=dict)
    policy: AssetPolicy = field(default_factory=AssetPolicy)
    waiting: list[QueuedEvent] = field(default_factory=list)


def needs_scheduled_run(calendar: DagCalendar, active_runs: int, now: Instant) -> bool:
    """Whether a loop of the scheduler makes the Dag's next scheduled run.

    Args:
        active_runs: queued and running runs of the Dag outside backfills. Airflow keeps the comparison as
            ``exceeds_max_non_backfill`` and renews it whenever the Dag is parsed; here it is always fresh.
    Source: airflow/models/dag.py `DagModel.dags_needing_dagruns` (3.3.2).
    """
    if calendar.paused or calendar.due is None or calendar.due > now:
        return False
    return active_runs < calendar.dag.max_active_runs


def latest_automated(runs: Iterable[DagRun]) -> DagRun | None:
    """The run that a Dag's next scheduled one follows once the Dag is parsed anew: the latest logical date counts.

    So a backfill of dates that catchup has not come to yet makes catchup go on behind them.

    Args:
        runs: all of the Dag.
    Source: airflow/dag_processing/collection.py `_get_latest_runs_stmt` (3.3.2).
    """
    made = (run for run in runs if run.run_type in ("scheduled", BACKFILL) and run.logical_date is not None)
    return max(made, key=lambda run: run.logical_date or 0, default=None)


def asset_triggered_at(
    calendar: DagCalendar, active_runs: int, aliases: Mapping[str, Iterable[AssetKey]]
) -> Instant | None:
    """``run_after`` of the asset-triggered run that a loop makes: the latest queued event; None when it makes none.

    Args:
        active_runs: queued and running runs of the Dag, backfills' too.
        aliases: what each alias has come to stand for.
    Source: airflow/models/dag.py `DagModel.dags_needing_dagruns`, airflow/assets/evaluation.py (3.3.2).
    """
    if calendar.paused or calendar.condition is None or not calendar.queued:
        return None
    if active_runs >= calendar.dag.max_active_runs or not is_met(calendar.condition, calendar.queued, aliases):
        return None
    return max(calendar.queued.values())


def is_met(condition: Condition, queued: Mapping[AssetKey, Instant], aliases: Mapping[str, Iterable[AssetKey]]) -> bool:
    """Whether the queued events fulfil a condition."""
    if isinstance(condition, OfAsset):
        return any(condition.is_for(asset) for asset in queued)
    if isinstance(condition, OfAlias):
        return any(asset in queued for asset in aliases.get(condition.name, ()))
    met = (is_met(part, queued, aliases) for part in condition.parts)
    return all(met) if isinstance(condition, AllOf) else any(met)


def concerns(condition: Condition, asset: AssetKey, aliases: Iterable[str]) -> bool:
    """Whether an event is queued for a Dag: its condition names the asset, or an alias the event came through.

    Source: airflow/assets/manager.py `AssetManager.register_asset_change` (3.3.2).
    """
    names = set(aliases)
    return any(leaf.name in names if isinstance(leaf, OfAlias) else leaf.is_for(asset) for leaf in _leaves(condition))


def _leaves(condition: Condition) -> Iterator[OfAsset | OfAlias]:
    if isinstance(condition, (AllOf, AnyOf)):
        for part in condition.parts:
            yield from _leaves(part)
    else:
        yield condition


def fails_too_often(latest: Iterable[DagRun], limit: int) -> bool:
    """Whether a Dag is paused because its last runs all failed (``max_consecutive_failed_dag_runs``).

    Args:
        latest: the Dag's runs, the one with the latest ``run_after`` first.
        limit: 0 for none.
    Source: airflow/models/dagrun.py `DagRun._check_last_n_dagruns_failed` (3.3.2); asked when the failure of tasks,
    not a timeout, ends a run.
    """
    if limit <= 0:
        return False
    last = [run for run, _ in zip(latest, range(limit), strict=False)]
    return len(last) >= limit and all(run.state == FAILED for run in last)
