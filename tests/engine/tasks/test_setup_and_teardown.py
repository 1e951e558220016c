"""Setups and teardowns, and whether a teardown's failure is the run's."""

from datetime import datetime, timezone

import pytest

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def states(result):
    return {ti.name: ti.state for ti in result.task_instances}


def test_setup_and_teardown(rehearse):
    from airflow.sdk import DAG, setup, task, teardown

    with DAG("cluster", schedule="@daily", start_date=START) as dag:

        @setup
        def create():
            return "id"

        @task
        def work():
            raise RuntimeError("no")

        @teardown
        def delete():
            return "gone"

        create() >> work() >> delete()
        dag.task_dict["delete"].as_teardown(setups=dag.task_dict["create"])
    result = rehearse(dag)
    assert states(result) == {"create": "success", "work": "failed", "delete": "success"}
    assert result.state == "failed"


@pytest.mark.parametrize(("how", "expected"), [("decorator", "failed"), ("method", "success"), ("unmapped", "failed")])
def test_on_failure_fail_dagrun_of_a_mapped_teardown_is_the_decorators(rehearse, how, expected):
    from airflow.sdk import DAG, task, teardown

    def delete(n=0):
        raise RuntimeError("no")

    with DAG("cluster", schedule="@daily", start_date=START) as dag:
        work = task(lambda: 1, task_id="work")()
        if how == "decorator":
            down = teardown(on_failure_fail_dagrun=True)(delete).expand(n=[1])
        elif how == "method":
            down = task(delete).expand(n=[1]).as_teardown(on_failure_fail_dagrun=True)
        else:
            down = task(delete)().as_teardown(on_failure_fail_dagrun=True)
        work >> down
    result = rehearse(dag)
    assert [ti.state for ti in result.task_instances] == ["success", "failed"]
    assert result.state == expected
