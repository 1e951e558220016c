"""Human-in-the-loop: requests answered as the world scripts it."""

from datetime import datetime, timedelta, timezone

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLBranchOperator, HITLEntryOperator
from airflow.sdk import DAG, Param, task

from harness.errors import HorizonReached, RunStuck
from harness.world import World

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def approval():
    with DAG("approvals", schedule="@daily", start_date=START) as dag:
        ask = ApprovalOperator(task_id="ask", subject="Publish?", response_timeout=timedelta(hours=2))

        @task
        def publish(answer=None):
            return "published"

        ask >> publish()
    return dag


@pytest.mark.parametrize(("option", "state"), [("Approve", "success"), ("Reject", "skipped")])
def test_a_person_answers_in_their_own_time(rehearse, approval, option, state):
    world = World()
    world.answer("approvals.ask", option, after="30m", by="anna")
    result = rehearse(approval, world)
    ask = result.task("ask")
    assert ask.state == "success"
    assert (ask.end_date - ask.start_date).total_seconds() // 60 in (30, 35)  # before 3.3 a trigger looks now and then
    if option == "Approve":  # one that skips what follows pushes nothing
        assert ask.xcom()["chosen_options"] == [option]
        assert ask.xcom()["responded_by_user"]["name"] == "anna"
    assert result.task("publish").state == state


def test_nobody_answers_in_time(rehearse, approval):
    result = rehearse(approval)
    ask = result.task("ask")
    assert ask.state == "failed"
    assert ask.error.kind == "HITLTimeoutError"
    assert (ask.end_date - ask.start_date).total_seconds() // 60 in (120, 121)
    assert result.state == "failed"


def test_defaults_answer_when_the_time_is_over(rehearse):
    with DAG("approvals", schedule="@daily", start_date=START) as dag:
        ApprovalOperator(task_id="ask", subject="Publish?", response_timeout=timedelta(hours=1), defaults="Approve")
    ask = rehearse(dag).task("ask")
    assert ask.state == "success"
    assert ask.xcom()["chosen_options"] == ["Approve"]
    assert ask.xcom()["responded_by_user"] is None


def test_a_form_is_filled_in_and_a_branch_chosen(rehearse):
    with DAG("forms", schedule="@daily", start_date=START) as dag:
        HITLEntryOperator(task_id="form", subject="How many?", params={"amount": Param(1, type="integer")})
        which = HITLBranchOperator(task_id="which", subject="Which?", options=["left", "right"])
        which >> [EmptyOperator(task_id="left"), EmptyOperator(task_id="right")]
    world = World()
    world.answer("forms.form", "OK", params={"amount": 3})
    world.answer("forms.which", "right")
    result = rehearse(dag, world)
    assert result.state == "success", result
    assert result.task("form").xcom()["params_input"] == {"amount": 3}
    assert result.task("left").state == "skipped"
    assert result.task("right").state == "success"


def test_a_request_that_nobody_answers_is_told(rehearse):
    with DAG("approvals", schedule="@daily", start_date=START) as dag:
        ApprovalOperator(task_id="ask", subject="Publish?")
    with pytest.raises((RunStuck, HorizonReached), match=r"'ask' (waits for a person's answer|is deferred)"):
        rehearse(dag, horizon=3600 * 10**6)
