"""The rhythm of dag.test(), in which `airflow-harness verify` compares: task by task, beside production's."""

import time
from datetime import datetime, timedelta, timezone

import pytest

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def ended(result):
    return {ti.name: (ti.state, ti.try_number) for ti in result.task_instances}


@pytest.mark.parametrize(("one_by_one", "minutes"), [(False, [60, 60, 60]), (True, [60, 120, 180])])
def test_tasks_run_one_after_the_other_whatever_the_pool(rehearse, one_by_one, minutes):
    from airflow.sdk import DAG, task

    with DAG("beside", schedule="@daily", start_date=START, max_active_tasks=3) as dag:
        pool = "nobody_made_it" if one_by_one else "default_pool"
        task(lambda n: time.sleep(3600), task_id="t", pool=pool).expand(n=[1, 2, 3])
    result = rehearse(dag, one_by_one=one_by_one)
    assert [(ti.end_date - result.start_date).total_seconds() / 60 for ti in result.tasks("t")] == minutes


@pytest.mark.parametrize(("one_by_one", "expected"), [(False, ("skipped", 1)), (True, ("success", 1))])
def test_what_was_scheduled_before_it_was_skipped_runs(rehearse, one_by_one, expected):
    from airflow.sdk import DAG, task

    with DAG("cut", schedule="@daily", start_date=START) as dag:
        stop = task.short_circuit(lambda: False, task_id="stop")()
        stop >> task(lambda: 1, task_id="anyway", trigger_rule="always")()
    assert ended(rehearse(dag, one_by_one=one_by_one))["anyway"] == expected


@pytest.mark.parametrize(("one_by_one", "expected"), [(False, ("skipped", 0)), (True, ("upstream_failed", 0))])
def test_a_deferred_task_ends_before_the_next_pass(rehearse, one_by_one, expected):
    from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
    from airflow.sdk import DAG, BaseOperator, task

    from harness.bridge.versions.names import task_exception

    class Late(BaseOperator):
        def execute(self, context):
            self.defer(trigger=TimeDeltaTrigger(timedelta(minutes=5)), method_name="resume")

        def resume(self, context, event=None):
            raise ValueError("no")

    def leave():
        raise task_exception("AirflowSkipException")

    with DAG("line", schedule="@daily", start_date=START) as dag:
        [Late(task_id="late"), task(leave)()] >> task(lambda: 1, task_id="last")()
    result = rehearse(dag, one_by_one=one_by_one)
    assert ended(result)["last"] == expected
    assert (result.task("late").end_date - result.start_date).total_seconds() / 60 == 5


@pytest.mark.parametrize(("one_by_one", "expected"), [(False, ("skipped", 1)), (True, ("success", 1))])
def test_what_fail_fast_stops_before_its_turn_runs(rehearse, one_by_one, expected):
    from airflow.sdk import DAG, task

    def fails():
        raise ValueError("no")

    with DAG("fast", schedule="@daily", start_date=START, fail_fast=True) as dag:
        task(fails)()
        task(lambda: 1, task_id="other")()
    assert ended(rehearse(dag, one_by_one=one_by_one))["other"] == expected


@pytest.mark.parametrize(("one_by_one", "state"), [(False, "failed"), (True, "success")])
def test_dag_test_knows_no_dagrun_timeout(rehearse, one_by_one, state):
    from airflow.sdk import DAG, task

    with DAG("long", schedule="@daily", start_date=START, dagrun_timeout=timedelta(minutes=30)) as dag:
        task(lambda: time.sleep(3600), task_id="slow")()
    assert rehearse(dag, one_by_one=one_by_one).state == state


def test_sensors_go_last_whatever_their_weight(rehearse):
    from airflow.providers.standard.sensors.python import PythonSensor
    from airflow.sdk import DAG, task

    gates = []

    def open_gate():
        time.sleep(900)
        gates.append(1)

    with DAG("gate", schedule="@daily", start_date=START) as dag:
        options = {"poke_interval": 60, "timeout": 7200, "priority_weight": 9}
        PythonSensor(task_id="poke", python_callable=lambda: bool(gates), **options)
        task(open_gate)()
    result = rehearse(dag, one_by_one=True)
    assert ended(result) == {"poke": ("success", 1), "open_gate": ("success", 1)}
    assert (result.end_date - result.start_date).total_seconds() == 900


@pytest.mark.parametrize(
    ("mine", "real", "alike"),
    [
        ("2025-01-01T03:05:00+00:00", "2025-01-01T03:05:00.001681+00:00", True),
        ({"at": ["2025-01-01 03:05:00"]}, {"at": ["2025-01-01 03:05:00.900000"]}, True),
        ("2025-01-01T03:05:00+00:00", "2025-01-01T03:05:01+00:00", False),
        ("2025-01-01T03:05:00+00:00", "2025-01-01T03:05:00", False),
        ([1, "a"], [1, "a"], True),
        ([1, "a"], [1, "a", 2], False),
        ({"a": 1}, {"b": 1}, False),
        ("1", 1, False),
    ],
)
def test_values_are_alike_though_airflow_saw_its_clock_late(mine, real, alike):
    from harness.simulation.verification import same

    assert same(mine, real) is alike
