"""Warnings of task code that say its data is not what the code says: a write that went into a copy, and was lost.

The task succeeds, and its result is wrong. pandas warns of it, each line once a process; in a worker that stands in a
log which nobody reads.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from harness.bridge.patches import replaced
from harness.bridge.supervisor.task_context import TaskContext, current_task_context

_INTO_A_COPY = r"\s*A value is (being|trying to be) set on a copy of "
"""Source: ``pandas.errors.cow`` (3.1); ``SettingWithCopyWarning`` and its kin (2.2)."""
_IS_LOST = "ChainedAssignmentError"


@dataclass(frozen=True)
class LostWrite:
    """A write into a copy.

    Attributes:
        kind: pandas' class of the warning.
        path, line: of the code that writes, as far as pandas knows.
        severity: a ``warning`` where pandas 2 says that it may be lost, or will be by pandas 3.
    """

    kind: str
    path: str
    line: int
    severity: Literal["error", "warning"]


Tell = Callable[[TaskContext, LostWrite], None]


@contextmanager
def lost_writes_told(tell: Tell) -> Iterator[None]:
    """Whoever's task loses a write in the block is told of, at every line and every time.

    Warnings go on to where they went. Where filters of the user's ignore them, or make errors of them, they are that.
    """
    show = warnings.showwarning

    def showwarning(message: Warning | str, category: type[Warning], filename: str, lineno: int, *rest: Any) -> None:
        who = current_task_context()
        if who is not None and re.match(_INTO_A_COPY, str(message)):
            severity: Literal["error", "warning"] = "error" if category.__name__ == _IS_LOST else "warning"
            tell(who, LostWrite(category.__name__, filename, lineno, severity))
        show(message, category, filename, lineno, *rest)

    with warnings.catch_warnings():  # its end puts our filter away
        warnings.filterwarnings("always", message=_INTO_A_COPY, append=True)  # behind all others: Python tells once
        with replaced([(warnings, "showwarning", showwarning)]):
            yield
