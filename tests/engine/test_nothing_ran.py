"""What looks like success and is none: runs without tasks, runs that never end, Dags that are not simulated."""

import time
from datetime import datetime, timedelta, timezone

import pytest
from airflow import sdk
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Asset, task

from harness.world import World

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
LATER = datetime(2025, 6, 1, tzinfo=timezone.utc)


@pytest.fixture
def calendar():
    """Six hours of a day for some Dags: ``calendar(*dags, world=None, actions=(), asked=())`` -> CalendarResult."""
    from harness.bridge.timetables import parse_date
    from harness.simulation import CalendarOptions, Rehearsal
    from harness.simulation.actions import parse_action

    def simulate(*dags, world=None, actions=(), until="2025-01-02T06:00", asked=()):
        rehearsal = Rehearsal()
        rehearsal.folder.dags |= {dag.dag_id: dag for dag in dags}
        acted = tuple(map(parse_action, actions))
        options = CalendarOptions(parse_date("2025-01-02"), parse_date(until), dag_ids=asked, actions=acted)
        return rehearsal.simulate(options, world)

    return simulate


def one_task(dag_id, body=lambda: None, schedule="@hourly", task_options=None, **options):
    with DAG(dag_id, schedule=schedule, start_date=START, **options) as dag:
        task(task_id="work", **(task_options or {}))(body)()
    return dag


def told(findings):
    return [(finding.check, finding.severity) for finding in findings]


def stuck(result):
    return {run.dag_id: finding for run in result.runs for finding in run.findings if finding.check == "run-stuck"}


def test_a_run_that_its_tasks_dates_leave_empty_is_told(rehearse):
    early = {"logical_date": "2025-01-01T00:00", "manual": True}
    result = rehearse(one_task("later", schedule=None, task_options={"start_date": LATER}), **early)
    assert told(result.findings) == [("nothing-ran", "error")]
    assert not result.ok
    assert "'work' (start_date 2025-06-01T00:00:00Z)" in result.findings[0].message
    assert "2025-06-01T00:00:00Z on" in result.findings[0].fix
    over = one_task("over", schedule=None, task_options={"end_date": START - timedelta(days=1)})
    assert "end_date 2024-12-31" in rehearse(over, **early).findings[0].message
    with DAG("hollow", schedule=None) as hollow:
        pass
    result = rehearse(hollow, **early)
    assert "has no task" in result.findings[0].message
    assert not result.ok
    assert told(rehearse(one_task("full", schedule=None), **early).findings) == []


def test_a_task_that_is_left_out_of_many_runs_is_told_once(calendar):
    with DAG("some", schedule="@hourly", start_date=START) as dag:
        task(lambda: 1, task_id="always")()
        task(lambda: 1, task_id="from_june", start_date=LATER)()
    result = calendar(dag)
    findings = [finding for run in result.runs for finding in run.findings]
    assert len(result.runs) == 7
    assert told(findings) == [("task-left-out", "warning")]
    assert "without 'from_june' (start_date 2025-06-01" in findings[0].message


def test_runs_that_can_never_end_are_errors_one_a_dag(calendar):
    def fails():
        raise ValueError("once")

    world = World()
    world.set_pool("small", 1)
    past = one_task("past", fails, task_options={"depends_on_past": True})
    result = calendar(
        one_task("no_pool", task_options={"pool": "elt"}),
        one_task("too_big", task_options={"pool": "small", "pool_slots": 2}),
        one_task("one_by_one", task_options={"pool": "elt"}, max_active_runs=1, catchup=True),
        past,
        world=world,
    )
    found = stuck(result)
    assert set(found) == {"no_pool", "too_big", "one_by_one", "past"}
    assert not result.ok
    assert "pool 'elt' does not exist; so it is with 6 more" in found["no_pool"].message
    assert "needs 2 slots of pool 'small', which has 1" in found["too_big"].message
    assert "'work' waits for its own past (depends_on_past: 'work' failed" in found["past"].message
    assert "pools:" in found["no_pool"].fix
    assert "dagrun_timeout" in found["past"].fix


