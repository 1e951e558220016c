"""What one combination of outcomes comes to."""

from __future__ import annotations

import pytest
from exploration_builders import task

from harness.errors import TaskNotFound, UsageError
from harness.exploration.outcomes import Decider, Outcome, Part
from harness.scheduler.model import KnownLength, MappedGroup, OfTask, Product

FAILED, SKIPPED = Outcome("failed"), Outcome("skipped")


def told(**outcomes):
    """``told(load=FAILED, read0=…, read1=…)``: by part, 0 and 1 being those of a mapped task."""
    return {
        Part(name.rstrip("01"), int(name[-1]) if name[-1] in "01" else -1): outcome
        for name, outcome in outcomes.items()
    }


def test_everything_as_usual(player_of):
    played = player_of(task("a"), task("b", "a")).play({})
    assert played.states == {"a": "success", "b": "success"}
    assert played.choices == ((Part("a"), Outcome()), (Part("b"), Outcome()))
    assert (played.run_state, played.run_reason, played.ran, played.troubles) == ("success", "success", {"a", "b"}, 0)


def test_a_failure_and_a_skip_go_downstream(player_of):
    player = player_of(task("a"), task("b", "a"), task("c", "b", trigger_rule="all_done"))
    failed = player.play(told(a=FAILED))
    assert failed.states == {"a": "failed", "b": "upstream_failed", "c": "success"}
    assert "'a' failed" in failed.reasons["b"]
    assert (failed.ran, failed.run_state, failed.troubles) == ({"a", "c"}, "success", 1)
    assert player.play(told(a=SKIPPED)).states == {"a": "skipped", "b": "skipped", "c": "success"}
    assert player.play(told(c=FAILED)).run_state == "failed"


def test_a_branch_is_followed_with_what_lies_behind_it(player_of):
    """``join`` is directly downstream of the branching task too, and behind ``a``: it is not skipped with ``b``."""
    player = player_of(
        task("check"),
        task("a", "check"),
        task("b", "check"),
        task("join", "check", "a", trigger_rule="none_failed"),
        deciders={"check": Decider((("a",), ("b",), ()))},
    )
    assert player.play({}).states == {"check": "success", "a": "success", "b": "skipped", "join": "success"}
    other = player.play(told(check=Outcome(followed=("b",))))
    assert other.states == {"check": "success", "a": "skipped", "b": "success", "join": "skipped"}
    nothing = player.play(told(check=Outcome(followed=())))
    assert [nothing.states[name] for name in "ab"] == ["skipped", "skipped"]
    assert player.play(told(check=FAILED)).states["a"] == "upstream_failed"


def test_a_short_circuit_skips_what_it_was_told_to(player_of):
    player = player_of(
        task("gate"),
        task("a", "gate"),
        task("b", "a", trigger_rule="all_done"),
        deciders={"gate": Decider(skips=("a",))},
    )
    assert player.play({}).ran == {"gate", "a", "b"}
    stopped = player.play(told(gate=Outcome(proceeds=False)))
    assert stopped.states == {"gate": "success", "a": "skipped", "b": "success"}


@pytest.mark.parametrize(
    ("length", "states"), [(0, {"read": "skipped"}), (2, {"read[0]": "success", "read[1]": "success"})]
)
def test_mapping_over_so_many_items(player_of, length, states):
    player = player_of(
        task("files"), task("read", "files", length=Product((OfTask("files"),)), map_dependencies=("files",))
    )
    played = player.play(told(files=Outcome(length=length)))
    assert played.states == {"files": "success", **states}


def test_instance_0_and_the_others_have_outcomes_of_their_own(player_of):
    player = player_of(task("read", length=KnownLength(3)), task("sum", "read", trigger_rule="one_success"))
    played = player.play(told(read1=FAILED))
    assert [played.states[f"read[{n}]"] for n in range(3)] == ["success", "failed", "failed"]
    assert played.states_of("read") == ("success", "failed")
    assert played.states["sum"] == "success"
    assert played.outcomes == {"read[0]": "success", "read[1:]": "failed", "sum": "success"}
    assert player.play(told(read0=FAILED, read1=FAILED)).states["sum"] == "upstream_failed"


