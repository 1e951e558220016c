"""Two ledgers compared, in DuckDB: what differs stands in one table, and is told in groups."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import DagNotFound, LedgerError, UsageError, known_names
from harness.ledger.comparison.areas import BY_VALUE, LONGEST, OF_LEDGERS
from harness.ledger.comparison.data import compare_data
from harness.ledger.comparison.pairs import gather, match_runs
from harness.ledger.comparison.parting import first_event
from harness.ledger.comparison.result import Comparison, LedgerChange, Sample, Side, Totals, ordered
from harness.ledger.comparison.rules import Rules
from harness.ledger.journal import DATA, JOURNAL
from harness.ledger.questions import opened_as
from harness.ledger.reading import ended

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FOUND = """
create temp table found (
    area varchar, what varchar, change varchar, dag_id varchar, task_id varchar, field varchar, place bigint,
    run varchar, map_index integer, a varchar, b varchar, why varchar
)
"""


def compared(
    a: Path,
    b: Path,
    rules: Rules | None = None,
    dag_ids: Sequence[str] = (),
    names: tuple[str, str] | None = None,
    run_ids: Sequence[str] = (),
) -> Comparison:
    """Compare two ledgers.

    Args:
        a, b: their folders.
        dag_ids: only these Dags; none of them means all.
        names: what the two are called, where that is not the name of a folder.
        run_ids: only these runs; none of them means all.
    Raises: LedgerError: one of them is none of ours, was cut off or has lost lines. UsageError: they are the same one,
        or there is no run in either. DagNotFound: a Dag that neither has.
    """
    rules = rules or Rules()
    called = names or (str(a), str(b))
    if a.resolve() == b.resolve():
        raise UsageError(f"{called[0]} and {called[1]} are the same ledger", fix="name two, or two revisions")
    for folder in (a, b):
        if not ended(folder):
            raise LedgerError(
                f"{folder / JOURNAL} was cut off: it has no footer",
                why="what comes after its last record would seem to be missing in the other ledger",
                fix="run it again, to its end",
            )
    connection = opened_as({"a": a, "b": b}, readable=DATA)
    sides = [_side(connection, side, folder, name) for side, folder, name in zip("ab", (a, b), called, strict=True)]
    _refuse_unknown(connection, dag_ids, called)
    for macro in rules.macros():
        connection.execute(macro)
    match_runs(connection, dag_ids, run_ids)
    gather(connection, rules.areas, dag_ids)
    connection.execute(_FOUND)
    for area, sql in OF_LEDGERS.items():
        if area in rules.areas:
            connection.execute(
                f"""insert into found select '{area}', what, change, dag_id, task_id, field, place, run, map_index,
                left(a, {LONGEST}), left(b, {LONGEST}), left(why, {LONGEST}) from ({sql(rules)})"""
            )
    if "data" in rules.areas:
        compare_data(connection, {"a": a, "b": b}, rules)
    totals = _totals(connection)
    return Comparison(
        _with_runs(connection, sides[0], "a"),
        _with_runs(connection, sides[1], "b"),
        changes=tuple(change for area in totals for change in _changes(connection, area, rules)),
        totals=totals,
        first_event=first_event(connection, rules) if totals else None,
        ignored=rules.ignore,
    )


def _side(connection: DuckDBPyConnection, side: str, folder: Path, name: str) -> Side:
    count, last = _row(connection, f"select count(n), max(n) from records where ledger = '{side}'")
    if count != last + 1:
        raise LedgerError(
            f"{folder / JOURNAL} has lost records: it holds {count:,} of {last + 1:,}",
            fix=f"see airflow-harness ledger verify {folder}",
        )
    return Side(name, folder.resolve().name, count, 0)


def _with_runs(connection: DuckDBPyConnection, side: Side, letter: str) -> Side:
    runs = _row(connection, f"select count(run_{letter}) from matched_runs")[0]
    return Side(side.name, side.ledger, side.records, runs)


def _refuse_unknown(connection: DuckDBPyConnection, dag_ids: Sequence[str], called: tuple[str, str]) -> None:
    known = [row[0] for row in connection.execute("select distinct dag_id from runs").fetchall()]
    if not known:
        raise UsageError(f"neither {called[0]} nor {called[1]} has a run, so there is nothing to compare")
    for dag_id in dag_ids:
        if dag_id not in known:
            raise DagNotFound(f"neither ledger has a run of Dag {dag_id!r}", known=known_names(dag_id, known))


def _totals(connection: DuckDBPyConnection) -> dict[str, Totals]:
    counted = connection.execute(
        """select area, count(*) filter (change = 'added'), count(*) filter (change = 'removed'),
        count(*) filter (change = 'changed') from found group by area"""
    ).fetchall()
    return ordered({area: Totals(*numbers) for area, *numbers in counted})


def _changes(connection: DuckDBPyConnection, area: str, rules: Rules) -> list[LedgerChange]:
    """The changes of an area: those that most should see first, then those that are most often."""
    alike = ", a, b" if area in BY_VALUE else ""
    rows = connection.execute(
        f"""
        select what, change, concat_ws('.', dag_id, task_id), field, count(*) as times,
               arg_min({{'run': run, 'map_index': map_index, 'a': a, 'b': b, 'why': why}},
                       {{'place': place, 'map_index': map_index}}, {rules.samples}) as samples
        from found where area = ? group by what, change, dag_id, task_id, field{alike}
        order by count(*) filter (b = 'failed') > 0 desc, what <> 'run', times desc, min(place), dag_id, task_id, field,
                 change
        limit {rules.changes}
        """,
        [area],
    ).fetchall()
    return [
        LedgerChange(area, what, change, subject, field, count, tuple(Sample(**one) for one in samples))
        for what, change, subject, field, count, samples in rows
    ]


def _row(connection: DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    found: tuple[Any, ...] | None = connection.execute(sql).fetchone()
    assert found is not None
    return found
