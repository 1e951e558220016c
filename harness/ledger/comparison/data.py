"""What services held at the end, compared: rows by their keys, then the columns of those that differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UsageError, known_names
from harness.ledger.comparison.areas import LONGEST
from harness.ledger.comparison.rules import Rules, quoted_text
from harness.text import counted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LONGEST_ROW = 1 << 28
"""Bytes of a row: a text in it may be large."""
DOUBLED = "there was one like it"


@dataclass(frozen=True)
class _HeldTable:
    """A table or bucket of one ledger, as its record tells of it."""

    kind: str
    row: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    count: int
    digest: str
    file: str | None


def compare_data(connection: DuckDBPyConnection, folders: Mapping[str, Path], rules: Rules) -> None:
    """Put into ``found`` what differs of the data.

    Args:
        folders: of the ledgers, by side.
    Raises: UsageError: a key of the rules that no table has.
    """
    sides = {side: _held(connection, side) for side in folders}
    names = sorted({*sides["a"], *sides["b"]})
    _refuse_unknown(rules, sides, names)
    for name in names:
        a, b = sides["a"].get(name), sides["b"].get(name)
        if not rules.looks_at(".".join(name)):
            continue
        if a is None or b is None:
            there = a or b
            assert there is not None
            _found_whole(connection, name, there.kind, a, b)
        elif a.digest != b.digest or a.columns != b.columns:
            _Compared(connection, name, a, b, folders, rules).put()


def _held(connection: DuckDBPyConnection, side: str) -> dict[tuple[str, str], _HeldTable]:
    rows = connection.execute(
        f"""select conn_id, part, part_kind, row_kind, part_columns, keys, row_count, digest, file from records
        where ledger = '{side}' and kind = 'contents'"""
    ).fetchall()
    return {
        (conn_id, part): _HeldTable(kind, row, tuple(json.loads(columns)), tuple(json.loads(keys)), count, digest, file)
        for conn_id, part, kind, row, columns, keys, count, digest, file in rows
    }


def _refuse_unknown(
    rules: Rules, sides: Mapping[str, Mapping[tuple[str, str], _HeldTable]], names: list[tuple[str, str]]
) -> None:
    known = [".".join(name) for name in names]
    for table, keys in rules.keys.items():
        if table not in known:
            if table in rules.may_lack:
                continue
            raise UsageError(f"--key {table}: neither ledger holds such a table", known=known_names(table, known))
        for side in sides.values():
            held = side.get(names[known.index(table)])
            for key in keys if held is not None else ():
                if key not in held.columns:  # type: ignore[union-attr]
                    columns = held.columns  # type: ignore[union-attr]
                    raise UsageError(f"--key {table}: it has no column {key!r}", known=known_names(key, columns))


def _found_whole(
    connection: DuckDBPyConnection, name: tuple[str, str], kind: str, a: _HeldTable | None, b: _HeldTable | None
) -> None:
    """A part that only one has, or that is too large to be taken apart."""
    change = "added" if a is None else "removed" if b is None else "changed"
    texts = [None if one is None else counted(one.count, one.row) for one in (a, b)]
    why = None if a is None or b is None else "its rows are too many to be kept, so their digests alone tell"
    connection.execute(
        "insert into found values ('data', ?, ?, ?, ?, null, 0, '', -1, ?, ?, ?)", [kind, change, *name, *texts, why]
    )


class _Compared:
    """One part of which both have rows."""

    def __init__(
        self,
        connection: DuckDBPyConnection,
        name: tuple[str, str],
        a: _HeldTable,
        b: _HeldTable,
        folders: Mapping[str, Path],
        rules: Rules,
    ) -> None:
        self._connection, self._name, self._held, self._rules = connection, name, {"a": a, "b": b}, rules
        self._folders, self._row = folders, a.row
        table = ".".join(name)
        both = [column for column in a.columns if column in b.columns]
        asked = rules.keys.get(table)
        found = a.keys if a.keys == b.keys and set(a.keys) <= set(both) else ()
        self._keys = tuple(asked) if asked is not None else found
        self._ignored = [one for one in {*a.columns, *b.columns} if not rules.looks_at(f"{table}.{one}")]
        self._alone = [one for one in (*a.columns, *b.columns) if one not in both]

    def put(self) -> None:
        """Put what differs into ``found``."""
        a, b = self._held["a"], self._held["b"]
        if a.file is None or b.file is None:
            _found_whole(self._connection, self._name, a.kind, a, b)
            return
        for column in self._alone:
            if column not in self._ignored:
                change = "added" if column in b.columns else "removed"
                self._insert(f"select 'column', '{change}', {quoted_text(column)}, 0, '', null, null, null")
        for side in "ab":
            self._read(side)
        if self._rules.tolerance and not self._keys:
            self._leave_out_near()
        self._insert(
            f"""select {quoted_text(self._row)}, case when a.row is null then 'added' else 'removed' end, null,
            row_number() over (order by coalesce(a.key, b.key), nth), coalesce(a.shown, b.shown), a.row, b.row,
            {self._doubled()}
            from part_a a full join part_b b using (key, nth) where a.row is null or b.row is null"""
        )
        if self._keys:
            self._insert(self._cells())

    def _doubled(self) -> str:
        """SQL: why a row that only B has is one too many; null where it is not, or nobody can say.

        A key that is a number says nothing of its row: a sequence gives it.
        """
        if not self._keys:
            return f"case when a.row is null and b.row in (select row from part_a) then {quoted_text(DOUBLED)} end"
        if len(self._keys) > 1 or len(self._held["b"].columns) == 1:
            return "null"
        key = quoted_text(json.dumps({self._keys[0]: None}))
        bare, others = (f"json_merge_patch({row}, {key})::varchar" for row in ("b.row", "row"))
        number = quoted_text(r"\d+")
        is_like = f"a.row is null and regexp_full_match(b.key[1], {number}) and {bare} in (select {others} from part_a)"
        return f"case when {is_like} then {quoted_text(f'{DOUBLED}, but for its {self._keys[0]}')} end"

    def _leave_out_near(self) -> None:
        """Take rows away that have one on the other side from which they differ by no more than they may.

        Of those that differ in nothing but numbers the smallest goes with the smallest.
        """
        alone = " union all ".join(
            f"""select '{one}' as side, key, nth, row, tokens(row) as parts
            from part_{one} anti join part_{other} using (key, nth)"""
            for one, other in ("ab", "ba")
        )
        texts, numbers = (f"list_filter(parts, lambda p: {n} starts_with(p, '\"'))" for n in ("", "not"))
        self._connection.execute(
            f"""create or replace temp table near_rows as
            with alone as ({alone}), ranked as (
                select side, key, nth, row, shape(row) as form, {texts} as texts,
                       row_number() over (partition by side, shape(row), {texts}
                           order by list_transform({numbers}, lambda p: try_cast(p as double)), row) as place
                from alone
            )
            select a.key as key_a, a.nth as nth_a, b.key as key_b, b.nth as nth_b
            from ranked a join ranked b using (form, texts, place)
            where a.side = 'a' and b.side = 'b' and not {self._rules.differs("a.row", "b.row")}"""
        )
        for side in "ab":
            self._connection.execute(
                f"""delete from part_{side} where (key, nth) in (select (key_{side}, nth_{side}) from near_rows)"""
            )

    def _cells(self) -> str:
        """The columns of rows that both have."""
        self._connection.execute(
            """create or replace temp table cells as
            with pairs as (
                select row_number() over (order by key, nth) as place, a.shown as shown, a.row as row_a, b.row as row_b
                from part_a a join part_b b using (key, nth) where a.row is distinct from b.row
            )
            select field, place, shown, json_extract(row_a, pointer(field))::varchar as a,
                   json_extract(row_b, pointer(field))::varchar as b
            from (select *, unnest(json_keys(row_a)) as field from pairs)"""
        )
        row = quoted_text(self._row)
        differs = self._rules.differs("a", "b")
        return f"select {row}, 'changed', field, place, shown, a, b, null from cells where {differs}"

    def _insert(self, rows: str) -> None:
        conn_id, part = map(quoted_text, self._name)
        self._connection.execute(
            f"""insert into found select 'data', what, change, {conn_id}, {part}, field, place, run, -1,
            left(a, {LONGEST}), left(b, {LONGEST}), why from ({rows}) t(what, change, field, place, run, a, b, why)"""
        )

    def _read(self, side: str) -> None:
        held = self._held[side]
        assert held.file is not None
        file = quoted_text(str(self._folders[side] / held.file))
        without = json.dumps(dict.fromkeys([*self._ignored, *self._alone]))
        row = f"json_merge_patch(json, {quoted_text(without)})" if self._ignored or self._alone else "json"
        parts = [f"json_extract(json, pointer({quoted_text(key)}))::varchar" for key in self._keys]
        shown = [f"{quoted_text(key + ' ')} || {part}" for key, part in zip(self._keys, parts, strict=True)]
        key = f"[{', '.join(parts)}]" if parts else f"[{row}::varchar]"
        self._connection.execute(
            f"""create or replace temp table part_{side} as
            select key, shown, row, row_number() over (partition by key order by row) as nth from (
                select {key} as key, {f"concat_ws(', ', {', '.join(shown)})" if shown else "''"} as shown,
                       {row}::varchar as row
                from read_json_objects({file}, format = 'newline_delimited', maximum_object_size = {_LONGEST_ROW})
            )"""
        )
