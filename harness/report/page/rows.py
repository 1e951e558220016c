"""What is read of a ledger for a page: rows of its runs, task instances, tries and of what these left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.ledger.questions import opened_as
from harness.ledger.reading import ended, header
from harness.report.page.layers import Placed, placed
from harness.report.page.texts import LONGEST_LOG, LONGEST_VALUE, WEIGHT

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Instance = tuple[str, str, str, int]
"""A task instance: dag_id, run_id, task_id, map_index."""
Row = tuple[Any, ...]

_UNKNOWN = (None, None, 1, 0, None, None, None, (), None, None, None)
"""What is said of a task that no ledger describes: see `TaskRows.add`."""
_OF_LOGS = 32_000_000
"""Characters that are read of all logs of a ledger, about: more than a page has room for."""

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
    order by 1, 2, 3, 4, 5, 8 nulls first
"""
"""Sorted, for they are grouped by threads, each time in another order."""
_FINDINGS = "select dag_id, run_id, task_id, epoch_ms(instant), check_id, severity, message, fix, line from findings"


@dataclass
class TaskRows:
    """A Dag's tasks, in the order in which they are told of."""

    dag_id: str
    tasks: list[Row] = field(default_factory=list)
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

    def laid_out(self) -> Placed:
        """Where they stand in the graph, by their numbers."""
        return placed([[self.numbers[one] for one in task[8] if one in self.numbers] for task in self.tasks])


@dataclass
class LedgerRows:
    """A ledger that was read for a page.

    Attributes:
        name: what it is called there.
        facts: of its header.
        began, ended: its first and its last instant, milliseconds since the epoch.
        dags: in the order in which they are told of.
        runs: as of `_RUNS`, in their order.
        moves: of each task instance the states that it went through: name, try, instant, reason.
        values: as of `_VALUES`.
        logs: as of `_LOGS`.
    """

    name: str
    facts: dict[str, Any]
    is_whole: bool
    began: int
    ended: int
    parallelism: int | None
    pools: list[list[Any]]
    dags: dict[str, TaskRows]
    layouts: dict[str, Placed]
    runs: list[Row]
    moves: dict[Instance, list[Row]]
    errors: list[Row]
    stood_in: dict[Instance, str]
    values: list[Row]
    logs: list[Row]
    findings: list[Row]


def read_rows(folder: Path, name: str) -> LedgerRows:
    """Read a ledger for a page.

    Args:
        name: what it is called there.
    Raises: LedgerError: it is none of ours.
    """
    first = header(folder)
    told = {key: value for key, value in first.items() if key not in ("kind", "n", "hash", "schema")}
    connection = opened_as({"ledger": folder})
    try:
        return _read(connection, name, told, ended(folder), "source" in first)
    finally:
        connection.close()


def _read(
    connection: DuckDBPyConnection, name: str, facts: dict[str, Any], is_whole: bool, is_recorded: bool
) -> LedgerRows:
    """The same.

    Args:
        is_recorded: an Airflow made its runs, and told of no state but the last; see `harness.ledger.recorded`.
    """

    def rows(question: str, *values: Any) -> list[Row]:
        found: list[Row] = connection.execute(question, list(values)).fetchall()
        return found

    began, end = rows(_BEGAN)[0]
    dags: dict[str, TaskRows] = {}
    for dag_id, *told in rows(_TASKS):
        dag = dags.setdefault(dag_id, TaskRows(dag_id))
        if told[0] not in dag.numbers:  # another version of the Dag tells of it again
            dag.add(*told)
    runs = list({row[:2]: row for row in rows(_RUNS)}.values())  # instances are known by it: one of each
    moves: dict[Instance, list[Row]] = {}
    for row in (*(_of_tries(rows(_TRIES)) if is_recorded else ()), *rows(_STATES)):
        moves.setdefault(row[:4], []).append(row[4:])
    values, logs = rows(_VALUES), rows(_LOGS, _most_of_a_log(rows("select count(*) from kept_logs")[0][0]))
    for row in (*values, *logs):
        moves.setdefault(row[:4], [])
    for instance in moves:
        dags.setdefault(instance[0], TaskRows(instance[0])).number(instance[2])
    for run in runs:
        dags.setdefault(run[0], TaskRows(run[0]))
    parallelism, pools = _limits(rows(_LIMITS))
    return LedgerRows(
        name,
        facts,
        is_whole,
        began,
        end,
        parallelism,
        pools,
        dags,
        {dag_id: dag.laid_out() for dag_id, dag in dags.items()},
        runs,
        moves,
        rows(_ERRORS),
        {row[:4]: row[4] for row in rows(_STOOD_IN)},
        values,
        logs,
        rows(_FINDINGS),
    )


def _of_tries(tries: list[Row]) -> Iterator[Row]:
    """What task instances went through as far as their tries tell it, as rows of `_STATES`; not how they ended."""
    for one, following in zip_longest(tries, tries[1:]):
        *whose, _, try_number, start, end = one
        yield (*whose, "running", try_number, start, None)
        if following is not None and following[:4] == one[:4]:
            yield (*whose, "up_for_retry", try_number, end, None)


def _most_of_a_log(count: int) -> int:
    """Characters that are read of each of so many logs: no more than a page could ever show of it."""
    return max(2_048, min(LONGEST_LOG, _OF_LOGS // max(count, 1))) * WEIGHT


def _limits(found: list[Row]) -> tuple[int | None, list[list[Any]]]:
    """The executor's parallelism, and pools: name, slots, whether they count deferred ones."""
    if not found:
        return None, []
    parallelism, pools = found[0]
    told = json.loads(pools or "[]")
    return parallelism, [[one["pool"], one["slots"], bool(one.get("include_deferred"))] for one in told]
