"""What a decision remembers changes nothing: every decision equals that of a run without memory."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from scheduler_builders import NOW, dag, finish, ids, run_of, states, task, ti

from harness.scheduler.decide import Decision, decide, schedule
from harness.scheduler.dependencies.trigger_rules import RULES
from harness.scheduler.memory import memory_of
from harness.scheduler.model import Dag, DagRun, KnownLength, MappedGroup, OfTask, Task

rules = st.sampled_from(["all_success", "all_success", "all_success", *RULES, "always"])


@st.composite
def dags(draw: st.DrawFn) -> Dag:
    """A source, a mapped group of up to three tasks, and others around them of any kind."""
    tasks: list[Task] = [task("t0"), task("t1", short_circuits=draw(st.booleans()))]
    grouped = draw(st.integers(0, 3))
    for number in range(2, draw(st.integers(3, 8))):
        in_group = number < 2 + grouped
        names = draw(
            st.lists(st.sampled_from([one.task_id for one in tasks]), unique=True, min_size=number % 2, max_size=3)
        )
        plain = [name for name in names if not next(t for t in tasks if t.task_id == name).groups]
        kind = draw(st.sampled_from(["plain", "literal", "mapped", "branch", "past", "setup"]))
        fields: dict[str, Any] = {"trigger_rule": draw(rules), "retries": 1}
        if in_group:
            fields["groups"] = ("g",)
        elif kind == "literal":
            fields["length"] = KnownLength(draw(st.integers(0, 3)))
        elif kind == "mapped" and plain:
            fields |= {"length": OfTask(plain[0]), "map_dependencies": (plain[0],)}
        elif kind == "past":
            fields["depends_on_past"] = True
        elif kind == "setup" and names:
            fields["relevant_setups"] = ("t0",)
        fields["inherits_from_skipmixin"] = kind == "branch"
        tasks.append(task(f"t{number}", *names, **fields))
    length = draw(st.sampled_from([KnownLength(2), OfTask("t0")]))
    group = MappedGroup("g", None, length, ("t0",) if isinstance(length, OfTask) else ())
    return dag(*tasks, groups=[group])


def told(decision: Decision) -> tuple[Any, ...]:
    return (
        ids(decision.ready),
        sorted((one.key, one.state, one.reason) for one in decision.changed),
        decision.outcome,
        decision.reason,
        decision.next_due,
        decision.again,
    )


def both(runs: list[DagRun], now: int) -> Decision:
    """Decide on a run that remembers and on one that forgets, alike."""
    runs[1].memory = None
    one, other = (decide(run, now) for run in runs)
    assert told(one) == told(other)
    assert states(runs[0]) == states(runs[1])
    return one


@settings(max_examples=150, deadline=None)
@given(made=dags(), data=st.data())
def test_a_run_that_remembers_decides_as_one_that_forgets(made: Dag, data: st.DataObject) -> None:
    runs = []
    for _ in range(2):
        before = run_of(made, run_id="before")
        runs.append(run_of(made, previous=before))
    now = NOW
    for _ in range(30):
        decision = both(runs, now)
        schedules = data.draw(st.sampled_from([True, True, True, False]))
        for key in [one.key for one in decision.ready]:
            if schedules:
                assert {schedule(ti(run, key), now) for run in runs} == {True}
        if decision.outcome is not None:
            break
        event(runs, data, now)
        now += 10


def event(runs: list[DagRun], data: st.DataObject, now: int) -> None:
    """Something that happens to one instance in both runs, or to the run before."""
    key = data.draw(st.sampled_from(sorted(runs[0].task_instances)))
    state = ti(runs[0], key).state
    live = state in ("scheduled", "running")
    kinds = ["run", "success", "success", "success", "failed", "retry"] if live else ["past", "clear", "none"]
    kind = data.draw(st.sampled_from(kinds))
    length, chosen = data.draw(st.integers(0, 3)), data.draw(st.lists(st.sampled_from(sorted(runs[0].dag.tasks))))
    for run in runs:
        one = ti(run, key)
        if kind == "run":
            one.state = "running"
        elif kind == "retry":
            one.state, one.due = "up_for_retry", now + 20
        elif kind == "clear" and state is not None:
            one.state, one.due = None, None
        elif kind == "past" and run.previous is not None:
            for old in run.previous.task_instances.values():
                old.state = "success"
        elif kind in ("success", "failed"):
            finish(run, key, kind, length)
            if one.task.inherits_from_skipmixin:
                run.skipmixin[key] = {"followed": chosen}


def test_instances_whose_surroundings_did_not_change_are_not_examined() -> None:
    run = run_of(dag(task("a"), task("b", "a"), task("c", "b"), task("z")))
    decide(run, NOW)
    schedule(ti(run, "a"), NOW)
    schedule(ti(run, "z"), NOW)
    decide(run, NOW)
    finish(run, "a")
    looked = run.memory.examine(run, [one.state for one in run.task_instances.values()])
    assert ids(looked) == ["b"]


def test_an_index_of_a_mapped_group_concerns_that_index_only() -> None:
    made = dag(
        task("a", groups=("g",)), task("b", "a", groups=("g",)), groups=[MappedGroup("g", None, KnownLength(3), ())]
    )
    run = run_of(made)
    for one in decide(run, NOW).ready:
        schedule(one, NOW)
    decide(run, NOW)
    finish(run, ("a", 1))
    looked = run.memory.examine(run, [one.state for one in run.task_instances.values()])
    assert ids(looked) == [("b", 1)]


def test_what_maps_over_an_examined_instance_is_examined_in_the_same_pass() -> None:
    """'t2' fails with 't1', which it maps over, in one pass; so 't3' is failed by 't2' and not skipped by 't0'."""
    made = dag(
        task("t0"),
        task("t1", "t0"),
        task("t2", "t1", length=OfTask("t1"), map_dependencies=("t1",)),
        task("t3", "t0", "t2", length=OfTask("t2"), map_dependencies=("t2",), trigger_rule="all_skipped"),
    )
    run = run_of(made)
    decide(run, NOW)
    schedule(ti(run, "t0"), NOW)
    decide(run, NOW)
    finish(run, "t0", "failed")
    decide(run, NOW)
    assert states(run)["t3"] == "upstream_failed"


def test_a_decision_taken_back_before_the_next_pass_is_taken_again() -> None:
    run = run_of(dag(task("a"), task("x", "a"), task("e", short_circuits=True)))
    finish(run, "a", "failed")
    assert decide(run, NOW).again
    ti(run, "x").state = None
    decide(run, NOW)
    assert ti(run, "x").state == "upstream_failed"


def test_an_expansion_to_one_instance_is_noticed() -> None:
    run = run_of(dag(task("a"), task("m", "a", length=OfTask("a"))))
    schedule(decide(run, NOW).ready[0], NOW)
    decide(run, NOW)
    finish(run, "a", length=1)
    for _ in range(2):
        assert ids(decide(run, NOW).ready) == [("m", 0)]


def test_instances_are_examined_in_the_order_of_the_dag() -> None:
    run = run_of(dag(task("a"), task("m", "a", length=OfTask("a")), task("z", "m")))
    finish(run, "a", length=2)
    decide(run, NOW)
    assert list(run.task_instances) == [("a", -1), ("z", -1), ("m", 0), ("m", 1)], "as expansion leaves them"
    run.memory = None
    examined = memory_of(run).examine(run, [ti.state for ti in run.task_instances.values()])
    assert ids(examined) == [("m", 0), ("m", 1), "z"]
