"""What is called when a run misses its deadline, and where it runs."""

import sys
from datetime import timedelta

import pytest
from airflow.sdk import DAG, task
from airflow.sdk.definitions.deadline import AsyncCallback, SyncCallback

from harness.project.installed import airflow_version
from tests.engine.calendars import deadline_callbacks
from tests.engine.calendars.deadline_builders import START, alert, dag_of, from_3_2, from_3_3, lasting, messages
from tests.engine.calendars.deadline_callbacks import told


@pytest.fixture(autouse=True)
def _forget():
    told.clear()


def test_an_asynchronous_callback_runs_in_the_triggerer_with_a_simple_context(rehearse):
    result = rehearse(dag_of(alert(30, AsyncCallback(deadline_callbacks.slow))), lasting(60))
    ((at, _, context),) = told
    assert at == "01 00:40", "ten minutes of asyncio.sleep"
    assert set(context) == {"dag_run", "deadline"}
    assert context["deadline"]["deadline_time"] == START + timedelta(minutes=30)
    run = context["dag_run"]
    assert (run["dag_id"], run["dag_run_id"], run["state"]) == ("late", result.run_id, "running")
    assert (run["queued_at"], run["end_date"]) == ("2025-01-01T00:00:00Z", None)


def test_a_callback_reads_variables(rehearse):
    world = lasting(60)
    world.set_variable("channel", "ops")
    rehearse(dag_of(alert(30, AsyncCallback(deadline_callbacks.asks))), world)
    assert told == [("01 00:30", "ops", None)]


@pytest.mark.parametrize(
    ("callback", "raised"), [("broken", "KeyError: 'channel'"), ("leaves", "SystemExit: 3"), ("absent", "ImportError")]
)
def test_an_asynchronous_callback_that_raises_is_reported(rehearse, callback, raised):
    path = f"tests.engine.calendars.deadline_callbacks.{callback}"
    result = rehearse(dag_of(alert(30, AsyncCallback(path))), lasting(60))
    assert result.missed_deadlines[0].callback_state == "failed"
    (finding,) = [one for one in result.findings if one.check == "callback"]
    assert finding.severity == "error"
    assert finding.message.startswith(f"a deadline's callback {callback} raised {raised}")
    if callback != "absent":
        assert finding.path.endswith("deadline_callbacks.py")


def in_file(tmp_path, kind):
    """A Dag file that holds its callback."""
    from harness.simulation import Rehearsal

    (tmp_path / "late.py").write_text(f"""
from datetime import datetime, timedelta, timezone
from airflow.sdk import DAG, task
from airflow.sdk.definitions.deadline import AsyncCallback, DeadlineAlert, DeadlineReference, SyncCallback

{"async " if kind == "AsyncCallback" else ""}def page(context=None):
    from tests.engine.calendars.deadline_callbacks import told
    told.append(context["dag_run"]["dag_id"])

alert = DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(minutes=1), {kind}(page))
with DAG("late", schedule="@daily", start_date=datetime(2025, 1, 1, tzinfo=timezone.utc), deadline=alert):
    task(lambda: None, task_id="work")()
""")
    return Rehearsal.of_paths([tmp_path]).run("late", lasting(60))


def test_an_asynchronous_callback_in_the_dag_file_is_not_found(tmp_path):
    result = in_file(tmp_path, "AsyncCallback")
    assert told == []
    (finding,) = [one for one in result.findings if one.check == "callback"]
    assert "a deadline's callback page raised ModuleNotFoundError: No module named 'unusual_prefix_" in finding.message
    assert "nothing there imports Dag files" in finding.fix


@from_3_2
def test_a_synchronous_callback_in_the_dag_file_is_found_from_3_3_on(tmp_path):
    result = in_file(tmp_path, "SyncCallback")
    found = airflow_version() >= (3, 3)
    assert told == (["late"] if found else [])
    assert result.missed_deadlines[0].callback_state == ("success" if found else "failed")
    assert not any(name.startswith("unusual_prefix") and sys.modules[name] is None for name in sys.modules)


