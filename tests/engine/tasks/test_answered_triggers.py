"""A trigger that the world answers: the operator's own code runs on both sides of the deferral."""

from datetime import timedelta

import pytest
from airflow.providers.amazon.aws.operators.athena import AthenaOperator
from airflow.sdk import DAG, BaseOperator, BaseSensorOperator
from airflow.triggers.base import BaseTrigger

from harness.errors import UnmatchedEntry, WorldError
from harness.world import World, load
from tests.engine.exploration.exploration_dags import START


class Never(BaseTrigger):
    """A trigger whose code must not run."""

    def serialize(self):
        return f"{__name__}.Never", {}

    async def run(self):
        raise AssertionError("its own code")
        yield


class Job(BaseOperator):
    """Defers as often as it is told to go on."""

    def __init__(self, *, timeout=None, **more):
        super().__init__(**more)
        self.timeout = timeout

    def execute(self, context):
        self.defer(trigger=Never(), method_name="execute_complete", kwargs={"job": "j-1"}, timeout=self.timeout)

    def execute_complete(self, context, event=None, job=None):
        if event["status"] == "running":
            self.execute(context)
        if event["status"] == "lost":
            raise RuntimeError(event["status"])
        return {"job": job, **event}


def dag_of(operator=Job, **given):
    with DAG("jobs", schedule="@daily", start_date=START, default_args={"retry_delay": timedelta(0)}) as dag:
        operator(task_id="job", **given)
    return dag


@pytest.mark.parametrize("pattern", ["job", "Job", f"{__name__}.Job", "jobs.job@2025"])
def test_the_event_arrives_after_a_while(rehearse, pattern):
    world = World()
    world.trigger(pattern, event={"status": "done"}, after="20m")
    world.trigger("*", event={"status": "wide"})
    done = rehearse(dag_of(), world).task("job")
    assert done.xcom() == {"job": "j-1", "status": "done"}
    assert done.end_date - done.start_date == timedelta(minutes=20)
    assert [one.state for one in done.attempts] == ["deferred", "success"]
    assert done.stood_in is None


def test_one_event_after_another_and_anew_at_the_next_try(rehearse):
    world = World()
    world.trigger("job", {"event": {"status": "running"}, "after": "1h"}, {"event": {"status": "lost"}, "after": 60})
    done = rehearse(dag_of(retries=1), world).task("job")
    once = ["deferred", "deferred"]
    assert [one.state for one in done.attempts] == [*once, "up_for_retry", *once, "failed"]
    assert done.attempts[-1].end_date - done.attempts[0].start_date == timedelta(hours=2, minutes=2)


def test_a_trigger_that_fails_and_one_that_is_too_late(rehearse, tmp_path):
    file = tmp_path / "world.yaml"
    file.write_text("triggers:\n  job: {raises: the cluster is gone}\n")
    failed = rehearse(dag_of(), load(file)).task("job")
    assert (failed.state, failed.error.kind) == ("failed", "TaskDeferralError")
    assert "the cluster is gone" in failed.log
    file.write_text("triggers:\n  job:\n  - {event: {status: done}, after: 2h}\n")
    late = rehearse(dag_of(timeout=timedelta(hours=1)), load(file)).task("job")
    assert (late.state, late.end_date - late.start_date) == ("failed", timedelta(hours=1))


def test_who_answers_its_trigger_means_an_operator_to_run(rehearse):
    query = {"query": "select 1", "database": "d", "output_location": "s3://b"}
    world = World()
    world.trigger("job", event={"status": "success"})
    failed = rehearse(dag_of(AthenaOperator, deferrable=True, **query), world).task("job")
    assert "cannot run here" not in failed.error.message


class Polls(BaseSensorOperator):
    """Asks what is not here before it defers, as Google's do."""

    template_fields = ("object",)

    def __init__(self, *, object, **more):  # noqa: A002 - Google's name
        super().__init__(**more)
        self.object = object

    def poke(self, context):
        raise AssertionError("asks production")

    def execute(self, context):
        if not self.poke(context):
            self.defer(trigger=Never(), method_name="execute_complete")

    def execute_complete(self, context, event):
        if event["status"] == "error":
            raise RuntimeError(event["message"])
        return self.object


def test_who_asks_before_deferring_may_begin_with_its_trigger(rehearse):
    world = World()
    world.trigger("Polls", event={"status": "success"}, after="20m", resumes="execute_complete")
    done = rehearse(dag_of(Polls, object="{{ ds }}.csv"), world, logical_date="2025-01-03").task("job")
    assert (done.xcom(), done.end_date - done.start_date) == ("2025-01-03.csv", timedelta(minutes=20))
    query = {"query": "select 1", "database": "d", "output_location": "s3://b"}
    world = World()
    world.trigger("job", event={"status": "success", "value": "q-7"}, after=60, resumes="execute_complete")
    assert rehearse(dag_of(AthenaOperator, deferrable=True, **query), world).task("job").xcom() == "q-7"


def test_each_try_and_each_instance_begins_with_it(rehearse, tmp_path):
    file = tmp_path / "world.yaml"
    file.write_text(
        "triggers:\n  job: {event: {status: error, message: gone}, after: 1h, resumes: execute_complete}\n"
        "  job[1]: {event: {status: success}, resumes: execute_complete}\n"
    )
    with DAG("jobs", schedule="@daily", start_date=START) as dag:
        Polls.partial(task_id="job", retries=1, retry_delay=timedelta(0)).expand(object=["a", "b"])
    result = rehearse(dag, load(file))
    first, second = (one for one in result.task_instances if one.task_id == "job")
    assert [one.state for one in first.attempts] == ["up_for_retry", "failed"]  # no worker had it before the event
    assert first.end_date - result.start_date == timedelta(hours=2)
    assert (second.state, second.xcom()) == ("success", "b")


@pytest.mark.parametrize(("limit", "state"), [({"timeout": 600}, "failed"), ({"timeout": 7200}, "success")])
def test_the_sensors_own_timeout_bounds_it(rehearse, limit, state):
    world = World()
    world.trigger("job", event={"status": "success"}, after="1h", resumes="execute_complete")
    done = rehearse(dag_of(Polls, object="a", **limit), world).task("job")
    assert (done.state, done.end_date - done.start_date) == (state, timedelta(seconds=min(limit["timeout"], 3600)))


def test_a_method_that_the_operator_has_not_is_an_error_before_anything_runs(rehearse):
    world = World()
    world.trigger("job", event=1, resumes="execute_completed")
    with pytest.raises(WorldError, match=r"Job of jobs\.job has no method 'execute_completed'") as caught:
        rehearse(dag_of(), world)
    assert "execute_complete" in caught.value.known
    for wrong in ([{"event": 1}, {"event": 2, "resumes": "execute_complete"}], [{"resumes": "self.x"}]):
        with pytest.raises(WorldError, match="trigger 'job'"):
            World().trigger("job", *wrong)


def test_what_is_no_answer(rehearse):
    for wrong in ({"raises": "x", "event": 1}, {"after": "soon"}, {"evnt": 1}):
        with pytest.raises(WorldError, match="trigger 'job'"):
            World().trigger("job", wrong)
    world = World()
    world.trigger("jbo", event=1)
    with pytest.raises(UnmatchedEntry, match="trigger 'jbo' matches no task"):
        rehearse(dag_of(), world)
