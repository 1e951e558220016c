"""Each trigger rule against tables of upstream states."""

from __future__ import annotations

from typing import Any

import pytest
from scheduler_builders import dag, run_of, task, ti

from harness.scheduler.dependencies.context import DepContext
from harness.scheduler.dependencies.trigger_rules import MET_BY_SUCCESS, RULES, UpstreamStates, evaluate
from harness.scheduler.mapping import expand
from harness.scheduler.model import Dag, KnownLength, Length, MappedGroup, OfTask

LETTERS = {
    "s": "success",
    "f": "failed",
    "k": "skipped",
    "u": "upstream_failed",
    "x": "removed",
    "r": "running",
    "-": None,
}
WAIT, RUN = (False, None), (True, None)
SKIP, FAIL = (False, "skipped"), (False, "upstream_failed")

TABLE = [
    ("all_success", "ss", RUN),
    ("all_success", "s-", WAIT),
    ("all_success", "--", WAIT),
    ("all_success", "-f", FAIL),
    ("all_success", "ku", FAIL),
    ("all_success", "-k", SKIP),
    ("all_success", "sx", RUN),
    ("all_failed", "fu", RUN),
    ("all_failed", "f-", WAIT),
    ("all_failed", "-s", SKIP),
    ("all_failed", "fk", SKIP),
    ("all_failed", "fx", RUN),
    ("all_done", "fs", RUN),
    ("all_done", "kx", RUN),
    ("all_done", "fr", WAIT),
    ("all_done_min_one_success", "sf", RUN),
    ("all_done_min_one_success", "su", RUN),
    ("all_done_min_one_success", "s-", WAIT),
    ("all_done_min_one_success", "ff", FAIL),
    ("all_done_min_one_success", "-k", SKIP),
    ("all_done_min_one_success", "sx", RUN),
    ("one_success", "s-", RUN),
    ("one_success", "f-", WAIT),
    ("one_success", "kk", SKIP),
    ("one_success", "kf", FAIL),
    ("one_success", "ff", FAIL),
    ("one_failed", "f-", RUN),
    ("one_failed", "-u", RUN),
    ("one_failed", "s-", WAIT),
    ("one_failed", "sk", SKIP),
    ("one_done", "s-", RUN),
    ("one_done", "-f", RUN),
    ("one_done", "k-", WAIT),
    ("one_done", "ku", SKIP),
    ("none_failed", "sk", RUN),
    ("none_failed", "kk", RUN),
    ("none_failed", "k-", WAIT),
    ("none_failed", "-u", FAIL),
    ("none_failed_min_one_success", "sk", RUN),
    ("none_failed_min_one_success", "s-", WAIT),
    ("none_failed_min_one_success", "kk", SKIP),
    ("none_failed_min_one_success", "kx", FAIL),
    ("none_failed_min_one_success", "-f", FAIL),
    ("none_skipped", "sf", RUN),
    ("none_skipped", "s-", WAIT),
    ("none_skipped", "-k", SKIP),
    ("all_skipped", "kk", RUN),
    ("all_skipped", "k-", WAIT),
    ("all_skipped", "-s", SKIP),
    ("all_skipped", "-f", SKIP),
    ("always", "--", RUN),
    ("always", "fu", RUN),
]


@pytest.mark.parametrize(("rule", "upstream", "expected"), TABLE, ids=lambda value: str(value))
def test_rule(rule: str, upstream: str, expected: tuple[bool, str | None]) -> None:
    run = run_of(
        dag(task("a"), task("b"), task("t", "a", "b", trigger_rule=rule)),
        {"a": LETTERS[upstream[0]], "b": LETTERS[upstream[1]]},
    )
    verdict = evaluate(ti(run, "t"))
    assert (verdict.met, verdict.new_state) == expected
    assert ti(run, "t").state is None, "evaluating changes nothing"


@pytest.mark.parametrize(
    ("setups", "work", "expected"),
    [
        ("ss", "f", RUN),
        ("sf", "s", RUN),
        ("sk", "f", RUN),
        ("kk", "s", SKIP),
        ("ff", "s", FAIL),
        ("fk", "s", FAIL),
        ("ss", "-", WAIT),
    ],
)
def test_all_done_setup_success(setups: str, work: str, expected: tuple[bool, str | None]) -> None:
    made = dag(
        task("s1", is_setup=True),
        task("s2", is_setup=True),
        task("work", "s1", "s2"),
        task("down", "s1", "s2", "work", is_teardown=True, trigger_rule="all_done_setup_success"),
    )
    run = run_of(made, {"s1": LETTERS[setups[0]], "s2": LETTERS[setups[1]], "work": LETTERS[work]})
    verdict = evaluate(ti(run, "down"))
    assert (verdict.met, verdict.new_state) == expected


