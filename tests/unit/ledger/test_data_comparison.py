"""What services held in two ledgers, compared: rows by key, columns of those that differ, tables that came and went."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.errors import UsageError
from harness.ledger.comparison.compare import compared
from harness.ledger.comparison.result import Comparison, Totals
from harness.ledger.comparison.rules import Rules
from harness.ledger.journal import FileJournal

AT = "2025-01-01T00:00:00Z"
RUN = {"at": AT, "kind": "run-created", "dag_id": "d", "run_id": "r", "logical_date": AT, "run_after": AT, "conf": {}}
Rows = list[dict[str, Any]]


def kept(folder: Path, tables: dict[str, Rows], keys: tuple[str, ...], is_large: bool = False) -> Path:
    """A ledger of one run, and of a connection ``w`` with these tables."""
    with FileJournal(folder) as journal:
        journal.write(RUN)
        for name, rows in tables.items():
            lines = [json.dumps(row) for row in rows]
            file = None if is_large else journal.keep_rows("w", name, lines)
            columns = list(rows[0]) if rows else []
            told = {"conn_id": "w", "service": "postgres", "part": name, "part_kind": "table", "row": "row"}
            more = {"columns": columns, "keys": list(keys), "rows": len(rows), "digest": str(hash(tuple(lines)))}
            journal.write({"at": AT, "kind": "contents", **told, **more, "file": file})
    return folder


class Differ:
    """Compares two ledgers that hold these tables."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(
        self,
        a: dict[str, Rows],
        b: dict[str, Rows],
        rules: Rules | None = None,
        keys: tuple[str, ...] = ("id",),
        is_large: bool = False,
    ) -> Comparison:
        ledgers = [kept(self.folder / name, held, keys, is_large) for name, held in (("a", a), ("b", b))]
        return compared(*ledgers, rules)


@pytest.fixture
def differ(tmp_path: Path) -> Differ:
    return Differ(tmp_path)


def told(found: Comparison) -> list[tuple[Any, ...]]:
    """What, change, column, count, and the first sample."""
    return sorted(
        (one.what, one.change, one.field or "", one.count, one.samples[0].run, one.samples[0].a, one.samples[0].b)
        for one in found.of_area("data")
    )


def test_rows_by_their_key_and_the_columns_that_differ(differ: Differ) -> None:
    before = [{"id": n, "amount": n * 1.0, "note": "x"} for n in range(1, 6)]
    after = [{**row, "amount": row["amount"] + (row["id"] > 3)} for row in before[1:]] + [{**before[0], "id": 9}]
    found = differ({"t": before}, {"t": after})
    assert found.totals == {"data": Totals(added=1, removed=1, changed=2)}
    assert {one.subject for one in found.changes} == {"w.t"}
    assert told(found) == [
        ("row", "added", "", 1, "id 9", None, '{"id": 9, "amount": 1.0, "note": "x"}'),
        ("row", "changed", "amount", 2, "id 4", "4.0", "5.0"),
        ("row", "removed", "", 1, "id 1", '{"id": 1, "amount": 1.0, "note": "x"}', None),
    ]


def test_without_a_key_whole_rows_as_often_as_they_are_there(differ: Differ) -> None:
    found = differ({"t": [{"x": 1}, {"x": 1}, {"x": 2}]}, {"t": [{"x": 1}, {"x": 2}, {"x": 2}, {"x": 2}]}, keys=())
    assert told(found) == [
        ("row", "added", "", 2, "", None, '{"x": 2}'),
        ("row", "removed", "", 1, "", '{"x": 1}', None),
    ]


def test_a_key_that_is_given(differ: Differ) -> None:
    before, after = [{"day": 1, "shop": "a", "n": 1}], [{"day": 1, "shop": "a", "n": 2}]
    assert {one[1] for one in told(differ({"t": before}, {"t": after}, keys=()))} == {"added", "removed"}
    found = differ({"t": before}, {"t": after}, Rules(keys={"w.t": ("day", "shop")}), keys=())
    assert told(found) == [("row", "changed", "n", 1, 'day 1, shop "a"', "1", "2")]
    with pytest.raises(UsageError, match="no column 'shopp'") as raised:
        differ({"t": before}, {"t": after}, Rules(keys={"w.t": ("shopp",)}))
    assert "did you mean 'shop'" in str(raised.value.known)
    with pytest.raises(UsageError, match="neither ledger holds such a table"):
        differ({"t": before}, {"t": after}, Rules(keys={"w.u": ("day",)}))
    usual = Rules(keys={"w.u": ("day",)}, may_lack=frozenset({"w.u"}))
    assert differ({"t": before}, {"t": before}, usual).alike


