"""What stubs can make of a task."""

import pytest
from airflow.sdk import DAG, task

from harness.world import World
from tests.engine.exploration.exploration_dags import START


@pytest.fixture
def dag():
    with DAG("stubbed", schedule="@daily", start_date=START) as dag:

        @task(retries=2)
        def load(ti=None):
            return ti.try_number

        @task.branch
        def check():
            return "a"

        @task.short_circuit
        def gate():
            return True

        a, b = (task(task_id=name)(lambda: None)() for name in "ab")
        load() >> check() >> [a, b]
        gate() >> task(task_id="c")(lambda: None)()
    return dag


@pytest.mark.parametrize(
    ("stub", "state", "tries", "value"),
    [
        ({"fails": 2}, "success", 3, 3),
        ({"fails": 1, "raises": "503"}, "success", 2, 2),
        ({"fails": 1, "returns": "x"}, "success", 2, "x"),
        ({"fails": 3}, "failed", 3, None),
        ({"state": "failed"}, "failed", 1, None),
        ({"raises": "503"}, "failed", 3, None),
    ],
)
def test_failures(rehearse, dag, stub, state, tries, value):
    world = World()
    world.stub("stubbed.load", **stub)
    load = rehearse(dag, world).task("load")
    assert (load.state, load.try_number, load.xcom()) == (state, tries, value)
    assert [attempt.state for attempt in load.attempts][:-1] == ["up_for_retry"] * (tries - 1)
    if "raises" in stub:
        assert load.attempts[0].reason == "AirflowException: 503"


def test_branches(rehearse, dag):
    world = World()
    world.stub("stubbed.check", follows="b")
    world.stub("stubbed.gate", follows=())
    result = rehearse(dag, world)
    assert {name: result.task(name).state for name in "abc"} == {"a": "skipped", "b": "success", "c": "skipped"}
    assert result.task("check").xcom("skipmixin_key") == {"followed": ["b"]}
    world.stub("stubbed.gate", follows=["c"])
    assert rehearse(dag, world).task("c").state == "success"
    world.stub("stubbed.load", follows="b")
    assert "has none" in rehearse(dag, world).task("load").error.message