def test_a_task_without_upstream_runs_whatever_its_rule() -> None:
    run = run_of(dag(task("t", trigger_rule="one_failed")))
    assert evaluate(ti(run, "t")).met


def test_an_unknown_rule_is_never_met() -> None:
    run = run_of(dag(task("a"), task("t", "a", trigger_rule="some_day")), {"a": "success"})
    verdict = evaluate(ti(run, "t"))
    assert not verdict.met
    assert "some_day" in verdict.reason


@pytest.mark.parametrize(
    ("rule", "upstream", "reason"),
    [
        ("all_success", "sf", "trigger rule 'all_success': upstream 'b' failed"),
        ("all_success", "uf", "trigger rule 'all_success': upstream 'a' is upstream_failed, 'b' failed"),
        ("all_success", "sk", "trigger rule 'all_success': upstream 'b' was skipped"),
        ("all_success", "sr", "trigger rule 'all_success': upstream 'b' is running"),
        ("all_done", "-s", "trigger rule 'all_done': upstream 'a' has not started"),
        ("one_success", "kf", "trigger rule 'one_success': upstream 'b' failed"),
        ("all_failed", "sf", "trigger rule 'all_failed': upstream 'a' succeeded"),
        ("one_failed", "ss", "trigger rule 'one_failed': upstream 'a' succeeded, 'b' succeeded"),
        ("always", "ff", "trigger rule 'always': runs whatever its upstreams do"),
    ],
)
def test_the_reason_names_what_decided(rule: str, upstream: str, reason: str) -> None:
    run = run_of(
        dag(task("a"), task("b"), task("t", "a", "b", trigger_rule=rule)),
        {"a": LETTERS[upstream[0]], "b": LETTERS[upstream[1]]},
    )
    assert evaluate(ti(run, "t")).reason == reason


@pytest.mark.parametrize(
    ("number", "end"),
    [(4, "'u2' failed, 'u3' failed"), (5, "'u3' failed and 1 more"), (9, "'u3' failed and 5 more")],
)
def test_a_long_reason_is_cut(number: int, end: str) -> None:
    names = [f"u{n}" for n in range(number)]
    run = run_of(dag(*map(task, names), task("t", *names)), dict.fromkeys(names, "failed"))
    assert evaluate(ti(run, "t")).reason.endswith(end)


@pytest.mark.parametrize(
    ("rule", "upstream", "reason"),
    [
        ("all_success", "rf", "upstream 'b' failed"),
        ("all_success", "fx", "upstream 'a' failed"),
        ("all_failed", "kf", "upstream 'a' was skipped"),
        ("all_done_min_one_success", "-k", "upstream 'b' was skipped"),
        ("all_done_min_one_success", "kf", "upstream 'a' was skipped"),
        ("all_done_min_one_success", "xx", "upstream 'a' was removed, 'b' was removed"),
        ("none_skipped", "sk", "upstream 'b' was skipped"),
        ("all_skipped", "ku", "upstream 'b' is upstream_failed"),
        ("all_skipped", "sk", "upstream 'a' succeeded"),
        ("one_done", "ku", "upstream 'a' was skipped, 'b' is upstream_failed"),
        ("all_done", "--", "upstream 'a' has not started, 'b' has not started"),
        ("all_done", "sf", "upstream 'a' succeeded, 'b' failed"),
    ],
)
def test_only_who_decided_is_named(rule: str, upstream: str, reason: str) -> None:
    run = run_of(
        dag(task("a"), task("b"), task("t", "a", "b", trigger_rule=rule)),
        {"a": LETTERS[upstream[0]], "b": LETTERS[upstream[1]]},
    )
    assert evaluate(ti(run, "t")).reason == f"trigger rule '{rule}': {reason}"


def test_who_has_nothing_to_wait_for_says_so() -> None:
    assert evaluate(ti(run_of(dag(task("t"))), "t")).reason == "no upstream task"


def test_upstreams_that_are_not_in_the_run_come_first_four_at_most() -> None:
    names = [f"u{n}" for n in range(6)]
    run = run_of(dag(*map(task, names), task("t", *names)), {"u5": "running"})
    for name in names[:5]:
        del run.task_instances[name, -1]
    missing = ", ".join(f"'u{n}' is not in this run" for n in range(4))
    assert evaluate(ti(run, "t")).reason == f"trigger rule 'all_success': upstream {missing}, 'u5' is running"


def test_an_upstream_that_is_not_in_the_run_is_waited_for() -> None:
    run = run_of(dag(task("a"), task("b"), task("t", "a", "b")), {"a": "success"})
    del run.task_instances["b", -1]
    verdict = evaluate(ti(run, "t"))
    assert (verdict.met, verdict.new_state) == WAIT
    assert verdict.reason == "trigger rule 'all_success': upstream 'b' is not in this run"


