"""What one try of a task instance comes to where no task code runs, and what it does for others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from harness.bridge.supervisor.handlers import xcom
from harness.bridge.supervisor.handlers.state import keys_of
from harness.kernel.instant import Instant, Microseconds
from harness.scheduler.dependencies.skips import skip_downstream
from harness.scheduler.model import AWAITING_INPUT, DEFERRED, SUCCESS, UP_FOR_RESCHEDULE, Dag, Task, TaskInstance
from harness.scheduler.wiring import flat_downstream

FAILS_FOR_GOOD = "fails-for-good"
"""The end of a slice that fails and is not tried again, as ``AirflowFailException`` has it."""

WAITS = frozenset({UP_FOR_RESCHEDULE, DEFERRED, AWAITING_INPUT})
"""Ends of slices behind which another follows."""

Decision = Mapping[str, tuple[str, ...]]
"""``{"followed": …}`` or ``{"skipped": …}``: task ids, as Airflow's ``skipmixin_key`` holds them."""


@dataclass(frozen=True, slots=True)
class PlannedSlice:
    """What a try does in a worker at a stretch.

    Attributes:
        lasts: in the worker.
        ends: ``success``, ``failed`` (tried again while tries are left), `FAILS_FOR_GOOD`, ``skipped``,
            ``up_for_reschedule``, ``deferred`` or ``awaiting_input``.
        waits: after one of the last three, for so long; then the next slice follows.
        turn: orders those whose waits are over at one instant.
        ends_late: where it lasts no time, what else begins at its instant begins before it ends, as with ``sleep(0)``.
        trigger_gives: the state that its trigger ends it with, where no worker is needed any more.
    """

    lasts: Microseconds = 0
    ends: str = SUCCESS
    waits: Microseconds = 0
    turn: int = 0
    ends_late: bool = False
    trigger_gives: str | None = None


@dataclass(frozen=True, slots=True)
class Emitted:
    """An asset event of a try that succeeds."""

    name: str
    uri: str
    group: str = "asset"
    extra: Mapping[str, Any] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TriggeredRun:
    """A run that a try asks for when it begins.

    Attributes:
        run_id, logical_date, run_after: None for those of a run that is triggered then.
    """

    dag_id: str
    run_id: str | None = None
    logical_date: Instant | None = None
    run_after: Instant | None = None
    conf: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlannedTry:
    """One try.

    Attributes:
        slices: at least one; another follows each that only waits.
        begins_deferred: it waits so long for a trigger before its first slice, and has no slot; None: it does not.
        decided: of a branching task or a short circuit; what that skips is skipped when the try ends.
        returns: whether it pushes a return value; ``length`` is how many instances a task has that maps over it.
        assets: its events; None until it is planned to its end: one of each of its outlets.
        reason: of a failure or a skip.
        stood_in: the pattern of the world's entry that has its say.
    """

    slices: tuple[PlannedSlice, ...] = (PlannedSlice(),)
    begins_deferred: Microseconds | None = None
    decided: Decision | None = None
    returns: bool = True
    length: int | None = None
    assets: tuple[Emitted, ...] | None = None
    triggered: tuple[TriggeredRun, ...] = ()
    reason: str | None = None
    stood_in: str | None = None


def lasting(planned: PlannedTry, lasts: Microseconds) -> PlannedTry:
    """A try that lasts so long in all, its waits between two slices among it: what it did before its end stays."""
    deferred = planned.begins_deferred
    deferred = None if deferred is None else min(deferred, lasts)
    *before, last = planned.slices
    left, kept = lasts - (deferred or 0), []
    for part in before:
        if left <= part.lasts:  # it ends where it only waited
            break
        kept.append(replace(part, waits=min(part.waits, left - part.lasts)))
        left -= kept[-1].lasts + kept[-1].waits
    if last.trigger_gives is None:
        last = replace(last, lasts=left)
    else:
        last = replace(last, lasts=min(last.lasts, left), waits=max(left - last.lasts, 0))
    return replace(planned, slices=(*kept, last), begins_deferred=deferred)


def following(dag: Dag, task: Task, followed: Iterable[str]) -> Decision:
    """What a branching task decides that follows these.

    Source: airflow/sdk/bases/skipmixin.py `skip_all_except` (3.3.2).
    """
    kept = set(followed)
    for task_id in sorted(kept & dag.tasks.keys()):
        kept |= flat_downstream(dag, task_id)
    return {"followed": tuple(task_id for task_id in task.downstream if task_id in kept)}


def decide(ti: TaskInstance, decided: Decision, now: Instant) -> list[TaskInstance]:
    """Have a task instance's decision take effect. Returns: the instances that are skipped now.

    Instances of a mapped task only leave their decision behind, for when the others are looked at.
    Source: airflow/sdk/bases/skipmixin.py `skip`, `skip_all_except`, `_set_state_to_skipped` (3.3.2).
    """
    run, task = ti.run, ti.task
    run.skipmixin[ti.key] = decided
    if ti.map_index >= 0:
        return []
    if "followed" in decided:
        keys = [(name, -1) for name in task.downstream if name not in decided["followed"]]
    else:
        keys = [key for name in decided.get("skipped", ()) for key in keys_of(run, name)]
    found = skip_downstream(run, keys, now)
    for other in found:
        other.reason = f"skipped by '{task.task_id}'"
    return found


def skips_now(ti: TaskInstance, decided: Decision) -> bool:
    """Whether a decision has anything skipped at once: Airflow ends such a try before it returns a value."""
    if ti.map_index >= 0:
        return False
    return any(name not in decided.get("followed", ()) for name in decided.get("skipped", ti.task.downstream))


def forget(ti: TaskInstance) -> None:
    """A try begins: what an earlier one of it pushed is deleted.

    Source: ``xcom_keys_to_clear`` of the Execution API (3.3.2).
    """
    for key in (xcom.RETURN_KEY, xcom.SKIPMIXIN_KEY):
        xcom.forget(ti.run, ti.task.task_id, ti.map_index, key)


def keep_return(ti: TaskInstance, length: int | None) -> None:
    """A try has pushed its return value, which has so many items where it is a list or a mapping."""
    run, task_id = ti.run, ti.task.task_id
    if ti.map_index >= 0:  # of the others nobody asks; a set for each would be a tenth of what a run keeps
        run.returned.setdefault(task_id, set()).add(ti.map_index)
    elif length is not None:
        run.lengths[task_id] = length
