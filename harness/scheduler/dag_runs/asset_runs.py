"""Which runs the queued events of assets make. How an Airflow does it is a policy, handed in."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from harness.kernel.instant import Instant

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
