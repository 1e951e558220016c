"""What a page shows of a ledger: columns of numbers and texts, small on disk and quick to read in a browser."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.ledger.questions import opened_as
from harness.ledger.reading import ended, header
from harness.report.page.layers import placed
from harness.report.page.texts import LONGEST_LOG, LONGEST_VALUE, WEIGHT, Text, Texts, cut_logs, cut_values

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

STATES = (
    "", "success", "failed", "running", "queued", "scheduled", "up_for_retry", "up_for_reschedule", "deferred",
    "skipped", "upstream_failed", "removed", "restarting", "awaiting_input",
)  # fmt: skip
"""States of task instances and runs by number; others are added to those of a page."""

FAILED = ("failed", "up_for_retry")
VALUES_SHARE = 0.4
"""Of the room for texts, what XComs and rendered fields may take; logs have the rest."""

_UNKNOWN = (None, None, 1, 0, None, None, None, (), None, None, None)
"""What is said of a task that no ledger describes: see `_Dag.add`."""

Instance = tuple[str, str, str, int]
"""A task instance: dag_id, run_id, task_id, map_index."""
Columns = dict[str, Any]
"""Name -> a list, all of one length, or a value that holds for all."""

_BEGAN = "select coalesce(epoch_ms(min(instant)), 0), coalesce(epoch_ms(max(instant)), 0) from records"
_LIMITS = "select parallelism, pools from records where kind = 'simulation' order by n desc limit 1"
_TASKS = """select dag_id, task_id, operator, pool, pool_slots, retries, trigger_rule, queue, executor, downstream,
    max_active_tasks, max_active_tis_per_dag, max_active_tis_per_dagrun from tasks"""
_RUNS = """select dag_id, run_id, run_type, epoch_ms(logical_date), epoch_ms(run_after),
    epoch_ms(data_interval_start), epoch_ms(data_interval_end), conf, state, reason, epoch_ms(start_date),
    epoch_ms(end_date) from runs order by dag_id, coalesce(logical_date, run_after), run_id"""
_OF_INSTANCE = "dag_id, run_id, task_id, coalesce(map_index, -1)"
_STATES = f"""select {_OF_INSTANCE}, coalesce(state, ''), try_number, epoch_ms(instant), reason
    from records where kind = 'ti-state' order by n"""
_TRIES = f"""select {_OF_INSTANCE}, state, try_number, epoch_ms(start_date), epoch_ms(end_date)
    from attempts order by dag_id, run_id, task_id, map_index, try_number"""
_ERRORS = f"""select {_OF_INSTANCE}, try_number, error_type, error_message, error_where from attempts
    where error_type is not null"""
_STOOD_IN = f"select {_OF_INSTANCE}, arg_max(pattern, n) from records where kind = 'stood-in' group by all"
_LOGS = f"""select {_OF_INSTANCE}, try_number, right(text, ?), length(text) from logs"""
_VALUES = f"""
    select {_OF_INSTANCE}, field as name, left(value::varchar, {LONGEST_VALUE}), length(value::varchar), null as bytes
    from rendered_fields union all
    select {_OF_INSTANCE}, key, left(coalesce(value::varchar, 'null'), {LONGEST_VALUE}),
        length(coalesce(value::varchar, 'null')), coalesce(bytes, 4) from xcoms
