"""An exit outside of a task's own code: reported where it is somebody's, an error where it is nobody's."""

import sys
from datetime import datetime, timezone

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def test_an_exit_in_a_callback_or_trigger_is_reported_and_ends_nobody_else(rehearse):
    from airflow.sdk import DAG, BaseOperator, task

    from tests.engine.clocks import triggers

    def leaves(context):
        sys.exit(0)

    class Defers(BaseOperator):
        def execute(self, context):
            self.defer(trigger=triggers.Leaves(), method_name="go_on")

    def fails():
        raise ValueError("no")

    with DAG("exits", schedule="@daily", start_date=START, on_failure_callback=leaves) as dag:
        task(fails, task_id="fails", on_failure_callback=leaves)()
        Defers(task_id="defers")
    result = rehearse(dag)
    assert result.state == "failed"
    assert result.task("defers").error.kind == "TaskDeferralError"
    assert sorted(str(finding.task_id) for finding in result.findings) == ["None", "fails"]


def test_an_exit_that_nobody_catches_is_an_error_and_not_the_end_of_everything(rehearse):
    import pytest
    from airflow.sdk import DAG, BaseOperator

    from harness.errors import HarnessError
    from tests.engine.clocks import triggers

    class Defers(BaseOperator):
        def execute(self, context):
            self.defer(trigger=triggers.LeavesAside(), method_name="go_on")

    with DAG("leaves", schedule="@daily", start_date=START) as dag:
        Defers(task_id="defers")
    with pytest.raises(HarnessError, match=r"SystemExit\(0\) escaped from 'triggerer'"):
        rehearse(dag)


def test_an_os_exit_outside_of_a_tasks_own_code_is_an_error(rehearse):
    import os

    from airflow.sdk import DAG, task

    def gone(context):
        os._exit(0)

    with DAG("gone", schedule="@daily", start_date=START, on_success_callback=gone) as dag:
        task(lambda: 1, task_id="t")()
    result = rehearse(dag)
    assert result.state == "success"
    assert [one.severity for one in result.findings] == ["error"]
    assert "WorkerExited: the code ended its process: os._exit(0)" in result.findings[0].message
