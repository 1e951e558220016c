"""Every kind of task, through Airflow's own task runner."""

import asyncio
import time
from datetime import datetime, timedelta, timezone

import pytest

from harness.bridge.versions.names import task_exception
from harness.project.installed import airflow_version

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def states(result):
    return {ti.name: ti.state for ti in result.task_instances}


def test_bash_branch_short_circuit_latest_only_and_empty(rehearse):
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.providers.standard.operators.latest_only import LatestOnlyOperator
    from airflow.providers.standard.operators.python import BranchPythonOperator, PythonOperator, ShortCircuitOperator
    from airflow.sdk import DAG

    with DAG("kinds", schedule="@daily", start_date=START) as dag:
        bash = BashOperator(task_id="bash", bash_command="echo {{ ds }} $AIRFLOW_CTX_DAG_ID")
        branch = BranchPythonOperator(task_id="branch", python_callable=lambda: "left")
        left = PythonOperator(task_id="left", python_callable=lambda a: a * 2, op_kwargs={"a": 21})
        right = PythonOperator(task_id="right", python_callable=lambda: 0)
        join = EmptyOperator(task_id="join", trigger_rule="none_failed_min_one_success")
        bash >> branch >> [left, right] >> join
        stop = ShortCircuitOperator(task_id="stop", python_callable=lambda: False)
        stop >> EmptyOperator(task_id="after") >> EmptyOperator(task_id="far")
        latest = LatestOnlyOperator(task_id="latest")
        latest >> EmptyOperator(task_id="only_latest")
    result = rehearse(dag, logical_date="2025-01-03")
    assert result.state == "success"
    assert states(result) == {
        "bash": "success", "branch": "success", "left": "success", "right": "skipped", "join": "success",
        "stop": "success", "after": "skipped", "far": "skipped", "latest": "success", "only_latest": "success",
    }  # fmt: skip
    assert result.task("bash").xcom() == "2025-01-03 kinds"
    assert result.task("bash").rendered["bash_command"] == "echo 2025-01-03 $AIRFLOW_CTX_DAG_ID"
    assert result.task("left").xcom() == 42
    assert "branch" in result.task("right").reason


def test_latest_only_skips_a_run_of_the_past(rehearse):
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.providers.standard.operators.latest_only import LatestOnlyOperator
    from airflow.sdk import DAG

    with DAG("late", schedule="@daily", start_date=START) as dag:
        LatestOnlyOperator(task_id="latest") >> EmptyOperator(task_id="only_latest")
    result = rehearse(dag, logical_date="2025-01-03", start="2025-02-01")
    assert states(result) == {"latest": "success", "only_latest": "skipped"}


def test_async_task_and_asyncio_run_inside_a_task(rehearse, minutes):
    from airflow.sdk import DAG, task

    with DAG("asynchronous", schedule="@daily", start_date=START) as dag:

        @task
        def inside():
            async def nap(n):
                await asyncio.sleep(n)
                return n

            async def both():
                return await asyncio.gather(nap(600), nap(300))

            return asyncio.run(both())

        inside()
    result = rehearse(dag)
    assert result.task("inside").xcom() == [600, 300]
    assert minutes(result)[("inside", "success")] == 10


@pytest.mark.skipif(airflow_version() < (3, 2), reason="async def tasks came with Airflow 3.2")
def test_async_def_task(rehearse, minutes):
    from airflow.sdk import DAG, task

    with DAG("native", schedule="@daily", start_date=START) as dag:

        @task
        async def native():
            await asyncio.sleep(120)
            return "woke"

        @task(execution_timeout=timedelta(seconds=30))
        async def limited():
            await asyncio.sleep(120)

        native()
        limited()
    result = rehearse(dag)
    assert result.task("native").xcom() == "woke"
    assert minutes(result)[("native", "success")] == 2
    assert result.task("limited").state == "failed"
    assert minutes(result)[("limited", "failed")] == 0.5