def test_3_1_has_no_synchronous_callbacks():
    if airflow_version() >= (3, 2):
        assert alert(1, SyncCallback(deadline_callbacks.sync_broken)).callback.executor is None
        return
    with pytest.raises(ValueError, match="SyncCallback are not currently supported"):
        alert(1, SyncCallback(deadline_callbacks.sync_broken))


@from_3_2
def test_a_synchronous_callback_takes_a_slot_of_an_executor(rehearse, minutes):
    with DAG("late", schedule="@daily", start_date=START) as dag:
        task(lambda: None, task_id="a.work")() >> task(lambda: None, task_id="b.work")()
    dag.deadline = [alert(10, SyncCallback(deadline_callbacks.sync_note, {"text": "sync"}))]
    result = rehearse(dag, lasting(30, parallelism=1))
    assert [(at, text) for at, text, _ in told] == [("01 00:35", "sync")], "once the first task has left its slot"
    assert told[0][2]["dag_run"]["last_scheduling_decision"] == "2025-01-01T00:00:00Z", "as it was when it was missed"
    assert minutes(result)["b.work", "running"] == 35


@from_3_2
def test_a_synchronous_callback_goes_to_the_executor_it_names(rehearse):
    callback = SyncCallback(deadline_callbacks.sync_note, {"text": "sync"}, executor="other")
    executors = {"LocalExecutor": 1, "other:path.to.Other": 1}
    rehearse(dag_of(alert(10, callback)), lasting(30, executors=executors))
    assert told[0][0] == "01 00:15", "ten minutes, and five of its own"
    result = rehearse(dag_of(alert(10, callback)), lasting(30, executors={"LocalExecutor": 1}))
    assert result.missed_deadlines[0].callback_state == "pending"
    assert messages(result)[1][1:] == (
        "error", "a deadline's callback asks for executor 'other', which is not configured",
    )  # fmt: skip


@from_3_2
def test_a_synchronous_callback_waits_for_a_worker(rehearse):
    callback = SyncCallback(deadline_callbacks.sync_note, {"text": "sync"})
    rehearse(dag_of(alert(10, callback)), lasting(30, workers={"one": {"concurrency": 1}}))
    assert told[0][0] == "01 00:35"


@from_3_2
@pytest.mark.parametrize(
    ("callback", "raised"), [("sync_broken", "ValueError: no pager"), ("sync_leaves", "SystemExit: 3")]
)
def test_a_synchronous_callback_that_raises_is_reported(rehearse, callback, raised):
    result = rehearse(dag_of(alert(10, SyncCallback(getattr(deadline_callbacks, callback)))), lasting(30))
    assert result.missed_deadlines[0].callback_state == "failed"
    assert messages(result)[1] == ("callback", "error", f"a deadline's callback {callback} raised {raised}")


@from_3_3
def test_a_synchronous_callback_reads_connections_and_variables_and_no_more(rehearse):
    world = lasting(60)
    world.set_variable("channel", "ops")
    world.set_connection("pager", uri="http://pager.test")
    result = rehearse(dag_of(alert(30, SyncCallback(deadline_callbacks.sync_asks))), world)
    assert told == [("01 00:30", "ops", "pager.test")]
    assert result.missed_deadlines[0].callback_state == "failed"
    assert "Unhandled request" in messages(result)[1][2]


@from_3_2
def test_a_class_is_made_and_called_and_an_exit_with_zero_is_a_success(rehearse):
    notifier = SyncCallback(deadline_callbacks.Notifier, {"text": "notified"})
    leaves = SyncCallback(deadline_callbacks.sync_leaves, {"code": 0})
    result = rehearse(dag_of(alert(10, notifier), alert(10, leaves)), lasting(30))
    assert told == [("01 00:10", "notified", START + timedelta(minutes=10))]
    assert [one.callback_state for one in result.deadlines] == ["success", "success"]
