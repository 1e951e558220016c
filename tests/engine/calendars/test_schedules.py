"""What a folder's schedules ask for, without a run: dates, changes of clocks, pools, and why some do not run."""

from datetime import datetime, timedelta, timezone

import pendulum
import pytest
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Asset, task
from airflow.timetables.trigger import CronTriggerTimetable, MultipleCronTriggerTimetable

from harness.bridge.timetables import parse_date
from harness.kernel.instant import iso, to_datetime
from harness.simulation import Rehearsal
from harness.simulation.schedules.folder import schedule_of
from harness.world import World

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
BERLIN = pendulum.timezone("Europe/Berlin")
SPRING, AUTUMN = ("2025-03-29", "2025-04-01"), ("2025-10-25", "2025-10-28")


def one(dag_id, schedule, **options):
    tasks = options.pop("tasks", {"work": {}})
    with DAG(dag_id, schedule=schedule, start_date=options.pop("start_date", START), **options) as dag:
        before = None
        for task_id, how in tasks.items():
            made = task(task_id=task_id, **how)(lambda: None)()
            before = made if before is None else before >> made
    return dag


def asked(since, until, *dags, world=None):
    rehearsal = Rehearsal()
    rehearsal.folder.dags |= {dag.dag_id: dag for dag in dags}
    return schedule_of(rehearsal, to_datetime(parse_date(since)), to_datetime(parse_date(until)), (), world)


def said(found, of=None):
    return [f"{odd.kind}: {odd.message}" for odd in found.clock_oddities if of in (None, odd.dag_id)]


@pytest.mark.parametrize("catchup", [True, False])
def test_the_dates_are_those_at_which_a_simulation_makes_its_runs(calendar, catchup):
    dags = [
        one("cron", "15 */5 * * *", catchup=catchup),
        one("local", CronTriggerTimetable("30 2 * * *", timezone="Europe/Berlin"), catchup=catchup),
        one("several", MultipleCronTriggerTimetable("0 1 * * *", "0 2 * * 6", timezone="Europe/Berlin")),
        one("span", timedelta(hours=7), catchup=catchup, start_date=START + timedelta(minutes=20)),
        one("ends", "@hourly", catchup=catchup, end_date=datetime(2025, 3, 30, 4, tzinfo=timezone.utc)),
    ]
    simulated = calendar(SPRING[0], "2025-03-31T23:59:59", *dags)
    found = asked(*SPRING, *dags)
    for dag in found.dags:
        made = [(run.run_id, iso(run.logical_date), iso(run.run_after)) for run in simulated.runs_of(dag.dag_id)]
        assert [(run.run_id, iso(run.logical_date), iso(run.run_after)) for run in dag.runs] == made
        assert made
    assert {dag.dag_id for dag in found.dags if dag.is_begin_assumed} == (set() if catchup else {"span"})


def test_until_does_not_count():
    (dag,) = asked("2025-01-03", "2025-01-05", one("daily", "@daily")).dags
    assert [iso(run.run_after) for run in dag.runs] == ["2025-01-03T00:00:00Z", "2025-01-04T00:00:00Z"]


def test_a_local_time_that_does_not_exist_and_one_that_comes_twice():
    dag = one("night", "30 2 * * *", start_date=datetime(2025, 1, 1, tzinfo=BERLIN))
    spring, autumn = asked(*SPRING, dag), asked(*AUTUMN, dag)
    assert said(spring) == [
        "shifted: 02:30 does not exist; it runs at 03:30+0200",
        "utc: 02:30 is 00:30Z from then on, 01:30Z before",
    ]
    assert {(odd.day, odd.timezone, odd.hours) for odd in spring.clock_oddities} == {
        ("2025-03-30", "Europe/Berlin", 23)
    }
    assert said(autumn)[0] == "once: 02:30 comes twice; it runs once, at 02:30+0100"
    assert autumn.clock_oddities[0].hours == 25
    assert iso(autumn.dags[0].runs[1].run_after) == "2025-10-26T01:30:00Z"


def test_times_that_are_left_out_and_days_of_fewer_runs():
    often = MultipleCronTriggerTimetable("*/20 2 * * *", timezone="Europe/Berlin")
    hourly = one("hourly", "@hourly", start_date=datetime(2025, 1, 1, tzinfo=BERLIN))
    found = asked(*SPRING, one("often", often), hourly)
    kinds = [odd.kind for odd in found.clock_oddities if odd.dag_id == "often"]
    assert kinds == ["shifted", "skipped", "skipped", "utc"]
    assert said(found, "hourly") == ["number: 23 runs in place of 24"]
    assert said(asked(*AUTUMN, hourly)) == ["number: 25 runs in place of 24"]


