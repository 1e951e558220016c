"""What tasks that were stood in for were asked to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from harness.errors import UnmatchedEntry
from harness.world.pattern import Subject, speaking

NoSuchTask = Callable[[str], UnmatchedEntry | None]
"""Why a pattern names no task of one simulation's Dags; None where it does."""


@dataclass(frozen=True)
class Call:
    """One try of a task in whose place something stood.

    Attributes:
        pattern: of the world's entry that stood in.
        map_index: -1 where it is not mapped.
        at: virtual instant at which it began.
        rendered: template fields, rendered, as the operator has them.
        kwargs: what the operator was made with, rendered where it is a template field, and all template fields.
    """

    dag_id: str
    task_id: str
    run_id: str
    pattern: str
    map_index: int
    try_number: int
    logical_date: datetime | None
    at: datetime
    rendered: Mapping[str, Any] = field(repr=False)
    kwargs: Mapping[str, Any] = field(repr=False)
    subject: Subject = field(repr=False)


def calls_of(calls: list[Call], text: str, met: Iterable[NoSuchTask]) -> list[Call]:
    """Those of the tasks that a pattern names, in order.

    Args:
        met: one for each simulation so far.
    Raises: UnmatchedEntry: it names no task of any of them.
    """
    found = [one for one in calls if speaking({text: None}, *one.subject) is not None]
    if not found:
        reasons = [judge(text) for judge in met]
        if reasons and (last := reasons[-1]) is not None and None not in reasons:
            raise last
    return found
