"""Where two journals part: the first record that is not the same in both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.ledger.comparison.result import FirstEvent, JournalEvent
from harness.ledger.comparison.rules import Rules
from harness.ledger.views import CALLED, RECORDS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_COLUMNS = [CALLED.get(name, name) for name in RECORDS if name not in ("n", "log")]
_COMPARED = ", ".join(f'"{name}"' for name in _COLUMNS)

_STRETCHES = (1 << 12, 1 << 16, 1 << 62)
"""Records from the beginning that are looked at: most journals part early, and all of a million take 3 s."""


_KINDS = {"xcoms": "xcom", "rendered_fields": "rendered", "findings": "finding", "data": "contents"}
"""Area -> the records that tell of nothing else."""


def first_event(connection: DuckDBPyConnection, rules: Rules) -> FirstEvent | None:
    """The first record that differs, by its place among those that count; None where there is none.

    The header tells of what a ledger is one, the footer how long it is, and what rules leave out does not count.
    """
    for most in _STRETCHES:
        for side in "ab":
            connection.execute(
                f"""create or replace temp table journal_{side} as
                select row_number() over (order by n) as place, n, hash({_COMPARED}) as digest from records
                where ledger = '{side}' and n < {most} and kind not in ('header', 'footer')
                and not coalesce({_ignored(rules)}, false)"""
            )
        place, is_sure = _row(
            connection,
            """select coalesce(a.place, b.place) as first, a.place is not null and b.place is not null
            from journal_a a full join journal_b b using (place) where a.digest is distinct from b.digest
            order by first limit 1""",
        ) or (None, False)
        if is_sure or (most == _STRETCHES[-1] and place is not None):
            a, b = (_event(connection, side, place) for side in "ab")
            return FirstEvent(a, b, () if a is None or b is None else _fields(connection, a.n, b.n))
    return None


def _row(connection: DuckDBPyConnection, sql: str) -> tuple[Any, ...] | None:
    found: tuple[Any, ...] | None = connection.execute(sql).fetchone()
    return found


def _ignored(rules: Rules) -> str:
    """SQL: whether a record tells of what is not looked at."""
    conditions = [f"kind = '{kind}'" for area, kind in _KINDS.items() if area not in rules.areas]
    name = "dag_id || '.' || task_id || '.'"
    if rules.patterns("xcoms"):
        conditions.append(f"kind = 'xcom' and ({rules.ignores('xcoms', f'{name} || key')})")
    if rules.patterns("rendered_fields"):
        some = rules.ignores("rendered_fields", f"{name} || x")
        conditions.append(f"kind = 'rendered' and list_bool_or([{some} for x in json_keys(fields)])")
    if rules.patterns("data"):
        conditions.append("kind = 'contents'")
    return " or ".join(f"({one})" for one in conditions) or "false"


def _fields(connection: DuckDBPyConnection, a: int, b: int) -> tuple[str, ...]:
    """The columns in which record ``a`` of the one and ``b`` of the other differ."""
    sql = "select {} from records where ledger = '{}' and n = {}"
    one, other = (_row(connection, sql.format(_COMPARED, side, n)) for side, n in (("a", a), ("b", b)))
    assert one is not None
    assert other is not None
    return tuple(name for name, *values in zip(_COLUMNS, one, other, strict=True) if values[0] != values[1])


def _event(connection: DuckDBPyConnection, side: str, place: int) -> JournalEvent | None:
    found = connection.execute(
        f"""select n, strftime(instant, '%Y-%m-%dT%H:%M:%SZ'), kind,
        concat_ws(' ', dag_id, run_id, task_id || case when map_index >= 0 then '[' || map_index || ']' else '' end,
                  'try ' || try_number, state, key, check_id, message, conn_id)
        from records where ledger = '{side}' and n = (select n from journal_{side} where place = ?)""",
        [place],
    ).fetchone()
    return None if found is None else JournalEvent(*found)
