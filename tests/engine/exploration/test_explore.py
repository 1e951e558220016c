"""Exploring real Dags: what the player says is what the simulator does, and what it takes from a Dag."""

import random

import pytest
from airflow.providers.standard.operators.branch import BaseBranchOperator
from airflow.providers.standard.operators.datetime import BranchDateTimeOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.latest_only import LatestOnlyOperator
from airflow.providers.standard.operators.python import BranchPythonOperator
from airflow.sdk import DAG, task, task_group

from harness import explore, play
from harness.bridge.deciders import deciders_of
from harness.errors import RunStuck, TaskNotFound, UsageError
from harness.world import World
from tests.engine.exploration.exploration_dags import START, obey, obey_over, shape


def simulated(rehearse, dag, **options):
    """Names and states of a run, and its own."""
    try:
        result = rehearse(dag, manual=True, **options)
    except RunStuck as stuck:
        return {ti.name: ti.state for ti in stuck.result.task_instances}, None
    return {ti.name: ti.state for ti in result.task_instances}, result.state


@pytest.mark.parametrize("seed", range(60))
def test_the_player_agrees_with_the_simulator(rehearse, seed):
    dag = shape(seed)
    found = explore(dag, limit=150)
    for scenario in random.Random(seed).sample(found.scenarios, min(4, len(found.scenarios))):
        conf = {name: list(told) if isinstance(told, tuple) else told for name, told in scenario.outcomes.items()}
        assert simulated(rehearse, dag, conf={"outcomes": conf}) == (scenario.states, scenario.run_state), scenario


def test_shapes_have_everything_in_them():
    """Else agreeing would mean little."""
    every = [explore(shape(seed), limit=150) for seed in range(60)]
    outcomes = [outcome for found in every for scenario in found.scenarios for _, outcome in scenario.choices]
    states = {state for found in every for scenario in found.scenarios for state in scenario.states.values()}
    assert states == {"success", "failed", "skipped", "upstream_failed"}
    assert {len(outcome.followed) for outcome in outcomes if outcome.followed is not None} >= {0, 1, 2}
    assert {outcome.proceeds for outcome in outcomes} == {None, True, False}
    assert {outcome.length for outcome in outcomes} == {None, 0, 1, 2}
    assert any(found.never_run for found in every)
    assert sum(found.exhaustive for found in every) in range(10, 60)


def branchy():
    with DAG("branchy", schedule="@daily", start_date=START) as dag:
        gate = task.short_circuit(task_id="gate")(obey)()
        check = task.branch(task_id="check")(lambda: obey())()
        left, right = task(task_id="left")(obey)(), EmptyOperator(task_id="right")
        join = task(task_id="join", trigger_rule="none_failed_min_one_success")(obey)()
        gate >> check >> [left, right] >> join
        LatestOnlyOperator(task_id="latest") >> task(task_id="fresh")(obey)()
    return dag