"""
_FINDINGS = "select dag_id, run_id, task_id, epoch_ms(instant), check_id, severity, message, fix, line from findings"


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


@dataclass
class _Dag:
    """A Dag and its tasks, in the order in which they are told of."""

    dag_id: str
    tasks: list[tuple[Any, ...]] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, task_id: str) -> int:
        """That of a task; one that the ledger does not describe is added."""
        if task_id not in self.numbers:
            self.add(task_id)
        return self.numbers[task_id]

    def add(self, task_id: str, *facts: Any) -> None:
        """A task: operator, pool, slots, retries, rule, queue, executor, downstream ids, three limits."""
        self.numbers[task_id] = len(self.tasks)
        self.tasks.append((task_id, *(facts or _UNKNOWN)))


class _Reading:
    """One ledger, read.

    Args:
        is_recorded: an Airflow made its runs, and told of no state but the last; see `harness.ledger.recorded`.
    """

    def __init__(self, connection: DuckDBPyConnection, is_recorded: bool) -> None:
        self.connection, self._is_recorded = connection, is_recorded
        self.texts = Texts()
        self.state_names = list(STATES)
        self._state_numbers = {name: number for number, name in enumerate(STATES)}
        self.began, self.ended = self._rows(_BEGAN)[0]
        self.dags: dict[str, _Dag] = {}
        for dag_id, *facts in self._rows(_TASKS):
            dag = self._dag(dag_id)
            if facts[0] not in dag.numbers:  # another version of the Dag tells of it again
                dag.add(*facts)

    def _rows(self, question: str, *values: Any) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self.connection.execute(question, list(values)).fetchall()
        return rows

    def _dag(self, dag_id: str) -> _Dag:
        return self.dags.setdefault(dag_id, _Dag(dag_id))

    def _since(self, at: int | None) -> int | None:
        """Milliseconds since the ledger's first instant."""
        return None if at is None else at - self.began

    def _state(self, name: str | None) -> int:
        number = self._state_numbers.setdefault(name or "", len(self.state_names))
        if number == len(self.state_names):
            self.state_names.append(name or "")
        return number

    def read(self) -> LedgerColumns:
        """All that a page may show."""
        runs = list({row[:2]: row for row in self._rows(_RUNS)}.values())  # instances are known by it: one of each
        moves = [*(self._of_tries() if self._is_recorded else ()), *self._rows(_STATES)]
        values, logs = self._rows(_VALUES), self._logs()
        order = {(row[0], row[1]): number for number, row in enumerate(runs)}
        found: dict[Instance, list[tuple[Any, ...]]] = {}
        for row in moves:
            found.setdefault(row[:4], []).append(row[4:])
        for row in (*values, *logs):
            found.setdefault(row[:4], [])
        for instance in found:
            self._dag(instance[0]).number(instance[2])
        for run in runs:
            self._dag(run[0])
        dags, places = self._dags()
        instances = sorted(
            (one for one in found if one[:2] in order),
            key=lambda one: (order[one[:2]], places[one[0]][self.dags[one[0]].number(one[2])], one[3]),
        )
        numbers = {instance: number for number, instance in enumerate(instances)}
        failed = {(*one, row[1]) for one in numbers for row in found[one] if row[0] in FAILED}
        parallelism, pools = self._limits()
        columns = {
            "began": self.began,
            "ended": self.ended - self.began,
            "parallelism": parallelism,
            "pools": pools,
            "dags": dags,
            "runs": self._runs(runs, instances),
            "instances": self._instances(instances, found, places),
            "states": self._moves(instances, found, runs, order),
            "errors": self._errors(numbers),
            "findings": self._findings(order),
            "state_names": self.state_names,
        }
        return LedgerColumns(
            columns,
            self.texts,
            [(numbers[row[:4]], row[4], Text(row[5], row[6], row[:5] in failed)) for row in logs if row[:4] in numbers],
            [
                (numbers[row[:4]], row[4], row[7], Text(row[5], row[6]))
                for row in values
                if row[:4] in numbers and row[5] is not None
            ],
        )

    def _of_tries(self) -> Iterator[tuple[Any, ...]]:
        """What task instances went through as far as their tries tell it, as rows of `_STATES`; not how they ended."""
        tries = self._rows(_TRIES)
        for one, following in zip_longest(tries, tries[1:]):
            *whose, _, try_number, start, end = one
            yield (*whose, "running", try_number, start, None)
            if following is not None and following[:4] == one[:4]:
                yield (*whose, "up_for_retry", try_number, end, None)

    def _logs(self) -> list[tuple[Any, ...]]:
        """Of many logs, no more of each than a page could ever show of it."""
        count = self._rows("select count(*) from kept_logs")[0][0]
        most = max(2_048, min(LONGEST_LOG, 32_000_000 // max(count, 1))) * WEIGHT
        return self._rows(_LOGS, most)

    def _limits(self) -> tuple[int | None, list[list[Any]]]:
        import json

        found = self._rows(_LIMITS)
        if not found:
            return None, []
        parallelism, pools = found[0]
        told = json.loads(pools or "[]")
        return parallelism, [[one["pool"], one["slots"], bool(one.get("include_deferred"))] for one in told]

    def _dags(self) -> tuple[list[Columns], dict[str, list[int]]]:
        """The Dags' tasks in the order of the grid. Returns: also the place of each by its number in `_Dag`."""
        told, places = [], {}
        for dag in self.dags.values():
            below = [[dag.numbers[one] for one in task[8] if one in dag.numbers] for task in dag.tasks]
            laid = placed(below)
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

    def _runs(self, runs: Sequence[tuple[Any, ...]], instances: Sequence[Instance]) -> Columns:
        numbers = {dag_id: number for number, dag_id in enumerate(self.dags)}
        counts: dict[tuple[str, str], int] = {}
        for one in instances:
            counts[one[:2]] = counts.get(one[:2], 0) + 1
        dates = {"date": 3, "after": 4, "from": 5, "to": 6, "start": 10, "end": 11}
        return {
            "dag": [numbers[row[0]] for row in runs],
            "id": [row[1] for row in runs],
            "type": [self.texts.place(row[2]) for row in runs],
            **{name: [self._since(row[column]) for row in runs] for name, column in dates.items()},
            "conf": [self.texts.place(row[7] if row[7] != "{}" else None) for row in runs],
            "state": [self._state(row[8]) for row in runs],
            "reason": [self.texts.place(row[9]) for row in runs],
            "instances": [counts.get(row[:2], 0) for row in runs],
        }

    def _instances(
        self,
        instances: Sequence[Instance],
        found: dict[Instance, list[tuple[Any, ...]]],
        places: dict[str, list[int]],
    ) -> Columns:
        stood_in = {row[:4]: row[4] for row in self._rows(_STOOD_IN)}
        return {
            "task": [places[one[0]][self.dags[one[0]].number(one[2])] for one in instances],
            "map": [one[3] for one in instances],
            "stood_in": [self.texts.place(stood_in.get(one)) for one in instances],
            "states": [len(found[one]) for one in instances],
        }

    def _moves(
        self,
        instances: Sequence[Instance],
        found: dict[Instance, list[tuple[Any, ...]]],
        runs: Sequence[tuple[Any, ...]],
        order: dict[tuple[str, str], int],
    ) -> Columns:
        """States of all instances in a row; an instant counts from the one before, the first from the run."""
        columns: Columns = {"state": [], "try": [], "after": [], "reason": []}
        for one in instances:
            last = runs[order[one[:2]]][4] or self.began
            for state, try_number, at, reason in found[one]:
                columns["state"].append(self._state(state))
                columns["try"].append(try_number)
                columns["after"].append(at - last)
                columns["reason"].append(self.texts.place(reason))
                last = at
        return columns

    def _errors(self, numbers: dict[Instance, int]) -> Columns:
        rows = [row for row in self._rows(_ERRORS) if row[:4] in numbers]
        return {
            "instance": [numbers[row[:4]] for row in rows],
            "try": [row[4] for row in rows],
            **{
                name: [self.texts.place(row[column]) for row in rows]
                for column, name in enumerate(("type", "message", "where"), 5)
            },
        }

    def _findings(self, order: dict[tuple[str, str], int]) -> Columns:
        rows = self._rows(_FINDINGS)
        names = {"dag": 0, "task": 2, "check": 4, "severity": 5, "message": 6, "fix": 7}
        return {
            "run": [order.get(row[:2], -1) for row in rows],
            "at": [self._since(row[3]) for row in rows],
            "line": [row[8] for row in rows],
            **{name: [self.texts.place(row[column]) for row in rows] for name, column in names.items()},
        }


def columns_of(folder: Path, name: str) -> LedgerColumns:
    """Read a ledger for a page.

    Args:
        name: what it is called there.
    Raises: LedgerError: it is none of ours.
    """
    first = header(folder)
    told = {key: value for key, value in first.items() if key not in ("kind", "n", "hash", "schema")}
    connection = opened_as({"ledger": folder})
    try:
        read = _Reading(connection, is_recorded="source" in first).read()
    finally:
        connection.close()
    read.columns = {"name": name, "facts": told, "is_whole": ended(folder), **read.columns}
    return read


def shared(columns: Iterable[LedgerColumns], room: int) -> list[dict[str, Any]]:
    """Several ledgers of one page, each with its part of the room."""
    parts = list(columns)
    return [part.within(room // len(parts)) for part in parts]
