"""Triggers that are cancelled: before they begin, and from inside."""

from datetime import datetime, timezone

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def test_a_trigger_cancelled_before_it_begins_does_not_begin(rehearse):
    from airflow.sdk import DAG, BaseOperator, task

    from tests.engine.clocks import triggers

    class Defers(BaseOperator):
        def execute(self, context):
            self.defer(trigger=triggers.Begins(), method_name="go_on")

    def fails():
        raise ValueError("no")

    triggers.begun.clear()
    with DAG("hasty", schedule="@daily", start_date=START, fail_fast=True) as dag:
        Defers(task_id="a", retries=0)
        task(fails, task_id="b")()
    result = rehearse(dag)
    assert result.state == "failed"
    assert triggers.begun == []


def test_a_trigger_cancelled_from_inside_is_named(rehearse):
    import pytest
    from airflow.sdk import DAG, BaseOperator

    from harness.errors import HarnessError
    from tests.engine.clocks import triggers

    class Defers(BaseOperator):
        def execute(self, context):
            self.defer(trigger=triggers.Cancelled(), method_name="go_on")

    with DAG("cancelled", schedule="@daily", start_date=START) as dag:
        Defers(task_id="defers")
    with pytest.raises(HarnessError, match="cancelled from inside"):
        rehearse(dag)
