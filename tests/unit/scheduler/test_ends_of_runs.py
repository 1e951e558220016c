"""How a run ends: by its leaves, in a deadlock, by a task that fails fast, by its timeout."""

from __future__ import annotations

from typing import Any

import pytest
from scheduler_builders import DAY, NOW, dag, finish, ids, run_of, settle, states, task, ti

from harness.scheduler.decide import decide, fail_fast, timed_out, times_out_at
from harness.scheduler.dependencies.standing import failed_dependencies
from harness.scheduler.model import KnownLength, OfTask
from harness.scheduler.wiring import leaf_ids

CHAIN = dag(task("a"), task("b", "a"), task("c", "b"))


class TestRunState:
    @pytest.mark.parametrize(
        ("given_states", "outcome"),
        [
            ({"a": "failed", "b": "success", "c": "success"}, "success"),
            ({"a": "success", "b": "success", "c": "failed"}, "failed"),
            ({"a": "success", "b": "success", "c": "skipped"}, "success"),
            ({"a": "success", "b": "success", "c": "removed"}, "success"),
            ({"a": "success", "b": "running", "c": "failed"}, None),
        ],
    )
    def test_leaves_decide(self, given_states: dict[str, str], outcome: str | None) -> None:
        assert decide(run_of(CHAIN, given_states), NOW).outcome == outcome

    @pytest.mark.parametrize(
        ("fields", "leaves"),
        [
            ({}, {"work"}),
            ({"on_failure_fail_dagrun": True}, {"down"}),
        ],
    )
    def test_teardowns_count_only_when_they_fail_the_run(self, fields: dict[str, Any], leaves: set[str]) -> None:
        made = dag(
            task("up", is_setup=True), task("work", "up"), task("down", "up", "work", is_teardown=True, **fields)
        )
        assert leaf_ids(made) == leaves
        run = run_of(made, {"up": "success", "work": "success", "down": "failed"})
        assert decide(run, NOW).outcome == ("failed" if fields else "success")

    def test_a_dag_of_teardowns_only(self) -> None:
        made = dag(task("one", is_teardown=True), task("two", "one", is_teardown=True))
        assert leaf_ids(made) == {"two"}

    def test_a_run_without_instances_succeeds(self) -> None:
        assert decide(run_of(dag()), NOW).outcome == "success"


