"""The report of backfills on a terminal: each in two lines, a dry run date by date."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.text import Text

from harness.kernel.instant import iso
from harness.results.backfill import NOT_CREATED, BackfillDate, BackfillResult
from harness.scheduler.dag_runs.backfill import NONE
from harness.text.plain import clean, one_line

SHOWN = 8
"""Dates that were not created, of each backfill."""


def show_backfills(console: Console, backfills: Iterable[BackfillResult], verbose: bool = False) -> None:
    """Tell of each backfill; of none, nothing.

    Args:
        verbose: every date.
    """
    for number, backfill in enumerate(backfills):
        if not number:
            console.print()
            console.print(Text("Backfills", style="bold"))
        console.print(Text(f"  {_head(backfill)}"), soft_wrap=True)
        for line in _body(backfill, verbose or backfill.dry_run):
            console.print(Text(f"    {line}"), soft_wrap=True)


def _head(backfill: BackfillResult) -> str:
    how = [] if backfill.reprocess == NONE else [f"{backfill.reprocess} runs again"]
    how += ["latest first"] if backfill.reverse else []
    how += ["dry run"] if backfill.dry_run else [f"{backfill.max_active_runs} at a time"]
    dates = f"{iso(backfill.from_date)} … {iso(backfill.to_date)}"
    return f"{clean(backfill.dag_id)}  {dates}  ({', '.join(how)}), asked for at {iso(backfill.at)}"


def _body(backfill: BackfillResult, every_date: bool) -> Iterator[str]:
    if backfill.refused is not None:
        yield f"refused: {one_line(backfill.refused, 300)}"
        return
    counts = ", ".join(f"{count} {outcome}" for outcome, count in backfill.counts.items()) or "no date"
    if backfill.dry_run:
        yield f"would be: {counts}"
    elif backfill.completed_at is None:
        yield f"{counts}; not complete"
    else:
        yield f"{counts}; complete at {iso(backfill.completed_at)}"
    left = [date for date in backfill.dates if every_date or date.outcome == NOT_CREATED]
    yield from map(_date, left if every_date else left[:SHOWN])
    if len(left) > SHOWN and not every_date:
        yield f"and {len(left) - SHOWN} more (-v shows them)"


def _date(date: BackfillDate) -> str:
    why = "" if date.reason is None else f": {date.reason}"
    run = "" if date.run_id is None else f"  {clean(date.run_id)}"
    return f"{iso(date.logical_date)}  {date.outcome}{why}{run}"