def test_failures_retries_backoff_and_skips(rehearse, minutes):
    AirflowFailException = task_exception("AirflowFailException")
    AirflowSkipException = task_exception("AirflowSkipException")
    from airflow.sdk import DAG, task

    with DAG("failing", schedule="@daily", start_date=START) as dag:

        @task(retries=3, retry_delay=timedelta(minutes=5))
        def always():
            raise ValueError("nope")

        @task(retries=3, retry_delay=timedelta(minutes=5))
        def at_once():
            raise AirflowFailException("no use")

        @task
        def skips():
            raise AirflowSkipException("nothing today")

        @task(retries=2, retry_delay=timedelta(minutes=1), retry_exponential_backoff=True)
        def backs_off():
            raise OSError("busy")

        @task(trigger_rule="all_done")
        def cleanup():
            return "clean"

        [always(), at_once(), skips(), backs_off()] >> cleanup()
    result = rehearse(dag)
    table = minutes(result)
    always = result.task("always")
    assert [(a.try_number, a.state) for a in always.attempts] == [
        (1, "up_for_retry"), (2, "up_for_retry"), (3, "up_for_retry"), (4, "failed"),
    ]  # fmt: skip
    assert table[("always", "failed")] == 15
    assert "test_operators.py" in always.error.where
    assert "nope" in always.error.traceback
    assert "harness/bridge" not in always.error.traceback
    assert result.task("at_once").try_number == 1
    assert result.task("at_once").state == "failed"
    assert result.task("skips").state == "skipped"
    assert "nothing today" in result.task("skips").reason
    first, second, last = (attempt.start_date for attempt in result.task("backs_off").attempts)
    assert 60 <= (second - first).total_seconds() < 120
    assert 120 <= (last - second).total_seconds() < 240
    assert result.task("cleanup").state == "success"
    assert result.state == "success"  # the only leaf is cleanup


def test_execution_timeout_of_a_sleeping_and_of_a_computing_task(rehearse, minutes):
    from airflow.sdk import DAG, task

    killed = []
    with DAG("timeouts", schedule="@daily", start_date=START) as dag:

        @task(execution_timeout=timedelta(minutes=10), retries=1, retry_delay=timedelta(minutes=1))
        def sleeps():
            time.sleep(3600)

        @task(execution_timeout=timedelta(seconds=0.2))
        def computes():
            while True:
                pass

        sleeps()
        computes()
    dag.task_dict["sleeps"].on_kill = lambda: killed.append("sleeps")
    real = time.perf_counter()
    result = rehearse(dag)
    assert time.perf_counter() - real < 10
    assert minutes(result)[("sleeps", "failed")] == 21
    assert result.task("sleeps").error.kind == "AirflowTaskTimeout"
    assert result.task("computes").error.kind == "AirflowTaskTimeout"


def test_sensors_time_out_and_soft_fail(rehearse, minutes):
    from airflow.providers.standard.sensors.python import PythonSensor
    from airflow.sdk import DAG

    never = {"python_callable": lambda: False, "poke_interval": 60}
    with DAG("sensors", schedule="@daily", start_date=START) as dag:
        PythonSensor(task_id="poke", mode="poke", timeout=600, **never)
        PythonSensor(task_id="reschedule", mode="reschedule", timeout=600, retries=2, **never)
        PythonSensor(task_id="soft", mode="poke", timeout=300, soft_fail=True, **never)
        PythonSensor(task_id="backoff", mode="poke", timeout=3600, exponential_backoff=True, **never)
    result = rehearse(dag)
    table = minutes(result)
    assert result.task("poke").state == "failed"
    assert result.task("poke").error.kind == "AirflowSensorTimeout"
    assert table[("poke", "failed")] == 10
    assert result.task("reschedule").state == "failed"
    assert result.task("reschedule").try_number == 1  # a sensor timeout is not retried
    assert len(result.task("reschedule").attempts) == 11
    assert table[("reschedule", "failed")] == 10
    assert result.task("soft").state == "skipped"
    assert result.task("backoff").state == "failed"


