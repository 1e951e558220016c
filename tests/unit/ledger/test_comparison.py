"""Two ledgers of records made by hand, compared: what is the same run, what differs, and what does not count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import DagNotFound, LedgerError, UsageError
from harness.ledger.comparison import parting
from harness.ledger.comparison.compare import compared
from harness.ledger.comparison.result import Comparison, Totals
from harness.ledger.comparison.rules import Rules
from harness.ledger.journal import FileJournal

DAY = "2025-01-0{}T00:00:00Z"
Record = dict[str, Any]


def run(day: int, state: str = "success", **fields: Any) -> list[Record]:
    """A run of a day, made and ended."""
    at = DAY.format(day)
    of: Record = {"at": at, "dag_id": fields.pop("dag_id", "shop"), "run_id": fields.pop("run_id", f"scheduled__{at}")}
    dates = {"logical_date": at, "data_interval_start": at, "data_interval_end": at, "run_after": at}
    made = {**of, "kind": "run-created", "run_type": "scheduled", "conf": {}, **dates, **fields}
    return [made, {**of, "kind": "run-state", "state": state, "reason": None}]


def of_run(day: int, kind: str, task_id: str = "load", map_index: int = -1, **fields: Any) -> Record:
    """A record of a task instance in the run of a day."""
    at = DAY.format(day)
    of = {"at": at, "dag_id": "shop", "run_id": f"scheduled__{at}", "task_id": task_id, "map_index": map_index}
    return {**of, "kind": kind, **fields}


def ended(day: int, state: str = "success", try_number: int = 1, **fields: Any) -> Record:
    """A task instance in its last state."""
    return of_run(day, "ti-state", state=state, try_number=try_number, reason=None, due=None, **fields)


def xcom(day: int, value: Any, key: str = "return_value", **fields: Any) -> Record:
    """A pushed XCom."""
    return of_run(day, "xcom", key=key, value=value, **fields)


class Ledgers:
    """Makes two ledgers and compares them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def kept(self, name: str, *records: Record | list[Record]) -> Path:
        """A ledger of these records."""
        with FileJournal(self.folder / name) as journal:
            for one in records:
                for record in one if isinstance(one, list) else [one]:
                    journal.write(record)
        return self.folder / name

    def compared(self, a: list[Any], b: list[Any], rules: Rules | None = None, **more: Any) -> Comparison:
        """What differs between these two."""
        return compared(self.kept("a", *a), self.kept("b", *b), rules, **more)


@pytest.fixture
def ledgers(tmp_path: Path) -> Ledgers:
    return Ledgers(tmp_path)


def test_the_same_records_are_alike(ledgers: Ledgers) -> None:
    records = [run(1), ended(1), xcom(1, {"rows": 3})]
    found = ledgers.compared(records, records)
    assert found.alike
    assert (found.a.runs, found.b.runs, found.first_event) == (1, 1, None)


def test_each_side_tells_how_many_runs_it_has(ledgers: Ledgers) -> None:
    found = ledgers.compared([run(1), run(2), run(3)], [run(1)])
    assert (found.a.ledger, found.a.runs, found.b.ledger, found.b.runs) == ("a", 3, "b", 1)


def test_what_failed_is_told_first_with_its_error(ledgers: Ledgers) -> None:
    error = {"type": "ValueError", "message": "no such table", "where": "shop.py:18", "hint": None}
    failed = of_run(1, "attempt", state="failed", try_number=1, start=DAY.format(1), end=DAY.format(1), error=error)
    before = [run(1), ended(1), ended(1, "skipped", task_id="tell")]
    after = [run(1, "failed"), failed, ended(1, "failed"), ended(1, "success", task_id="tell")]
    found = ledgers.compared(before, after)
    assert [(one.what, one.subject, one.field) for one in found.of_area("states")] == [
        ("run", "shop", "state"), ("task instance", "shop.load", "state"), ("task instance", "shop.tell", "state"),
    ]  # fmt: skip
    (sample,) = found.of_area("states")[1].samples
    assert (sample.a, sample.b, sample.why) == ("success", "failed", "ValueError: no such table (shop.py:18)")


