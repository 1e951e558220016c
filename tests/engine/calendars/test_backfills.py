"""Backfills in a calendar: what runs, in which order, beside what else, and what Airflow refuses."""

import json
import time
from datetime import datetime, timedelta, timezone

import pytest
from airflow.sdk import DAG, Asset, Param, task

from harness.errors import DagNotFound, UsageError
from harness.project.installed import airflow_version
from harness.simulation.options import Action
from harness.world import World

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def calendar():
    """``calendar(since, until, *dags, asked={when: (dag_id, options)}, actions=(), **options)`` -> CalendarResult."""
    from harness.bridge.timetables import parse_date
    from harness.simulation import CalendarOptions, Rehearsal
    from harness.simulation.actions import backfill_of, parse_action

    def simulate(since, until, *dags, asked=(), actions=(), world=None, **options):
        rehearsal = Rehearsal()
        rehearsal.folder.dags |= {dag.dag_id: dag for dag in dags}
        acted = [parse_action(text) for text in actions]
        acted += [Action(parse_date(at), "backfill", dag_id, backfill=backfill_of(how)) for at, dag_id, how in asked]
        return rehearsal.simulate(
            CalendarOptions(parse_date(since), parse_date(until), actions=tuple(acted), **options), world
        )

    return simulate


def sales(body=None, task_options=None, **options):
    def ten_minutes(dag_run):
        time.sleep(600)
        return [dag_run.run_type, dag_run.conf]

    with DAG(options.pop("dag_id", "sales"), **{"schedule": "@daily", "start_date": START, **options}) as dag:
        task(task_id="work", **(task_options or {}))(body or ten_minutes)()
    return dag


def days(runs):
    return [run.to_json()["logical_date"][8:10] for run in runs]


def waited(result):
    """Day of the logical date -> minutes from the first backfill's request to the run's start."""
    return {days([run])[0]: (run.start_date - result.backfills[0].at).total_seconds() / 60 for run in result.runs}


FIVE = {"from": "2025-01-01", "to": "2025-01-05"}
KINDS = ("scheduled", "backfill")
AT = "2025-01-10T05:00"


def test_two_at_a_time_in_order(calendar):
    how = {**FIVE, "max_active_runs": 2, "conf": {"full": True}}
    result = calendar("2025-01-10T01:00", "2025-01-10T12:00", sales(max_active_runs=1), asked=[(AT, "sales", how)])
    assert waited(result) == {"01": 0, "02": 0, "03": 10, "04": 10, "05": 20}
    assert {run.run_type for run in result.runs} == {"backfill"}
    assert result.runs[0].run_id == "backfill__2025-01-01T00:00:00+00:00"
    assert [run.task("work").xcom() for run in result.runs] == [["backfill", {"full": True}]] * 5
    (backfill,) = result.backfills
    assert backfill.counts == {"created": 5}
    assert backfill.to_json()["completed_at"] == "2025-01-10T05:30:00Z"
    assert result.ok


def test_backwards_the_latest_date_goes_first(calendar):
    how = {**FIVE, "max_active_runs": 1, "reverse": True}
    result = calendar("2025-01-10T01:00", "2025-01-10T05:25", sales(), asked=[(AT, "sales", how)])
    assert days(result.runs) == ["05", "04", "03", "02", "01"]
    assert [run.state for run in result.runs] == ["success", "success", "running", "queued", "queued"]
    assert result.backfills[0].completed_at is None


@pytest.mark.parametrize(
    ("reprocess", "tries", "outcomes"),
    [
        ("none", {"06": 1, "07": 1}, {"06": "already exists", "07": "already exists"}),
        ("failed", {"06": 2, "07": 1}, {"06": None, "07": "already exists"}),
        ("completed", {"06": 2, "07": 2}, {"06": None, "07": None}),
    ],
)
def test_which_runs_run_again(calendar, reprocess, tries, outcomes):
    def fails_once(dag_run, ti):
        if dag_run.logical_date.day == 6 and ti.try_number == 1:
            raise ValueError("the first time")

    how = {"from": "2025-01-05", "to": "2025-01-08", "reprocess": reprocess}
    result = calendar("2025-01-06", "2025-01-08T12:00", sales(fails_once), asked=[("2025-01-07T05:00", "sales", how)])
    assert {day: run.task("work").try_number for run in result.runs for day in days([run]) if day in tries} == tries
    dates = {date.to_json()["logical_date"][8:10]: date for date in result.backfills[0].dates}
    assert {day: date.reason for day, date in dates.items()} == {"05": None, **outcomes}
    assert dates["05"].outcome == "created"  # what ran before the calendar begins is not there
    again = {days([run])[0]: run.run_type for run in result.runs}
    assert again == {
        "05": "backfill",
        **{day: "backfill" if tries[day] == 2 else "scheduled" for day in tries},
        "08": "scheduled",
    }
    assert result.run("sales", "2025-01-06").run_id.startswith("scheduled__")


