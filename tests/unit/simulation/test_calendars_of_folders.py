"""The runs of a folder's schedules: when each is made, what pauses a Dag, what is said of one."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from calendar_builders import Folder, plan, real
from simulation_builders import Act

from harness.kernel import SECOND
from harness.scheduler.dag_runs.calendar import AssetPolicy, OfAsset
from harness.simulation import calendar as module
from tests.unit.scheduler.scheduler_builders import DAY, NOW, dag, task


class TestSchedules:
    def test_each_run_is_made_when_it_is_due(self, folder_of: Callable[..., Folder]) -> None:
        folder = folder_of(real("d", NOW, NOW + 600 * SECOND))
        assert folder.begin(599) == [("d", 0, 0)]
        assert folder.go_on() == [("d", 0, 0), ("d", 600, 600)]
        assert folder.asked == [("d", None), ("d", NOW), ("d", NOW + 600 * SECOND)]
        assert folder.calendar.entries["d"].plan is None
        assert folder.confs == [{}, {}]

    def test_of_the_past_as_many_as_the_dag_lets_one_a_dag_a_loop(self, folder_of: Callable[..., Folder]) -> None:
        past = [NOW - n * DAY for n in (3, 2, 1)]
        folder = folder_of(real("b", *past, limits={"max_active_runs": 2}), real("a", *past))
        assert [name for name, _, _ in folder.begin(0)] == ["a", "b", "a", "b", "a"]
        assert [at for name, _, at in folder.go_on() if name == "b"] == [0, 0, 60], "the third when one has ended"

    def test_dags_that_ran_on_schedule_before_make_up_for_nothing(self, folder_of: Callable[..., Folder]) -> None:
        folder = folder_of(real("d", NOW - DAY, NOW, NOW + 60 * SECOND), since=NOW)
        assert folder.begin() == [("d", 0, 0), ("d", 60, 60)]
        assert folder.asked[:2] == [("d", "since 0"), ("d", NOW)]

    def test_a_run_that_is_there_already_is_not_made_again(self, folder_of: Callable[..., Folder]) -> None:
        one = real("d", NOW + 60 * SECOND, NOW + 90 * SECOND)
        folder = folder_of(one)
        folder.play.driver.add(folder.make(one, plan(NOW + 60 * SECOND, "manual"), {}))
        folder.made.clear()
        assert folder.begin() == [("d", 90, 90)]

    @pytest.mark.parametrize(
        ("allowed", "made"),
        [
            (None, 1),
            ([], 1),
            (["scheduled", "manual"], 1),
            ([SimpleNamespace(value="scheduled")], 1),
            (["manual"], 0),
        ],
    )
    def test_no_run_is_made_where_the_dag_allows_no_scheduled_ones(
        self, folder_of: Callable[..., Folder], allowed: Any, made: int
    ) -> None:
        folder = folder_of(real("d", NOW, allowed_run_types=allowed))
        assert len(folder.begin()) == made
        assert folder.asked == [("d", None), ("d", NOW)], "its schedule goes on all the same"

    def test_its_conf_is_that_of_the_options_each_with_one_of_its_own(self, folder_of: Callable[..., Folder]) -> None:
        given = {"k": 1}
        folder = folder_of(real("d", NOW, NOW + SECOND), conf=given)
        folder.begin()
        assert folder.confs == [given, given]
        assert len({id(one) for one in (*folder.confs, given)}) == 3

    def test_a_timetable_that_raises_is_a_finding_and_the_others_go_on(self, folder_of: Callable[..., Folder]) -> None:
        folder = folder_of(real("d", LookupError("no moon")), real("e", NOW))
        assert folder.begin() == [("e", 0, 0)]
        assert folder.told() == [("timetable", "error", "d: its timetable raised LookupError: no moon")]
        (found,) = folder.calendar.findings
        assert (found.path, found.dag_id) == ("dags/d.py", "d")
        assert folder.calendar.entries["d"].calendar.due is None

    def test_what_is_not_due_is_waited_for(self, folder_of: Callable[..., Folder]) -> None:
        folder = folder_of(real("d", NOW + 60 * SECOND))
        assert folder.begin(59) == []
        assert folder.calendar.entries["d"].calendar.due == NOW + 60 * SECOND
        assert folder.go_on() == [("d", 60, 60)]


class TestWithoutCatchup:
    def test_a_schedule_is_asked_again_when_there_is_room_long_after(self, folder_of: Callable[..., Folder]) -> None:
        one = real("d", NOW, NOW + 10 * SECOND, catchup=False, limits={"max_active_runs": 1})
        folder = folder_of(one)
        folder.begin(30)
        one.dates = [NOW, NOW + 70 * SECOND]  # the past is left out by then
        assert folder.go_on() == [("d", 0, 0), ("d", 70, 70)]

    def test_with_catchup_it_keeps_to_its_answer(self, folder_of: Callable[..., Folder]) -> None:
        one = real("d", NOW, NOW + 10 * SECOND, limits={"max_active_runs": 1})
        folder = folder_of(one)
        folder.begin(30)
        one.dates = [NOW, NOW + 70 * SECOND]
        assert folder.go_on()[:2] == [("d", 0, 0), ("d", 10, 60)]

    def test_an_answer_of_this_instant_is_not_asked_for_again(self, folder_of: Callable[..., Folder]) -> None:
        folder = folder_of(real("d", NOW, catchup=False))
        folder.begin()
        assert folder.asked == [("d", None), ("d", NOW)]


class TestPaused:
    def test_nothing_is_made_until_it_is_unpaused(self, folder_of: Callable[..., Folder]) -> None:
        folder = folder_of(real("d", NOW, paused=True), real("e", NOW))
        assert folder.begin(10) == [("e", 0, 0)]
        assert folder.play.driver.limits.paused_dags == {"d"}
        folder.calendar.pause("d", paused=False)
        assert folder.play.driver.limits.paused_dags == set()
        assert folder.go_on() == [("e", 0, 0), ("d", 0, 10)]

    def test_one_that_is_paused_makes_no_more(self, folder_of: Callable[..., Folder]) -> None:
        folder = folder_of(real("d", NOW, NOW + 90 * SECOND))
        folder.begin(30)
        folder.calendar.pause("d")
        assert folder.go_on() == [("d", 0, 0)]
        assert folder.calendar.entries["d"].calendar.paused


class TestFailures:
    DATES = tuple(NOW + n * 90 * SECOND for n in range(4))

    def test_as_many_in_a_row_as_are_let_pause_the_dag(self, folder_of: Callable[..., Folder]) -> None:
        one = real("d", *self.DATES, limits={"max_consecutive_failed_dag_runs": 2})
        folder = folder_of(one, acts={"a": [Act(state="failed")]})
        assert [date for _, date, _ in folder.begin()] == [0, 90]
        assert folder.told() == [("consecutive-failures", "warning", "d: its last 2 runs failed: Airflow pauses it")]
        assert folder.calendar.entries["d"].calendar.paused

    def test_one_that_goes_well_between_them_counts_anew(self, folder_of: Callable[..., Folder]) -> None:
        acts = {"a": [Act(state="failed"), Act(), Act(state="failed"), Act()]}
        folder = folder_of(real("d", *self.DATES, limits={"max_consecutive_failed_dag_runs": 2}), acts=acts)
        assert len(folder.begin()) == 4
        assert folder.told() == []

    def test_without_a_limit_none_does(self, folder_of: Callable[..., Folder]) -> None:
        folder = folder_of(real("d", *self.DATES), acts={"a": [Act(state="failed")]})
        assert len(folder.begin()) == 4
        assert folder.told() == []

    def test_a_timeout_does_not_count(self, folder_of: Callable[..., Folder]) -> None:
        limits = {"max_consecutive_failed_dag_runs": 1, "dagrun_timeout": 10 * SECOND}
        folder = folder_of(real("d", *self.DATES, limits=limits), acts={"a": [Act()]})
        assert len(folder.begin()) == 4
        assert [run.state for run in folder.play.store.runs.values()] == ["failed"] * 4

    def test_a_run_of_a_dag_that_is_not_in_the_calendar_is_nobodys(self, folder_of: Callable[..., Folder]) -> None:
        folder = folder_of(real("e", NOW), acts={"a": [Act(state="failed")]})
        folder.play.add(dag(task("a"), max_consecutive_failed_dag_runs=1))
        folder.begin()
        assert folder.told() == []

    def test_the_latest_by_their_dates_count_and_of_one_date_the_one_made_last(
        self, folder_of: Callable[..., Folder]
    ) -> None:
        folder = folder_of(real("d"))
        made = [
            folder.play.add(folder.dags[0].plain, f"r{n}", run_after=NOW + at * SECOND)
            for n, at in enumerate((5, 9, 5, 1))
        ]
        found = [run.run_id for run in folder.calendar._latest("d")]
        assert found == ["r1", "r2", "r0", "r3"]
        assert len(made) == 4


def test_an_asset_event_is_for_the_dags_that_are_scheduled_on_it(
    folder_of: Callable[..., Folder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "asset_policy", lambda _: AssetPolicy("batch"))
    folder = folder_of(real("d", condition=OfAsset("x", "s3://x")), real("e"))
    assert folder.calendar.entries["d"].calendar.policy.grouping == "batch"
    assert folder.calendar.entries["e"].calendar.condition is None
    event: Any = SimpleNamespace(id=1, name="x", uri="s3://x", at=NOW, aliases=())
    folder.calendar.asset_event(event)
    assert [one.calendar.queued for one in folder.calendar.entries.values()] == [{("x", "s3://x"): NOW}, {}]


def test_what_is_said_of_a_dag_is_kept_with_its_file(folder_of: Callable[..., Folder]) -> None:
    folder = folder_of(real("d"))
    folder.calendar.complain("d", "warning", "m", "c")
    assert folder.told() == [("c", "warning", "d: m")]
