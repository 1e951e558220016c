"""Several runs of one Dag asked for at one instant: as under a real clock, no two have one id or one date."""

import time
from datetime import datetime, timedelta, timezone

import pytest

from harness.kernel import SECOND, to_instant
from harness.simulation import CalendarOptions, Rehearsal
from harness.simulation.options import Action

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
AT = to_instant(START)
MINUTE, DAY = 60 * SECOND, 86_400 * SECOND


def target(schedule=None, **arguments):
    from airflow.sdk import DAG, task

    with DAG("target", schedule=schedule, start_date=START, **arguments) as dag:
        task(lambda dag_run=None: dag_run.conf, task_id="t")()
    return dag


def conf_of(runs):
    return [run.task("t").xcom() for run in runs]


def test_triggers_of_one_instant_make_a_run_each_and_those_begin_at_once(rehearse):
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.sdk import DAG

    with DAG("asks", schedule="@daily", start_date=START) as dag:
        TriggerDagRunOperator.partial(task_id="mapped", trigger_dag_id="target").expand(conf=[{"c": 1}, {"c": 2}])
        for c in (3, 4):
            TriggerDagRunOperator(task_id=f"go_{c}", trigger_dag_id="target", conf={"c": c})
        for c in (5, 6):
            TriggerDagRunOperator(
                task_id=f"wait_{c}", trigger_dag_id="target", conf={"c": c}, wait_for_completion=True, poke_interval=60
            )
    results = [rehearse(dag, with_dags=[target()]) for _ in range(2)]
    for result in results:
        assert result.state == "success"
        assert sorted(conf["c"] for conf in conf_of(result.companions)) == [1, 2, 3, 4, 5, 6]
        dates = {run.logical_date for run in result.companions}
        assert len(dates) == len({run.run_id for run in result.companions}) == 6
        assert all(timedelta() < date - START < timedelta(microseconds=10) for date in dates)
        assert {ti.start_date for run in result.companions for ti in run.task_instances} == {START}
    assert [run.run_id for run in results[0].companions] == [run.run_id for run in results[1].companions]


def test_a_trigger_and_the_schedule_are_not_in_each_others_way():
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.sdk import DAG

    with DAG("asks", schedule="@daily", start_date=START) as dag:
        TriggerDagRunOperator(task_id="go", trigger_dag_id="target", conf={"by": "trigger"})
    rehearsal = Rehearsal()
    rehearsal.folder.dags.update({"asks": dag, "target": target("@daily")})
    result = rehearsal.simulate(CalendarOptions(AT, AT + 2 * DAY))
    assert {run.state for run in result.runs} == {"success"}
    assert sorted(conf.get("by", "schedule") for conf in conf_of(result.runs_of("target"))) == [
        *["schedule"] * 3,
        *["trigger"] * 3,
    ]


def test_people_who_trigger_at_one_instant_get_a_run_each():
    rehearsal = Rehearsal()
    rehearsal.folder.dags["target"] = target()
    actions = tuple(Action(AT + MINUTE, "trigger", "target", conf={"n": n}) for n in range(3))
    result = rehearsal.simulate(CalendarOptions(AT, AT + DAY, actions=actions))
    assert [conf["n"] for conf in conf_of(result.runs)] == [0, 1, 2]
    assert len({run.logical_date for run in result.runs}) == 3


@pytest.mark.parametrize("skips", [False, True])
def test_a_date_that_is_given_is_taken_once_and_the_reason_says_so(rehearse, skips):
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.sdk import DAG

    with DAG("asks", schedule="@daily", start_date=START) as dag:
        given = {
            "trigger_dag_id": "target",
            "logical_date": "2025-02-01T00:00:00+00:00",
            "run_after": START.isoformat(),
        }
        first = TriggerDagRunOperator(task_id="first", **given)
        first >> TriggerDagRunOperator(
            task_id="second", trigger_run_id="other", skip_when_already_exists=skips, **given
        )
    second = rehearse(dag, with_dags=[target()]).task("second")
    assert second.state == ("skipped" if skips else "failed")
    assert "of the same logical_date 2025-02-01T00:00:00+00:00" in second.reason


def test_a_run_triggered_for_a_date_is_due_at_once(rehearse):
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.sdk import DAG, task

    def waits():
        time.sleep(3600)

    with DAG("asks", schedule="@daily", start_date=START) as dag:
        task(waits, task_id="waits")() >> TriggerDagRunOperator(
            task_id="go", trigger_dag_id="target", logical_date=START + timedelta(seconds=30)
        )
    [run] = rehearse(dag, with_dags=[target("0 6 * * *")]).companions
    assert run.task("t").start_date == START + timedelta(hours=1)
    assert run.run_after == START + timedelta(hours=1)


def test_a_failure_without_an_exception_has_a_reason(rehearse):
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.sdk import DAG, task

    def fails():
        raise ValueError("no")

    with DAG("child", schedule=None, start_date=START) as child:
        task(fails, task_id="t")()
    with DAG("asks", schedule="@daily", start_date=START) as dag:
        TriggerDagRunOperator(task_id="go", trigger_dag_id="child", wait_for_completion=True, poke_interval=60)
    failed = rehearse(dag, with_dags=[child]).task("go")
    assert failed.state == "failed"
    assert "failed state" in failed.reason
