"""What a world's stub does in the place of an operator's ``execute``."""

from __future__ import annotations

from typing import Any

from harness.bridge.deciders import short_circuited
from harness.bridge.versions.names import task_exception
from harness.world.entries import Stub

FAILS = "stubbed to fail"


def runs_itself(stub: Stub, try_number: int) -> bool:
    """Whether the task's own code runs at this try."""
    return stub.runs and try_number > stub.fails


def play(stub: Stub, try_number: int, context: Any) -> Any:
    """End as the stub says.

    Args:
        try_number: from 1.
        context: the task's.
    Returns: what the task returns.
    Raises: AirflowException, AirflowFailException, AirflowSkipException; DownstreamTasksSkipped as branching does.
    """
    if try_number <= stub.fails:
        raise task_exception("AirflowException")(stub.raises or f"{FAILS}, try {try_number} of {stub.fails}")
    if stub.raises is not None:
        raise task_exception("AirflowException")(stub.raises)
    if stub.state == "failed":
        raise task_exception("AirflowFailException")(FAILS)
    if stub.state == "skipped":
        raise task_exception("AirflowSkipException")("stubbed as skipped")
    if stub.follows is not None:
        return _follow(context, stub.follows)
    return stub.returns


def _follow(context: Any, branches: tuple[str, ...]) -> Any:
    """Source: ``BaseBranchOperator.execute``, ``ShortCircuitOperator.execute``."""
    task = context["task"]
    if hasattr(task, "do_branch"):
        return task.do_branch(context, list(branches))
    if not hasattr(task, "skip_all_except"):
        raise task_exception("AirflowException")(f"stubbed to follow a branch, but {task.task_type} has none")
    if not any(each.__name__ == "ShortCircuitOperator" for each in type(task).__mro__):
        task.skip_all_except(context["ti"], list(branches))
    elif not branches:
        task.skip(context["ti"], [task.dag.task_dict[task_id] for task_id in short_circuited(task)])
    return bool(branches)