def test_runs_and_task_instances_that_are_not_in_both(ledgers: Ledgers) -> None:
    before = [run(1), ended(1), ended(1, task_id="old"), run(2), ended(2), xcom(2, 1)]
    after = [run(1), ended(1), *(ended(1, task_id="new", map_index=one) for one in range(5)), run(3), ended(3)]
    found = ledgers.compared(before, after)
    assert found.totals == {"states": Totals(added=6, removed=2)}
    by_name = {(one.subject, one.change): one for one in found.changes}
    assert by_name["shop.new", "added"].count == 5
    assert [one.map_index for one in by_name["shop.new", "added"].samples] == [0, 1, 2]
    assert by_name["shop", "removed"].samples[0].run == DAY.format(2)


def test_a_run_is_the_same_by_its_date_whatever_its_id_and_by_its_id_where_the_date_moved(ledgers: Ledgers) -> None:
    before = [run(1), run(2, run_id="manual__x", logical_date=None)]
    after = [run(1, run_id="backfill__1", run_type="backfill"), run(2, run_id="manual__x")]
    found = ledgers.compared(before, after)
    assert [(one.field, one.samples[0].a, one.samples[0].b) for one in found.of_area("schedule")] == [
        ("run_type", "scheduled", "backfill"), ("logical_date", None, "2025-01-02 00:00:00"),
    ]  # fmt: skip
    assert list(found.totals) == ["schedule"]


def test_values_rendered_fields_and_tries(ledgers: Ledgers) -> None:
    before = [run(1), xcom(1, 1), xcom(1, "x", "gone"), of_run(1, "rendered", fields={"sql": "a", "x": 1}), ended(1)]
    after = [run(1), xcom(1, 2), of_run(1, "rendered", fields={"sql": "b", "x": 1, "new": []}), ended(1, try_number=2)]
    found = ledgers.compared(before, after)
    assert {(one.area, one.change, one.field) for one in found.changes} == {
        ("xcoms", "changed", "return_value"), ("xcoms", "removed", "gone"), ("rendered_fields", "changed", "sql"),
        ("rendered_fields", "added", "new"), ("tries", "changed", "tries"),
    }  # fmt: skip
    assert list(found.totals) == ["xcoms", "rendered_fields", "tries"]


def test_one_change_in_many_runs_is_one_with_samples(ledgers: Ledgers) -> None:
    days = range(1, 9)
    before = [record for day in days for record in (run(day), ended(day), xcom(day, day))]
    after = [record for day in days for record in (run(day), ended(day), xcom(day, day + 1))]
    (change,) = ledgers.compared(before, after).changes
    assert (change.count, [one.run for one in change.samples]) == (8, [DAY.format(day) for day in (1, 2, 3)])


