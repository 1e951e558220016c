"""What is concluded about a task comes from what Airflow does, never from the words in a log."""

import logging
from datetime import datetime, timezone

import pytest

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def one_task(body, **arguments):
    from airflow.sdk import DAG, task

    with DAG("words", schedule="@daily", start_date=START) as dag:
        task(body, task_id="t", **arguments)()
    return dag


@pytest.mark.parametrize(
    "words",
    [
        "Failed to send email notification to ops; queued instead",
        "Failed to run task callback kind='on_failure_callback'",
        "Top level error",
    ],
)
@pytest.mark.parametrize("where", ["logging", "structlog"])
def test_a_task_may_write_what_airflow_writes(rehearse, words, where):
    import structlog

    def writes():
        log = logging.getLogger("mine") if where == "logging" else structlog.get_logger("task")
        try:
            raise ValueError("mail server busy")
        except ValueError:
            log.exception(words)

    result = rehearse(one_task(writes))
    assert (result.state, result.findings) == ("success", ())
    assert words in result.task("t").log


def test_why_a_task_skipped_itself(rehearse):
    from airflow.sdk import DAG, task
    from airflow.sdk.exceptions import AirflowException

    from harness.bridge.versions.names import task_exception

    skip = task_exception("AirflowSkipException")

    def misleads():
        logging.getLogger("mine").info("Skipping task. reason='a row'")
        raise skip("it's a holiday; reason=none")

    def silent():
        raise skip

    def in_a_map(value):
        raise skip("not this one")

    with DAG("skips", schedule="@daily", start_date=START) as dag:
        task(misleads, task_id="misleads")()
        task(silent, task_id="silent")()
        numbers = task(lambda: [1], task_id="numbers")()
        task(lambda v: v, task_id="mapped").expand(v=numbers.map(in_a_map))
    result = rehearse(dag)
    reasons = {ti.name: ti.reason for ti in result.task_instances if ti.state == "skipped"}
    assert reasons["misleads"] == "it's a holiday; reason=none"
    assert reasons["silent"] == "skipped itself"
    assert reasons["mapped[0]"] == "not this one"
    assert issubclass(skip, AirflowException)


@pytest.mark.parametrize("kind", ["on_success_callback", "on_failure_callback", "on_skipped_callback"])
def test_a_callback_that_raises_is_a_finding_of_its_kind(rehearse, kind):
    from harness.bridge.versions.names import task_exception

    def ends():
        if kind == "on_failure_callback":
            raise ValueError("no")
        if kind == "on_skipped_callback":
            raise task_exception("AirflowSkipException")("no")

    def calls(context):
        raise LookupError("nobody there")

    [finding] = rehearse(one_task(ends, **{kind: calls})).findings
    assert finding.message == f"{kind} raised LookupError: 'nobody there'" or finding.message == (
        f"{kind} raised LookupError: nobody there"
    )
