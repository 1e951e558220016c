"""The calendar of several Dags: who runs when, what waits, what people do meanwhile."""

import time
from datetime import datetime, timedelta, timezone

import pytest
from airflow.sdk import DAG, Asset, AssetAlias, task

from harness.errors import DagNotFound, TaskNotFound, UsageError

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def one_task(dag_id, body, schedule="@hourly", outlets=(), **options):
    task_options = {name: options.pop(name) for name in ("pool", "depends_on_past", "retries") if name in options}
    with DAG(dag_id, schedule=schedule, start_date=START, **options) as dag:
        task(task_id="work", outlets=list(outlets), **task_options)(body)()
    return dag


def nothing():
    pass


def hours(result, dag_id):
    return [(run.start_date - result.since).total_seconds() / 3600 for run in result.runs_of(dag_id) if run.start_date]


def test_a_schedule_in_steady_state_and_deployed_anew(calendar):
    caught_up, latest = one_task("caught_up", nothing, catchup=True), one_task("latest", nothing)
    steady = calendar("2025-01-01T05:00", "2025-01-01T07:30", caught_up, latest)
    assert hours(steady, "caught_up") == hours(steady, "latest") == [0, 1, 2]
    fresh = calendar("2025-01-01T05:30", "2025-01-01T07:30", caught_up, latest, fresh=True)
    assert hours(fresh, "caught_up") == [0] * 6 + [0.5, 1.5]
    assert hours(fresh, "latest") == [0, 0.5, 1.5]
    assert fresh.runs_of("latest")[0].to_json()["logical_date"] == "2025-01-01T05:00:00Z"


def test_a_delta_schedule_keeps_its_grid_and_an_end_date_ends_it(calendar):
    dag = one_task("delta", nothing, timedelta(minutes=50), catchup=True, end_date=START + timedelta(hours=9))
    result = calendar("2025-01-01T06:00", "2025-01-02", dag)
    dates = [run.to_json()["logical_date"][11:16] for run in result.runs_of("delta")]
    assert dates == ["06:40", "07:30", "08:20"]


def test_max_active_runs_holds_back_and_without_catchup_skips(calendar):
    def long():
        time.sleep(2.5 * 3600)

    queue = one_task("queue", long, catchup=True, max_active_runs=1)
    skipping = one_task("skipping", long, max_active_runs=1)
    result = calendar("2025-01-01T01:00", "2025-01-01T09:00", queue, skipping)
    assert hours(result, "queue") == [0, 2.5, 5, 7.5]
    dates = [[run.to_json()["logical_date"][11:13] for run in result.runs_of(dag)] for dag in ("queue", "skipping")]
    assert dates == [["01", "02", "03", "04"], ["01", "03", "06", "08"]]
    assert [one[0] for one in result.waiting] == ["queue", "skipping"]
    assert "in sleep" in result.waiting[0][3]


def test_assets_start_their_consumers_with_and_or_and_through_an_alias(calendar):
    a, b = Asset("a"), Asset("b")

    def through_alias(outlet_events):
        outlet_events[AssetAlias("alias")].add(Asset("behind"))

    def seen(triggering_asset_events):
        return sorted((getattr(key, "name", key), len(events)) for key, events in triggering_asset_events.items())

    producers = [
        one_task("one", nothing, "@hourly", [a]),
        one_task("two", nothing, "0 */2 * * *", [b]),
        one_task("aliased", through_alias, "30 1 * * *", [AssetAlias("alias")]),
    ]
    consumers = [
        one_task("both", seen, a & b),
        one_task("either", seen, (a | b)),
        one_task("by_alias", seen, [AssetAlias("alias")]),
    ]
    result = calendar("2025-01-01T00:00", "2025-01-01T04:00", *producers, *consumers)
    assert result.ok, result
    assert hours(result, "both") == [0, 2, 4]
    assert [run.task("work").xcom() for run in result.runs_of("both")][1] == [("a", 2), ("b", 1)]
    assert hours(result, "by_alias") == [1.5]
    assert set(hours(result, "either")) == {0, 1, 2, 3, 4}
    assert {run.run_type for run in result.runs_of("either")} == {"asset_triggered"}
    assert len({(run.dag_id, run.run_id) for run in result.runs}) == len(result.runs)


def test_pools_are_shared_by_all_dags(calendar, rehearse):
    from harness.world import World

    def ten_minutes():
        time.sleep(600)

    world = World()
    world.set_pool("db", 1)
    dags = [one_task(f"dag_{n}", ten_minutes, "@daily", pool="db") for n in range(3)]
    result = calendar("2025-01-02", "2025-01-02T06:00", *dags, world=world)
    ends = sorted(run.end_date for run in result.runs)
    assert [(end - result.since).total_seconds() / 60 for end in ends] == [10, 20, 30]


def test_a_dag_that_fails_again_and_again_pauses_itself(calendar):
    def fail():
        raise ValueError("never works")

    result = calendar("2025-01-01T01:00", "2025-01-02", one_task("bad", fail, max_consecutive_failed_dag_runs=3))
    assert len(result.runs) == 3
    assert [finding.check for finding in result.findings] == ["consecutive-failures"]
    assert not result.ok


