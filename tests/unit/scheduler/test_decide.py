"""Whole decisions: passes, waiting, expansion, and that every run comes to an end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scheduler_builders import DAY, NOW, dag, finish, ids, run_of, settle, states, task, ti

from harness.scheduler.decide import decide, schedule, step
from harness.scheduler.dependencies.standing import failed_dependencies
from harness.scheduler.dependencies.trigger_rules import RULES
from harness.scheduler.model import FINISHED, KnownLength, MappedGroup, OfTask

CHAIN = dag(task("a"), task("b", "a"), task("c", "b"))


def test_a_chain_from_start_to_success() -> None:
    run = run_of(CHAIN)
    for name in "abc":
        decision = decide(run, NOW)
        assert ids(decision.ready) == [name]
        assert decision.outcome is None
        assert ti(run, name).state is None, "the session schedules"
        schedule(ti(run, name), NOW)
        assert ids(decide(run, NOW).ready) == []
        finish(run, name)
    decision = decide(run, NOW)
    assert (decision.outcome, decision.reason) == ("success", "success")


def test_ready_is_listed_again_until_it_is_scheduled() -> None:
    run = run_of(CHAIN)
    assert ids(decide(run, NOW).ready) == ids(decide(run, NOW).ready) == ["a"]


def test_a_failure_runs_down_the_chain_at_one_instant() -> None:
    run = run_of(CHAIN)
    finish(run, "a", "failed")
    decision = decide(run, NOW + 9)
    assert ids(decision.changed) == ["b", "c"]
    assert {(one.state, one.start, one.end) for one in decision.changed} == {("upstream_failed", NOW + 9, NOW + 9)}
    assert ti(run, "c").reason == "trigger rule 'all_success': upstream 'b' is upstream_failed"
    assert (decision.outcome, decision.reason) == ("failed", "task_failure")


def test_a_pass_sees_what_the_passes_before_it_set_and_no_more() -> None:
    """'end' is skipped by its short path a pass before the long path fails it, as in Airflow's loops."""
    made = dag(
        task("a"),
        task("s", "a", trigger_rule="none_skipped"),
        task("f1", "a", trigger_rule="one_success"),
        task("f2", "f1"),
        task("end", "s", "f2"),
    )
    run = run_of(made)
    finish(run, "a", "skipped")
    ti(run, "f1").task = made.tasks["f1"]
    decide(run, NOW)
    assert states(run)["end"] == "skipped"


def test_a_run_is_not_over_while_a_pass_changes_something() -> None:
    run = run_of(CHAIN, {"a": "failed"})
    for name in "bc":
        decision = step(run, NOW)
        assert (ids(decision.changed), decision.outcome, decision.again) == ([name], None, True)
    decision = step(run, NOW)
    assert (decision.changed, decision.outcome, decision.again) == ([], "failed", False)


def test_short_circuits_succeed_between_passes() -> None:
    made = dag(task("a", short_circuits=True), task("b", "a", short_circuits=True), task("c", "b"))
    run = run_of(made)
    decision = decide(run, NOW)
    assert (ids(decision.ready), decision.again) == (["a"], True)
    settle(run)
    assert states(run) == {"a": "success", "b": "success", "c": "scheduled"}
    assert (ti(run, "a").try_number, ti(run, "a").start, ti(run, "a").end) == (1, NOW, NOW)


def test_ready_is_in_topological_order_then_map_index() -> None:
    run = run_of(dag(task("a"), task("z"), task("m", "a", length=OfTask("a")), task("y", "a")))
    finish(run, "a", length=3)
    assert ids(decide(run, NOW).ready) == ["z", ("m", 0), ("m", 1), ("m", 2), "y"]


def test_a_logical_date_ahead_is_waited_for() -> None:
    run = run_of(CHAIN, logical_date=NOW + DAY)
    decision = decide(run, NOW)
    assert (decision.ready, decision.next_due) == ([], NOW + DAY)
    assert ids(decide(run, NOW + DAY).ready) == ["a"]


