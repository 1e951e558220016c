"""Executors with slots of their own, queues and the workers that serve them, in whole runs."""

import time
from datetime import datetime, timedelta, timezone

import pytest
from airflow.sdk import DAG, task

from harness.errors import ExecutorMissing
from harness.world import World

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def several(dag_id="several", count=3, **options):
    """A Dag of tasks t0, t1 … side by side."""
    with DAG(dag_id, schedule="@daily", start_date=START) as dag:
        for n in range(count):
            task(lambda: None, task_id=f"t{n}", **options)()
    return dag


def world(**executor):
    made = World()
    made.set_duration("*.*", "10m")
    made.set_executor(**executor)
    return made


def begins(result, minutes):
    return {name: at for (name, state), at in minutes(result).items() if state == "running"}


def test_an_executor_has_slots_of_its_own(rehearse, minutes):
    with DAG("slots", schedule="@daily", start_date=START) as dag:
        for n in range(3):
            task(lambda: None, task_id=f"local{n}")()
            task(lambda: None, task_id=f"gpu{n}", executor="gpu")()
    result = rehearse(dag, world(executors={"LocalExecutor": None, "gpu:path.to.GpuExecutor": 1}))
    assert begins(result, minutes) == {"local0": 0, "local1": 0, "local2": 0, "gpu0": 0, "gpu1": 10, "gpu2": 20}


def test_a_task_that_names_no_configured_executor_is_not_imported(rehearse):
    declared = world(executors={"CeleryExecutor": None})
    with pytest.raises(ExecutorMissing) as caught:
        rehearse(several(executor="KubernetesExecutor"), declared)
    assert caught.value.fact == "task 't0' asks for executor 'KubernetesExecutor', which is not configured"
    assert "test_executors.py" in caught.value.where
    assert rehearse(several(executor="KubernetesExecutor"), world()).state == "success", "a world that names none"
    path = "airflow.providers.celery.executors.celery_executor.CeleryExecutor"
    assert rehearse(several(executor=path), declared).state == "success", "module path"


def test_a_class_name_means_the_executor_but_to_the_scheduler_of_3_1(rehearse):
    from harness.errors import RunStuck
    from harness.project.installed import airflow_version

    dag, declared = several(count=1, executor="GpuExecutor"), world(executors={"gpu:path.to.GpuExecutor": 1})
    if airflow_version() >= (3, 2):
        assert rehearse(dag, declared).state == "success"
        return
    with pytest.raises(RunStuck) as caught:
        rehearse(dag, declared)
    assert "no executor 'GpuExecutor' (there is gpu:path.to.GpuExecutor)" in caught.value.known


def test_a_calendar_goes_on_without_the_dag_that_is_not_imported():
    from harness.bridge.timetables import parse_date
    from harness.simulation import CalendarOptions, Rehearsal

    rehearsal = Rehearsal()
    rehearsal.folder.dags |= {"good": several("good"), "bad": several("bad", executor="spark")}
    options = CalendarOptions(parse_date("2025-01-02"), parse_date("2025-01-02T12:00"))
    result = rehearsal.simulate(options, world(executors={"LocalExecutor": 4}))
    assert [run.dag_id for run in result.runs] == ["good"]
    assert [(one.check, one.severity, one.dag_id) for one in result.findings] == [("executor-missing", "error", "bad")]
    assert not result.ok


def test_a_worker_runs_so_many_at_once_of_the_queues_it_serves(rehearse, minutes):
    with DAG("queues", schedule="@daily", start_date=START) as dag:
        for name in ("a0", "a1", "b0", "b1"):
            task(lambda: None, task_id=name, queue=name[0])()
    workers = {"both": {"queues": ["a", "b"], "concurrency": 1}, "b": {"queues": "b", "concurrency": 1}}
    result = rehearse(dag, world(workers=workers, task_queued_timeout="1h"))
    assert begins(result, minutes) == {"a0": 0, "b0": 0, "a1": 10, "b1": 10}
    assert [state for _, name, state in result.timeline if name == "a1"] == [
        "scheduled", "queued", "running", "success",
    ]  # fmt: skip


def test_a_sensor_between_its_pokes_leaves_its_worker_to_others(rehearse, minutes):
    with DAG("pokes", schedule="@daily", start_date=START) as dag:

        @task.sensor(poke_interval=3600, mode="reschedule")
        def sensor(ti=None):
            return datetime.now(timezone.utc).hour == 1

        sensor()
        task(lambda: None, task_id="work")()
    declared = World()
    declared.set_duration("pokes.work", "10m")
    declared.set_executor(workers={"one": {"concurrency": 1}})
    assert begins(rehearse(dag, declared), minutes) == {"sensor": 60, "work": 0}