def test_spans_are_counted_in_utc_and_a_zone_without_changes_says_nothing():
    span = one("span", timedelta(days=1), catchup=True, start_date=datetime(2025, 1, 1, 4, tzinfo=BERLIN))
    found = asked(*SPRING, span, one("plain", "30 2 * * *"))
    assert said(found) == ["local: runs 1 h later by the local clock from then on: its span is counted in UTC"]
    assert asked("2025-05-01", "2025-05-08", span).clock_oddities == ()


def test_what_starts_a_dag_at_no_date_and_why_others_do_not_run():
    orders = Asset("orders")
    with DAG("source", schedule="@daily", start_date=START) as source:
        task(task_id="load", outlets=[orders])(lambda: None)()
        TriggerDagRunOperator(task_id="go", trigger_dag_id="mail")
    dags = [
        source,
        one("report", orders),
        one("mail", None),
        one("nobody", None),
        one("asleep", "@daily", is_paused_upon_creation=True),
        one("over", "@daily", end_date=START + timedelta(days=3)),
        one("rare", "@yearly"),
        one("once", "@once"),
        one("always", "@continuous", max_active_runs=1),
    ]
    found = {dag.dag_id: dag for dag in asked("2025-02-01", "2025-02-02", *dags).dags}
    assert {dag_id: dag.when for dag_id, dag in found.items() if dag.when} == {
        "report": "asset 'orders' is updated (by source.load)",
        "mail": "source.go triggers it",
        "always": "its run before has ended",
    }
    assert {dag_id: dag.why for dag_id, dag in found.items() if dag.is_idle} == {
        "nobody": "has no schedule",
        "asleep": "is paused upon creation",
        "over": "its end_date 2025-01-04T00:00:00Z is past",
        "rare": "next due 2026-01-01T00:00:00Z",
        "once": "@once: its run is taken for made",
    }


def test_catchup_is_counted_and_estimated():
    dags = [one("short", "@daily", catchup=True), one("long", "@hourly", catchup=True), one("none", "@daily")]
    short, long, none = (
        {dag.dag_id: dag for dag in asked("2025-02-01", "2025-02-02", *dags).dags}[name]
        for name in ("short", "long", "none")
    )
    assert (short.catchup, short.is_catchup_exact) == (31, True)  # that of 1 February is the first of the stretch
    assert 740 <= long.catchup <= 745
    assert not long.is_catchup_exact
    assert none.catchup is None


def test_pools_at_their_busiest():
    world = World()
    world.set_pool("db", 4)
    world.set_duration("a.first", "1h")
    world.set_duration("b.*", "30m")
    dags = [
        one("a", "0 1 * * *", tasks={"first": {"pool": "db", "pool_slots": 2}, "then": {"pool": "db"}}),
        one("b", "30 1 * * *", tasks={"one": {"pool": "db", "pool_slots": 3}, "two": {"pool": "rare"}}),
    ]
    moments = {moment.pool: moment for moment in asked("2025-01-05", "2025-01-06", *dags, world=world).pools}
    db, rare = moments["db"], moments["rare"]
    assert (db.asked, iso(db.at), db.dags) == (5, "2025-01-05T01:30:00Z", {"a": 2, "b": 3})
    assert (db.above, db.is_above) == (timedelta(minutes=30), True)
    assert (rare.slots, rare.asked, iso(rare.at)) == (None, 1, "2025-01-05T02:00:00Z")


def test_tasks_that_take_no_time_are_at_work_one_after_another():
    chain = {name: {"pool": "db", "pool_slots": 2} for name in ("one", "two", "three")}
    (moment,) = asked("2025-01-05", "2025-01-06", one("a", "0 1 * * *", tasks=chain)).pools
    assert (moment.asked, moment.above) == (2, timedelta())


def test_a_timetable_that_raises_is_an_error_and_its_dag_never_runs(monkeypatch):
    from harness.bridge import schedules

    def fail(dag, since):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(schedules, "next_run_since", fail)
    found = asked("2025-01-05", "2025-01-06", one("broken", "@daily"))
    assert not found.ok
    (finding,) = found.findings
    assert (finding.check, finding.severity) == ("timetable", "error")
    assert found.dags[0].why == "its timetable raised ZeroDivisionError: division by zero"


def test_a_timetable_that_never_goes_on_is_an_error(monkeypatch):
    from harness.bridge import schedules

    monkeypatch.setattr(schedules, "next_run", lambda dag, last: last)
    found = asked("2025-01-05", "2025-01-06", one("stuck", "@daily"))
    assert "names 2025-01-05T00:00:00Z again and again" in found.findings[0].message