def test_what_runs_is_left_alone_and_its_conf_too(calendar):
    how = {"from": "2025-01-06", "to": "2025-01-07", "reprocess": "completed", "conf": {"again": 1}}
    result = calendar("2025-01-06", "2025-01-07T12:00", sales(), asked=[("2025-01-07T00:05", "sales", how)])
    assert [date.reason for date in result.backfills[0].dates] == [None, "in flight"]
    kept = {} if airflow_version() < (3, 2) else {"again": 1}
    assert result.run("sales", "2025-01-06").task("work").xcom() == ["backfill", kept]
    assert result.run("sales", "2025-01-07").task("work").xcom() == ["scheduled", {}]


def test_the_first_run_of_a_backfill_heeds_no_past_and_the_others_do(calendar):
    def fails_on_even_days(dag_run):
        if dag_run.logical_date.day % 2 == 0:
            raise ValueError("never works")

    dag = sales(fails_on_even_days, {"depends_on_past": True})
    asked = [
        (AT, "sales", {"from": "2025-01-02", "to": "2025-01-02", "reprocess": "failed"}),
        ("2025-01-10T06:00", "sales", {"from": "2025-01-03", "to": "2025-01-05", "reprocess": "failed"}),
    ]
    result = calendar("2025-01-10T01:00", "2025-01-10T12:00", dag, asked=asked)
    assert [(*days([run]), str(run.state), run.task("work").try_number) for run in result.runs] == [
        ("02", "failed", 1),
        ("03", "success", 1),
        ("04", "failed", 1),
        ("05", "running", 0),
    ]


def test_scheduled_runs_are_made_and_started_whatever_a_backfill_does(calendar):
    dag = sales(schedule="@hourly", max_active_runs=1)
    how = {"from": "2025-01-01", "to": "2025-01-01T06:00", "max_active_runs": 3}
    result = calendar("2025-01-02T01:00", "2025-01-02T03:00", dag, asked=[("2025-01-02T02:00", "sales", how)])
    started = {
        kind: [run.to_json()["start_date"][11:16] for run in result.runs if run.run_type == kind] for kind in KINDS
    }
    assert started["scheduled"] == ["01:00", "02:00", "03:00"]
    assert started["backfill"] == ["02:00"] * 3 + ["02:10"] * 3 + ["02:20"]


def test_a_slot_goes_to_the_older_date_so_to_the_backfill(calendar):
    world = World()
    world.set_pool("db", 1)
    how = {"from": "2025-01-03", "to": "2025-01-04"}
    asked = [("2025-01-10T00:00", "sales", how)]
    result = calendar("2025-01-10", "2025-01-10T12:00", sales(None, {"pool": "db"}), asked=asked, world=world)
    ends = {days([run])[0]: run.to_json()["end_date"][11:16] for run in result.runs}
    assert ends == {"03": "00:10", "04": "00:20", "10": "00:30"}


def test_a_dry_run_says_what_it_would_do_and_does_nothing(calendar):
    how = {"from": "2025-01-05", "to": "2025-01-09", "dry_run": True, "reprocess": "completed"}
    result = calendar("2025-01-06", "2025-01-07T12:00", sales(), asked=[("2025-01-07T05:00", "sales", how)])
    (backfill,) = result.to_json()["backfills"]
    assert [(date["logical_date"][8:10], date["outcome"], date["reason"]) for date in backfill["dates"]] == [
        ("05", "created", None),
        ("06", "cleared", None),
        ("07", "cleared", None),
    ]
    assert (backfill["dry_run"], backfill["completed_at"]) == (True, None)
    assert days(result.runs) == ["06", "07"]
    assert {run.run_type for run in result.runs} == {"scheduled"}