def test_a_task_that_is_stopped_leaves_its_worker(rehearse):
    with DAG("stops", schedule="@daily", start_date=START, fail_fast=True) as stops:

        @task
        def fails():
            time.sleep(300)
            raise ValueError

        fails()
        task(lambda: time.sleep(7200), task_id="long")()
    from harness.bridge.timetables import parse_date
    from harness.simulation import CalendarOptions, Rehearsal

    rehearsal = Rehearsal()
    rehearsal.folder.dags |= {"stops": stops, "waits": several("waits", 2)}
    declared = World()
    declared.set_executor(workers={"one": {"concurrency": 2}})
    options = CalendarOptions(parse_date("2025-01-02"), parse_date("2025-01-02T03:00"))
    result = rehearsal.simulate(options, declared)
    began = {ti.name: ti.start_date for ti in result.run("waits").task_instances}
    assert began == dict.fromkeys(("t0", "t1"), datetime(2025, 1, 2, 0, 5, tzinfo=timezone.utc))


def test_a_queue_that_nobody_serves_fails_its_tasks_in_the_end(rehearse, minutes):
    told = []
    dag = several(
        count=1, queue="gpu", retries=3, on_failure_callback=lambda context: told.append(context["ti"].task_id)
    )
    result = rehearse(dag, world(workers={"general": {"queues": ["default"]}}))
    states = [(at, state) for (_, state), at in minutes(result).items()]
    assert states == [(20, "scheduled"), (20, "queued"), (30, "failed")], "the last instant of each state"
    assert [state for _, _, state in result.timeline].count("queued") == 3
    lost = result.task("t0")
    assert (lost.state, lost.try_number, lost.attempts) == ("failed", 1, ()), "no retry, and it never began"
    assert lost.reason == "stuck in queued: 600 s in queue, 3 times: no worker serves queue 'gpu'"
    assert told == ["t0"]


def test_a_callback_that_raises_after_that_is_a_finding(rehearse):
    dag = several(count=1, queue="gpu", on_failure_callback=lambda context: context["nobody"])
    result = rehearse(dag, world(workers={"general": {}}, num_stuck_in_queued_retries=0, task_queued_timeout="5m"))
    assert [finding.message for finding in result.findings] == ["on_failure_callback raised KeyError: 'nobody'"]
    assert "300 s in queue, 1 times" in result.task("t0").reason


def test_a_queued_task_says_what_it_waits_for(rehearse):
    from harness.errors import HorizonReached

    declared = world(workers={"general": {"concurrency": 1}}, task_queued_timeout="10d")
    with pytest.raises(HorizonReached) as caught:
        rehearse(several(count=2, queue="gpu"), declared, horizon=3600 * 1_000_000)
    assert "'t0' is queued: no worker serves queue 'gpu'" in caught.value.known


@pytest.mark.parametrize(("served", "began"), [("default", 0), ("default,slow", 1)])
def test_what_waits_for_a_worker_keeps_its_executors_slot_when_its_run_is_over(served, began):
    from harness.bridge.timetables import parse_date
    from harness.simulation import CalendarOptions, Rehearsal

    with DAG("late", schedule="@daily", start_date=START, dagrun_timeout=timedelta(minutes=5)) as late:
        task(lambda: None, task_id="first", queue="slow")()
        task(lambda: None, task_id="second", queue="slow")()
    with DAG("next", schedule="30 0 * * *", start_date=START) as following:
        task(lambda: None, task_id="only")()
    rehearsal = Rehearsal()
    rehearsal.folder.dags |= {"late": late, "next": following}
    workers = {"one": {"queues": served.split(","), "concurrency": 1}}
    declared = world(executors={"celery:path.to.CeleryExecutor": 2}, workers=workers)
    options = CalendarOptions(parse_date("2025-01-02"), parse_date("2025-01-02T12:00"))
    result = rehearsal.simulate(options, declared)
    late_run, only = (next(run for run in result.runs if run.dag_id == dag_id) for dag_id in ("late", "next"))
    assert late_run.reason == "timed_out"
    assert [state for _, _, state in only.events].count("running") == began, "nobody serves: the slots are gone"