class TestMappedUpstream:
    made = dag(task("m", length=KnownLength(3)), task("t", "m"))

    def test_every_instance_counts(self) -> None:
        run = run_of(self.made, {("m", 0): "success", ("m", 1): "success"})
        assert not evaluate(ti(run, "t")).met
        ti(run, ("m", 2)).state = "success"
        assert evaluate(ti(run, "t")).met

    def test_one_failed_instance_decides(self) -> None:
        run = run_of(self.made, {("m", 1): "failed"})
        verdict = evaluate(ti(run, "t"))
        assert verdict.new_state == "upstream_failed"
        assert verdict.reason.endswith("upstream 'm'[1] failed")

    def test_the_first_instance_has_its_number_too(self) -> None:
        run = run_of(self.made, {("m", 0): "skipped"})
        assert evaluate(ti(run, "t")).reason.endswith("upstream 'm'[0] was skipped")

    def test_removed_instances_are_forgiven(self) -> None:
        run = run_of(self.made, {("m", 0): "success", ("m", 1): "success", ("m", 2): "removed"})
        assert evaluate(ti(run, "t")).met

    def test_a_mapped_instance_beyond_what_succeeded_is_removed(self) -> None:
        made = dag(task("m", length=KnownLength(3)), task("t", "m", length=KnownLength(3)))
        run = run_of(made, {("m", 0): "success", ("m", 1): "success", ("m", 2): "removed"})
        assert evaluate(ti(run, ("t", 1))).new_state is None
        removed = evaluate(ti(run, ("t", 2)))
        assert removed.new_state == "removed"
        assert removed.reason.endswith(": fewer upstream instances succeeded than map index 2 needs")


def grouped(length: Length | None = None, rule: str = "all_success") -> Dag:
    group = MappedGroup("g", None, length or KnownLength(3), ("src",) if length else ())
    return dag(
        task("src"),
        task("other"),
        task("a", "src", groups=("g",)),
        task("b", "a", "other", groups=("g",), trigger_rule=rule),
        task("end", "b"),
        groups=[group],
    )


class TestMappedGroup:
    def test_an_instance_depends_on_its_own_index(self) -> None:
        run = run_of(grouped(), {("a", 0): "success", ("a", 1): "failed", "other": "success", "src": "success"})
        assert evaluate(ti(run, ("b", 0))).met
        assert evaluate(ti(run, ("b", 1))).new_state == "upstream_failed"
        assert not evaluate(ti(run, ("b", 2))).met

    def test_a_fast_rule_looks_at_its_own_index_once_expanded(self) -> None:
        run = run_of(grouped(rule="one_failed"), {("a", 1): "failed"})
        assert evaluate(ti(run, ("b", 1))).met
        assert not evaluate(ti(run, ("b", 0))).met

    @pytest.mark.parametrize(("a1", "expected"), [("running", WAIT), ("failed", RUN)])
    def test_a_fast_rule_looks_at_all_indexes_before_it_is_expanded(self, a1: str, expected: object) -> None:
        run = run_of(grouped(length=OfTask("src"), rule="one_failed"), {"src": "success", "other": "success"})
        run.lengths["src"] = 2
        expand(ti(run, "a"))
        ti(run, ("a", 0)).state, ti(run, ("a", 1)).state = "running", a1
        verdict = evaluate(ti(run, "b"))
        assert (verdict.met, verdict.new_state) == expected

    def test_outside_the_group_all_instances_count(self) -> None:
        run = run_of(grouped(), {("b", 0): "success", ("b", 1): "success", ("b", 2): "skipped"})
        assert evaluate(ti(run, "end")).new_state == "skipped"

    def test_where_the_length_is_not_known_any_more_all_of_them_count(self) -> None:
        """What the group maps over was cleared after it was expanded."""
        run = run_of(grouped(length=OfTask("src")), {"src": "success", "other": "success"})
        run.lengths["src"] = 2
        for name in "ab":
            expand(ti(run, name))
        ti(run, ("a", 0)).state, ti(run, ("a", 1)).state = "success", "failed"
        assert evaluate(ti(run, ("b", 0))).met
        del run.lengths["src"]
        assert evaluate(ti(run, ("b", 0))).new_state == "upstream_failed"

    def test_before_expansion_the_unexpanded_upstream_counts(self) -> None:
        run = run_of(grouped(length=OfTask("src")), {"a": "upstream_failed"})
        assert evaluate(ti(run, "b")).new_state == "upstream_failed"

    def test_a_group_with_no_known_length_depends_on_all(self) -> None:
        run = run_of(grouped(length=OfTask("src")), {"other": "success"})
        assert not evaluate(ti(run, "b")).met

    def test_an_unexpanded_upstream_is_one(self) -> None:
        run = run_of(grouped(length=OfTask("src")), {"src": "success", "other": "failed", "a": "skipped"})
        run.lengths["src"] = 2
        assert evaluate(ti(run, "b")).reason.endswith("upstream 'other' failed")
        ti(run, "other").state = "success"
        assert evaluate(ti(run, "b")).reason.endswith("upstream 'a' was skipped"), "and told once"

    def test_an_unexpanded_instance_follows_its_expanded_upstream_at_once(self) -> None:
        run = run_of(grouped(length=OfTask("src")), {"src": "success", "other": "success"})
        run.lengths["src"] = 2
        expand(ti(run, "a"))
        assert evaluate(ti(run, "b")).met, "so that it expands; its instances then wait for theirs"