def test_people_trigger_pause_and_clear(calendar):
    failures = []

    def fails_once(dag_run):
        if not failures:
            failures.append(dag_run.run_id)
            raise ValueError("the first time")
        return dict(dag_run.conf)

    dag = one_task("sales", fails_once, "@daily", catchup=True)
    result = calendar(
        "2025-01-02",
        "2025-01-06",
        dag,
        actions=[
            "2025-01-02T05:00Z clear sales.work",
            '2025-01-02T07:00Z trigger sales {"full": true}',
            "2025-01-02T12:00Z pause sales",
            "2025-01-04T12:00Z unpause sales",
        ],
    )
    assert result.ok
    first, by_hand, *late = result.runs
    assert [attempt.state for attempt in first.task("work").attempts] == ["failed", "success"]
    assert first.task("work").try_number == 2
    assert first.to_json()["end_date"] == "2025-01-02T05:00:00Z"
    assert (by_hand.run_type, by_hand.task("work").xcom()) == ("manual", {"full": True})
    assert hours(result, "sales")[2:] == [60, 60, 72, 96]
    assert len(late) == 4


def test_clearing_reruns_what_lies_downstream(calendar):
    with DAG("chain", schedule="@daily", start_date=START) as dag:

        @task
        def extract():
            return 1

        @task
        def load(value):
            return value + 1

        @task
        def beside():
            pass

        load(extract())
        beside()
    result = calendar("2025-01-02", "2025-01-02T12:00", dag, actions=["2025-01-02T03:00Z clear chain.extract"])
    run = result.run("chain")
    assert {ti.task_id: ti.try_number for ti in run.task_instances} == {"extract": 2, "load": 2, "beside": 1}
    assert run.state == "success"


@pytest.mark.parametrize(
    ("action", "error", "said"),
    [
        ("2025-01-02T03:00Z clear chai", DagNotFound, "chain"),
        ("2025-01-02T03:00Z clear chain.lod", TaskNotFound, "work"),
        ("2025-01-01T03:00Z pause chain", UsageError, "before the calendar"),
        ("tomorrow pause chain", UsageError, "tomorrow"),
        ("2025-01-02 stop chain", UsageError, "unpause"),
        ("2025-01-02 pause chain {}x", UsageError, "Extra data"),
    ],
)
def test_actions_that_cannot_mean_anything(calendar, action, error, said):
    with pytest.raises(error, match=said):
        calendar("2025-01-02", "2025-01-03", one_task("chain", nothing), actions=[action])


def test_a_timetable_that_raises_is_a_finding(calendar, monkeypatch):
    from harness.bridge.timetables import timetable_of

    dag = one_task("odd", nothing)
    monkeypatch.setattr(type(timetable_of(dag)), "next_dagrun_info", lambda *_, **__: 1 / 0)
    result = calendar("2025-01-02", "2025-01-03", dag)
    assert [(finding.check, finding.severity) for finding in result.findings] == [("timetable", "error")]
    assert "division by zero" in result.findings[0].message
    assert result.runs == ()


def test_two_calendars_are_alike_and_told_readably(calendar, tmp_path):
    def sometimes(ti):
        import random

        time.sleep(random.randint(1, 5000))
        if random.random() < 0.3:
            raise ValueError("unlucky")

    dags = [one_task(f"dag_{n}", sometimes, retries=1, catchup=True, max_active_runs=1 + n) for n in range(3)]
    for name in ("one", "two"):
        result = calendar("2025-01-02", "2025-01-02T08:00", *dags, seed=3, keep=tmp_path / name)
    one, two = ((tmp_path / name / "journal.jsonl").read_bytes() for name in ("one", "two"))
    assert one == two
    assert b"unlucky" in one
    assert repr(result).startswith("<calendar 2025-01-02T00:00:00Z … 2025-01-02T08:00:00Z: ")
    with pytest.raises(TaskNotFound, match=r"(?s)9 runs of 'dag_2'.*name one by its logical date"):
        result.run("dag_2")
    assert result.run("dag_2", "2025-01-02T03").state in ("success", "failed", "running")


def test_a_dag_file_is_parsed_in_real_time(tmp_path):
    from harness.bridge.timetables import parse_date
    from harness.simulation import Rehearsal, RunOptions

    (tmp_path / "clock.py").write_text(
        "from datetime import datetime\nfrom airflow.sdk import DAG, task\nPARSED = datetime.now().year\n"
        "with DAG('clock', schedule='@daily', start_date=datetime(2025, 1, 1)):\n"
        "    @task\n    def years():\n        return [PARSED, datetime.now().year]\n    years()\n"
    )
    result = Rehearsal.of_paths([tmp_path]).run("clock", None, RunOptions(logical_date=parse_date("2025-01-01")))
    parsed, ran = result.task("years").xcom()
    assert (parsed, ran) == (datetime.now(timezone.utc).year, 2025)