def once_a_day(dag_id, **options):
    return sales(lambda: None, dag_id=dag_id, **options)


@pytest.mark.parametrize(
    ("dag", "how", "said"),
    [
        (once_a_day("past", schedule=None), FIVE, "DagNonPeriodicScheduleException"),
        (once_a_day("later"), {"from": "2025-02-01", "to": "2025-02-03"}, "InvalidBackfillDate"),
        (sales(None, {"depends_on_past": True}), {**FIVE, "reverse": True}, "InvalidBackfillDirection"),
        (sales(None, {"depends_on_past": True}), FIVE, "InvalidReprocessBehavior"),
        (once_a_day("asked", params={"n": Param(1, type="integer")}), {**FIVE, "conf": {"n": "x"}}, "Invalid input"),
    ],
)
def test_what_airflow_refuses_is_a_finding(calendar, dag, how, said):
    result = calendar("2025-01-10T01:00", "2025-01-10T12:00", dag, asked=[(AT, dag.dag_id, how)])
    assert said in result.backfills[0].refused
    assert [(finding.check, finding.severity) for finding in result.findings] == [("backfill", "error")]
    assert said in result.findings[0].message
    assert (result.runs, result.ok) == ((), False)


def test_a_dag_on_assets_has_nothing_to_backfill(calendar):
    dag = once_a_day("fed", schedule=Asset("parcel"))
    result = calendar("2025-01-10T01:00", "2025-01-10T12:00", dag, asked=[(AT, "fed", FIVE)])
    assert result.runs == ()
    assert (result.backfills[0].refused is None) == (airflow_version() < (3, 2))


def test_one_at_a_time(calendar):
    asked = [(f"2025-01-10T05:{minute}", "sales", {**FIVE, "max_active_runs": 5}) for minute in ("00", "05", "11")]
    result = calendar("2025-01-10T01:00", "2025-01-10T12:00", sales(), asked=asked)
    assert [(one.refused or "").partition(":")[0] for one in result.backfills] == ["", "AlreadyRunningBackfill", ""]
    assert result.backfills[2].counts == {"not created": 5}
    assert result.backfills[2].to_json()["completed_at"] == "2025-01-10T05:11:00Z"


def test_of_a_paused_dag_runs_are_made_and_wait(calendar):
    actions = ["2025-01-10T02:00Z pause sales", "2025-01-10T07:00Z unpause sales"]
    arguments = ("2025-01-10T01:00", "2025-01-10T12:00", sales())
    result = calendar(*arguments, asked=[(AT, "sales", FIVE)], actions=actions)
    assert {run.to_json()["start_date"] for run in result.runs} == {"2025-01-10T07:00:00Z"}
    assert days(result.runs) == ["01", "02", "03", "04", "05"]


def test_catchup_goes_on_behind_a_backfill(calendar):
    dag = sales(lambda: time.sleep(3600), catchup=True, max_active_runs=1)
    how = {"from": "2025-01-04", "to": "2025-01-05", "max_active_runs": 1}
    asked = [("2025-01-08T00:30", "sales", how)]
    result = calendar("2025-01-08", "2025-01-08T12:00", dag, asked=asked, fresh=True)
    made = {kind: days(run for run in result.runs if run.run_type == kind) for kind in KINDS}
    between = ["02", "03"] if airflow_version() < (3, 2) else []
    assert made == {"backfill": ["04", "05"], "scheduled": ["01", *between, "06", "07", "08"]}


def test_dates_before_the_start_date_and_a_schedule_that_is_left_as_it_stood(calendar):
    dag = sales(start_date=datetime(2025, 1, 8, tzinfo=timezone.utc), catchup=True)
    result = calendar("2025-01-10T01:00", "2025-01-12T12:00", dag, asked=[(AT, "sales", FIVE)])
    assert days(run for run in result.runs if run.run_type == "backfill") == ["01", "02", "03", "04", "05"]
    dates = days(run for run in result.runs if run.run_type == "scheduled")
    assert len(dates) == 2
    assert min(dates) >= "10"


