"""What tasks that were stood in for were asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from harness.world.pattern import Subject, speaking


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


def calls_of(calls: list[Call], text: str) -> list[Call]:
    """Those of the tasks that a pattern names, in order."""
    return [one for one in calls if speaking({text: None}, *one.subject) is not None]