def test_deferral_runs_the_real_trigger_and_times_out(rehearse, minutes):
    from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync
    from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
    from airflow.sdk import DAG, BaseOperator

    class Impatient(BaseOperator):
        def execute(self, context):
            from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger

            self.defer(trigger=TimeDeltaTrigger(timedelta(hours=3)), method_name="go_on", timeout=timedelta(hours=1))

        def go_on(self, context, event=None):
            return "never"

    class Twice(BaseOperator):
        def execute(self, context):
            from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger

            self.defer(trigger=TimeDeltaTrigger(timedelta(minutes=30)), method_name="go_on", kwargs={"seen": [1]})

        def go_on(self, context, seen, event=None):
            from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger

            if len(seen) < 3:
                self.defer(
                    trigger=TimeDeltaTrigger(timedelta(minutes=30)), method_name="go_on", kwargs={"seen": [*seen, 1]}
                )
            return {"seen": seen, "event": str(event)}

    with DAG("deferring", schedule="@daily", start_date=START) as dag:
        TimeDeltaSensor(task_id="two_hours", delta=timedelta(hours=2), deferrable=True)
        DateTimeSensorAsync(task_id="at_six", target_time="{{ data_interval_end.add(hours=6) }}")
        Impatient(task_id="impatient")
        Twice(task_id="twice")
    result = rehearse(dag)
    table = minutes(result)
    assert table[("two_hours", "success")] == 120
    assert table[("at_six", "success")] == 360
    assert table[("impatient", "failed")] == 60
    assert result.task("impatient").error.kind == "TaskDeferralTimeout"
    assert table[("twice", "success")] == 90
    assert result.task("twice").xcom()["seen"] == [1, 1, 1]
    assert result.task("twice").try_number == 1


def test_operators_that_begin_and_end_in_the_triggerer(rehearse, minutes):
    from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync
    from airflow.sdk import DAG

    target = START + timedelta(hours=2)
    with DAG("triggered", schedule="@daily", start_date=START) as dag:
        DateTimeSensorAsync(task_id="begins", target_time=target, start_from_trigger=True)
        DateTimeSensorAsync(task_id="ends", target_time=target, start_from_trigger=True, end_from_trigger=True)
    result = rehearse(dag)
    assert states(result) == {"begins": "success", "ends": "success"}
    assert minutes(result)[("begins", "success")] == minutes(result)[("ends", "success")] == 120
    assert ("2025-01-01T00:00:00Z", "begins", "running") not in result.timeline
    assert "running" not in [state for _, name, state in result.timeline if name == "ends"]
    assert result.task("begins").try_number == 1


def test_a_trigger_that_raises_fails_its_task(rehearse):
    from airflow.sdk import DAG, BaseOperator

    from tests.engine.clocks import triggers

    class Defers(BaseOperator):
        def execute(self, context):
            self.defer(trigger=triggers.Broken(), method_name="go_on")

    with DAG("broken_trigger", schedule="@daily", start_date=START) as dag:
        Defers(task_id="defers")
    result = rehearse(dag)
    assert result.task("defers").state == "failed"
    assert "the queue is gone" in result.task("defers").log


def test_callbacks_run_and_one_that_raises_is_reported(rehearse):
    from airflow.sdk import DAG, task

    called = []

    def note(context):
        called.append((context["ti"].task_id, context.get("reason"), str(context.get("exception"))))

    def broken(context):
        raise KeyError("channel")

    with DAG(
        "callbacks", schedule="@daily", start_date=START, on_failure_callback=note, on_success_callback=broken
    ) as dag:

        @task(on_success_callback=broken, on_execute_callback=note)
        def good():
            return 1

        @task(on_failure_callback=[broken, note], on_retry_callback=note, retries=1)
        def bad():
            raise ValueError("boom")

        good()
        bad()
    result = rehearse(dag)
    assert result.state == "failed"
    assert called == [
        ("good", None, "None"), ("bad", None, "boom"), ("bad", None, "boom"), ("bad", "task_failure", "None"),
    ]  # fmt: skip
    messages = sorted((f.task_id, f.message) for f in result.findings)
    assert messages == [
        ("bad", "on_failure_callback raised KeyError: 'channel'"),
        ("good", "on_success_callback raised KeyError: 'channel'"),
    ]
    assert all(f.line and f.path.endswith("test_operators.py") for f in result.findings)


def test_dagrun_timeout_stops_what_runs(rehearse, minutes):
    from airflow.sdk import DAG, task

    with DAG("too_long", schedule="@daily", start_date=START, dagrun_timeout=timedelta(hours=1)) as dag:

        @task
        def slow():
            time.sleep(2 * 3600)

        @task
        def after():
            return 1

        slow() >> after()
    result = rehearse(dag)
    assert result.state == "failed"
    assert result.reason == "timed_out"
    assert (result.end_date - result.start_date).total_seconds() / 60 == 60
    never_begun = "skipped" if airflow_version() >= (3, 2) else None
    assert states(result) == {"slow": "skipped", "after": never_begun}