def test_runs_that_only_take_long_are_none(calendar):
    def long():
        time.sleep(10 * 3600)

    def waits():
        from airflow.sdk.bases.sensor import PokeReturnValue

        return PokeReturnValue(is_done=False)

    world = World()
    world.set_pool("db", 1)
    with DAG("sensing", schedule="@hourly", start_date=START) as sensing:
        task.sensor(poke_interval=600, mode="reschedule", task_id="work")(waits)()
    result = calendar(
        one_task("holder", long, "@daily", {"pool": "db"}),
        one_task("waiter", long, "@daily", {"pool": "db", "depends_on_past": True}),
        one_task("retried", lambda: 1 / 0, "@daily", {"retries": 1, "retry_delay": timedelta(days=1)}),
        one_task("cut", schedule="@daily", task_options={"pool": "elt"}, dagrun_timeout=timedelta(days=1)),
        one_task("held", schedule="@daily", task_options={"pool": "elt"}),
        sensing,
        world=world,
        actions=["2025-01-02T01:00Z pause held"],
    )
    assert stuck(result) == {}
    assert len(result.waiting) > 5


def test_a_person_who_never_answers_is_told_and_one_who_will_is_not(calendar):
    from airflow.providers.standard.operators.hitl import HITLOperator

    def asking(dag_id, **options):
        with DAG(dag_id, schedule="@daily", start_date=START) as dag:
            HITLOperator(task_id="ask", subject="Load?", options=["yes", "no"], **options)
        return dag

    world = World()
    world.answer("answered.ask", "yes", after="1d")
    dags = [asking("nobody"), asking("answered"), asking("limited", response_timeout=timedelta(days=2))]
    found = stuck(calendar(*dags, world=world))
    assert set(found) == {"nobody"}
    assert "nobody answers" in found["nobody"].message
    assert "answers:" in found["nobody"].fix


def test_a_triggered_run_that_never_ends_is_an_error_of_the_run_that_made_it(rehearse):
    with DAG("parent", schedule=None, start_date=START) as parent:
        TriggerDagRunOperator(task_id="go", trigger_dag_id="child")
    child = one_task("child", schedule=None, task_options={"pool": "elt"})
    result = rehearse(parent, with_dags=[child], manual=True)
    assert result.state == "success"
    assert told(result.companions[0].findings) == [("run-stuck", "error")]
    document = result.to_json()
    assert [(one["dag_id"], one["task_id"]) for one in document["findings"]] == [("child", "work")]
    assert [one["dag_id"] for one in document["companions"]] == ["child"]


def test_dags_of_partitions_and_of_watchers_are_told_as_not_simulated(calendar):
    from airflow.providers.standard.triggers.file import FileDeleteTrigger
    from airflow.sdk import AssetWatcher

    watcher = AssetWatcher(name="inbox", trigger=FileDeleteTrigger(filepath="/nowhere/inbox"))
    watching = one_task("watching", schedule=[Asset("orders", watchers=[watcher]), Asset("b")])
    result = calendar(watching, one_task("plain"))
    assert told(result.findings) == [("not-simulated", "error")]
    assert "a watcher of 'orders'" in result.findings[0].message
    assert result.idle == (("watching", "waits for asset 'orders' and asset 'b'"),)
    assert not result.ok


@pytest.mark.skipif(not hasattr(sdk, "CronPartitionTimetable"), reason="new in 3.2: timetables of partitions")
def test_a_timetable_of_partitions_is_not_simulated(calendar):
    parts = one_task("parts", schedule=sdk.CronPartitionTimetable("0 * * * *", timezone="UTC"))
    result = calendar(parts, one_task("plain"))
    assert told(result.findings) == [("not-simulated", "error")]
    assert "CronPartitionTimetable" in result.findings[0].message
    assert "--dag plain" in result.findings[0].fix


def test_a_calendar_in_which_nothing_is_due_names_the_next_dates(calendar):
    monthly = one_task("monthly", schedule="0 0 1 * *")
    manual = one_task("manual", schedule=None)
    result = calendar(monthly, manual)
    assert told(result.findings) == [("nothing-ran", "warning")]
    assert "manual: has no schedule; monthly: next due 2025-02-01T00:00:00Z" in result.findings[0].message
    assert result.ok
    assert calendar(monthly, manual, actions=["2025-01-02T01:00Z trigger manual"]).findings == ()