def test_columns_and_tables_that_came_and_went(differ: Differ) -> None:
    before, after = [{"id": 1, "old": 1, "same": 1}], [{"id": 1, "new": 2, "same": 1}]
    found = differ({"t": before, "gone": before}, {"t": after, "fresh": []})
    assert {(one.subject, one.what, one.change, one.field) for one in found.changes} == {
        ("w.t", "column", "added", "new"), ("w.t", "column", "removed", "old"), ("w.gone", "table", "removed", None),
        ("w.fresh", "table", "added", None),
    }  # fmt: skip


@pytest.mark.parametrize("rule", ["data", "w.t.at", "w.*.at", "w.t", "data:w.t.at"])
@pytest.mark.parametrize("keys", [("id",), ()])
def test_what_is_not_looked_at(differ: Differ, rule: str, keys: tuple[str, ...]) -> None:
    before, after = {"t": [{"id": 1, "at": 1}]}, {"t": [{"id": 1, "at": 2}]}
    assert not differ(before, after, keys=keys).alike
    assert not differ(before, after, Rules(ignore=("w.t.id2",)), keys=keys).alike
    assert differ(before, after, Rules(ignore=(rule,)), keys=keys).alike


def test_numbers_within_the_tolerance(differ: Differ) -> None:
    before, after = {"t": [{"id": 1, "sum": 0.3}]}, {"t": [{"id": 1, "sum": 0.1 + 0.2}]}
    assert not differ(before, after).alike
    assert differ(before, after, Rules(1e-9)).alike


def test_numbers_within_the_tolerance_without_a_key(differ: Differ) -> None:
    """Whole rows tell one from another then, but for how near their numbers are."""
    before = [{"shop": "a", "n": 1.0}, {"shop": "a", "n": 2.0}, {"shop": "b", "n": 5}, {"shop": "c", "n": 1.0}]
    after = [{"shop": "a", "n": 2.0000001}, {"shop": "b", "n": 5}, {"shop": "a", "n": 1.0000001}, {"shop": "c", "n": 2}]
    assert differ({"t": before}, {"t": after}, keys=()).totals == {"data": Totals(added=3, removed=3)}
    assert told(differ({"t": before}, {"t": after}, Rules(1e-6), keys=())) == [
        ("row", "added", "", 1, "", None, '{"shop": "c", "n": 2}'),
        ("row", "removed", "", 1, "", '{"shop": "c", "n": 1.0}', None),
    ]
    assert differ({"t": before[:3]}, {"t": after[:3]}, Rules(1e-6), keys=()).alike
    several = differ({"t": [{"n": 0.3}]}, {"t": [{"n": 0.1 + 0.2}] * 2}, Rules(1e-9), keys=())
    assert several.totals == {"data": Totals(added=1)}


def test_a_row_too_many_is_told_as_such(differ: Differ) -> None:
    def why(before: Rows, after: Rows, keys: tuple[str, ...]) -> list[str | None]:
        found = differ({"t": before}, {"t": after}, keys=keys)
        return [sample.why for one in found.changes if one.change == "added" for sample in one.samples]

    one, other = {"id": 1, "x": "a"}, {"id": 2, "x": "b"}
    assert why([one], [one, one, other], ()) == ["there was one like it", None]
    assert why([one], [one, {**one, "id": 3}, other], ("id",)) == [None, "there was one like it, but for its id"]
    assert why([{"day": "m", "n": 1}], [{"day": "m", "n": 1}, {"day": "n", "n": 1}], ("day",)) == [None]
    assert why([{"id": 1}], [{"id": 1}, {"id": 2}], ("id",)) == [None]


def test_what_is_too_large_to_be_kept_differs_by_its_digest(differ: Differ) -> None:
    assert differ({"t": [{"id": 1}]}, {"t": [{"id": 1}]}, is_large=True).alike
    (change,) = differ({"t": [{"id": 1}]}, {"t": [{"id": 1}, {"id": 2}]}, is_large=True).changes
    (sample,) = change.samples
    assert (change.what, change.change, sample.a, sample.b) == ("table", "changed", "1 row", "2 rows")
    assert "too many to be kept" in str(sample.why)


def test_odd_names(differ: Differ) -> None:
    name = 'it\'s/a~b "c"'
    before, after = [{name: 1, "it's": 1}], [{name: 1, "it's": 2}]
    found = differ({name: before}, {name: after}, Rules(keys={f"w.{name}": (name,)}))
    assert [(one.field, one.count) for one in found.changes] == [("it's", 1)]
