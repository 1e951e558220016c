"""Backfills that people ask for in a calendar: what is made, cleared or refused, and how the schedule goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from calendar_builders import Folder, plan, real
from simulation_builders import Act

from harness.kernel import SECOND, Instant
from harness.scheduler.dag_runs.backfill import Backfill
from harness.scheduler.policies import SchedulerPolicies
from harness.simulation.components import backfills, deadlines
from tests.unit.scheduler.scheduler_builders import DAY, NOW


@pytest.fixture(autouse=True)
def airflow(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    says: dict[str, Any] = {"dates": [], "periodic": True, "error": None}

    def runs_between(of: Any, begin: int, end: int) -> Any:
        yield from (plan(date, "backfill") for date in says["dates"] if begin <= date <= end)
        if says["error"] is not None:
            raise says["error"]

    monkeypatch.setattr(backfills, "runs_between", runs_between)
    monkeypatch.setattr(backfills, "is_periodic", lambda _: says["periodic"])
    monkeypatch.setattr(backfills, "allows", lambda *_: True)
    monkeypatch.setattr(backfills, "conf_error", lambda *_: None)
    monkeypatch.setattr(backfills, "clearing_fails", lambda *_: says.get("clearing"))
    monkeypatch.setattr(backfills, "on_latest_version", lambda _, asked: bool(asked))
    monkeypatch.setattr(deadlines, "clearing_fails", lambda *_: None)
    return says


def asked(folder: Folder, **fields: Any) -> Any:
    folder.calendar.backfill("d", Backfill(**{"from_date": NOW - 9 * DAY, "to_date": NOW - DAY, **fields}))
    return folder.calendar.backfills.results()[-1]


def dates(result: Any) -> list[tuple[int, str, str | None, str | None]]:
    days = [round((one.logical_date.timestamp() * SECOND - NOW) / DAY) for one in result.dates]
    return [(day, one.outcome, one.reason, one.run_id) for day, one in zip(days, result.dates, strict=True)]


class TestBackfills:
    def test_its_runs_are_made_and_it_is_complete_with_the_last(
        self, folder_of: Callable[..., Folder], airflow: dict[str, Any]
    ) -> None:
        airflow["dates"] = [NOW - 3 * DAY, NOW - 2 * DAY]
        folder = folder_of(real("d"))
        folder.begin(5)
        result = asked(folder, conf={"c": 1}, max_active_runs=1)
        ids = [f"backfill-{date}" for date in airflow["dates"]]
        assert dates(result) == [(-3, "created", None, ids[0]), (-2, "created", None, ids[1])]
        assert (result.refused, result.completed_at, folder.confs) == (None, None, [{"c": 1}] * 2)
        runs = list(folder.play.store.runs.values())
        assert [
            (run.run_type, run.backfill_id, run.backfill_ordinal, run.backfill_max_active_runs) for run in runs
        ] == [
            ("backfill", "1", 1, 1),
            ("backfill", "1", 2, 1),
        ]
        folder.go_on()
        (done,) = folder.calendar.backfills.results()
        assert done.completed_at is not None
        assert done.completed_at.timestamp() == (NOW + 125 * SECOND) / SECOND
        assert folder.told() == []

    def test_a_dry_run_says_what_it_would_do_and_does_nothing(
        self, folder_of: Callable[..., Folder], airflow: dict[str, Any]
    ) -> None:
        airflow["dates"] = [NOW - 3 * DAY]
        folder = folder_of(real("d", NOW - 5 * DAY, catchup=False))
        folder.calendar.begin()
        questions = len(folder.asked)
        result = asked(folder, dry_run=True)
        assert dates(result) == [(-3, "created", None, None)]
        assert (folder.play.store.runs, result.completed_at, len(folder.asked)) == ({}, None, questions)
        assert asked(folder).refused is None, "it is none that runs"

    def test_runs_that_are_there_are_cleared_or_left(
        self, folder_of: Callable[..., Folder], airflow: dict[str, Any]
    ) -> None:
        airflow["dates"] = [NOW - 3 * DAY, NOW - 2 * DAY, NOW - DAY]
        folder = folder_of(real("d"), acts={"a": [Act(state="failed"), Act(seconds=0)]})
        plain = folder.dags[0].plain
        failed = folder.play.add(plain, "failed", logical_date=NOW - 3 * DAY, conf={"old": 1})
        folder.begin()
        good = folder.play.add(plain, "good", logical_date=NOW - 2 * DAY)
        folder.go_on()
        assert (failed.state, good.state) == ("failed", "success")
        result = asked(folder, reprocess="failed", conf={"new": 1}, run_on_latest_version=True)
        assert dates(result) == [
            (-3, "cleared", None, "failed"),
            (-2, "not created", "already exists", "good"),
            (-1, "created", None, f"backfill-{NOW - DAY}"),
        ]
        assert (failed.state, failed.run_type, failed.backfill_ordinal, failed.conf) == (
            "queued",
            "backfill",
            1,
            {"new": 1},
        )
        assert (good.run_type, good.backfill_id) == ("scheduled", None)
        folder.go_on()
        again = asked(folder, reprocess="completed")
        assert [one[1] for one in dates(again)] == ["cleared"] * 3
        assert (failed.backfill_id, failed.former_ordinals, failed.conf) == ("2", (1,), {"new": 1})

    def test_one_a_dag_at_a_time(self, folder_of: Callable[..., Folder], airflow: dict[str, Any]) -> None:
        airflow["dates"] = [NOW - 3 * DAY]
        folder = folder_of(real("d"))
        folder.begin(1)
        asked(folder)
        refused = asked(folder).refused
        assert str(refused).startswith("AlreadyRunningBackfill")
        assert folder.told() == [("backfill", "error", f"d: Airflow refuses the backfill: {refused}")]
        folder.go_on()
        assert asked(folder, reprocess="completed").refused is None

    def test_one_whose_dates_are_all_there_is_complete_at_once(
        self, folder_of: Callable[..., Folder], airflow: dict[str, Any]
    ) -> None:
        airflow["dates"] = [NOW - 3 * DAY]
        folder = folder_of(real("d"))
        folder.play.add(folder.dags[0].plain, "there", logical_date=NOW - 3 * DAY)
        folder.begin()
        result = asked(folder)
        assert dates(result) == [(-3, "not created", "already exists", "there")]
        assert result.completed_at is not None

    def test_what_airflow_cannot_clear_has_nothing_made_or_cleared(
        self, folder_of: Callable[..., Folder], airflow: dict[str, Any]
    ) -> None:
        airflow["dates"] = [NOW - 4 * DAY, NOW - 3 * DAY]
        folder = folder_of(real("d"))
        folder.play.add(folder.dags[0].plain, "there", logical_date=NOW - 3 * DAY)
        folder.begin()
        airflow["clearing"] = LookupError("no row")
        assert asked(folder, reprocess="completed").refused == "LookupError: no row (there)"
        assert [run.run_id for run in folder.play.store.runs.values()] == ["there"]
        assert asked(folder).refused is None, "where it clears none"

    def test_a_timetable_that_raises_is_told_and_what_it_named_before_counts(
        self, folder_of: Callable[..., Folder], airflow: dict[str, Any]
    ) -> None:
        airflow |= {"dates": [NOW - 3 * DAY], "error": LookupError("no moon")}
        folder = folder_of(real("d"))
        folder.begin(0)
        assert len(asked(folder).dates) == 1
        assert folder.told() == [("timetable", "error", "d: its timetable raised LookupError: no moon")]

    def test_a_dag_without_a_schedule_is_refused_and_not_asked(
        self, folder_of: Callable[..., Folder], airflow: dict[str, Any]
    ) -> None:
        airflow |= {"periodic": False, "error": LookupError("not asked")}
        folder = folder_of(real("d"))
        folder.begin(0)
        assert str(asked(folder).refused).startswith("DagNonPeriodicScheduleException")
        assert [check for check, _, _ in folder.told()] == ["backfill"]

    def test_one_that_finds_no_date_before_3_3_is_a_warning(self, folder_of: Callable[..., Folder]) -> None:
        old = SchedulerPolicies(backfill_needs_dates=False)
        folder = folder_of(real("d", limits={"policies": old}))
        folder.begin(0)
        asked(folder)
        dates = "from 2024-12-23T00:00:00Z to 2024-12-31T00:00:00Z"
        assert folder.told() == [("backfill", "warning", f"d: the backfill {dates} finds no date to run")]

    @pytest.mark.parametrize(("reverse", "first"), [(False, -3), (True, -2)])
    def test_backwards_the_latest_date_comes_first(
        self, folder_of: Callable[..., Folder], airflow: dict[str, Any], reverse: bool, first: int
    ) -> None:
        airflow["dates"] = [NOW - 3 * DAY, NOW - 2 * DAY]
        folder = folder_of(real("d"))
        folder.begin(0)
        result = asked(folder, reverse=reverse)
        assert (dates(result)[0][0], result.reverse) == (first, reverse)


class TestTheScheduleAfterwards:
    """It goes on behind the latest run, as when Airflow parses the Dag again."""

    @pytest.fixture(autouse=True)
    def one_date(self, airflow: dict[str, Any]) -> None:
        airflow["dates"] = [NOW - 2 * DAY]

    def asked_after(self, folder: Folder) -> list[Any]:
        before = len(folder.asked)
        asked(folder)
        return folder.asked[before:]

    def test_behind_what_was_backfilled(self, folder_of: Callable[..., Folder]) -> None:
        folder = folder_of(real("d", NOW - 5 * DAY, NOW - DAY))
        folder.calendar.begin()
        assert self.asked_after(folder) == [("d", NOW - 2 * DAY)]
        assert [date for _, date, _ in folder.go_on()] == [-2 * 86400, -86400]

    def test_where_there_are_only_runs_by_hand_nothing_is_asked(self, folder_of: Callable[..., Folder]) -> None:
        folder = folder_of(real("d", NOW - 5 * DAY))
        folder.play.add(folder.dags[0].plain, "manual", run_type="manual", logical_date=NOW - 2 * DAY)
        folder.calendar.begin()
        assert self.asked_after(folder) == []

    def test_runs_by_hand_do_not_count(self, folder_of: Callable[..., Folder]) -> None:
        folder = folder_of(real("d", NOW - 5 * DAY))
        folder.play.add(folder.dags[0].plain, "manual", run_type="manual", logical_date=NOW - DAY)
        folder.calendar.begin()
        assert self.asked_after(folder) == [("d", NOW - 2 * DAY)]

    @pytest.mark.parametrize(("to_come", "asked"), [(NOW - 3 * DAY, True), (NOW - 2 * DAY, True), (NOW + DAY, False)])
    def test_in_a_steady_state_what_ran_before_counts_too(
        self, folder_of: Callable[..., Folder], to_come: int, asked: bool
    ) -> None:
        folder = folder_of(real("d", to_come), since=NOW - 4 * DAY)
        folder.calendar._since = Instant(0)
        folder.play.simulation.now = Instant(NOW)
        folder.calendar.entries["d"].plan = plan(to_come)
        assert bool(self.asked_after(folder)) is asked

    def test_nothing_is_asked_where_no_run_is_to_come_in_a_steady_state(self, folder_of: Callable[..., Folder]) -> None:
        folder = folder_of(real("d"), since=NOW)
        folder.calendar.begin()
        assert self.asked_after(folder) == []

    @pytest.mark.parametrize(("beyond", "active", "asked"), [(True, 1, True), (False, 1, False), (False, 0, True)])
    def test_at_the_limit_of_runs_the_policy_decides(
        self, folder_of: Callable[..., Folder], beyond: bool, active: int, asked: bool
    ) -> None:
        policies = SchedulerPolicies(plans_beyond_the_limit=beyond)
        folder = folder_of(real("d", limits={"policies": policies, "max_active_runs": 1}))
        for _ in range(active):
            folder.play.add(folder.dags[0].plain, "manual", run_type="manual", logical_date=NOW - 8 * DAY)
        folder.calendar.begin()
        assert bool(self.asked_after(folder)) is asked
