"""Which tasks do something themselves. No check of its own."""

from __future__ import annotations

from typing import Any

_IDLE = {"EmptyOperator", "LatestOnlyOperator", "BaseBranchOperator", "ShortCircuitOperator"}


def does_work(task: Any) -> bool:
    """Whether a task may fail or hang for reasons outside the Dag."""
    operator = task.operator_class if isinstance(getattr(task, "operator_class", None), type) else type(task)
    return not _IDLE & {base.__name__ for base in operator.__mro__}