class TestDeadlock:
    def stuck(self, **fields: Any) -> Any:
        """'b' waits for a task that is not in the run."""
        run = run_of(dag(task("a"), task("gone"), task("b", "a", "gone", **fields)), {"a": "success"})
        del run.task_instances["gone", -1]
        return run

    def test_nothing_runs_and_nothing_can(self) -> None:
        decision = decide(self.stuck(), NOW)
        assert (decision.outcome, decision.reason) == ("failed", "all_tasks_deadlocked")

    @pytest.mark.parametrize(
        "fields", [{"depends_on_past": True}, {"max_active_tis_per_dag": 1}, {"max_active_tis_per_dagrun": 1}]
    )
    def test_is_not_looked_for_while_a_task_may_wait_for_others(self, fields: dict[str, Any]) -> None:
        assert decide(self.stuck(**fields), NOW).outcome is None

    @pytest.mark.parametrize("state", ["scheduled", "queued", "running", "deferred", "awaiting_input"])
    def test_is_not_found_while_an_instance_is_in_flight(self, state: str) -> None:
        run = self.stuck()
        ti(run, "a").state = state
        assert decide(run, NOW).outcome is None

    @pytest.mark.parametrize("state", ["up_for_retry", "up_for_reschedule"])
    def test_is_not_found_while_an_instance_waits(self, state: str) -> None:
        run = self.stuck()
        ti(run, "a").state, ti(run, "a").due = state, NOW + 1
        assert decide(run, NOW).outcome is None

    def test_in_flight_but_not_allowed_to_be_does_not_save_the_run(self) -> None:
        run = self.stuck()
        ti(run, "b").state = "queued"
        assert decide(run, NOW).reason == "all_tasks_deadlocked"

    def test_instances_in_flight_are_asked_in_the_order_of_the_dag(self) -> None:
        """The first that may go on ends the question: expanded instances come before tasks behind them."""
        run = run_of(dag(task("a"), task("m", "a", length=OfTask("a")), task("z", "a", trigger_rule="all_failed")))
        finish(run, "a", length=2)
        decide(run, NOW)
        finish(run, "a", "failed")
        for key in (("m", 0), ("m", 1), "z"):
            ti(run, key).state = "running"
        decision = decide(run, NOW)
        assert (ids(decision.changed), decision.outcome) == ([("m", 0), ("m", 1)], None)

    def test_why(self) -> None:
        run = self.stuck()
        expected = ["trigger rule 'all_success': upstream 'gone' is not in this run"]
        assert failed_dependencies(ti(run, "b"), NOW) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("running", "failed"),
        (None, "skipped"),
        ("queued", "skipped"),
        ("scheduled", "skipped"),
        ("deferred", "skipped"),
        ("up_for_retry", "skipped"),
        ("upstream_failed", "skipped"),
        ("removed", "skipped"),
        ("success", "success"),
        ("failed", "failed"),
        ("skipped", "skipped"),
    ],
)
def test_fail_fast(before: str | None, after: str) -> None:
    made = dag(task("a", length=KnownLength(2)), task("b"), task("down", is_teardown=True), fail_fast=True)
    run = run_of(made, {("a", 0): "failed", "b": before})
    one = ti(run, "b")
    one.start = NOW - 5 if before == "running" else None
    changed = fail_fast(run, ti(run, ("a", 0)), NOW)
    assert one.state == after
    assert ids(changed) == ([] if before == after else ["b"])
    assert states(run)["a", 1] is None, "other instances of the failed task are left alone"
    assert states(run)["down"] is None, "teardowns are left alone"
    if changed:
        assert (one.start, one.end) == (NOW - 5 if before == "running" else NOW, NOW)
        assert one.reason == "fail_fast: 'a' failed"


class TestTimeout:
    made = dag(task("a"), task("b", "a"), task("c", "b"), dagrun_timeout=DAY)

    def test_is_due_after_its_span(self) -> None:
        run = run_of(self.made)
        assert times_out_at(run) == NOW + DAY
        assert timed_out(run, NOW + DAY - 1) is None
        assert timed_out(run, NOW + DAY) is not None

    def test_skips_what_is_unfinished(self) -> None:
        run = run_of(self.made, {"a": "success", "b": "running"})
        ti(run, "b").start = NOW + 5
        decision = timed_out(run, NOW + DAY)
        assert decision is not None
        assert (decision.outcome, decision.reason, ids(decision.changed)) == ("failed", "timed_out", ["b", "c"])
        assert states(run) == {"a": "success", "b": "skipped", "c": "skipped"}
        assert [(ti(run, name).start, ti(run, name).end) for name in "bc"] == [(NOW + 5, NOW + DAY), (None, None)]

    @pytest.mark.parametrize(("made", "start"), [(CHAIN, NOW), (made, None)])
    def test_needs_a_limit_and_a_start(self, made: Any, start: int | None) -> None:
        assert timed_out(run_of(made, start=start), NOW + 99 * DAY) is None


def test_a_branch_that_skips_what_is_scheduled_already_ends_the_run_as_a_deadlock() -> None:
    """Airflow's answer, not ours: the skip is found by the deadlock check, which does not look again after it."""
    made = dag(
        task("a"), task("branch", inherits_from_skipmixin=True), task("t", "a", "branch", trigger_rule="one_done")
    )
    run = run_of(made)
    finish(run, "a")
    settle(run)
    assert states(run)["t"] == "scheduled"
    finish(run, "branch")
    run.skipmixin["branch", -1] = {"followed": []}
    decision = decide(run, NOW)
    assert states(run)["t"] == "skipped"
    assert (decision.outcome, decision.reason) == ("failed", "all_tasks_deadlocked")
    assert ids(decision.changed) == ["t"]
