"""What a page shows of a ledger that is too large for one: its runs, and the task instances of some of them.

The newest run that failed has its own first, then others that failed, up to half of the room, then the newest runs. The
page says what it leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.report.page.columns import LedgerColumns, RunKey, Shown, columns_of
from harness.report.page.rows import Instance, LedgerRows
from harness.text import counted

_FOR_FACTS = 0.85
"""Of the room, what runs, task instances and their states may take; logs, XComs and rendered fields have the rest."""
_FOR_RUNS = 0.5
"""Of that, what runs may take that have no task instances."""
_ROUNDS = 8
"""Times that fewer are tried: what one takes is known on the average only."""
_FEWER = 0.98
_SURELY_TOO_MANY = 100_000
"""Task instances of which a page has no room for all: one takes 40 bytes at least."""
_SAMPLE = 2_000
"""Task instances by which it is seen what one takes."""
_FAILING = ("failed", "upstream_failed", "up_for_retry")


@dataclass(frozen=True)
class LeftOut:
    """What a page does not show of its ledgers, for it would be too large.

    Attributes:
        runs: so many of ``all_runs`` are not there at all.
        instances: so many of ``all_instances``, of task instances.
    """

    runs: int
    all_runs: int
    instances: int
    all_instances: int

    def __str__(self) -> str:
        runs = f"{self.runs:,} of {counted(self.all_runs, 'run')} and " if self.runs else ""
        return f"{runs}{self.instances:,} of {counted(self.all_instances, 'task instance')}"


def fitted(
    read: Sequence[LedgerRows], room: int, size: Callable[[Sequence[LedgerColumns]], int]
) -> tuple[list[LedgerColumns], LeftOut | None]:
    """The columns of ledgers that share a page, of large ones as much as there is room for.

    Args:
        room: bytes.
        size: bytes of columns, with as little text as there can be.
    Returns: also what is left out, None where nothing is.
    """
    order = _Order(read)
    if order.instances <= _SURELY_TOO_MANY:
        parts = [columns_of(rows) for rows in read]
        if size(parts) <= room or not order.runs:
            return parts, None
    room_of_facts = int(room * _FOR_FACTS)
    bare = size(order.columns(len(order.runs), 0))  # of all runs without a task instance
    some = min(order.instances, _SAMPLE)
    each = max(size(order.columns(len(order.runs), some)) - bare, some) / max(some, 1)
    listed = min(len(order.runs), max(int(len(order.runs) * _FOR_RUNS * room_of_facts / bare), 1))
    most = int(max(room_of_facts - bare * listed / len(order.runs), 0) / each)
    for _ in range(_ROUNDS):
        parts = order.columns(listed, most)
        over = size(parts) / room_of_facts
        if over <= 1:
            break
        most = int(most / over * _FEWER)
    return parts, _left_out(read, parts)


class _Order:
    """What ledgers that share a page have, in the order in which a page has room for it.

    Attributes:
        runs: the newest first.
        instances: how many there are.
    """

    def __init__(self, read: Sequence[LedgerRows]) -> None:
        self.read = read
        after: dict[RunKey, int] = {}
        self.of_run: dict[RunKey, dict[Instance, bool]] = {}
        self.failing: set[RunKey] = set()
        for rows in read:
            for run in rows.runs:
                after[run[:2]] = run[4] or 0
                self.of_run.setdefault(run[:2], {})
                if run[8] == "failed":
                    self.failing.add(run[:2])
            for one, moves in rows.moves.items():
                of_run = self.of_run.get(one[:2])
                if of_run is not None:
                    of_run[one] = of_run.get(one, False) or bool(moves and moves[-1][0] in _FAILING)
        self.failing |= {key for key, of_run in self.of_run.items() if any(of_run.values())}
        self.runs = sorted(after, key=lambda key: -after[key])
        self.instances = sum(map(len, self.of_run.values()))

    def columns(self, listed: int, most: int) -> list[LedgerColumns]:
        """Those of so many runs, and of so many task instances at most."""
        runs = self._first(self.runs, listed, dict.fromkeys(self.runs, 1))
        counts = {key: len(self.of_run[key]) for key in runs}
        whole = self._first([key for key in self.runs if key in counts], most, counts)
        instances = [one for key in whole for one in self.of_run[key]] or self._worst(runs, most)
        shown = Shown(frozenset(runs), frozenset(instances))
        return [columns_of(rows, shown) for rows in self.read]

    def _first(self, newest: Sequence[RunKey], most: int, sizes: dict[RunKey, int]) -> list[RunKey]:
        """Of runs the first that failed, more of those in half of the room, and the newest; until one does not fit."""
        found: dict[RunKey, None] = {}
        taken = 0
        for keys, room in (([key for key in newest if key in self.failing], most // 2), (newest, most)):
            for key in keys:
                if key in found:
                    continue
                if taken + sizes[key] > (room if found else most):
                    break
                found[key] = None
                taken += sizes[key]
        return list(found)

    def _worst(self, runs: Sequence[RunKey], most: int) -> list[Instance]:
        """Of the first run, where that alone does not fit: what failed, and then what came first."""
        for key in runs:
            if self.of_run[key]:
                failed = self.of_run[key]
                return sorted(failed, key=lambda one: not failed[one])[:most]
        return []


def _left_out(read: Sequence[LedgerRows], parts: Sequence[LedgerColumns]) -> LeftOut:
    runs = sum(len(rows.runs) for rows in read)
    of_runs = [{run[:2] for run in rows.runs} for rows in read]
    instances = sum(one[:2] in known for rows, known in zip(read, of_runs, strict=True) for one in rows.moves)
    listed = sum(len(part.columns["runs"]["id"]) for part in parts)
    shown = sum(len(part.columns["instances"]["task"]) for part in parts)
    return LeftOut(runs - listed, runs, instances - shown, instances)