def with_setup(**fields: Any) -> Dag:
    return dag(
        task("setup", is_setup=True),
        task("x", "setup"),
        task("work", "x", relevant_setups=("setup",), **fields),
        task("down", "setup", "work", is_teardown=True, trigger_rule="all_done_setup_success"),
    )


class TestIndirectSetup:
    @pytest.mark.parametrize(
        ("setup", "x", "expected"),
        [
            ("success", "success", RUN),
            ("failed", None, FAIL),
            ("upstream_failed", "success", FAIL),
            ("skipped", "success", SKIP),
            (None, "success", WAIT),
            ("success", None, WAIT),
            ("failed", "skipped", FAIL),
        ],
    )
    def test_must_succeed(self, setup: str | None, x: str | None, expected: tuple[bool, str | None]) -> None:
        run = run_of(with_setup(), {"setup": setup, "x": x})
        verdict = evaluate(ti(run, "work"))
        assert (verdict.met, verdict.new_state) == expected

    def test_is_named(self) -> None:
        run = run_of(with_setup(), {"setup": "failed", "x": "upstream_failed"})
        assert evaluate(ti(run, "work")).reason == "required setup 'setup' failed"

    def test_does_not_bind_a_rule_that_is_always_met(self) -> None:
        run = run_of(with_setup(trigger_rule="always"), {"setup": "failed"})
        assert evaluate(ti(run, "work")).met

    def test_waits_even_when_the_direct_rule_is_met(self) -> None:
        run = run_of(with_setup(trigger_rule="all_done"), {"x": "failed"})
        verdict = evaluate(ti(run, "work"))
        assert (verdict.met, verdict.new_state) == WAIT
        assert verdict.reason == "required setup 'setup' has not started"


class TestTeardownScope:
    made = dag(
        task("setup", is_setup=True),
        task("first", "setup"),
        task("second", "first"),
        task("down", "setup", "second", is_teardown=True, trigger_rule="all_done_setup_success"),
    )

    def test_waits_for_tasks_between_setup_and_teardown(self) -> None:
        run = run_of(self.made, {"setup": "success", "first": "running", "second": "skipped"})
        verdict = evaluate(ti(run, "down"))
        assert (verdict.met, verdict.new_state) == WAIT
        assert verdict.reason == "teardown waits for what its setup serves: 'first' is running"
        ti(run, "first").state = "failed"
        assert evaluate(ti(run, "down")).met


class TestWaitForPastDependsBeforeSkipping:
    def test_holds_a_skip_back_when_the_context_asks(self) -> None:
        run = run_of(dag(task("a"), task("t", "a")), {"a": "skipped"})
        context = DepContext(run, wait_for_past_depends_before_skipping=True)
        held = evaluate(ti(run, "t"), context)
        assert (held.met, held.new_state) == WAIT
        assert "past dependencies" in held.reason
        run.past_depends_met.add(("t", -1))
        assert evaluate(ti(run, "t"), context).new_state == "skipped"

    def test_does_not_hold_a_failure_back(self) -> None:
        run = run_of(dag(task("a"), task("t", "a")), {"a": "failed"})
        context = DepContext(run, wait_for_past_depends_before_skipping=True)
        assert evaluate(ti(run, "t"), context).new_state == "upstream_failed"

    def test_airflows_scheduler_never_asks(self) -> None:
        made = dag(task("a"), task("t", "a", wait_for_past_depends_before_skipping=True))
        run = run_of(made, {"a": "skipped"})
        assert evaluate(ti(run, "t")).new_state == "skipped"


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("upstream", "setups"), [(1, 0), (3, 0), (3, 2)])
def test_what_is_told_without_counting_is_what_the_rule_says(rule: str, upstream: int, setups: int) -> None:
    states = UpstreamStates.of({"success": upstream}, {"success": setups}, upstream, setups)
    assert (RULES[rule](states, -1) == (True, None)) is (rule in MET_BY_SUCCESS)