class TestWaiting:
    made = dag(task("a", retries=1), task("b"))

    @pytest.mark.parametrize("state", ["up_for_retry", "up_for_reschedule"])
    def test_is_ready_at_its_instant(self, state: str) -> None:
        run = run_of(self.made, {"a": state, "b": "success"})
        ti(run, "a").due = NOW + 10
        decision = decide(run, NOW + 9)
        assert (decision.ready, decision.next_due, decision.outcome) == ([], NOW + 10, None)
        decision = decide(run, NOW + 10)
        assert (ids(decision.ready), decision.next_due) == (["a"], None)

    def test_the_earliest_is_named(self) -> None:
        run = run_of(self.made, {"a": "up_for_retry", "b": "up_for_reschedule"})
        ti(run, "a").due, ti(run, "b").due = NOW + 10, NOW + 5
        assert decide(run, NOW).next_due == NOW + 5

    def test_a_failed_upstream_ends_the_wait(self) -> None:
        run = run_of(dag(task("a"), task("b", "a", retries=1)), {"a": "failed", "b": "up_for_retry"})
        ti(run, "b").due, ti(run, "b").start, ti(run, "b").end = NOW + 10, NOW - 9, NOW - 5
        decide(run, NOW)
        one = ti(run, "b")
        assert (one.state, one.due, one.start, one.end) == ("upstream_failed", None, NOW - 9, NOW - 5)


@pytest.mark.parametrize(
    ("before", "try_number", "expected"),
    [(None, 0, 1), ("up_for_retry", 1, 2), ("up_for_reschedule", 1, 1), (None, 3, 4)],
)
def test_schedule_counts_tries(before: str | None, try_number: int, expected: int) -> None:
    run = run_of(CHAIN, {"a": before})
    one = ti(run, "a")
    one.try_number, one.due = try_number, NOW
    assert schedule(one, NOW)
    assert (one.state, one.try_number, one.due) == ("scheduled", expected, None)
    assert not schedule(one, NOW)
    assert one.try_number == expected


class TestMapping:
    made = dag(task("a"), task("m", "a", length=OfTask("a"), map_dependencies=("a",)), task("end", "m"))

    def test_expansion_and_readiness_are_one_decision(self) -> None:
        run = run_of(self.made)
        finish(run, "a", length=2)
        decision = decide(run, NOW)
        assert ids(decision.expanded) == ids(decision.ready) == [("m", 0), ("m", 1)]

    def test_zero_length_skips_down_the_dag(self) -> None:
        run = run_of(self.made)
        finish(run, "a", length=0)
        decision = decide(run, NOW)
        assert states(run) == {"a": "success", "m": "skipped", "end": "skipped"}
        assert (decision.outcome, ids(decision.changed)) == ("success", ["m", "end"])

    def test_a_literal_of_zero_length_is_skipped(self) -> None:
        run = run_of(dag(task("m", length=KnownLength(0))))
        assert decide(run, NOW).outcome == "success"
        assert states(run) == {"m": "skipped"}

    def test_no_value_to_map_over_fails(self) -> None:
        run = run_of(self.made)
        finish(run, "a")
        decision = decide(run, NOW)
        assert states(run) == {"a": "success", "m": "upstream_failed", "end": "upstream_failed"}
        assert decision.outcome == "failed"

    @pytest.mark.parametrize(("state", "expected"), [("failed", "upstream_failed"), ("skipped", "skipped")])
    def test_what_it_maps_over_must_succeed_whatever_the_rule(self, state: str, expected: str) -> None:
        made = dag(task("a"), task("m", "a", length=OfTask("a"), map_dependencies=("a",), trigger_rule="all_done"))
        run = run_of(made)
        finish(run, "a", state)
        decide(run, NOW)
        assert states(run)["m"] == expected
        assert ti(run, "m").reason is not None
        assert ti(run, "m").reason.startswith("maps over 'a'")

    def test_a_group_expands_task_by_task_and_each_index_goes_its_way(self) -> None:
        made = dag(
            task("src"),
            task("x", "src", groups=("g",)),
            task("y", "x", groups=("g",)),
            task("end", "y", trigger_rule="all_done"),
            groups=[MappedGroup("g", None, OfTask("src"), ("src",))],
        )
        run = run_of(made)
        finish(run, "src", length=2)
        settle(run)
        assert states(run) == {
            "src": "success",
            ("x", 0): "scheduled",
            ("x", 1): "scheduled",
            ("y", 0): None,
            ("y", 1): None,
            "end": None,
        }
        finish(run, ("x", 0), "failed")
        finish(run, ("x", 1))
        settle(run)
        assert (states(run)["y", 0], states(run)["y", 1]) == ("upstream_failed", "scheduled")
        finish(run, ("y", 1))
        settle(run)
        assert states(run)["end"] == "scheduled"

    def test_a_length_that_shrank_after_a_clear_removes_instances(self) -> None:
        run = run_of(self.made)
        finish(run, "a", length=3)
        decide(run, NOW)
        run.lengths["a"] = 2
        decision = decide(run, NOW)
        assert ids(decision.ready) == [("m", 0), ("m", 1)]
        assert (ids(decision.changed), ti(run, ("m", 2)).state) == ([("m", 2)], "removed")


