"""What a replay refuses, which passes are made over a stretch, and what of them is told as not idempotent."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.errors import UsageError
from harness.kernel import to_instant
from harness.ledger.journal import FileJournal
from harness.ledger.kept_data import HeldPart, keep
from harness.results.services import PartChange
from harness.simulation.replays import idempotence, replaying
from harness.simulation.replays.idempotence import AGAIN, FAILED, REVERSED, Writers
from harness.simulation.replays.replaying import ReplayOptions
from harness.simulation.replays.rows import ChangedRows, PassLedger, RowsBetween
from harness.world import World

Rows = list[dict[str, Any]]
UNTOLD = ChangedRows()
FIRST_AT = to_instant(datetime(2025, 1, 1, tzinfo=timezone.utc))
FIRST, LAST = (datetime(2025, 1, day, tzinfo=timezone.utc) for day in (1, 5))


def options(**fields: Any) -> ReplayOptions:
    return ReplayOptions(**{"dag_ids": ("d",), "since": FIRST, "until": LAST, **fields})


class TestOptions:
    def test_what_nobody_says_is_a_plain_backfill(self) -> None:
        made = options()
        assert (made.max_active_runs, made.reprocess, made.horizon, made.seed) == (10, "none", timedelta(days=366), 0)
        assert not any((made.reverse, made.fail_fast, made.dry_run, made.idempotent, made.debug))
        assert (made.run_on_latest, made.start, made.keep, dict(made.conf)) == (None, None, None, {})

    @pytest.mark.parametrize(
        ("fields", "told"),
        [
            ({"dag_ids": ()}, "a replay names no Dag"),
            ({"until": FIRST - timedelta(seconds=1)}, "2024-12-31T23:59:59Z lies before 2025-01-01T00:00:00Z"),
            ({"max_active_runs": 0}, "max_active_runs is 0"),
            ({"reprocess": "all"}, "reprocess is 'all'"),
        ],
    )
    def test_what_means_nothing_is_told(self, fields: dict[str, Any], told: str) -> None:
        with pytest.raises(UsageError, match=told):
            options(**fields)

    @pytest.mark.parametrize("fields", [{"until": FIRST}, {"max_active_runs": 1}, {"reprocess": "failed"}])
    def test_the_least_that_means_something(self, fields: dict[str, Any]) -> None:
        options(**fields)


@pytest.mark.parametrize(("conf", "handed"), [({}, None), ({"full": True}, {"full": True})])
def test_a_conf_that_says_nothing_is_none(
    monkeypatch: pytest.MonkeyPatch, conf: dict[str, Any], handed: dict[str, Any] | None
) -> None:
    plan = SimpleNamespace(run_after=FIRST_AT, data_interval_end=None)
    monkeypatch.setattr(replaying, "asset_condition", lambda dag: None)
    monkeypatch.setattr(replaying, "_plans", lambda dag, of: [plan, plan])
    found = replaying.replay_of({"d": real()}, options(conf=conf, horizon=timedelta(days=2)))
    (action,) = found.options.actions
    assert action.backfill is not None
    assert (action.backfill.conf, found.runs) == (handed, 2)
    assert (found.options.since, found.options.until) == (FIRST, FIRST + timedelta(days=2))
    assert (found.options.schedules, found.options.fail_fast) == (False, False)


def real(dag_id: str = "d", **tasks: Any) -> Any:
    """A Dag of tasks, each with its number of retries, or None where it depends on the past."""
    made = [
        SimpleNamespace(task_id=name, retries=retries or 0, depends_on_past=retries is None)
        for name, retries in tasks.items()
    ]
    return SimpleNamespace(dag_id=dag_id, fileloc=f"{dag_id}.py", tasks=made)


class TestPasses:
    def made(self, *dags: Any, **fields: Any) -> tuple[list[Any], list[str]]:
        notes: list[Any] = []
        dags_by_id = {one.dag_id: one for one in dags}
        passes = list(idempotence._passes(dags_by_id, options(**fields), World(), notes))
        return passes, [f"{one.check} {one.severity}: {one.message}" for one in notes]

    @pytest.mark.parametrize("reverse", [False, True])
    def test_again_in_reverse_and_with_failures_at_the_end_of_first_tries(self, reverse: bool) -> None:
        passes, notes = self.made(real(a=1, b=0), real("e", c=2), reverse=reverse)
        assert [(one.how, one.options.reverse) for one in passes] == [
            (AGAIN, reverse),
            (REVERSED, not reverse),
            (FAILED, reverse),
        ]
        assert [one.world.faults for one in passes[:2]] == [[], []]
        faults = [(one.kind, one.task, one.on_try, one.when) for one in passes[2].world.faults]
        assert faults == [("fails", task, (1,), "end") for task in ("d.a", "d.b", "e.c")]
        assert [one.world.least_retries for one in passes] == [0, 0, 1]
        assert notes == []

    def test_what_cannot_be_tried_is_noted(self) -> None:
        passes, notes = self.made(real(a=None), real("e", b=0))
        assert [one.how for one in passes] == [AGAIN, FAILED]
        assert notes == ["idempotence warning: not tried in reverse: d depends on the past"]


def instance(state: str = "success", at: datetime = LAST, **xcoms: Any) -> Any:
    return SimpleNamespace(
        name="t", task_id="t", state=state, reason="", end_date=at, xcoms=dict(xcoms), xcom=lambda key: xcoms.get(key)
    )


def run(state: str = "success", *instances: Any, date: datetime | None = FIRST, failed: Any = ()) -> Any:
    return SimpleNamespace(
        dag_id="d", run_id="by_hand", logical_date=date, state=state, task_instances=instances, failed_tasks=failed
    )


def told(differing: Any) -> list[tuple[Any, str, str | None, str | None]]:
    return [(subject, one.message, one.task_id, one.fix) for subject, one in differing]


def of(*runs: Any) -> Any:
    return SimpleNamespace(runs=runs)


DAGS: dict[str, Any] = {"d": real(t=0)}


class TestStates:
    def found(self, before: Any, after: Any) -> list[Any]:
        return told(idempotence._other_states(DAGS, of(before), of(after), AGAIN))

    def test_one_that_ends_otherwise_is_told_with_the_task_that_failed(self) -> None:
        failed = SimpleNamespace(name="t[1]", task_id="t", reason="KeyError: 'x'")
        (found,) = self.found(run(), run("failed", failed=[failed]))
        fact = "d.t, run again: the run of 2025-01-01T00:00:00Z ends failed, not success: t[1]: KeyError: 'x'"
        assert found == (("state", "d", "t"), fact, "t", None)

    def test_without_such_a_task_it_is_the_dags(self) -> None:
        (found,) = self.found(run(date=None), run("failed", date=None))
        assert found == (("state", "d", ""), "d, run again: the run of by_hand ends failed, not success", None, None)

    def test_what_ends_alike_or_was_not_there_is_not_told(self) -> None:
        assert self.found(run("failed"), run("failed")) == []
        assert self.found(run(date=LAST), run("failed")) == []


class TestXComs:
    def found(self, before: Any, *after: Any) -> list[Any]:
        return told(idempotence._other_xcoms(DAGS, of(before), of(*after), AGAIN))

    def test_a_value_that_differs_is_told_once_a_key(self) -> None:
        found = self.found(run("success", instance(k=1, l=2)), *[run("success", instance(k=3, l=2))] * 2)
        assert found == [
            (("xcom", "d", "t", "k"), "d.t, run again: XCom 'k' of 2025-01-01T00:00:00Z is 3, not 1", "t", None)
        ]

    def test_one_that_only_one_pass_has_differs(self) -> None:
        assert len(self.found(run("success", instance(k=1)), run("success", instance(l=1)))) == 2

    @pytest.mark.parametrize(("before", "after"), [("failed", "success"), ("success", "failed")])
    def test_only_what_succeeded_both_times_is_compared(self, before: str, after: str) -> None:
        assert self.found(run("success", instance(before, k=1)), run("success", instance(after, k=2))) == []
        assert self.found(run("success"), run("success", instance(k=2))) == []

    @pytest.mark.parametrize(
        ("was", "now", "follows"),
        [
            ("made 2025-01-05", "made 2025-01-06", True),
            ("made 2025-01-05", "made 2025-01-09", False),
            ("made 2025-01-04", "made 2025-01-06", False),
        ],
    )
    def test_a_date_of_the_clock_is_told_as_such(self, was: str, now: str, follows: bool) -> None:
        later = LAST + timedelta(days=1)
        (found,) = self.found(run("success", instance(k=was)), run("success", instance(at=later, k=now)))
        assert found[1].endswith("the clock's date") is follows
        assert found[3] == ("take the run's logical_date or data_interval, not the clock" if follows else None)
        assert not idempotence._clock_in(was, None)


class TestData:
    def found(self, change: PartChange, *by: tuple[str, str], rows: ChangedRows = UNTOLD) -> list[Any]:
        writers: Any = SimpleNamespace(wrote={("db", change.part): dict.fromkeys(by)})
        return told(idempotence._other_data(DAGS, iter([("db", change)]), writers, AGAIN, lambda *_: rows))

    def test_the_rows_stand_behind_their_number(self) -> None:
        change = PartChange("sales", "table", "row", added=1)
        (found,) = self.found(change, ("d", "t"), rows=ChangedRows('{"day": 1} added', follows_clock=True))
        assert found[1] == 'd.t, run again: db: table sales: 1 row added: {"day": 1} added, the clock\'s date'
        assert found[3] == "take the run's logical_date or data_interval, not the clock"

    def test_what_only_grew_was_inserted_twice(self) -> None:
        (found,) = self.found(PartChange("sales", "table", "row", added=2), ("d", "t"))
        assert found[:3] == (("data", "db", "sales"), "d.t, run again: db: table sales: 2 rows added", "t")
        assert found[3] == "delete the interval's rows first, or insert with a key and on conflict"

    @pytest.mark.parametrize(
        "change",
        [
            PartChange("sales", "table", "row", added=1, removed=1),
            PartChange("sales", "table", "row", added=1, changed=1),
            PartChange("sales", "table", "row", removed=1),
        ],
    )
    def test_what_changed_otherwise_has_no_such_remedy(self, change: PartChange) -> None:
        (found,) = self.found(change, ("d", "t"))
        assert found[3] is None

    def test_of_several_writers_the_last_is_meant_and_all_are_named(self) -> None:
        (found,) = self.found(PartChange("sales", "table", "row", removed=1), ("d", "t"), ("d", "u"))
        assert (found[2], found[1].endswith(" (written by d.t, d.u)")) == ("u", True)

    def test_where_nobody_was_seen_to_write_it_is_the_dags(self) -> None:
        (found,) = self.found(PartChange("sales", "table", "row", removed=1))
        assert (found[1].startswith("d, run again: "), found[2]) == (True, None)


def test_writers_are_those_after_whose_end_something_differs() -> None:
    contents = iter([1, 2, 3])

    def held(number: int) -> Any:
        change = PartChange("sales", "table", "row", added=1)
        return SimpleNamespace(held={"db": SimpleNamespace(changes_to=lambda later: [change])}, number=number)

    leases: Any = SimpleNamespace(snapshot=lambda: held(next(contents)))
    writers = Writers(leases, held(0))
    of_run: Any = SimpleNamespace(dag=SimpleNamespace(dag_id="d"))
    for task_id, state in (
        ("a", "running"),
        ("b", "success"),
        ("c", "skipped"),
        ("e", "failed"),
        ("f", "up_for_retry"),
    ):
        writers(of_run, SimpleNamespace(task_id=task_id, state=state))  # type: ignore[arg-type]
    writers(of_run, None)
    assert list(writers.wrote["db", "sales"]) == [("d", "b"), ("d", "e"), ("d", "f")]
    assert writers.before.number == 3  # type: ignore[attr-defined]


class TestRows:
    """The rows that differ between the ledgers of two passes, in words."""

    def of(self, folder: Path, before: Rows, after: Rows, keys: tuple[str, ...] = ()) -> ChangedRows:
        passes = []
        for name, rows, day in (("a", before, "2025-01-05"), ("b", after, "2025-01-06")):
            with FileJournal(folder / name) as journal:
                told = {"kind": "run-created", "dag_id": "d", "run_id": "r", "run_after": None, "conf": {}}
                journal.write({"at": None, "logical_date": None, **told})
                lines = [json.dumps(row) for row in rows]
                part = HeldPart("sales", "table", "row", tuple(rows[0]), keys, lines)
                for record in keep(journal, "db", "postgres", [part]):
                    journal.write({"at": None, **record})
            passes.append(PassLedger(folder / name, frozenset({day}), frozenset({"2025-01-01"})))
        return RowsBetween.of_passes(*passes).of("db", "sales")

    def test_doubled_ones_are_told_as_such(self, tmp_path: Path) -> None:
        one, other = {"day": "2025-01-01", "n": 1}, {"day": "2025-01-02", "n": 1}
        found = self.of(tmp_path, [one, other], [one, other, one])
        assert found == ChangedRows('{"day": "2025-01-01", "n": 1} added, there was one like it', False)

    def test_also_where_a_sequence_gives_them_other_keys(self, tmp_path: Path) -> None:
        rows = [{"id": number, "day": "2025-01-01"} for number in (1, 2)]
        found = self.of(tmp_path, rows[:1], rows, keys=("id",))
        assert found.text == '{"id": 2, "day": "2025-01-01"} added, there was one like it, but for its id'
        fresh = self.of(tmp_path, rows[:1], [rows[0], {"id": 2, "day": "2025-01-03"}], keys=("id",))
        assert fresh.text == '{"id": 2, "day": "2025-01-03"} added'

    def test_columns_that_changed_by_the_key_of_their_rows(self, tmp_path: Path) -> None:
        before = [{"day": f"2025-01-0{day}", "n": day} for day in range(1, 7)]
        after = [{**row, "n": row["n"] * 2} for row in before]
        text = self.of(tmp_path, before, after, keys=("day",)).text
        assert text.startswith('n of day "2025-01-01" is 2, was 1; n of day "2025-01-02" is 4, was 2; ')
        assert text.endswith("3 more changed")

    @pytest.mark.parametrize(
        ("was", "now", "follows"),
        [
            ("2025-01-05T03:00:00", "2025-01-06T04:00:00", True),
            ("2025-01-05", "2025-01-07", False),
            ("2025-01-01", "2025-01-06", False),
        ],
    )
    @pytest.mark.parametrize("keys", [("day",), ()])
    def test_what_has_the_clocks_date(
        self, tmp_path: Path, was: str, now: str, follows: bool, keys: tuple[str, ...]
    ) -> None:
        before, after = [{"day": "2025-01-01", "made": was}], [{"day": "2025-01-01", "made": now}]
        if keys or follows or now == "2025-01-07":
            assert self.of(tmp_path, before, after, keys).follows_clock is follows

    def test_where_the_ledgers_cannot_tell_nothing_is_told(self, tmp_path: Path) -> None:
        assert self.of(tmp_path, [{"n": 1}], [{"n": 1}]) == ChangedRows()


def test_the_days_of_a_pass_are_those_of_its_clock(tmp_path: Path) -> None:
    result: Any = SimpleNamespace(
        since=FIRST,
        busy_until=datetime(2025, 1, 3, 5, tzinfo=timezone.utc),
        runs=[SimpleNamespace(logical_date=LAST, data_interval_start=None, data_interval_end=LAST)],
    )
    found = PassLedger.of(result, tmp_path)
    assert (sorted(found.days), found.meant) == (["2025-01-01", "2025-01-02", "2025-01-03"], {"2025-01-05"})
