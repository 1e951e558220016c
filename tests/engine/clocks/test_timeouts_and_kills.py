"""What a timeout strikes, when, and what is left of a task that it, SIGTERM or a reset ends."""

import time
from datetime import datetime, timedelta, timezone

from harness.world import World

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def test_a_deferrals_timeout_does_not_strike_the_next(rehearse, minutes):
    from airflow.sdk import DAG, BaseOperator

    class Twice(BaseOperator):
        def execute(self, context):
            self.wait(10, "second", timedelta(minutes=60))

        def wait(self, how_long, then, timeout=None):
            from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger

            self.defer(trigger=TimeDeltaTrigger(timedelta(minutes=how_long)), method_name=then, timeout=timeout)

        def second(self, context, event=None):
            self.wait(120, "third")

        def third(self, context, event=None):
            return "done"

    with DAG("twice", schedule="@daily", start_date=START) as dag:
        Twice(task_id="twice")
    assert minutes(rehearse(dag))[("twice", "success")] == 130


def test_declared_durations_end_where_execution_timeout_ends_them(rehearse):
    from airflow.sdk import DAG, task

    with DAG("d", schedule="@daily", start_date=START) as dag:
        task(lambda: time.sleep(3600), task_id="t", execution_timeout=timedelta(seconds=60))()
        task(lambda: time.sleep(250), task_id="u", execution_timeout=timedelta(seconds=280))()
    world = World()
    world.set_duration("d.*", 300)
    result = rehearse(dag, world)
    ends = {ti.task_id: (ti.state, (ti.end_date - ti.start_date).total_seconds()) for ti in result.task_instances}
    assert ends == {"t": ("failed", 60), "u": ("failed", 280)}


def test_a_declared_duration_is_of_the_whole_try_its_waits_among_it(rehearse):
    from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
    from airflow.sdk import DAG, task

    poked = []
    with DAG("d", schedule="@daily", start_date=START) as dag:

        @task.sensor(mode="reschedule", poke_interval=600, timeout=36_000)
        def pokes():
            poked.append(1)
            return len(poked) == 3

        pokes()
        TimeDeltaSensor(task_id="defers", delta=timedelta(minutes=30), deferrable=True)
        TimeDeltaSensor(task_id="long", delta=timedelta(minutes=30), deferrable=True)
    world = World()
    world.set_duration("d.pokes", 2400)
    world.set_duration("d.defers", 2400)
    world.set_duration("d.long", 60)
    result = rehearse(dag, world)
    began = result.task("long").start_date
    ends = {ti.task_id: (ti.state, (ti.end_date - began).total_seconds()) for ti in result.task_instances}
    assert ends == {"pokes": ("success", 2400), "defers": ("success", 2400), "long": ("success", 1800)}


def test_a_declared_duration_counts_from_when_a_trigger_began_the_try(rehearse, minutes):
    from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync
    from airflow.sdk import DAG

    with DAG("d", schedule="@daily", start_date=START) as dag:
        DateTimeSensorAsync(task_id="begins", target_time=START + timedelta(hours=2), start_from_trigger=True)
    world = World()
    world.set_duration("d.begins", 3 * 3600)
    assert minutes(rehearse(dag, world))[("begins", "success")] == 180


def kills_slowly(seconds, said):
    from airflow.sdk import BaseOperator

    class Slow(BaseOperator):
        def execute(self, context):
            time.sleep(3600)

        def on_kill(self):
            said.append("cancel")
            time.sleep(seconds)
            said.append("cancelled")

    return Slow


def test_on_kill_after_a_timeout_runs_to_its_end(rehearse):
    from airflow.sdk import DAG

    said = []
    with DAG("slowly", schedule="@daily", start_date=START) as dag:
        kills_slowly(60, said)(task_id="t", execution_timeout=timedelta(seconds=10))
    ti = rehearse(dag).task("t")
    assert (ti.state, (ti.end_date - ti.start_date).total_seconds(), said) == ("failed", 70, ["cancel", "cancelled"])


def test_on_kill_of_a_task_that_is_cut_has_five_seconds(rehearse):
    from airflow.sdk import DAG, task

    def fails():
        time.sleep(10)
        raise ValueError("no")

    quick, slow, timed = [], [], []
    with DAG("cut", schedule="@daily", start_date=START, fail_fast=True) as dag:
        kills_slowly(4, quick)(task_id="quick")
        kills_slowly(6, slow)(task_id="slow")
        kills_slowly(4, timed)(task_id="timed", execution_timeout=timedelta(seconds=9))
        task(fails, task_id="fails")()
    result = rehearse(dag)
    assert (quick, slow) == (["cancel", "cancelled"], ["cancel"])
    assert timed == ["cancel", "cancelled", "cancel"]  # its own, then SIGTERM's, which SIGKILL cuts
    assert result.task("quick").state == "failed"
    assert result.task("quick").end_date == result.task("fails").end_date


def test_a_task_that_resets_its_own_run_does_not_overwrite_it(rehearse):
    from airflow.sdk import DAG, task

    def resets(ti=None):
        if ti.try_number > 1:
            return "second"
        from airflow.sdk.execution_time.comms import TriggerDagRun
        from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

        SUPERVISOR_COMMS.send(TriggerDagRun(dag_id=ti.dag_id, run_id=ti.run_id, reset_dag_run=True))
        time.sleep(10)
        return "first"

    with DAG("self_reset", schedule="@daily", start_date=START) as dag:
        task(resets, task_id="resets")()
    result = rehearse(dag)
    assert result.task("resets").xcom() == "second"
    assert result.state == "success"