def test_a_mapped_group(player_of):
    group = MappedGroup("g", None, Product((OfTask("files"),)), ("files",))
    player = player_of(
        task("files"), task("g.a", "files", groups=("g",)), task("g.b", "g.a", groups=("g",)), groups=[group]
    )
    played = player.play({Part("g.a", 0): FAILED})
    assert played.states == {
        "files": "success", "g.a[0]": "failed", "g.a[1]": "success", "g.b[0]": "upstream_failed", "g.b[1]": "success",
    }  # fmt: skip


def test_fail_fast_stops_what_was_queued_behind(player_of):
    player = player_of(task("a", priority_weight=2), task("b"), fail_fast=True)
    assert player.play(told(a=FAILED)).states == {"a": "failed", "b": "skipped"}
    assert player.play(told(b=FAILED)).states == {"a": "success", "b": "failed"}


def test_what_was_queued_is_skipped_before_it_runs(player_of):
    """``late`` need not wait for ``gate``, which runs before it in the same loop and skips it."""
    player = player_of(
        task("gate", priority_weight=9),
        task("late", "gate", trigger_rule="always"),
        deciders={"gate": Decider(skips=("late",))},
        outcomes={"gate": [False]},
    )
    played = player.play({})
    assert played.states == {"gate": "success", "late": "skipped"}
    assert played.ran == {"gate"}


def test_max_active_tasks_makes_a_queue(player_of):
    """One at a time and by weight: ``a`` has failed before ``b`` and ``c`` are looked at."""
    player = player_of(
        task("a", priority_weight=3), task("b", priority_weight=2), task("c"), max_active_tasks=1, fail_fast=True
    )
    assert [part.task_id for part, _ in player.play({}).choices] == ["a", "b", "c"]
    assert player.play(told(b=FAILED)).states == {"a": "success", "b": "failed", "c": "skipped"}


def test_an_empty_task_has_no_outcome_and_runs_all_the_same(player_of):
    player = player_of(task("a", short_circuits=True), task("b", "a"))
    assert list(player.choices) == ["b"]
    assert player.play({}).ran == {"a", "b"}


def test_a_deadlock_ends_the_run_and_a_wait_does_not(player_of):
    """A rule that Airflow does not know is never met."""
    assert player_of(task("a"), task("b", "a", trigger_rule="odd")).play({}).run_reason == "all_tasks_deadlocked"
    stuck = player_of(task("a"), task("b", "a", trigger_rule="odd", depends_on_past=True)).play({})
    assert (stuck.run_state, stuck.states["b"]) == (None, None)


def test_the_same_as_stubs(player_of):
    player = player_of(
        task("files"),
        task("read", "files", length=Product((OfTask("files"),)), map_dependencies=("files",)),
        task("gate", "read"),
        task("check", "gate"),
        task("a", "check"),
        deciders={"gate": Decider(skips=("check",)), "check": Decider((("a",), ()))},
    )
    assert player.play(told(read0=SKIPPED, read1=SKIPPED)).stubs() == {
        "files": {"returns": [0, 1]}, "read": {"state": "skipped"},
    }  # fmt: skip
    usual = player.play({})
    assert usual.stubs() == {"files": {"returns": [0, 1]}, "gate": {"follows": ("it",)}, "check": {"follows": ("a",)}}
    assert usual.stubs(code=False)["read"] == {"returns": None}
    with pytest.raises(UsageError, match="'read' differ"):
        player.play(told(read1=FAILED)).stubs()


def test_outcomes_that_are_asked_for(player_of):
    tasks = (task("check"), task("a", "check"), task("b", "check"))
    deciders = {"check": Decider((("a",), ("b",)))}
    player = player_of(
        *tasks, deciders=deciders, outcomes={"*": "success", "check": ["b", ("a", "b")], "a": ["failed"]}
    )
    assert [one.value for one in player.choices["check"]] == [("b",), ("a", "b")]
    assert player.choices["a"] == (FAILED,)
    assert player.choices["b"] == (Outcome(),)
    for wrong in ({"a": ["b"]}, {"a": [True]}, {"a": []}, {"a": [3]}):
        with pytest.raises(UsageError, match="'a'"):
            player_of(*tasks, deciders=deciders, outcomes=wrong)
    for unknown in ({"z": ["failed"]}, {"check": ["z"]}):
        with pytest.raises(TaskNotFound, match="'z'"):
            player_of(*tasks, deciders=deciders, outcomes=unknown)
