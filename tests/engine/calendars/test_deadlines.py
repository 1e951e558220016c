"""Deadlines of Dag runs: when they are due, met and missed."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from airflow.sdk import DAG, Asset, task
from airflow.sdk.definitions import deadline as sdk
from airflow.sdk.definitions.deadline import AsyncCallback, DeadlineAlert, DeadlineReference

from harness.project.installed import airflow_version
from harness.world import World
from tests.engine.calendars import deadline_callbacks
from tests.engine.calendars.deadline_builders import QUEUED, START, alert, dag_of, from_3_2, from_3_3, lasting, messages
from tests.engine.calendars.deadline_callbacks import told

LOGICAL = DeadlineReference.DAGRUN_LOGICAL_DATE
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _forget():
    told.clear()


def simulate(since, until, *dags, world=None, actions=(), **options):
    from harness.bridge.timetables import parse_date
    from harness.simulation import CalendarOptions, Rehearsal
    from harness.simulation.actions import parse_action

    rehearsal = Rehearsal()
    rehearsal.folder.dags |= {dag.dag_id: dag for dag in dags}
    acted = tuple(map(parse_action, actions))
    return rehearsal.simulate(CalendarOptions(parse_date(since), parse_date(until), actions=acted, **options), world)


# -- met and missed ---------------------------------------------------------------------------------------------


def test_a_run_that_is_late_misses_its_deadline(rehearse):
    result = rehearse(dag_of(alert(30), alert(90)), lasting(60))
    assert result.state == "success"
    assert [(one.state, one.due - result.start_date) for one in result.deadlines] == [
        ("missed", 30 * MINUTE), ("met", 90 * MINUTE),
    ]  # fmt: skip
    (missed,) = result.missed_deadlines
    assert missed.missed_at == missed.due
    assert (missed.reference, missed.callback_state) == ("DAGRUN_QUEUED_AT", "success")
    due = "'late' missed deadline DAGRUN_QUEUED_AT + 30m, due 2025-01-01T00:30:00Z"
    assert messages(result) == [("deadline", "warning", f"{due}: the run was running, unfinished: work")]
    assert [(at, text) for at, text, _ in told] == [("01 00:30", "late")]


@pytest.mark.parametrize(("took", "state"), [(29, "met"), (30, "met"), (31, "missed")])
def test_a_run_that_ends_at_the_very_instant_is_in_time(rehearse, took, state):
    (deadline,) = rehearse(dag_of(alert(30)), lasting(took)).deadlines
    assert deadline.state == state


def test_a_run_that_failed_before_misses_its_deadline_all_the_same(rehearse):
    dag = dag_of(alert(30))
    dag.get_task("work").python_callable = lambda: 1 / 0
    result = rehearse(dag, World())
    assert (result.state, result.end_date) == ("failed", result.start_date)
    assert result.missed_deadlines[0].missed_at == result.start_date + 30 * MINUTE
    assert messages(result)[0][2].endswith("the run had failed")
    assert told[0][0] == "01 00:30"


def test_a_run_that_waits_for_its_turn_misses_its_deadline():
    dag = dag_of(alert(30), max_active_runs=1)
    result = simulate(
        "2025-01-02", "2025-01-02T03:00", dag, world=lasting(45), actions=["2025-01-02T00:05Z trigger late"]
    )
    scheduled, triggered = result.runs
    assert [run.start_date - result.since for run in result.runs] == [timedelta(), 45 * MINUTE]
    assert triggered.missed_deadlines[0].missed_at == result.since + 35 * MINUTE
    assert messages(triggered)[0][2].endswith("the run was queued, unfinished: work")
    assert len(scheduled.missed_deadlines) == 1
    assert result.ok, "a deadline missed is a warning"


def test_the_journal_tells_of_a_deadline(rehearse, tmp_path):
    rehearse(dag_of(alert(30), alert(90)), lasting(60), keep=tmp_path / "kept")
    lines = [json.loads(line) for line in (tmp_path / "kept" / "journal.jsonl").read_text().splitlines()]
    found = [(one["kind"], one["at"][11:16], one["place"]) for one in lines if one["kind"].startswith("deadline")]
    assert found == [
        ("deadline-created", "00:00", 0),
        ("deadline-created", "00:00", 1),
        ("deadline-missed", "00:30", 0),
        ("deadline-callback", "00:30", 0),
        ("deadline-callback", "00:30", 0),
        ("deadline-met", "01:00", 1),
    ]


def test_a_deadline_far_away_does_not_keep_a_stuck_run_going(rehearse):
    from harness.errors import RunStuck

    with DAG("late", schedule="@daily", start_date=START, deadline=alert(60 * 24 * 365)) as dag:
        task(lambda: None, task_id="work", pool="nowhere")()
    with pytest.raises(RunStuck):
        rehearse(dag)


# -- references -------------------------------------------------------------------------------------------------


def test_a_deadline_may_be_over_before_the_run_is_made(rehearse):
    fixed = DeadlineReference.FIXED_DATETIME(datetime(2024, 12, 1, tzinfo=timezone.utc))
    result = rehearse(dag_of(alert(60, reference=fixed)), World())
    assert result.missed_deadlines[0].missed_at == result.start_date
    assert result.missed_deadlines[0].due < result.start_date
    assert messages(result)[0][2].endswith("due 2024-12-01T01:00:00Z: the run had succeeded")


def test_a_logical_date_may_lie_back(rehearse):
    result = rehearse(dag_of(alert(60, reference=LOGICAL)), World(), start="2025-01-01T05:00")
    assert result.missed_deadlines[0].due == result.logical_date + 60 * MINUTE
    assert result.missed_deadlines[0].missed_at == result.start_date == result.logical_date + 300 * MINUTE


def test_a_run_that_assets_trigger_has_no_logical_date():
    asset = Asset("a")
    with DAG("maker", schedule="@hourly", start_date=START) as maker:
        task(lambda: None, task_id="make", outlets=[asset])()
    result = simulate("2025-01-02", "2025-01-02T00:30", maker, dag_of(alert(1, reference=LOGICAL), schedule=[asset]))
    run = result.run("late")
    (deadline,) = run.deadlines
    assert (deadline.state, deadline.due) == ("none", None)
    ((check, severity, message),) = messages(run)
    if airflow_version() >= (3, 2):
        assert (check, severity, deadline.reason) == ("deadline", "warning", "the run has no logical date")
        assert message == "'late' has a deadline counted from the logical date, and this run has none"
    else:
        assert severity == "error"
        assert "raised ValueError: No matching record found in the database" in message
        assert "scheduler ends with it" in run.findings[0].fix


@from_3_2
def test_an_average_needs_runs_that_have_ended():
    dag = dag_of(alert(10, reference=DeadlineReference.AVERAGE_RUNTIME(max_runs=2)), schedule="@hourly")
    result = simulate("2025-01-02", "2025-01-02T04:00", dag, world=lasting(20))
    told = [one.due and (one.due - run.run_after) // MINUTE for run in result.runs for one in run.deadlines]
    assert told == [None, None, 30, 30, 30], "two runs of 20 minutes, and 10"
    assert result.runs[1].deadlines[0].reason == "1 of the 2 runs that its average needs have ended"


class Fridays(getattr(sdk, "BaseDeadlineReference", object)):
    """The Friday after the latest run that succeeded, or None."""

    required_kwargs = frozenset({"dag_id", "run_id"})

    def serialize_reference(self):
        return {"reference_type": self.reference_name}

    def _evaluate_with(self, *, session, dag_id, run_id):
        from airflow.models import DagRun
        from sqlalchemy import select

        assert session.scalar(select(DagRun.state).where(DagRun.run_id == run_id)) == "queued"
        latest = session.scalars(
            select(DagRun).where(DagRun.dag_id == dag_id, DagRun.state == "success").order_by(DagRun.end_date.desc())
        ).first()
        if latest is None:
            return None
        return latest.end_date + timedelta(days=(4 - latest.end_date.weekday()) % 7)


@from_3_2
def test_a_custom_reference_finds_the_simulated_runs_in_its_session(monkeypatch):
    from airflow import plugins_manager
    from airflow._shared.module_loading import qualname

    monkeypatch.setattr(plugins_manager, "get_deadline_references_plugins", lambda: {qualname(Fridays): Fridays})
    dag = dag_of(alert(60, reference=Fridays()))
    result = simulate("2025-01-01", "2025-01-02T12:00", dag, world=lasting(20))
    assert [run.deadlines[0].reference for run in result.runs] == ["Fridays", "Fridays"]
    first, second = (run.to_json()["deadlines"][0] for run in result.runs)
    assert (first["due"], first["reason"]) == (None, "its reference gave no date")
    assert second["due"] == "2025-01-03T01:20:00Z"
    assert result.ok


@from_3_2
def test_a_custom_reference_that_no_plugin_registers_leaves_the_run_without_deadlines(rehearse):
    result = rehearse(dag_of(alert(5), alert(10, reference=Fridays()), alert(5)), lasting(60))
    assert [one.state for one in result.deadlines] == ["missed", "none", "none"]
    message = messages(result)[0]
    assert message[:2] == ("deadline", "error")
    assert "deadline Fridays + 10m raised DeadlineReferenceNotRegistered" in message[2]
    assert "the run goes on without this deadline and those after it" in result.findings[0].fix


@from_3_3
def test_an_interval_may_be_a_variable(rehearse):
    dag = dag_of(DeadlineAlert(QUEUED, sdk.VariableInterval("sla"), AsyncCallback(deadline_callbacks.note), name="SLA"))
    world = lasting(60)
    world.set_variable("sla", 600)
    (deadline,) = rehearse(dag, world).deadlines
    assert (deadline.name, deadline.interval, deadline.state) == ("SLA", 10 * MINUTE, "missed")
    world.set_variable("sla", "soon")
    result = rehearse(dag, world)
    assert result.deadlines[0].state == "none"
    assert "must be an integer (seconds), got: 'soon'" in messages(result)[0][2]


def test_a_run_that_is_cleared_counts_anew():
    dag = dag_of(alert(120), catchup=False)
    dag.get_task("work").python_callable = lambda: 1 / 0
    result = simulate("2025-01-02", "2025-01-02T10:00", dag, actions=["2025-01-02T01:00Z clear late"])
    (run,) = result.runs
    refused = airflow_version() >= (3, 3) and any("cannot be cleared" in finding.message for finding in run.findings)
    moved = 60 if airflow_version() >= (3, 2) and not refused else 0
    assert (run.missed_deadlines[0].missed_at - run.run_after) // MINUTE == 120 + moved
    assert run.task("work").try_number == (1 if refused else 2)
    if refused:  # as 3.3.2 does
        assert "Airflow raises TypeError: unsupported type for timedelta" in messages(run)[0][2]


def test_a_reset_of_a_run_that_cannot_be_cleared_fails(rehearse):
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator

    late = dag_of(alert(120), schedule=None)
    with DAG("boss", schedule="@daily", start_date=START) as boss:
        first = TriggerDagRunOperator(task_id="first", trigger_dag_id="late", trigger_run_id="r")
        first >> TriggerDagRunOperator(
            task_id="again",
            trigger_dag_id="late",
            trigger_run_id="r",
            reset_dag_run=True,
            skip_when_already_exists=False,
        )
    result = rehearse(boss, lasting(60), with_dags=[late])
    (other,) = result.companions
    refused = any("cannot be cleared" in finding.message for finding in other.findings)
    assert refused == (airflow_version()[:3] == (3, 3, 2))
    assert result.task("again").state == ("failed" if refused else "success")
    assert other.state == "success"


def test_a_backfill_of_a_run_that_cannot_be_cleared_makes_nothing():
    dag = dag_of(alert(120), catchup=False)
    dag.get_task("work").python_callable = lambda: 1 / 0
    asked = '2025-01-03T01:00Z backfill late {"from": "2025-01-01", "to": "2025-01-03", "reprocess": "failed"}'
    result = simulate("2025-01-03", "2025-01-03T10:00", dag, actions=[asked])
    refused = result.backfills[0].refused
    assert (refused is not None) == (airflow_version()[:3] == (3, 3, 2))
    assert len(result.runs) == (1 if refused else 3)
    if refused:
        assert refused.startswith("TypeError: unsupported type for timedelta")
        assert [finding.check for finding in result.findings] == ["backfill"]
        assert result.runs[0].task("work").try_number == 1


@from_3_2
def test_an_average_is_the_one_that_airflows_own_query_gives():
    from random import Random
    from types import SimpleNamespace

    import time_machine
    from airflow.serialization.definitions.deadline import SerializedReferenceModels

    from harness.bridge.deadlines import session_of
    from harness.bridge.snapshot import snapshot
    from harness.bridge.supervisor.store import Store
    from harness.kernel.instant import SECOND, to_instant
    from harness.scheduler.dag_runs.deadlines import average_runtime
    from harness.scheduler.model import AverageRuntime, DagRun

    chance, store, dag = Random(1), Store(World(), {}), snapshot(dag_of())
    for day in range(8):
        start = to_instant(START + timedelta(days=day))
        end = start + chance.randrange(1, 500) * 60 * SECOND if day != 3 else None
        state = "running" if end is None else chance.choice(("success", "success", "failed"))
        store.add_run(DagRun(dag, f"r{day}", "scheduled", start, start, start, start, state, start, end))
    with time_machine.travel(START, tick=False), session_of(store) as session:
        for max_runs, min_runs in ((3, 3), (10, 5), (10, 10), (1, 1)):
            theirs = SerializedReferenceModels.AverageRuntimeDeadline(max_runs, min_runs)
            run = SimpleNamespace(dag_id="late", run_id="r0")
            given = {"dagrun": run, "dag_id": "late", "run_id": "r0"}  # the first is asked for from 3.4 on
            due = theirs.evaluate_with(session=session, interval=timedelta(0), **given)
            rule = AverageRuntime(max_runs, min_runs, only_successful=airflow_version() >= (3, 3))
            ours, _ = average_runtime(rule, store.runs_of("late"))
            assert (due is None) == (ours is None)
            assert due is None or abs((due - START).total_seconds() - ours / 1e6) < 0.001