def test_durations_and_findings(ledgers: Ledgers) -> None:
    finding = {"kind": "finding", "check": "xcom-size", "severity": "warning", "line": None, "fix": None}
    times = {"state": "success", "try_number": 1, "start": DAY.format(1), "error": None}
    before = [run(1), of_run(1, "attempt", end="2025-01-01T00:10:00Z", **times), ended(1)]
    after = [run(1), of_run(1, "attempt", end="2025-01-01T00:20:00Z", **times), ended(1)]
    found = ledgers.compared(before, [*after, {**of_run(1, ""), **finding, "message": "is big"}])
    assert [(one.area, one.change, one.samples[0].a, one.samples[0].b) for one in found.changes] == [
        ("durations", "changed", "600.0", "1200.0"), ("findings", "added", None, "is big"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("a", "b", "tolerance", "alike"),
    [
        (0.1, 0.1 + 1e-12, 0.0, False),
        (0.1, 0.1 + 1e-12, 1e-9, True),
        ({"x": [1e12, "a"]}, {"x": [1e12 + 1, "a"]}, 1e-9, True),
        ({"x": [1.0, "a"]}, {"x": [1.1, "a"]}, 1e-9, False),
        ({"x": [1.0, "1"]}, {"x": [1.0, "1.0000000000001"]}, 1e-9, False),
        ([1.0], [1.0, 1.0], 1e-9, False),
        ('a "quoted" 1', 'a "quoted" 2', 5.0, False),
        (-2, 2, 0.5, False),
    ],
)
def test_numbers_within_the_tolerance_wherever_they_stand(
    ledgers: Ledgers, a: Any, b: Any, tolerance: float, alike: bool
) -> None:
    assert ledgers.compared([run(1), xcom(1, a)], [run(1), xcom(1, b)], Rules(tolerance)).alike is alike


@pytest.mark.parametrize("rule", ["xcoms", "xcoms:shop.load.loaded_at", "xcoms:shop.*.loaded_*", "xcoms:*.loaded_at"])
def test_what_is_not_looked_at(ledgers: Ledgers, rule: str) -> None:
    before, after = [run(1), xcom(1, 1, "loaded_at")], [run(1), xcom(1, 2, "loaded_at")]
    assert not ledgers.compared(before, after, Rules(ignore=("xcoms:shop.load.other", "durations"))).alike
    assert ledgers.compared(before, after, Rules(ignore=(rule,))).alike


def test_the_first_record_that_differs_and_what_is_not_looked_at_is_none(ledgers: Ledgers) -> None:
    before = [run(1), xcom(1, 1, "loaded_at"), ended(1), xcom(1, 1), run(2)]
    after = [run(1), xcom(1, 2, "loaded_at"), ended(1), xcom(1, 2), run(2, "failed")]
    first = ledgers.compared(before, after).first_event
    assert first is not None
    assert first.a is not None
    assert (first.a.n, first.a.kind) == (3, "xcom")
    first = ledgers.compared(before, after, Rules(ignore=("xcoms:*.loaded_at",))).first_event
    assert first is not None
    assert first.b is not None
    assert (first.b.n, first.b.subject) == (5, f"shop scheduled__{DAY.format(1)} load return_value")
    first = ledgers.compared(before, after, Rules(ignore=("xcoms",))).first_event
    assert first is not None
    assert first.a is not None
    assert (first.a.n, first.a.kind, first.a.instant) == (7, "run-state", DAY.format(2))
    assert first.fields == ("state",)


def test_journals_that_part_late_or_where_one_has_ended(ledgers: Ledgers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parting, "_STRETCHES", (3, 6, 1 << 62))
    same = [record for day in range(1, 5) for record in run(day)]
    first = ledgers.compared([same], [same, run(5)]).first_event
    assert first is not None
    assert first.b is not None
    assert (first.a, first.b.n, first.b.kind) == (None, 9, "run-created")
    first = ledgers.compared([same, run(5)], [same, run(5, "failed")]).first_event
    assert first is not None
    assert first.a is not None
    assert first.a.n == 10


def test_only_some_dags(ledgers: Ledgers) -> None:
    before, after = [run(1), run(1, dag_id="other")], [run(1), run(1, "failed", dag_id="other")]
    assert ledgers.compared(before, after, dag_ids=("shop",)).alike
    assert not ledgers.compared(before, after, dag_ids=("other",)).alike
    with pytest.raises(DagNotFound, match="neither ledger has a run of Dag 'sho'") as raised:
        ledgers.compared(before, after, dag_ids=("sho",))
    assert "did you mean 'shop'" in str(raised.value.known)


def test_what_cannot_be_compared(ledgers: Ledgers) -> None:
    whole, empty = ledgers.kept("whole", run(1)), ledgers.kept("empty")
    with pytest.raises(UsageError, match="the same ledger"):
        compared(whole, whole.parent / "." / "whole")
    with pytest.raises(UsageError, match=r"neither .* has a run"):
        compared(empty, ledgers.kept("empty, too"))
    lines = (whole / "journal.jsonl").read_bytes().splitlines(keepends=True)
    cut, holed = ledgers.kept("cut"), ledgers.kept("holed")
    (cut / "journal.jsonl").write_bytes(b"".join(lines[:-1]))
    (holed / "journal.jsonl").write_bytes(b"".join([*lines[:1], *lines[2:]]))
    with pytest.raises(LedgerError, match="was cut off"):
        compared(whole, cut)
    with pytest.raises(LedgerError, match="lost records: it holds 3 of 4"):
        compared(holed, whole)


@pytest.mark.parametrize("rule", ["", "xcom:a.b.c", "loaded_at", "xcoms:"])
def test_rules_that_speak_of_nothing(rule: str) -> None:
    with pytest.raises(UsageError, match="--ignore"):
        Rules(ignore=(rule,))


@pytest.mark.parametrize("tolerance", [-1.0, float("nan"), float("inf")])
def test_tolerances_that_are_none(tolerance: float) -> None:
    with pytest.raises(UsageError, match="no tolerance"):
        Rules(tolerance)
