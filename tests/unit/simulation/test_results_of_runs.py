"""A finished simulation as a result: whose dates are dates, and which says why a run ended where that is news."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest
from simulation_builders import Act, Play

from harness.bridge.supervisor.store import facts
from harness.kernel import SECOND
from harness.results.world import Need
from harness.scheduler.model import DagRun, KnownLength
from harness.simulation.results import run_result
from tests.unit.scheduler.scheduler_builders import NOW, dag, task, ti

BEGIN = datetime(2025, 1, 1, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)


class TestWhyARunEnded:
    @pytest.mark.parametrize("state", ["success", "failed"])
    def test_nothing_is_said_where_its_tasks_decided(self, play: Play, state: str) -> None:
        play.acts["a"] = [Act(state=state)]
        run = play.add(dag(task("a")))
        play.until()
        assert run.reason is not None
        found = run_result(run, play.recorder)
        assert (str(found.state), found.reason) == (state, None)

    def test_a_timeout_is_named(self, play: Play) -> None:
        run = play.add(dag(task("a"), dagrun_timeout=10 * SECOND))
        play.until()
        found = run_result(run, play.recorder)
        assert (str(found.state), found.reason) == ("failed", "timed_out")

    def test_one_that_goes_on_has_no_end(self, play: Play) -> None:
        run = play.add(dag(task("a")))
        play.until(30)
        found = run_result(run, play.recorder)
        assert (str(found.state), found.reason, found.start_date, found.end_date) == ("running", None, BEGIN, None)


def test_its_dates_are_those_of_the_simulation(play: Play) -> None:
    fields = {"data_interval_start": NOW - SECOND, "data_interval_end": NOW + SECOND, "run_after": NOW + 2 * SECOND}
    run = play.add(dag(task("a")), **fields)
    play.until()
    found = run_result(run, play.recorder)
    second = timedelta(seconds=1)
    assert (found.logical_date, found.data_interval_start, found.data_interval_end) == (
        BEGIN,
        BEGIN - second,
        BEGIN + second,
    )
    assert (found.run_after, found.start_date, found.end_date) == (
        BEGIN + 2 * second,
        BEGIN + 2 * second,
        BEGIN + 2 * second + MINUTE,
    )
    assert found.events[-1] == (BEGIN + 2 * second + MINUTE, "a", "success")


def test_a_run_without_a_logical_date_has_none(play: Play) -> None:
    run = play.add(dag(task("a")), logical_date=None, data_interval_start=None, data_interval_end=None)
    found = run_result(run, play.recorder)
    assert (found.logical_date, found.data_interval_start, found.data_interval_end) == (None, None, None)


def test_task_instances_stand_in_the_order_of_the_dag_and_of_their_indexes(play: Play) -> None:
    run = play.add(dag(task("z"), task("m", "z", length=KnownLength(2)), task("a", "m")))
    play.until()
    run.task_instances = dict(sorted(run.task_instances.items(), reverse=True))
    assert [one.name for one in run_result(run, play.recorder).task_instances] == ["z", "m[0]", "m[1]", "a"]


def test_an_attempt_tells_its_dates_its_end_and_why(play: Play) -> None:
    play.acts["a"] = [Act(state="up_for_retry", error=LookupError("gone")), Act()]
    run = play.add(dag(task("a", retries=1, retry_delay=30 * SECOND, pool="default_pool")))
    play.until()
    (found,) = run_result(run, play.recorder).task_instances
    assert [(one.try_number, one.state, one.start_date, one.end_date, one.reason) for one in found.attempts] == [
        (1, "up_for_retry", BEGIN, BEGIN + MINUTE, "LookupError: gone"),
        (2, "success", BEGIN + 1.5 * MINUTE, BEGIN + 2.5 * MINUTE, None),
    ]
    assert (found.try_number, found.error, found.reason) == (2, None, None)


def test_the_error_of_the_last_try_is_kept(play: Play) -> None:
    play.acts["a"] = [Act(state="failed", error=LookupError("gone"))]
    run = play.add(dag(task("a")))
    play.until()
    (found,) = run_result(run, play.recorder).task_instances
    assert found.error is not None
    assert (found.error.kind, found.error.message) == ("LookupError", "gone")
    assert found.reason == "LookupError: gone"


def test_xcoms_are_those_of_the_instance(play: Play) -> None:
    run = play.add(dag(task("a"), task("m", length=KnownLength(2))))
    facts(run).xcoms["a", -1, "return_value"] = 1
    facts(run).xcoms["m", 1, "key"] = "x"
    found = {one.name: one.xcoms for one in run_result(run, play.recorder).task_instances}
    assert found == {"a": {"return_value": 1}, "m[0]": {}, "m[1]": {"key": "x"}}


def test_what_was_asked_for_and_other_runs_are_handed_on(play_of: Callable[..., Play]) -> None:
    play = play_of()
    run, other = play.add(dag(task("a"))), play.add(dag(task("a")), "other")
    needs = (Need("pools", "p"),)
    companion = run_result(other, play.recorder)
    found = run_result(run, play.recorder, [companion], needs)
    assert (list(found.companions), list(found.not_in_world)) == ([companion], [*needs])


def test_of_a_run_that_nobody_recorded_there_is_nothing_to_tell(play: Play) -> None:
    run: DagRun = play.add(dag(task("a")))
    play.recorder.events.clear()
    found = run_result(run, play.recorder)
    assert (list(found.events), list(found.findings)) == ([], [])
    assert ti(run, "a").state is None
