"""Replays: backfills as simulations of their own, and whether a stretch may run again."""

import time
from datetime import datetime, timedelta, timezone

import pytest
from airflow.sdk import DAG, Asset, task

from harness.errors import UsageError
from harness.simulation import Rehearsal
from harness.simulation.replays.replaying import ReplayOptions
from harness.world import World

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def replay():
    """``replay(*dags, until=7, world=None, **options)`` -> CalendarResult, of the first days of January."""

    def replayed(*dags, until=7, world=None, **options):
        rehearsal = Rehearsal()
        rehearsal.folder.dags |= {dag.dag_id: dag for dag in dags}
        named = options.pop("named", [dag.dag_id for dag in dags])
        last = START.replace(day=until)
        return rehearsal.replay(ReplayOptions(tuple(named), START, last, **options), world)

    return replayed


def sales(body=lambda ds: ds, dag_id="sales", task_options=None, **options):
    with DAG(dag_id, **{"schedule": "@daily", "start_date": START, **options}) as dag:
        task(task_id="work", **(task_options or {}))(body)()
    return dag


def values(result):
    return [run.task("work").xcom() for run in result.runs]


def test_every_date_of_the_stretch_runs_as_a_backfill_and_nothing_else(replay):
    result = replay(sales(catchup=True))
    assert result.ok
    assert values(result) == [f"2025-01-0{day}" for day in range(1, 8)]
    assert {run.run_type for run in result.runs} == {"backfill"}
    assert [one.counts for one in result.backfills] == [{"created": 7}]


def test_it_begins_when_the_last_interval_is_over(replay):
    result = replay(sales(lambda: datetime.now().date().isoformat()), until=3)
    (backfill,) = result.backfills
    assert backfill.at == max(run.data_interval_end for run in result.runs)
    later = replay(sales(lambda: datetime.now().date().isoformat()), until=3, start=START + timedelta(days=30))
    assert values(later) == ["2025-01-31"] * 3


def test_dates_that_are_not_over_at_its_start_are_left_out(replay):
    result = replay(sales(), until=7, start=START + timedelta(days=3))
    assert values(result) == ["2025-01-01", "2025-01-02", "2025-01-03", "2025-01-04"]


def test_order_and_limit_are_those_of_the_backfill(replay):
    def slow(ds):
        time.sleep(600)
        return ds

    result = replay(sales(slow), until=4, reverse=True, max_active_runs=1)
    assert values(result) == ["2025-01-04", "2025-01-03", "2025-01-02", "2025-01-01"]
    assert [run.start_date - result.since for run in result.runs] == [timedelta(minutes=10 * n) for n in range(4)]
    assert result.until - result.since == timedelta(minutes=40)


def test_a_paused_dag_is_replayed_all_the_same(replay):
    assert replay(sales(is_paused_upon_creation=True), until=2).states == {"success": 2}


def test_several_dags_on_one_clock_and_one_that_waits_for_assets(replay):
    rows = Asset("rows")
    with DAG("report", schedule=[rows], start_date=START) as report:
        task(task_id="work")(lambda triggering_asset_events: len(triggering_asset_events))()
    result = replay(sales(task_options={"outlets": [rows]}), sales(dag_id="other"), report, until=3)
    assert [len(result.runs_of(dag_id)) for dag_id in ("sales", "other")] == [3, 3]
    assert result.runs_of("report")
    assert {run.run_type for run in result.runs_of("report")} == {"asset_triggered"}


def test_no_further_run_begins_once_one_has_failed(replay):
    def fails(ds):
        if ds == "2025-01-02":
            raise ValueError("no rows")

    result = replay(sales(fails), until=5, max_active_runs=1, fail_fast=True)
    assert result.states == {"success": 1, "failed": 1, "queued": 3}
    assert not result.ok
    assert replay(sales(fails), until=5, max_active_runs=1).states == {"success": 4, "failed": 1}


def test_a_dry_run_tells_dates_and_runs_nothing(replay):
    result = replay(sales(), until=3, dry_run=True, world=World())
    assert [date.outcome for date in result.backfills[0].dates] == ["created"] * 3
    assert (result.runs, result.idle) == ((), ())


def test_a_dry_run_misses_no_run_of_a_dag_that_waits_for_those_of_others(replay):
    rows = Asset("rows")
    report = sales(dag_id="report", schedule=rows, catchup=False)
    result = replay(sales(task_options={"outlets": [rows]}), report, until=2, dry_run=True)
    assert (result.findings, result.ok) == ((), True)