def test_a_scenario_as_stubs_makes_a_real_run_do_the_same(rehearse):
    """The operators' own skipping, without a line of the user's code."""
    dag = branchy()
    found = explore(dag, limit=400)
    for scenario in found.scenarios[:: max(1, len(found.scenarios) // 40)]:
        world = World()
        for task_id, stub in scenario.stubs(code=False).items():
            world.stub(f"branchy.{task_id}", **stub)
        assert simulated(rehearse, dag, world=world) == (scenario.states, scenario.run_state), scenario


def test_play():
    dag = branchy()
    assert play(dag, {"check": "right", "latest": []}).ran == {"gate", "check", "right", "join", "latest"}
    assert play(dag, {"gate": False}).states["join"] == "skipped"
    assert play(dag, {"check": ["left", "right"], "left": "failed"}).states["join"] == "upstream_failed"
    with pytest.raises(TaskNotFound, match="'lef' with an outcome"):
        play(dag, {"lef": "failed"})
    with pytest.raises(TaskNotFound, match="did you mean"):
        explore(dag, outcomes={"chek": ["left"]})
    with pytest.raises(UsageError, match="limit=0"):
        explore(dag, limit=0)


@pytest.mark.parametrize(
    ("outcomes", "states"),
    [
        ({}, {"load[0]": "success", "load[1]": "success", "last": "success"}),
        ({"load": "failed"}, {"load[0]": "failed", "load[1]": "failed", "last": "upstream_failed"}),
        ({"load[0]": "failed"}, {"load[0]": "failed", "load[1]": "success", "last": "upstream_failed"}),
        ({"load[1:]": "skipped"}, {"load[0]": "success", "load[1]": "skipped", "last": "skipped"}),
        ({"files": 1}, {"load[0]": "success", "last": "success"}),
        ({"files": 0}, {"load": "skipped", "last": "skipped"}),
        ({"last": "failed"}, {"load[0]": "success", "load[1]": "success", "last": "failed"}),
    ],
)
def test_play_of_a_mapped_task_of_all_its_instances_or_some(outcomes, states):
    with DAG("mapped", schedule="@daily", start_date=START) as dag:
        task(task_id="load")(obey_over).expand(item=task(task_id="files")(obey)()) >> task(task_id="last")(obey)()
    assert play(dag, outcomes).states == {"files": "success", **states}


def test_explore_of_outcomes_that_are_named():
    dag = branchy()
    found = explore(dag, outcomes={"*": "success", "check": ["left", "right"], "gate": [True], "latest": [[]]})
    assert {(one.outcomes["check"], one.states["left"], one.states["right"]) for one in found.scenarios} == {
        (("left",), "success", "skipped"),
        (("right",), "skipped", "success"),
    }
    assert explore(dag, outcomes={"*": "success"}, limit=1).scenarios
    closed = explore(dag, outcomes={"gate": False, "latest": [[]], "*": "success"}).scenarios
    assert [one.states["check"] for one in closed] == ["skipped"]


def one_or_other(ds=None):
    if ds > "2025":
        return "a" if ds.endswith("1") else ["a", "g"]
    with ds:
        return None


def unknown(ds=None):
    return f"a{ds}"


def annotated(ds=None) -> str:
    return ds


def quiet():  # noqa: RET503
    def inner():
        return "b"

    if inner():
        return "a"
    print("neither")


class Chooses(BaseBranchOperator):
    def choose_branch(self, context):
        if context["params"]:
            return "a"
        raise ValueError


def test_which_branches_there_are():
    with DAG("branches", schedule="@daily", start_date=START) as dag:

        @task_group
        def g():
            EmptyOperator(task_id="x") >> EmptyOperator(task_id="y")
            EmptyOperator(task_id="z")

        below = [EmptyOperator(task_id="a"), g(), EmptyOperator(task_id="b")]
        for function in (one_or_other, unknown, annotated, quiet):
            BranchPythonOperator(task_id=function.__name__, python_callable=function) >> below
        Chooses(task_id="chooses") >> below
        task.branch(task_id="two")(lambda: "a")() >> below[::2]
        (
            BranchDateTimeOperator(
                task_id="dated",
                target_lower=START,
                target_upper=START,
                follow_task_ids_if_true=["a", "b"],
                follow_task_ids_if_false="nowhere",
            )
            >> below
        )
        BranchPythonOperator.partial(task_id="mapped", python_callable=unknown).expand(op_args=[[1], [2]]) >> below[0]
    told = {name: decider.options for name, decider in deciders_of(dag).items()}
    assert told["one_or_other"] == (("a",), ("a", "g.x", "g.z"), ())
    every = [("a",), ("b",), ("g.x",), ("g.z",)]
    assert told["unknown"] == (*every, ())
    assert told["annotated"] == tuple(every)
    assert told["quiet"] == (("a",), ())
    assert told["chooses"] == (("a",),)
    assert set(told["two"]) >= {("a",)}
    assert told["dated"] == (("a", "b"),)
    assert told["mapped"] == (("a",), ())


def test_what_can_never_run_and_what_always_does(rehearse):
    """The classic: a join of two branches that waits for both."""

    def chosen(ds=None):
        return "left" if ds < "2026" else "right"

    with DAG("classic", schedule="@daily", start_date=START) as dag:
        choose = task.branch(task_id="choose")(chosen)()
        ways = [EmptyOperator(task_id="left"), EmptyOperator(task_id="right")]
        join = EmptyOperator(task_id="join")
        cleanup = task(task_id="cleanup", trigger_rule="all_done")(obey)()
        choose >> ways >> join >> cleanup
    found = explore(dag)
    assert list(found.never_run) == ["join"]
    assert found.runs_always("cleanup")
    assert repr(found.runs_always("left")) == "left is skipped when: choose=right"
    assert simulated(rehearse, dag)[0]["join"] == "skipped"
