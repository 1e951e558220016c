"""Which rows and objects came out otherwise in a pass, in words: the comparison of ledgers finds them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from harness.ledger.comparison.compare import compared
from harness.ledger.comparison.result import AREAS, LedgerChange, Sample
from harness.ledger.comparison.rules import Rules
from harness.results.calendar import CalendarResult
from harness.text import one_line

SHOWN = 3
"""Rows that are named of each change."""
WIDTH = 80
"""Characters of a row, or of a value of one."""
_BUT_DATA = tuple(area for area in AREAS if area != "data")
_DIGEST = "digest"
"""The column that stands for what is in an object."""
_MOST_DAYS = 400


@dataclass(frozen=True, slots=True)
class PassLedger:
    """What a pass left behind.

    Attributes:
        ledger: its folder.
        days: dates of its clock, ISO.
        meant: dates that its runs are of, which are in rows by right.
    """

    ledger: Path
    days: frozenset[str]
    meant: frozenset[str]

    @classmethod
    def of(cls, result: CalendarResult, ledger: Path) -> PassLedger:
        """That of a result."""
        dates = [
            date
            for run in result.runs
            for date in (run.logical_date, run.data_interval_start, run.data_interval_end)
            if date is not None
        ]
        return cls(ledger, frozenset(_days(result.since, result.busy_until)), frozenset(map(_day, dates)))


@dataclass(frozen=True, slots=True)
class ChangedRows:
    """What differs of a table or bucket.

    Attributes:
        text: the rows and what became of them; empty where the ledgers cannot tell.
        follows_clock: a date of the pass's clock is in them.
    """

    text: str = ""
    follows_clock: bool = False


@dataclass(frozen=True, slots=True)
class RowsBetween:
    """The rows that differ between one pass and the next.

    Attributes:
        changes: of the data, as the comparison of their ledgers tells them.
    """

    before: PassLedger
    after: PassLedger
    changes: tuple[LedgerChange, ...]

    @classmethod
    def of_passes(cls, before: PassLedger, after: PassLedger) -> RowsBetween:
        """Compare the two."""
        return cls(before, after, compared(before.ledger, after.ledger, Rules(ignore=_BUT_DATA, samples=SHOWN)).changes)

    def of(self, conn_id: str, part: str) -> ChangedRows:
        """Those of a table or bucket of a connection."""
        changes = [change for change in self.changes if change.subject == f"{conn_id}.{part}"]
        told = [text for change in changes for text in _told(change)]
        clock = any(self._follows(sample) for change in changes for sample in change.samples)
        return ChangedRows("; ".join(told), clock)

    def _follows(self, sample: Sample) -> bool:
        """Whether a sample has the clock's date, and had that of the pass before where it was there."""
        now = f"{sample.run} {sample.b}"
        later = self.after.days - self.after.meant
        return _names(now, later) and (sample.a is None or _names(sample.a, self.before.days))


def _told(change: LedgerChange) -> Iterator[str]:
    """``{"day": 1} added``, ``sum of day 1 is 4, was 3``."""
    for sample in change.samples:
        if change.change == "changed":
            is_whole = change.field in (None, _DIGEST)
            what = sample.run if is_whole else f"{change.field} of {sample.run}"
            yield f"{what} changed" if is_whole else f"{what} is {_cut(sample.b)}, was {_cut(sample.a)}"
        else:
            row = sample.run if sample.run.startswith("key ") else _cut(sample.b if sample.a is None else sample.a)
            yield f"{row} {change.change}{f', {sample.why}' if sample.why else ''}"
    if change.count > len(change.samples):
        yield f"{change.count - len(change.samples):,} more {change.change}"


def _cut(value: str | None) -> str:
    return one_line(value or "nothing", WIDTH)


def _names(text: str, days: Iterable[str]) -> bool:
    return any(day in text for day in days)


def _day(date: datetime) -> str:
    return f"{date:%Y-%m-%d}"


def _days(since: datetime, until: datetime) -> Iterator[str]:
    count = min((until.date() - since.date()).days + 1, _MOST_DAYS)
    return (_day(since + timedelta(days=number)) for number in range(max(count, 1)))