def test_what_airflow_refuses_is_an_error(replay):
    result = replay(sales(task_options={"depends_on_past": True}), until=3)
    assert not result.ok
    assert "InvalidReprocessBehavior" in result.errors[0].message
    assert result.idle == (("sales", "its backfill makes none"),)
    assert replay(sales(task_options={"depends_on_past": True}), until=3, reprocess="completed").ok


def test_what_is_said_of_a_dag_and_not_of_a_run_is_in_the_ledger_too(replay, tmp_path):
    result = replay(sales(task_options={"depends_on_past": True}), until=3, keep=tmp_path)
    (error,) = result.errors
    asked = result.sql("select check_id, severity, dag_id, run_id, message from findings")
    assert asked.fetchall() == [("backfill", "error", "sales", None, error.message)]


@pytest.mark.parametrize(
    ("dag", "options", "said"),
    [
        (sales(schedule=None), {}, "has no schedule that names dates"),
        (sales(schedule="@continuous", max_active_runs=1), {}, "has no schedule that names dates"),
        (sales(schedule=[Asset("x")]), {}, "waits for assets, so there are no dates to replay"),
        (sales(schedule="0 0 29 2 *"), {}, "no schedule names a run between"),
        (sales(), {"named": []}, "names no Dag"),
        (sales(), {"max_active_runs": 0}, "max_active_runs is 0"),
        (sales(), {"reprocess": "all"}, "reprocess is 'all'"),
    ],
)
def test_what_cannot_be_replayed(replay, dag, options, said):
    with pytest.raises(UsageError, match=said):
        replay(dag, **options)


def test_dates_in_the_wrong_order():
    with pytest.raises(UsageError, match="from its end to its beginning"):
        ReplayOptions(("sales",), START, START - timedelta(days=1))


class TestMayItRunAgain:
    def test_what_gives_the_same_each_time_may(self, replay):
        result = replay(sales(task_options={"retries": 1}), until=3, idempotent=True)
        assert result.ok
        assert [finding.severity for finding in result.findings] == []

    def test_what_follows_the_clock_may_not(self, replay):
        result = replay(sales(lambda: datetime.now().date().isoformat()), until=3, idempotent=True)
        (error,) = result.errors
        assert (error.check, error.dag_id, error.task_id) == ("not-idempotent", "sales", "work")
        assert "XCom 'return_value' of 2025-01-01T00:00" in error.message
        assert "the clock's date" in error.message

    def test_a_task_that_fails_the_second_time_may_not(self, replay, tmp_path):
        def once(ds):
            (tmp_path / ds).mkdir()

        result = replay(sales(once), until=2, idempotent=True)
        assert result.states == {"success": 2}
        (error,) = result.errors
        assert "sales.work, run again: the run of 2025-01-01T00:00:00Z ends failed, not success" in error.message
        assert "FileExistsError" in error.message

    @pytest.mark.parametrize("retries", [0, 1])
    def test_what_a_retry_does_twice_is_found_though_a_whole_run_would_clear_it(self, replay, tmp_path, retries):
        """Without retries somebody clears it."""

        def appends(ds, ti):
            file = tmp_path / ds
            if ti.try_number == 1:
                file.write_text("")
            file.write_text(file.read_text() + "row\n")
            return file.read_text().count("row")

        result = replay(sales(appends, task_options={"retries": retries}), until=2, idempotent=True)
        (error,) = result.errors
        assert "sales.work, failed at its end and retried: XCom 'return_value'" in error.message
        assert "is 2, not 1" in error.message

    def test_what_was_not_tried_is_said(self, replay):
        dag = sales(task_options={"depends_on_past": True})
        result = replay(dag, until=2, idempotent=True, reprocess="completed")
        assert result.ok
        assert [finding.message for finding in result.findings] == [
            "not tried in reverse: sales depends on the past",
        ]

    def test_a_stretch_that_fails_is_told_as_it_is(self, replay):
        def fails():
            raise ValueError("no rows")

        result = replay(sales(fails), until=2, idempotent=True)
        assert result.states == {"failed": 2}
        assert [finding for finding in result.findings if finding.check == "not-idempotent"] == []


def test_what_a_task_was_told_of_the_run_before_is_asked_anew_in_every_replay(replay):
    """Airflow keeps the answer for the life of a worker's process, which is one attempt's."""

    def replayed(fails):
        def work(ds, prev_start_date_success):
            if ds == "2025-01-01" and fails:
                raise ValueError("no rows")
            return str(prev_start_date_success)

        return replay(sales(work), until=2, max_active_runs=1).runs[1].task("work").xcom()

    assert replayed(fails=False) != "None"
    assert replayed(fails=True) == "None"
