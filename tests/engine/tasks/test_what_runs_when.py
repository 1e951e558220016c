"""What holds a task back and what decides its state: pools, trigger rules, fail_fast, what is left out."""

import time
from datetime import datetime, timezone

import pytest

from harness.bridge.versions.names import task_exception
from harness.errors import HarnessError
from harness.world import World

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def states(result):
    return {ti.name: ti.state for ti in result.task_instances}


@pytest.mark.parametrize(("slots", "expected"), [(1, 4), (2, 2), (4, 1)])
def test_pools_and_pool_slots_shape_the_makespan(rehearse, slots, expected):
    from airflow.sdk import DAG, task

    with DAG("pooled", schedule="@daily", start_date=START) as dag:

        @task(pool="etl")
        def load(n):
            time.sleep(3600)
            return n

        load.expand(n=[1, 2, 3, 4])
    world = World()
    world.set_pool("etl", slots)
    result = rehearse(dag, world)
    assert (result.end_date - result.start_date).total_seconds() / 3600 == expected


def test_a_missing_pool_and_one_too_small_are_told(rehearse):
    from airflow.sdk import DAG, task

    with DAG("hanging", schedule="@daily", start_date=START) as dag:
        task(lambda: 1, task_id="load", pool="etl")() >> task(lambda: 1, task_id="after")()
    with pytest.raises(HarnessError, match="etl") as caught:
        rehearse(dag)
    assert "does not exist" in str(caught.value)
    assert "after" in str(caught.value)
    assert caught.value.result.task("load").state == "scheduled"
    with DAG("greedy", schedule="@daily", start_date=START) as dag:
        task(lambda: 1, task_id="load", pool="etl", pool_slots=5)()
    world = World()
    world.set_pool("etl", 2)
    with pytest.raises(HarnessError, match=r"(?s)etl.*2"):
        rehearse(dag, world)


def test_only_from_xcoms_stubs_and_durations(rehearse):
    from airflow.sdk import DAG, task

    with DAG("partial", schedule="@daily", start_date=START) as dag:

        @task
        def extract():
            raise AssertionError("must not run")

        @task
        def transform(rows):
            return [r + 1 for r in rows]

        @task
        def load(rows):
            return len(rows)

        load(transform(extract()))
    only = rehearse(dag, only=("transform",), xcoms={"extract": [1, 2]})
    assert states(only) == {"transform": "success"}
    assert only.task("transform").xcom() == [2, 3]
    rest = rehearse(dag, from_task="transform", xcoms={"extract": [1]})
    assert states(rest) == {"transform": "success", "load": "success"}
    world = World()
    world.stub("partial.extract", returns=[5])
    world.set_duration("partial.load", "90s")
    stubbed = rehearse(dag, world)
    assert stubbed.task("load").xcom() == 1
    assert (stubbed.end_date - stubbed.start_date).total_seconds() == 90
    world.stub("partial.transform", raises="schema changed")
    failed = rehearse(dag, world)
    assert states(failed) == {"extract": "success", "transform": "failed", "load": "upstream_failed"}


def test_fail_fast_stops_the_others(rehearse):
    from airflow.sdk import DAG, task

    with DAG("fast", schedule="@daily", start_date=START, fail_fast=True) as dag:

        @task
        def fails():
            time.sleep(60)
            raise ValueError

        @task
        def slow():
            time.sleep(7200)

        fails()
        slow() >> task(lambda: 1, task_id="after")()
    result = rehearse(dag)
    assert states(result) == {"fails": "failed", "slow": "failed", "after": "skipped"}
    assert (result.end_date - result.start_date).total_seconds() == 60


def test_every_trigger_rule_over_success_failure_and_skip(rehearse):
    from airflow.sdk import DAG, TriggerRule, task

    AirflowSkipException = task_exception("AirflowSkipException")

    with DAG("rules", schedule="@daily", start_date=START) as dag:

        @task
        def skips():
            raise AirflowSkipException

        @task
        def fails():
            raise ValueError

        ups = [task(lambda: 1, task_id="works")(), fails(), skips()]
        for rule in TriggerRule:
            if not rule.value.startswith("all_done_setup"):
                ups >> task(lambda: 1, task_id=rule.value, trigger_rule=rule)()
    got = states(rehearse(dag))
    expected = {
        "all_success": "upstream_failed", "all_failed": "skipped", "all_done": "success", "one_success": "success",
        "one_failed": "success", "one_done": "success", "none_failed": "upstream_failed", "none_skipped": "skipped",
        "none_failed_min_one_success": "upstream_failed", "all_skipped": "skipped", "always": "success",
        "all_done_min_one_success": "skipped",
    }  # fmt: skip
    assert {rule: state for rule, state in got.items() if rule in expected} == {
        rule: state for rule, state in expected.items() if rule in got
    }
    assert len(got) > 12


@pytest.mark.parametrize(("one_by_one", "state"), [(False, "skipped"), (True, "upstream_failed")])
def test_the_scheduler_decides_before_workers_begin(rehearse, one_by_one, state):
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG, task

    with DAG("order", schedule="@daily", start_date=START) as dag:

        @task
        def fails():
            raise ValueError("no")

        @task
        def begin():
            pass

        never = EmptyOperator(task_id="never", trigger_rule="all_skipped")
        last = EmptyOperator(task_id="last")
        begin() >> [fails(), never] >> last
    result = rehearse(dag, one_by_one=one_by_one)
    assert result.task("last").state == state
