"""When the scheduler makes a Dag's next run; the timetables themselves are asked by the caller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from harness.kernel.instant import Instant
from harness.scheduler.dag_runs.asset_runs import AssetKey, AssetPolicy, QueuedEvent
from harness.scheduler.dag_runs.backfill import BACKFILL
from harness.scheduler.model import FAILED, Dag, DagRun


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
