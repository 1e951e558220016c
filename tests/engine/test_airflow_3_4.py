"""What came with Airflow 3.4: messages that are answered, and what is not simulated and says so."""

import importlib.util
import time
import zipfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from airflow.sdk import DAG, Asset, task, task_group

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
HERE = importlib.util.find_spec("airflow.sdk.importers") is not None
pytestmark = pytest.mark.skipif(not HERE, reason="Airflow 3.4 is not installed")


def test_a_task_with_an_execution_timeout_tells_its_supervisor(rehearse, minutes):
    with DAG("timed", schedule="@daily", start_date=START) as dag:
        task(task_id="quick", execution_timeout=timedelta(minutes=5))(lambda: 1)()
        task(task_id="slow", execution_timeout=timedelta(minutes=5))(lambda: time.sleep(900))()
    result = rehearse(dag)
    assert result.task("quick").state == "success"
    assert minutes(result)["slow", "failed"] == 5


def test_a_note_that_a_task_writes_is_the_runs(rehearse):
    def write(ti):
        ti.update_dagrun_note("half of the rows")

    with DAG("noted", schedule="@daily", start_date=START) as dag:
        read = task(task_id="read")(lambda dag_run: dag_run.note)()
        task(task_id="write")(write)() >> read
    assert rehearse(dag).task("read").xcom() == "half of the rows"


def loop():
    @task_group(group_id="again")
    def body():
        task(task_id="poll")(lambda: 1)()

    with DAG("looping", schedule="@daily", start_date=START) as dag:
        body.loop(max_iterations=3)
    return dag


def test_a_loop_of_tasks_is_a_finding_of_run_and_simulate(rehearse, calendar):
    said = "looping: is not simulated as Airflow runs it: the tasks of the loop 'again' run once here"
    for result in (rehearse(loop()), calendar("2025-01-02", "2025-01-03", loop())):
        (finding,) = [one for one in result.findings if one.check == "not-simulated"]
        assert finding.severity == "error"
        assert finding.message.startswith(said)


def test_a_schedule_that_waits_for_assets_is_a_finding(calendar):
    from airflow.sdk import AssetAndTimeSchedule, CronDataIntervalTimetable

    schedule = AssetAndTimeSchedule(assets=[Asset("a")], timetable=CronDataIntervalTimetable("@daily", timezone="UTC"))
    with DAG("gated", schedule=schedule, start_date=START) as dag:
        task(task_id="work")(lambda: 1)()
    (finding,) = [one for one in calendar("2025-01-02", "2025-01-03", dag).findings if one.check == "not-simulated"]
    assert "its timetable (AssetAndTimeSchedule) has scheduled runs wait for assets" in finding.message


def test_an_archive_has_dags_in_its_folders_too(tmp_path: Path):
    from harness.bridge import loader

    dag = "from airflow.sdk import DAG\nwith DAG({!r}, schedule=None): ...\n"
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        archive.writestr("top.py", dag.format("top"))
        archive.writestr("deep/below.py", dag.format("below"))
    found = loader.found_in(tmp_path / "many.zip")
    assert sorted(one.dag_id for one, _ in found) == ["below", "top"]
