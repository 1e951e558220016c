"""What a page shows of a ledger: columns of numbers and texts, small on disk and quick to read in a browser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from harness.report.page.rows import Instance, LedgerRows
from harness.report.page.texts import Text, Texts, cut_logs, cut_values, shortened

STATES = (
    "", "success", "failed", "running", "queued", "scheduled", "up_for_retry", "up_for_reschedule", "deferred",
    "skipped", "upstream_failed", "removed", "restarting", "awaiting_input",
)  # fmt: skip
"""States of task instances and runs by number; others are added to those of a page."""

FAILED = ("failed", "up_for_retry")
VALUES_SHARE = 0.4
"""Of the room for texts, what XComs and rendered fields may take; logs have the rest."""

Columns = dict[str, Any]
"""Name -> a list, all of one length, or a value that holds for all."""
RunKey = tuple[str, str]
"""dag_id and run_id."""


@dataclass(frozen=True)
class Shown:
    """What a page has room for of a large ledger.

    Attributes:
        runs: those that are there at all.
        instances: task instances of theirs that are.
    """

    runs: frozenset[RunKey]
    instances: frozenset[Instance]


@dataclass
class LedgerColumns:
    """A ledger on its way into a page: what there is, and what is only kept as far as there is room.

    Attributes:
        columns: what is there in full.
        logs: (number of a task instance, of its try, the log).
        values: (number of a task instance, name, bytes of an XCom or None of a rendered field, the value).
    """

    columns: Columns
    texts: Texts
    logs: list[tuple[int, int, Text]]
    values: list[tuple[int, str, int | None, Text]]

    def within(self, room: int) -> dict[str, Any]:
        """All of it, with texts cut to so many bytes."""
        texts = self.texts.copy()
        values = cut_values([value for *_, value in self.values], int(room * VALUES_SHARE))
        before = len(texts.all)
        kept: Columns = {
            "instance": [number for number, *_ in self.values],
            "name": [texts.place(name) for _, name, *_ in self.values],
            "bytes": [size for _, _, size, _ in self.values],
            "value": [texts.place(text) for text, _ in values],
            "cut": [cut for _, cut in values],
        }
        taken = sum(len(text.encode("utf-8", "backslashreplace")) for text in texts.all[before:])
        logs = cut_logs([log for *_, log in self.logs], max(room - taken, 0))
        told: Columns = {
            "instance": [number for number, *_ in self.logs],
            "try": [try_number for _, try_number, _ in self.logs],
            "lines": [[texts.place(line) for line in lines] for lines, _ in logs],
            "cut": [cut for _, cut in logs],
        }
        return {**self.columns, "values": kept, "logs": told, "texts": texts.all}


def columns_of(rows: LedgerRows, shown: Shown | None = None) -> LedgerColumns:
    """The columns of a ledger.

    Args:
        shown: what of it; None for all.
    """
    return _Making(rows, shown).made()


class _Making:
    """Columns on their way: texts and states get their numbers as they come up."""

    def __init__(self, rows: LedgerRows, shown: Shown | None) -> None:
        self.rows, self.shown = rows, shown
        self.texts = Texts()
        self.state_names = list(STATES)
        self._state_numbers = {name: number for number, name in enumerate(STATES)}
        self.runs = [run for run in rows.runs if shown is None or run[:2] in shown.runs]
        self.order = {run[:2]: number for number, run in enumerate(self.runs)}
        self.dags, self.places = self._dags()
        there = (one for one in rows.moves if one[:2] in self.order and (shown is None or one in shown.instances))
        self.instances = sorted(there, key=self._place)
        self.numbers = {instance: number for number, instance in enumerate(self.instances)}

    def _place(self, one: Instance) -> tuple[int, int, int]:
        return self.order[one[:2]], self._task(one), one[3]

    def _task(self, one: Instance) -> int:
        return self.places[one[0]][self.rows.dags[one[0]].number(one[2])]

    def _said(self, text: str | None) -> int:
        return self.texts.place(shortened(text))

    def _since(self, at: int | None) -> int | None:
        """Milliseconds since the ledger's first instant."""
        return None if at is None else at - self.rows.began

    def _state(self, name: str | None) -> int:
        number = self._state_numbers.setdefault(name or "", len(self.state_names))
        if number == len(self.state_names):
            self.state_names.append(name or "")
        return number

    def made(self) -> LedgerColumns:
        """All of them."""
        rows, numbers = self.rows, self.numbers
        failed = {(*one, move[1]) for one in numbers for move in rows.moves[one] if move[0] in FAILED}
        columns = {
            "name": rows.name,
            "facts": rows.facts,
            "is_whole": rows.is_whole,
            "began": rows.began,
            "ended": rows.ended - rows.began,
            "parallelism": rows.parallelism,
            "pools": rows.pools,
            "dags": self.dags,
            "runs": self._runs(),
            "instances": self._instances(),
            "states": self._moves(),
            "errors": self._errors(),
            "findings": self._findings(),
            **({} if self.shown is None else {"left_out": self._left_out()}),
            "state_names": self.state_names,
        }
        logs = [row for row in rows.logs if row[:4] in numbers]
        values = [row for row in rows.values if row[:4] in numbers and row[5] is not None]
        return LedgerColumns(
            columns,
            self.texts,
            [(numbers[row[:4]], row[4], Text(row[5], row[6], row[:5] in failed)) for row in logs],
            [(numbers[row[:4]], row[4], row[7], Text(row[5], row[6])) for row in values],
        )

    def _dags(self) -> tuple[list[Columns], dict[str, list[int]]]:
        """The Dags' tasks in the order of the grid. Returns: also the place of each by its number in `TaskRows`."""
        told, places = [], {}
        for dag in self.rows.dags.values():
            laid = self.rows.layouts[dag.dag_id]
            below = [[dag.numbers[one] for one in task[8] if one in dag.numbers] for task in dag.tasks]
            order = sorted(range(len(below)), key=lambda number: (laid.layers[number], laid.rows[number]))
            at = {number: place for place, number in enumerate(order)}
            places[dag.dag_id] = [at[number] for number in range(len(order))]
            tasks = [dag.tasks[number] for number in order]
            names = ("id", "operator", "pool", "slots", "retries", "rule", "queue", "executor")
            columns: Columns = {name: [task[column] for task in tasks] for column, name in enumerate(names)}
            for name in ("operator", "pool", "rule", "queue", "executor"):
                columns[name] = [self.texts.place(value) for value in columns[name]]
            for column, name in enumerate(("of_run", "of_task", "of_task_in_run"), 9):
                columns[name] = [task[column] for task in tasks]
            columns["below"] = [sorted(at[one] for one in below[number]) for number in order]
            columns["layer"] = [laid.layers[number] for number in order]
            columns["row"] = [laid.rows[number] for number in order]
            columns["bends"] = [[at[one], at[other], *rows] for (one, other), rows in laid.bends.items()]
            told.append({"id": dag.dag_id, "tasks": columns})
        return told, places

    def _runs(self) -> Columns:
        numbers = {dag_id: number for number, dag_id in enumerate(self.rows.dags)}
        counts = Counter(one[:2] for one in self.instances)
        dates = {"date": 3, "after": 4, "from": 5, "to": 6, "start": 10, "end": 11}
        return {
            "dag": [numbers[row[0]] for row in self.runs],
            "id": [row[1] for row in self.runs],
            "type": [self.texts.place(row[2]) for row in self.runs],
            **{name: [self._since(row[column]) for row in self.runs] for name, column in dates.items()},
            "conf": [self._said(row[7] if row[7] != "{}" else None) for row in self.runs],
            "state": [self._state(row[8]) for row in self.runs],
            "reason": [self._said(row[9]) for row in self.runs],
            "instances": [counts[row[:2]] for row in self.runs],
        }

    def _instances(self) -> Columns:
        return {
            "task": [self._task(one) for one in self.instances],
            "map": [one[3] for one in self.instances],
            "stood_in": [self.texts.place(self.rows.stood_in.get(one)) for one in self.instances],
            "states": [len(self.rows.moves[one]) for one in self.instances],
        }

    def _moves(self) -> Columns:
        """States of all instances in a row; an instant counts from the one before, the first from the run."""
        columns: Columns = {"state": [], "try": [], "after": [], "reason": []}
        for one in self.instances:
            last = self.runs[self.order[one[:2]]][4] or self.rows.began
            for state, try_number, at, reason in self.rows.moves[one]:
                columns["state"].append(self._state(state))
                columns["try"].append(try_number)
                columns["after"].append(at - last)
                columns["reason"].append(self._said(reason))
                last = at
        return columns

    def _errors(self) -> Columns:
        rows = [row for row in self.rows.errors if row[:4] in self.numbers]
        return {
            "instance": [self.numbers[row[:4]] for row in rows],
            "try": [row[4] for row in rows],
            **{
                name: [self._said(row[column]) for row in rows]
                for column, name in enumerate(("type", "message", "where"), 5)
            },
        }

    def _findings(self) -> Columns:
        rows = [row for row in self.rows.findings if row[1] is None or row[:2] in self.order]
        names = {"dag": 0, "task": 2, "check": 4, "severity": 5, "message": 6, "fix": 7}
        return {
            "run": [self.order.get(row[:2], -1) for row in rows],
            "at": [self._since(row[3]) for row in rows],
            "line": [row[8] for row in rows],
            **{name: [self._said(row[column]) for row in rows] for name, column in names.items()},
        }

    def _left_out(self) -> Columns:
        """How much of the ledger is not here: of each run its task instances, and runs and states of all there are."""
        known = {run[:2] for run in self.rows.runs}
        counts = Counter(one[:2] for one in self.rows.moves if one not in self.numbers)
        states = Counter(moves[-1][0] if moves else "" for one, moves in self.rows.moves.items() if one[:2] in known)
        ended = Counter(run[8] for run in self.rows.runs)
        return {
            "instances": [counts[run[:2]] for run in self.runs],
            "states": [[self._state(name), count] for name, count in states.most_common()],
            "runs": [[self._state(name), count] for name, count in ended.most_common()],
        }


def shared(columns: Iterable[LedgerColumns], room: int) -> list[dict[str, Any]]:
    """Several ledgers of one page, each with its part of the room."""
    parts = list(columns)
    return [part.within(room // len(parts)) for part in parts]
