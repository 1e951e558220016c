"""The scheduler's loop: when runs begin, when their tasks do, what ends them, what is left."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from simulation_builders import Act, Calendar, Play, length

from harness.bridge.supervisor.store import facts
from harness.kernel import SECOND
from harness.scheduler.queueing import PoolSlots
from harness.simulation.components.scheduler_loop import OneByOne
from tests.unit.scheduler.scheduler_builders import NOW, dag, states, task, ti

ONE = dag(task("a"))


class TestRuns:
    def test_one_goes_task_by_task_and_ends_with_its_last(self, play: Play) -> None:
        run = play.add(dag(task("a"), task("b", "a")))
        play.until()
        assert play.told(run) == [
            (0, "a", "scheduled"),
            (0, "a", "queued"),
            (0, "a", "running"),
            (60, "a", "success"),
            (60, "b", "scheduled"),
            (60, "b", "queued"),
            (60, "b", "running"),
            (120, "b", "success"),
        ]
        assert (run.state, run.start, run.end) == ("success", NOW, NOW + 120 * SECOND)
        assert run.queued_at == NOW, "its deadlines count from when it was made"
        assert play.driver.active == {}
        assert play.driver.waiting_runs() == []
        assert run.memory is None

    def test_one_begins_at_its_run_after_and_not_before(self, play: Play) -> None:
        run = play.add(ONE, run_after=NOW + 30 * SECOND)
        play.until(29)
        assert (run.state, play.driver.waiting_runs()) == ("queued", [run])
        play.until()
        assert run.start == NOW + 30 * SECOND

    def test_no_more_are_active_than_their_dag_lets(self, play: Play) -> None:
        made = dag(task("a"), max_active_runs=2)
        runs = [play.add(made, f"r{n}", logical_date=NOW + n) for n in range(3)]
        play.until(0)
        assert [run.state for run in runs] == ["running", "running", "queued"]
        play.until()
        assert [((run.start or 0) - NOW) / SECOND for run in runs] == [0, 0, 60]

    def test_a_backfill_has_a_limit_of_its_own(self, play: Play) -> None:
        made = dag(task("a"), max_active_runs=1)
        plain = play.add(made, "plain")
        backfilled = [
            play.add(
                made, f"b{n}", logical_date=NOW + n, backfill_id="b", backfill_ordinal=n, backfill_max_active_runs=1
            )
            for n in (1, 2)
        ]
        play.until(0)
        assert [run.state for run in (plain, *backfilled)] == ["running", "running", "queued"]
        assert [play.driver.active_runs("d"), play.driver.active_runs("d", backfills=False)] == [3, 1]
        assert [play.driver.active_runs("e"), play.driver.active_runs("e", backfills=False)] == [0, 0]
        play.until()
        assert [play.driver.active_runs("d"), play.driver.active_runs("d", backfills=False)] == [0, 0]

    def test_one_that_fails_tells_its_callback_and_the_calendar_why(self, play: Play) -> None:
        calendar = play.driver.calendar = Calendar()
        play.acts["a"] = [Act(state="failed")]
        run = play.add(ONE)
        facts(run).dag.on_failure_callback = [print]
        play.until()
        assert run.state == "failed"
        assert play.called == [("r", False, "task_failure")]
        assert calendar.ended == [("r", "failed", "task_failure")]

    def test_a_callback_for_the_other_end_is_not_called(self, play: Play) -> None:
        run = play.add(ONE)
        facts(run).dag.on_failure_callback = [print]
        play.until()
        assert (run.state, play.called) == ("success", [])

    def test_a_timeout_ends_the_run_and_what_works_in_it(self, play: Play) -> None:
        play.acts["a"] = [Act(seconds=1000)]
        run = play.add(dag(task("a"), task("b", "a"), dagrun_timeout=100 * SECOND))
        play.until()
        assert (run.state, length(run)) == ("failed", 100)
        assert play.told(run)[-2:] == [(100, "a", "skipped"), (100, "b", "skipped")]
        assert play.triggers.cancelled == [ti(run, "a"), ti(run, "b")]

    def test_a_run_that_waits_for_its_past_goes_on_when_that_has_ended(self, play: Play) -> None:
        made = dag(task("a", depends_on_past=True))
        first, second = play.add(made, "one"), play.add(made, "two", logical_date=NOW + 1)
        play.until()
        assert play.told(first, "running", "success") == [(0, "a", "running"), (60, "a", "success")]
        assert play.told(second, "running", "success") == [(60, "a", "running"), (120, "a", "success")]


class TestSlots:
    def test_who_finds_no_slot_waits_for_one_and_is_told_why(self, play_of: Callable[..., Play]) -> None:
        play = play_of(parallelism=1)
        run = play.add(dag(task("a"), task("b")))
        play.until(30)
        assert states(run) == {"a": "running", "b": "scheduled"}
        assert [(one.task_id, why) for one, why in play.driver.held()] == [("b", "parallelism 1 reached")]
        assert [one.task_id for one in play.driver.unfinished()] == ["a", "b"]
        play.until()
        assert (length(run), play.driver.held(), play.driver.unfinished()) == (120, [], [])

    def test_a_slot_is_free_when_what_had_it_ends(self, play_of: Callable[..., Play]) -> None:
        play = play_of(pools={"p": PoolSlots("p", 2)})
        run = play.add(dag(*(task(name, pool="p") for name in "abc")))
        play.acts = {"a": [Act(seconds=10)], "b": [Act(seconds=30)]}
        play.until()
        assert play.told(run, "running") == [(0, "a", "running"), (0, "b", "running"), (10, "c", "running")]
        assert play.driver.occupancy().executor == 0

    def test_the_heavier_goes_first(self, play_of: Callable[..., Play]) -> None:
        play = play_of(parallelism=1)
        run = play.add(dag(task("a"), task("b", priority_weight=9)))
        play.until()
        assert [name for _, name, _ in play.told(run, "running")] == ["b", "a"]

    @pytest.mark.parametrize(("include", "begins"), [(False, 60), (True, 200)])
    def test_a_deferred_one_keeps_its_slot_where_the_pool_says_so(
        self, play_of: Callable[..., Play], include: bool, begins: int
    ) -> None:
        from types import SimpleNamespace

        play = play_of(pools={"p": PoolSlots("p", 1, include)})
        deferral = Act(state="deferred", message=SimpleNamespace(classpath="x.Waits"))
        play.acts["a"] = [deferral, Act(seconds=0)]
        run = play.add(dag(task("a", pool="p", priority_weight=2), task("b", pool="p")))
        play.simulation.schedule(NOW + 200 * SECOND, play.resume, ti(run, "a"))
        play.until()
        assert (begins, "b", "running") in play.told(run)
        assert run.state == "success"


class TestLoops:
    def test_all_that_happens_at_an_instant_is_one_loop(self, play: Play) -> None:
        calendar = play.driver.calendar = Calendar()
        for _ in range(3):
            play.driver.wake()
        play.until()
        assert calendar.asked == 1
        play.driver.wake()
        play.until()
        assert calendar.asked == 2

    def test_it_goes_round_until_nothing_changes(self, play: Play) -> None:
        calendar = play.driver.calendar = Calendar(due=[True, True, False, True])
        play.driver.wake()
        play.until()
        assert calendar.asked == 3

    def test_a_run_that_is_marked_is_looked_at_once_though_it_was_marked_twice(
        self, play: Play, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looked: list[str] = []
        run = play.add(ONE)
        play.until(0)
        examine = play.driver._examine
        monkeypatch.setattr(play.driver, "_examine", lambda one: (looked.append(one.run_id), examine(one))[1])
        play.driver.mark(run)
        play.driver.mark(run)
        play.until(1)
        assert looked == ["r"]

    def test_an_asset_event_is_passed_on_and_makes_it_look_again(self, play: Play) -> None:
        event: object = object()
        play.driver.asset_event(event)  # type: ignore[arg-type]
        assert play.simulation.peek() is None, "nobody makes runs of it"
        calendar = play.driver.calendar = Calendar()
        play.driver.asset_event(event)  # type: ignore[arg-type]
        play.until()
        assert (calendar.events, calendar.asked) == ([event], 1)

    def test_a_mapped_task_waits_for_its_retry_and_is_looked_at_then(self, play: Play) -> None:
        play.acts["a"] = [Act(state="up_for_retry"), Act()]
        run = play.add(dag(task("a", retries=1, retry_delay=300 * SECOND), task("b", "a")))
        play.until()
        assert play.told(run, "running", "up_for_retry") == [
            (0, "a", "running"),
            (60, "a", "up_for_retry"),
            (360, "a", "running"),
            (420, "b", "running"),
        ]
        assert ti(run, "a").try_number == 2


class TestPaused:
    def test_no_run_of_a_paused_dag_begins(self, play: Play) -> None:
        play.driver.limits.paused_dags.add("d")
        run = play.add(ONE)
        play.until()
        assert run.state == "queued"
        play.driver.limits.paused_dags.clear()
        play.driver.unpaused()
        play.until()
        assert run.state == "success"

    def test_one_that_runs_goes_no_further_until_it_is_unpaused(self, play: Play) -> None:
        run = play.add(dag(task("a"), task("b", "a")))
        play.until(30)
        play.driver.limits.paused_dags.add("d")
        play.until()
        assert (states(run), run.state) == ({"a": "success", "b": None}, "running")
        play.driver.limits.paused_dags.clear()
        play.driver.unpaused()
        play.until()
        assert run.state == "success"

    def test_its_end_is_seen_all_the_same(self, play: Play) -> None:
        run = play.add(ONE)
        play.until(30)
        play.driver.limits.paused_dags.add("d")
        play.until()
        assert (run.state, length(run)) == ("success", 60)

    def test_it_has_no_timeout_meanwhile(self, play: Play) -> None:
        run = play.add(dag(task("a"), task("b", "a"), dagrun_timeout=100 * SECOND))
        play.until(30)
        play.driver.limits.paused_dags.add("d")
        play.until(500)
        assert run.state == "running"
        play.driver.limits.paused_dags.clear()
        play.driver.unpaused()
        play.until()
        assert run.state == "failed"


class TestCleared:
    def test_a_run_that_has_ended_goes_once_more(self, play: Play) -> None:
        run = play.add(dag(task("a"), task("b", "a")))
        play.until()
        play.driver.clear(run)
        assert run.state == "queued"
        play.until()
        assert (run.state, length(run)) == ("success", 120)
        assert [one.try_number for one in run.task_instances.values()] == [2, 2]
        assert play.driver.active_runs("d") == 0

    def test_of_single_tasks_those_go_again(self, play: Play) -> None:
        run = play.add(dag(task("a"), task("b", "a")))
        play.until()
        play.driver.clear(run, {"b"})
        play.until()
        assert [one.try_number for one in run.task_instances.values()] == [1, 2]

    def test_what_works_is_stopped_and_begins_anew(self, play: Play) -> None:
        run = play.add(ONE)
        play.until(30)
        play.driver.clear(run)
        play.until()
        assert play.told(run, "running", None, "success") == [
            (0, "a", "running"),
            (30, "a", None),
            (30, "a", "running"),
            (90, "a", "success"),
        ]
        assert run.state == "success"

    def test_a_reset_starts_a_run_anew_though_it_goes_on(self, play: Play) -> None:
        made = dag(task("a"), max_active_runs=1)
        run, other = play.add(made), play.add(made, "other", logical_date=NOW + 1, run_after=NOW + 40 * SECOND)
        play.until(30)
        play.driver.reset(run)
        assert (run.state, play.driver.active) == ("queued", {})
        play.until()
        assert [(one.start, one.end) for one in (run, other)] == [
            (NOW + 30 * SECOND, NOW + 90 * SECOND),
            (NOW + 90 * SECOND, NOW + 150 * SECOND),
        ]


class TestOneByOne:
    def test_tasks_take_turns_heed_no_pool_and_sensors_go_last(self, play_of: Callable[..., Play]) -> None:
        play = play_of(parallelism=1, pools={"p": PoolSlots("p", 0)})
        play.driver.run_one_by_one()
        run = play.add(dag(task("a_sensor", priority_weight=9), task("b", pool="p"), task("c")))
        play.until()
        assert play.told(run, "running") == [(0, "b", "running"), (60, "c", "running"), (120, "a_sensor", "running")]

    def test_it_knows_no_timeout_of_the_run(self, play: Play) -> None:
        play.driver.run_one_by_one()
        run = play.add(dag(task("a"), task("b", "a"), dagrun_timeout=10 * SECOND))
        play.until()
        assert (run.state, length(run)) == ("success", 120)

    def test_a_deferred_one_keeps_its_turn_and_goes_on_at_once(self, play: Play) -> None:
        from types import SimpleNamespace

        play.driver.run_one_by_one()
        play.acts["a"] = [Act(state="deferred", message=SimpleNamespace(classpath="x.Waits")), Act(seconds=5)]
        run = play.add(dag(task("a", priority_weight=2), task("b")))
        play.until(100)
        assert states(run) == {"a": "deferred", "b": "scheduled"}
        play.resume(ti(run, "a"))
        play.until()
        assert play.told(run, "running") == [(0, "a", "running"), (100, "a", "running"), (105, "b", "running")]

    def test_only_the_one_whose_turn_it_is_goes_on_at_once(self, play: Play) -> None:
        run, launched, over = play.add(dag(task("a"), task("b"))), [], []
        turn = OneByOne(launched.append, lambda: over.append(1))
        a, b = ti(run, "a"), ti(run, "b")
        assert not turn.goes_on
        turn.begin([a])
        assert (turn.resume(b), turn.resume(a), launched) == (False, True, [a, a])
        turn.slice_over(b)
        assert (turn.goes_on, over) == (True, [])
        a.state = "success"
        turn.slice_over(a)
        assert (turn.goes_on, over) == (False, [1])
