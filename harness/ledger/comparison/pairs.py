"""Which run of one ledger is which of the other, and what both have of each, as tables that areas are asked of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.ledger.comparison.rules import quoted_text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_COLUMNS = (
    "run_type", "logical_date", "data_interval_start", "data_interval_end", "run_after", "conf", "state", "reason",
    "duration_s",
)  # fmt: skip


def match_runs(connection: DuckDBPyConnection, dag_ids: Sequence[str], run_ids: Sequence[str] = ()) -> None:
    """Make ``matched_runs``: a row for each run of either ledger, with what both say of it.

    Runs of a Dag are the same run by their logical date; those without one, and those whose date has moved, by run_id.
    """
    for side in "ab":
        only = f"{_only('dag_id', dag_ids)} and {_only('run_id', run_ids)}"
        connection.execute(
            f"""create temp table runs_{side} as select *, row_number() over (partition by dag_id, logical_date
                order by run_id) as nth from runs where ledger = '{side}' and {only}"""
        )
    both = ", ".join(f"a.{one} as {one}_a, b.{one} as {one}_b" for one in _COLUMNS)
    connection.execute(
        f"""
        create temp table matched_runs as
        with dated as (
            select dag_id, a.run_id as run_a, b.run_id as run_b
            from runs_a a join runs_b b using (dag_id, logical_date, nth)
        ), named as (
            select dag_id, run_id as run_a, run_id as run_b
            from (select dag_id, run_id from runs_a anti join dated d on d.dag_id = runs_a.dag_id and d.run_a = run_id)
            join (select dag_id, run_id from runs_b anti join dated d on d.dag_id = runs_b.dag_id and d.run_b = run_id)
            using (dag_id, run_id)
        ), found as (
            select * from dated union all select * from named
        ), every as (
            select * from found
            union all
            select dag_id, run_id, null from runs_a
            anti join found f on f.dag_id = runs_a.dag_id and f.run_a = run_id
            union all
            select dag_id, null, run_id from runs_b
            anti join found f on f.dag_id = runs_b.dag_id and f.run_b = run_id
        )
        select row_number() over (order by coalesce(a.logical_date, a.run_after, b.logical_date, b.run_after), e.dag_id,
                                  coalesce(e.run_a, e.run_b)) as pair,
               e.*, coalesce(strftime(coalesce(a.logical_date, b.logical_date), '%Y-%m-%dT%H:%M:%SZ'),
                             e.run_a, e.run_b) as run, {both}
        from every e
        left join runs_a a on a.dag_id = e.dag_id and a.run_id = e.run_a
        left join runs_b b on b.dag_id = e.dag_id and b.run_id = e.run_b
        """
    )


def gather(connection: DuckDBPyConnection, areas: Sequence[str], dag_ids: Sequence[str]) -> None:
    """Make the tables of what both ledgers have of the runs that are in both."""
    for side in "ab":
        of_runs = f"""(select pair, dag_id, run_{side} as run_id from matched_runs
            where run_a is not null and run_b is not null)"""
        connection.execute(
            f"""create temp table instances_{side} as
            select pair, t.* exclude (ledger, dag_id, run_id)
            from task_instances t join {of_runs} using (dag_id, run_id) where ledger = '{side}'"""
        )
        if "xcoms" in areas:
            connection.execute(
                f"""create temp table xcoms_{side} as
                select pair, x.* exclude (ledger, run_id, dag_id, pushed_at, bytes)
                from xcoms x join {of_runs} using (dag_id, run_id) where ledger = '{side}'"""
            )
        if "findings" in areas:
            connection.execute(
                f"""create temp table findings_{side} as
                select pair, f.dag_id, task_id, check_id, severity, message, count(*) as times
                from findings f left join {of_runs} r on r.dag_id = f.dag_id and r.run_id = f.run_id
                where ledger = '{side}' and (pair is not null or f.run_id is null and {_only("f.dag_id", dag_ids)})
                group by all"""
            )
    if "rendered_fields" in areas:
        _gather_rendered(connection)


def _gather_rendered(connection: DuckDBPyConnection) -> None:
    """What task instances rendered, of those alone where it is not the same text on both sides."""
    last = """select pair, task_id, map_index, arg_max(fields, n) as fields from records r
        join (select pair, dag_id, run_{side} as run_id from matched_runs where run_a is not null and run_b is not null)
        using (dag_id, run_id) where kind = 'rendered' and ledger = '{side}' group by all"""
    connection.execute(
        f"""create temp table rendered as
        select pair, task_id, map_index, a.fields as fields_a, b.fields as fields_b
        from ({last.format(side="a")}) a full join ({last.format(side="b")}) b using (pair, task_id, map_index)
        where a.fields is distinct from b.fields"""
    )
    for side in "ab":
        connection.execute(
            f"""create temp view rendered_{side} as select pair, task_id, map_index, fields_{side} as fields
            from rendered where fields_{side} is not null"""
        )


def _only(column: str, ids: Sequence[str]) -> str:
    """SQL: whether a column is one of these; none of them means all."""
    return f"{column} in ({', '.join(map(quoted_text, ids))})" if ids else "true"