def test_a_dag_that_was_asked_for_and_has_no_run_is_an_error(calendar):
    monthly, manual = one_task("monthly", schedule="0 0 1 * *"), one_task("manual", schedule=None)
    over = one_task("over", schedule="@daily", end_date=START - timedelta(days=9))
    dags = (monthly, manual, over, one_task("plain"))
    assert calendar(*dags).findings == ()
    result = calendar(*dags, asked=("over", "plain", "monthly"))
    assert [(finding.check, finding.severity, finding.dag_id) for finding in result.findings] == [
        ("nothing-ran", "error", "monthly"),
        ("nothing-ran", "error", "over"),
    ]
    assert "its schedule names no run" in result.findings[1].message
    assert "--action 'ISO trigger over'" in result.findings[1].fix
    assert not result.ok
    assert calendar(*dags, asked=("manual",), actions=["2025-01-02T01:00Z trigger manual"]).ok
    tried = '2025-01-02T01:00Z backfill manual {"from": "2024-12-02", "to": "2024-12-20", "dry_run": true}'
    assert calendar(*dags, asked=("monthly",), actions=[tried.replace("manual", "monthly")]).ok


def test_a_paused_dag_that_was_asked_for_is_an_error_told_once(calendar):
    asleep = one_task("asleep", is_paused_upon_creation=True)
    assert told(calendar(asleep, asked=("asleep",)).findings) == [("dag-paused", "error")]
    stopped = calendar(one_task("plain"), asked=("plain",), actions=["2025-01-02T00:00Z pause plain"])
    assert stopped.runs or told(stopped.findings) == [("nothing-ran", "error")]


def test_a_calendar_of_a_dag_without_tasks_is_no_success(calendar):
    with DAG("hollow", schedule="@hourly", start_date=START) as hollow:
        pass
    result = calendar(hollow, one_task("plain"))
    assert [told(run.findings) for run in result.runs if run.findings] == [[("nothing-ran", "error")]]
    assert not result.ok


def test_a_dag_that_is_paused_upon_creation_is_told_unless_somebody_says_otherwise(calendar):
    asleep = one_task("asleep", is_paused_upon_creation=True)
    result = calendar(asleep, one_task("plain"))
    assert told(result.findings) == [("dag-paused", "warning")]
    assert "unpause asleep" in result.findings[0].fix
    awake = calendar(asleep, one_task("plain"), actions=["2025-01-02T01:00Z unpause asleep"])
    assert awake.findings == ()
    assert awake.runs_of("asleep")


def test_a_backfill_of_no_date_is_told(calendar):
    monthly = one_task("monthly", schedule="0 0 1 * *")
    asked = '2025-01-02T01:00Z backfill monthly {"from": "2024-12-02", "to": "2024-12-20"}'
    result = calendar(monthly, actions=[asked])
    (finding,) = result.findings
    assert finding.check == "backfill"
    assert "No runs to create" in finding.message or "finds no date to run" in finding.message  # the latter before 3.3


def _starts(**given):
    with DAG("parent", schedule=None, start_date=START) as dag:
        TriggerDagRunOperator(task_id="starts", trigger_dag_id="child", **given)
    return dag


def _fails():
    with DAG("child", schedule=None, start_date=START) as dag:

        @task
        def fails():
            raise ValueError("broken")

        fails()
    return dag


def test_a_triggered_run_that_fails_and_nobody_waits_for_is_an_error(rehearse):
    result = rehearse(_starts(), with_dags=[_fails()])
    assert result.state == "success"
    ((finding,),) = [run.findings for run in result.companions]
    assert (finding.check, finding.severity, finding.dag_id) == ("triggered-run", "error", "child")
    assert finding.message == "the run that task 'starts' of 'parent' started failed, and nobody waits for it"
    assert not result.ok


@pytest.mark.parametrize("states", [{"allowed_states": ["success", "failed"], "failed_states": []}, {}])
def test_one_that_somebody_waits_for_is_up_to_who_waits(rehearse, states):
    result = rehearse(_starts(wait_for_completion=True, poke_interval=1, **states), with_dags=[_fails()])
    assert [run.findings for run in result.companions] == [()]
    assert result.ok is bool(states)
