"""Task instances as rows: what happened to each, mapped ones of one fate together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from harness.report.style import Glyphs, colour, state_text
from harness.results.run import RunResult, TaskResult
from harness.text import clean, span_text

TOGETHER = 5
"""Mapped instances of one fate from which on they share a row."""


@dataclass(frozen=True)
class TaskRow:
    """A task instance, or several of one mapped task whose states, tries and reasons are alike.

    Attributes:
        of: how many instances the task has.
    """

    instances: tuple[TaskResult, ...]
    of: int = 1

    @property
    def first(self) -> TaskResult:
        """The instance that speaks for the row."""
        return self.instances[0]

    @property
    def name(self) -> str:
        """``load``, ``load[3]``, or ``load[0…99] ×98 of 100``."""
        if len(self.instances) == 1:
            return self.first.name
        low, high = self.first.map_index, self.instances[-1].map_index
        of = "" if self.of == len(self.instances) else f" of {self.of}"
        return f"{self.first.task_id}[{low}…{high}] ×{len(self.instances)}{of}"


def rows(instances: Iterable[TaskResult]) -> list[TaskRow]:
    """Rows in the order of the instances."""
    groups: dict[tuple[object, ...], list[TaskResult]] = {}
    totals: dict[str, int] = {}
    for ti in instances:
        totals[ti.task_id] = totals.get(ti.task_id, 0) + 1
        groups.setdefault((ti.task_id, ti.state, ti.try_number, why(ti)), []).append(ti)
    found: list[TaskRow] = []
    for members in groups.values():
        if len(members) >= TOGETHER:
            found.append(TaskRow(tuple(members), totals[members[0].task_id]))
        else:
            found += [TaskRow((ti,)) for ti in members]
    return found


def ran(ti: TaskResult) -> bool:
    """Whether its code ran: the scheduler dates what it skips, too."""
    return bool(ti.attempts) or (ti.start_date is not None and ti.end_date is None)


def why(ti: TaskResult) -> str:
    """Why a task instance is not simply a success: its reason or its error, and that something stood in for it."""
    error = f"{ti.error.kind}: {ti.error.message}" if ti.error is not None else ""
    reason = "" if ti.state == "success" else clean(ti.reason or error).strip()
    first, _, rest = reason.partition("\n")
    if ti.stood_in is None:
        return reason
    first = f"{first} (stood in for by {ti.stood_in!r})" if first else f"stood in for by {ti.stood_in!r}"
    return f"{first}\n{rest}" if rest else first


def task_table(run: RunResult, signs: Glyphs) -> Table:
    """State, tries, start after the run's own, duration and reason of every task instance."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    table.add_column("task", overflow="fold")
    table.add_column("state", no_wrap=True)
    table.add_column("tries", justify="right", no_wrap=True)
    table.add_column("start", justify="right", no_wrap=True)
    table.add_column("lasted", justify="right", no_wrap=True)
    table.add_column("reason", overflow="fold")
    for row in rows(run.task_instances):
        ti = row.first
        table.add_row(
            Text(row.name),
            Text(f"{signs.of(ti.state)} {state_text(ti.state)}", style=colour(ti.state)),
            str(ti.try_number or "-"),
            _start(row, run.start_date),
            _lasted(row),
            Text(_first_line(why(ti))),
        )
    return table


def retries(instances: Iterable[TaskResult]) -> list[tuple[str, int, str]]:
    """(name, try, reason) of every try that failed and was followed by another."""
    return [
        (ti.name, attempt.try_number, clean(attempt.reason or ""))
        for ti in instances
        for attempt in ti.attempts
        if attempt.state == "up_for_retry"
    ]


def xcom_rows(instances: Iterable[TaskResult], apart: bool = False) -> list[tuple[str, Any]]:
    """(``task`` or ``task.key``, value) of every XCom; those of many mapped instances together, as a list.

    Args:
        apart: never together.
    """
    groups: dict[tuple[str, str], list[tuple[TaskResult, Any]]] = {}
    for ti in instances:
        for key, value in sorted(ti.xcoms.items()):
            groups.setdefault((ti.task_id, key), []).append((ti, value))
    found: list[tuple[str, Any]] = []
    for (_, key), pushed in groups.items():
        suffix = "" if key == "return_value" else f".{key}"
        if len(pushed) >= TOGETHER and not apart:
            name = TaskRow(tuple(ti for ti, _ in pushed), len(pushed)).name
            found.append((name + suffix, [value for _, value in pushed]))
        else:
            found += [(ti.name + suffix, value) for ti, value in pushed]
    return found


def counts(run: RunResult) -> str:
    """``3 success, 1 failed``: how many task instances ended in each state, failures first."""
    order = ("failed", "upstream_failed", "success", "skipped")
    totals: dict[str, int] = {}
    for ti in run.task_instances:
        totals[state_text(ti.state)] = totals.get(state_text(ti.state), 0) + 1
    ranked = sorted(totals, key=lambda state: (order.index(state) if state in order else len(order), state))
    return ", ".join(f"{totals[state]} {state}" for state in ranked) or "no task instance"


def stood_in(runs: Iterable[RunResult]) -> str:
    """``, 3 stood in for``: how many task instances did not run their own code; empty where all did."""
    count = sum(ti.stood_in is not None for run in runs for ti in run.task_instances)
    return f", {count} stood in for" if count else ""


def _first_line(text: str) -> str:
    lines = text.splitlines()
    return text if len(lines) < 2 else f"{lines[0]} …"


def _start(row: TaskRow, origin: datetime | None) -> str:
    starts = [ti.start_date for ti in row.instances if ti.start_date is not None and ran(ti)]
    return f"+{span_text(min(starts) - origin)}" if starts and origin is not None else "-"


def _lasted(row: TaskRow) -> str:
    """The duration; of several instances the shortest and the longest."""
    ended = [ti for ti in row.instances if ran(ti)]
    spans = [ti.end_date - ti.start_date for ti in ended if ti.start_date is not None and ti.end_date is not None]
    if not spans:
        return "-"
    low, high = span_text(min(spans)), span_text(max(spans))
    return low if low == high else f"{low}…{high}"
