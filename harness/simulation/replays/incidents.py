"""A run of a ledger as it was: how long its tasks took then and how they ended, as a world in which it runs again."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from harness.kernel.instant import Microseconds
from harness.ledger.past_run import PastRun
from harness.ledger.past_tries import PastTries, PastTry
from harness.world import World
from harness.world.around import TaskFault

if TYPE_CHECKING:
    from airflow.sdk import DAG

_FAILED = ("failed", "up_for_retry")


def world_as_then(past: PastRun, tries: PastTries, dag: DAG, world: World, failures: bool = True) -> World:
    """A world in which the tasks of a run take as long as they took then, and fail where they failed.

    What waits by itself (deferrable, ``mode="reschedule"``) takes the time that it waits here.

    Args:
        tries: of the ledger that the run is of. A try more than there were then takes as long as the last one did.
        world: what else there is.
        failures: False leaves it to the code how tries end.
    """
    then = world.copy()
    for (dag_id, run_id, task_id, index), of_instance in tries.tries.items():
        if (dag_id, run_id) != (past.dag_id, past.run_id) or not of_instance or task_id not in dag.task_dict:
            continue
        pattern = f"{dag_id}.{task_id}" + (f"[{index}]" if index >= 0 else "")
        lasted = {number: _lasted(tried) for number, tried in of_instance.items() if tried.slices}
        waits = any(tried.waited for tried in of_instance.values()) or _waits_itself(dag.task_dict[task_id])
        if lasted and not waits:
            then.tries_last[dag_id, task_id, index] = lasted
        failed = tuple(number for number, tried in sorted(of_instance.items()) if tried.state in _FAILED)
        if failures and failed:
            then.faults.append(TaskFault(pattern, "fails", failed, "end", may_miss=True))
    return then


def _lasted(tried: PastTry) -> Microseconds:
    return sum(one.lasts + one.waits for one in tried.slices)


def _waits_itself(task: Any) -> bool:
    """Whether a task leaves its worker to wait. Of a mapped one what its instances are given alike.

    The ledger of a deployed Airflow does not say it: there a try is all of one piece.
    """
    given = task.partial_kwargs if task.is_mapped else vars(task)
    execute = inspect.unwrap((task.operator_class if task.is_mapped else type(task)).execute)
    always = "defer" in getattr(getattr(execute, "__code__", None), "co_names", ())  # ``self.defer(…)``
    chosen = "deferrable" in given
    return bool(given["deferrable"] if chosen else always) or given.get("mode") == "reschedule"