def test_a_timetable_that_raises_on_its_way_is_a_finding_and_what_it_named_is_run(calendar, monkeypatch):
    from harness.bridge import backfills

    real, names = backfills.next_info, []

    def third_time_unlucky(*arguments):
        names.append(real(*arguments))
        return 1 / 0 if len(names) == 3 else names[-1]

    monkeypatch.setattr(backfills, "next_info", third_time_unlucky)
    result = calendar("2025-01-10T01:00", "2025-01-10T12:00", sales(), asked=[(AT, "sales", FIVE)])
    assert days(result.runs) == ["01", "02"]
    assert [finding.check for finding in result.findings] == ["timetable"]


def test_a_run_that_a_person_made_becomes_the_backfills(calendar):
    how = {"from": "2025-01-10", "to": "2025-01-10T04:00", "reprocess": "completed"}
    result = calendar(
        "2025-01-10T00:30",
        "2025-01-10T12:00",
        sales(schedule="@hourly", catchup=True),
        asked=[("2025-01-10T06:30", "sales", how)],
        actions=["2025-01-10T04:00Z trigger sales"],
    )
    by_hand = next(run for run in result.runs if run.run_id.startswith("manual__"))
    assert (by_hand.run_type, by_hand.task("work").try_number) == ("backfill", 2)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"from": "2025-01-01"}, "needs 'to'"),
        ({**FIVE, "till": 1}, r"(?s)no 'till'.*known .*reprocess"),
        ({**FIVE, "reprocess": "all"}, "one of none, failed, completed"),
        ({**FIVE, "max_active_runs": 0}, "a whole number from 1 on"),
        ({**FIVE, "max_active_runs": True}, "a whole number from 1 on"),
        ({**FIVE, "reverse": "yes"}, "true or false"),
        ({**FIVE, "conf": []}, "an object, or null"),
        ({"from": "soon", "to": "2025-01-01"}, "'from' of a backfill is 'soon', not an ISO 8601 date"),
        ({"from": "2025-01-01", "to": 5}, "not an ISO 8601 date"),
    ],
)
def test_requests_that_cannot_mean_anything(calendar, how, said):
    with pytest.raises(UsageError, match=said):
        calendar("2025-01-10", "2025-01-11", sales(), actions=[f"{AT}Z backfill sales {json.dumps(how)}"])


def test_a_dag_that_is_not_there_has_partitions_or_no_dates(calendar):
    from harness.bridge.timetables import parse_date, timetable_of
    from harness.simulation import CalendarOptions, Rehearsal

    with pytest.raises(DagNotFound, match="sales"):
        calendar("2025-01-10", "2025-01-11", sales(), asked=[(AT, "sale", FIVE)])
    parted = sales(schedule=timedelta(days=1))
    timetable_of(parted).partitioned = True
    with pytest.raises(UsageError, match="has partitions"):
        calendar("2025-01-10", "2025-01-11", parted, asked=[(AT, "sales", FIVE)])
    rehearsal = Rehearsal()
    rehearsal.folder.dags["sales"] = sales()
    options = CalendarOptions(parse_date(AT), parse_date("2025-01-11"), actions=(Action(10**16, "backfill", "sales"),))
    with pytest.raises(UsageError, match="of which dates"):
        rehearsal.simulate(options)


def test_the_journal_tells_of_a_backfill_alike_each_time(calendar, tmp_path):
    asked = [(AT, "sales", {**FIVE, "max_active_runs": 2})]
    for name in ("one", "two"):
        arguments = ("2025-01-10T01:00", "2025-01-10T12:00", sales())
        result = calendar(*arguments, asked=asked, keep=tmp_path / name)
    one, two = ((tmp_path / name / "journal.jsonl").read_text() for name in ("one", "two"))
    assert one == two
    (record,) = [line for line in map(json.loads, one.splitlines()) if line["kind"] == "backfill"]
    assert [date["outcome"] for date in record["dates"]] == ["created"] * 5
    assert repr(result.backfills[0]) == ("<backfill of sales 2025-01-01T00:00:00Z … 2025-01-05T00:00:00Z: 5 created>")
    assert repr(result.backfills[0]) in str(result)
