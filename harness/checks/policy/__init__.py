"""Checks of a house's own rules, off unless asked for.

Here is what several of them ask: which tasks do something themselves.
"""

from __future__ import annotations

from typing import Any

from harness.bridge.operators import class_of

_IDLE = {"EmptyOperator", "LatestOnlyOperator", "BaseBranchOperator", "ShortCircuitOperator"}


def does_work(task: Any) -> bool:
    """Whether a task may fail or hang for reasons outside the Dag."""
    return not _IDLE & {base.__name__ for base in class_of(task).__mro__}
