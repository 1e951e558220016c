import subprocess
import sys
from datetime import timedelta
from pathlib import Path


def test_it_is_found_at_the_first_look_after_its_end(simulate):
    result = simulate("2025-01-03T00:00Z", "1d23h", ["long_job", "after_long_job"])
    assert result.ok
    assert len(result.runs_of("long_job")) == 2
    for run in result.runs_of("after_long_job"):
        assert run.task("done").end_date - run.start_date == timedelta(hours=4, minutes=20)
        assert run.task("done").in_worker < timedelta(minutes=1)  # in four hours
        assert run.task("process").xcom() == f"processed {run.logical_date:%Y-%m-%d}"


def test_it_gives_up_after_a_day(run_dag, world):
    world.set_duration("long_job.crunch", "2d")
    result = run_dag("after_long_job", "2025-01-03")
    assert [result.task(name).state for name in ("done", "process")] == ["failed", "upstream_failed"]
    waited = result.task("done").end_date - result.task("begin").end_date
    assert timedelta(days=1) <= waited <= timedelta(days=1, minutes=10)


def test_schedules_that_never_meet_are_found_before_a_deploy():
    check = [Path(sys.executable).with_name("airflow-harness"), "check", "--no-cache", "bad/job_of_another_hour.py"]
    checked = subprocess.run(check, capture_output=True, text=True)
    assert checked.returncode == 1
    said = "external-dag: task 'done' waits for runs of Dag 'job_at_one' (0 1 * * *) at dates it never has"
    assert checked.stdout.startswith(said)
