"""What couples the runs of a replay, so that they cannot be simulated apart: what is seen beforehand, and what is met.

Beforehand: what the Dag, the options and the world say. Met: what a task asks its supervisor, or tells it, of anything
that is not its own run's. Of a message that is not known here nobody can tell, so it couples. What tasks do outside of
the simulation (files, modules' globals) nobody sees; in production every task has a process, perhaps a machine, of its
own, so a Dag that relies on such a thing is wrong there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.bridge.snapshot import snapshot
from harness.scheduler.model import Dag
from harness.world.matching import SECTIONS
from harness.world.model import needs_services
from harness.world.pattern import pattern

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from harness.bridge.supervisor.task_context import TaskContext
    from harness.simulation.replays.replaying import ReplayOptions
    from harness.world import World

_OWN = frozenset(
    {
        *("AwaitInputTask", "DeferTask", "RescheduleTask", "RetryTask", "SucceedTask", "TaskState"),
        *("SetExecutionTimeout", "SetRenderedFields", "SetRenderedMapIndex", "SkipDownstreamTasks"),
        *("GetTaskRescheduleStartDate", "ResendLoggingFD", "MaskSecret", "UpdateDagRunNote"),
        *("GetTaskStateStore", "SetTaskStateStore", "DeleteTaskStateStore", "ClearTaskStateStore"),
        *("CreateHITLDetailPayload", "GetHITLDetailResponse", "UpdateHITLDetail"),
        *("GetConnection", "GetVariable", "GetVariableKeys"),
        *("GetDag", "GetAssetByName", "GetAssetByUri", "ValidateInletsAndOutlets"),
    }
)
"""Messages about the task itself, or about what no task changes: who writes variables or assets is met by that."""

_OF_A_RUN = frozenset(
    {
        *("DeleteXCom", "GetXCom", "GetXComCount", "GetXComSequenceItem", "GetXComSequenceSlice", "SetXCom"),
        *("GetDagRun", "GetDagRunState", "GetTaskBreadcrumbs"),
    }
)
"""Messages about the run that they name."""

_OF_RUNS = frozenset({"GetDRCount", "GetTICount", "GetTaskStates"})
"""Messages about the runs that they name, or about all."""


def coupling_of(who: TaskContext, message: Any) -> str | None:
    """What a task asks of other runs, or tells them; None where it is about its own alone."""
    name = type(message).__name__
    if name in _OWN:
        return None
    own = who.ti.run.run_id
    if name in _OF_A_RUN and getattr(message, "run_id", own) == own:
        if not getattr(message, "include_prior_dates", False):
            return None
        return f"task {who.ti.task_id!r} pulls XComs of earlier runs"
    if name in _OF_RUNS and not message.logical_dates and message.run_ids == [own]:
        return None
    return f"task {who.ti.task_id!r} {_DOES.get(name, f'sends {name}')}"


_DOES = {
    **dict.fromkeys(_OF_A_RUN, "asks for what is of another run"),
    **dict.fromkeys(_OF_RUNS, "asks how other runs stand"),
    **dict.fromkeys(("GetPreviousDagRun", "GetPrevSuccessfulDagRun", "GetPreviousTI"), "asks for the run before"),
    **dict.fromkeys(("PutVariable", "DeleteVariable"), "changes a variable"),
    "TriggerDagRun": "triggers a run",
}


def coupling_seen(dags: Mapping[str, DAG], options: ReplayOptions, world: World) -> str | None:
    """What is seen to couple runs before any begins, the first of it; None where nothing is."""
    found = [*_of_options(dags, options), *_of_world(world)]
    for dag in dags.values():
        found += [*_of_rules(snapshot(dag)), *_of_dag(dag)]
    return found[0] if found else None


def _of_options(dags: Mapping[str, DAG], options: ReplayOptions) -> Iterator[str]:
    if len(dags) > 1:
        yield f"{', '.join(dags)} are replayed on one clock"
    if options.fail_fast:
        yield "a run that fails keeps all later ones from beginning (fail_fast)"
    if options.debug:
        yield "the debugger stands in one process"
    if options.idempotent:
        yield "it is compared with itself, on the same services"


def _of_world(world: World) -> Iterator[str]:
    served = [name for name, one in world.connections.items() if one.service is not None]
    if served or needs_services(world):
        yield f"all runs share what the world's services hold ({', '.join(served[:_SHOWN]) or 'see the world'})"
    if world.events:
        yield "events of the world happen at instants of all runs"
    if world.faults or world.drawn_faults is not None:
        yield "faults of the world are told for all runs"
    if world.network.cassette is not None:
        yield "requests are answered from one cassette, in its order"
    if world.network.allow:
        yield f"tasks are let out to {', '.join(map(str, world.network.allow))}, where all runs leave their traces"
    texts = [text for section in SECTIONS for text in getattr(world, section)]
    if narrow := next((text for text in texts if pattern(text).map_index is not None), None):
        yield f"whether {narrow!r} of the world is met is only known of all runs together"


_SHOWN = 4


def _of_rules(dag: Dag) -> Iterator[str]:
    """What Airflow's rules make of runs of one Dag."""
    for task in dag.tasks.values():
        if task.depends_on_past or task.wait_for_downstream:
            yield f"task {task.task_id!r} depends on the past"
    if dag.max_consecutive_failed_dag_runs > 0:
        yield f"{dag.dag_id!r} is paused when several runs fail, one behind the other"
    if dag.dagrun_timeout is not None:
        yield f"{dag.dag_id!r} has a dagrun_timeout, which the simulation waits for"
    if dag.deadlines:
        yield f"{dag.dag_id!r} has deadlines, which runs before may move"


def _of_dag(dag: DAG) -> Iterator[str]:
    """What code of the Dag's does beside its runs, or for others."""
    if dag.on_success_callback or dag.on_failure_callback:
        yield f"a callback of {dag.dag_id!r} runs while the next runs begin"
    for task in dag.tasks:
        if task.outlets:
            yield f"task {task.task_id!r} emits asset events, which are counted through all runs"