def test_failed_dependencies_names_each() -> None:
    made = dag(task("a", inherits_from_skipmixin=True), task("b", "a", depends_on_past=True))
    before = run_of(made, {"b": "failed"}, run_id="before")
    run = run_of(made, {"a": "failed", "b": "up_for_retry"}, previous=before)
    run.skipmixin["a", -1] = {"skipped": ["b"]}
    ti(run, "b").due = NOW + 60_000_000
    assert failed_dependencies(ti(run, "b"), NOW) == [
        "trigger rule 'all_success': upstream 'a' failed",
        "depends_on_past: 'b' failed in run 'before'",
        "'a' chose to skip it",
        "up_for_retry until 2025-01-01T00:01:00Z",
    ]
    assert ti(run, "b").state == "up_for_retry"


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_every_run_ends_and_every_final_state_given_has_a_reason(data: st.DataObject) -> None:
    """Random Dags of all rules, driven with random results: a run ends, and never with something unfinished."""
    rules = st.sampled_from([*RULES, "always"])
    tasks = []
    for number in range(data.draw(st.integers(1, 7))):
        names = data.draw(st.lists(st.sampled_from([one.task_id for one in tasks]), unique=True)) if tasks else []
        mapping = data.draw(
            st.none() | st.integers(0, 3).map(KnownLength) | st.sampled_from([OfTask(n) for n in names])
            if names
            else st.none()
        )
        dependencies = (mapping.task_id,) if isinstance(mapping, OfTask) else ()
        tasks.append(
            task(
                f"t{number}",
                *names,
                trigger_rule=data.draw(rules),
                length=mapping,
                map_dependencies=dependencies,
                short_circuits=mapping is None and data.draw(st.booleans()),
            )
        )
    run = run_of(dag(*tasks))
    for _ in range(200):
        decision = settle(run)
        if decision.outcome is not None:
            break
        live = [one for one in run.task_instances.values() if one.state == "scheduled"]
        assert live, "nothing to run, yet the run goes on"
        one = data.draw(st.sampled_from(live))
        finish(run, one.key, data.draw(st.sampled_from(["success", "success", "failed", "skipped"])), length=2)
    assert decision.outcome in ("success", "failed")
    assert decision.reason != "all_tasks_deadlocked"
    assert {one.state for one in run.task_instances.values()} <= FINISHED
    assert all(one.reason for one in run.task_instances.values() if one.try_number == 0)
    before = states(run)
    assert decide(run, NOW).outcome == decision.outcome
    assert states(run) == before


def test_an_expansion_sees_what_its_own_pass_decided() -> None:
    """'b' may run as soon as 'a' failed; the instances it maps over fail in the same pass: nothing to map over."""
    made = dag(
        task("a"),
        task("m", "a", length=KnownLength(2)),
        task("b", "a", "m", length=OfTask("m"), map_dependencies=("m",), trigger_rule="one_done"),
    )
    run = run_of(made)
    finish(run, "a", "failed")
    decide(run, NOW)
    assert states(run) == {"a": "failed", ("m", 0): "upstream_failed", ("m", 1): "upstream_failed", "b": "skipped"}
