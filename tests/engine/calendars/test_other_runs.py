"""Runs that wait for others: triggered ones, awaited ones, those before them."""

import time
from datetime import datetime, timezone

import pytest

from harness.errors import HorizonReached

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def states(result):
    return {ti.name: ti.state for ti in result.task_instances}


def test_a_sensor_that_waits_for_ever_ends_at_the_horizon(rehearse):
    from airflow.providers.standard.sensors.python import PythonSensor
    from airflow.sdk import DAG

    with DAG("endless", schedule="@daily", start_date=START) as dag:
        PythonSensor(task_id="gate", python_callable=lambda: False, poke_interval=3600, timeout=10**9)
    with pytest.raises(HorizonReached, match="gate") as caught:
        rehearse(dag)
    assert "2025-01-31" in str(caught.value)
    assert "sleep 3600 s" in str(caught.value)


def test_trigger_dag_run_waits_for_the_real_run(rehearse):
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.sdk import DAG, task

    with DAG("child", schedule=None, start_date=START) as child:

        @task
        def answer(dag_run=None, params=None):
            time.sleep(1800)
            return dag_run.conf["question"] + "?"

        answer()
    with DAG("parent", schedule="@daily", start_date=START) as parent:
        TriggerDagRunOperator(
            task_id="ask", trigger_dag_id="child", conf={"question": "{{ ds }}"}, wait_for_completion=True,
            poke_interval=60,
        )  # fmt: skip
        TriggerDagRunOperator(
            task_id="ask_deferred", trigger_dag_id="child", conf={"question": "b"}, wait_for_completion=True,
            deferrable=True, poke_interval=60, trigger_run_id="second", logical_date="2025-06-01T00:00:00+00:00",
        )  # fmt: skip
        TriggerDagRunOperator(task_id="ask_nobody", trigger_dag_id="missing")
    parent.task_dict["ask_deferred"].logical_date = None
    result = rehearse(parent, with_dags=[child])
    assert result.task("ask").state == "success"
    assert (
        result.task("ask").end_date - result.start_date
    ).total_seconds() == 31 * 60  # it asks at minute 30, when the child is about to end
    assert result.task("ask_deferred").state == "success"
    assert result.task("ask_nobody").state == "failed"
    assert "missing" in result.task("ask_nobody").error.message
    assert {run.task("answer").xcom() for run in result.companions} == {"2025-01-01?", "b?"}


def test_external_task_sensor_brings_the_awaited_dag(rehearse):
    from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
    from airflow.sdk import DAG, task

    with DAG("upstream", schedule="@daily", start_date=START) as upstream:

        @task
        def publish():
            time.sleep(2 * 3600)

        publish()
    with DAG("downstream", schedule="@daily", start_date=START) as downstream:
        for mode in ("poke", "reschedule"):
            ExternalTaskSensor(
                task_id=mode, external_dag_id="upstream", external_task_id="publish", mode=mode, poke_interval=600
            )
        ExternalTaskSensor(
            task_id="deferred", external_dag_id="upstream", external_task_id="publish", deferrable=True,
            poll_interval=600,
        )  # fmt: skip
    result = rehearse(downstream, with_dags=[upstream], logical_date="2025-01-02")
    assert states(result) == {"poke": "success", "reschedule": "success", "deferred": "success"}
    assert {(ti.end_date - result.start_date).total_seconds() / 60 for ti in result.task_instances} == {120}
    assert [run.dag_id for run in result.companions] == ["upstream"]


def test_reset_dag_run_runs_the_run_again(rehearse):
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.sdk import DAG, task

    with DAG("child", schedule=None, start_date=START) as child:
        task(lambda: time.sleep(60), task_id="work")()
    with DAG("again", schedule="@daily", start_date=START) as dag:
        same = {"trigger_dag_id": "child", "trigger_run_id": "same", "wait_for_completion": True, "poke_interval": 30}
        first = TriggerDagRunOperator(task_id="first", **same)
        second = TriggerDagRunOperator(task_id="second", reset_dag_run=True, **same)
        third = TriggerDagRunOperator(task_id="third", **same)
        first >> second >> third
    result = rehearse(dag, with_dags=[child])
    assert states(result) == {"first": "success", "second": "success", "third": "failed"}
    [run] = result.companions
    assert [attempt.try_number for attempt in run.task("work").attempts] == [1, 2]
    assert (result.task("second").end_date - result.task("second").start_date).total_seconds() >= 60


def test_a_run_waits_for_the_tasks_of_the_run_before_it(rehearse):
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.sdk import DAG, task

    with DAG("daily", schedule="@daily", start_date=START, max_active_runs=2) as daily:
        task(lambda: time.sleep(3600), task_id="work", depends_on_past=True)()
    with DAG("starts", schedule="@daily", start_date=START) as dag:
        for day in (1, 2):
            logical_date = f"2025-01-0{day}T00:00:00+00:00"
            TriggerDagRunOperator(task_id=f"day_{day}", trigger_dag_id="daily", logical_date=logical_date)
        dag.task_dict["day_1"] >> dag.task_dict["day_2"]
    result = rehearse(dag, with_dags=[daily], logical_date="2025-01-10")
    first, second = (run.task("work") for run in result.companions)
    assert (first.state, second.state) == ("success", "success")
    assert second.start_date == first.end_date
