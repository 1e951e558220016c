"""A calendar whose tasks do not run: what the world and a past ledger say of tries, and what is taken for granted."""

from datetime import datetime, timedelta, timezone

import pytest
from airflow.providers.standard.operators.python import BranchPythonOperator, ShortCircuitOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk import DAG, Asset, task

from harness.errors import LedgerError, UsageError
from harness.world import World

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
SINCE, UNTIL = "2025-01-05T00:00:00Z", "2025-01-05T12:00:00Z"


def daily(dag_id, **options):
    return DAG(dag_id, schedule="@daily", start_date=START, **options)


def explode(*_args, **_kwargs):
    raise AssertionError("task code ran")


def alike(result):
    return [(run.dag_id, run.run_id, run.timeline) for run in result.runs]


@pytest.fixture
def without(calendar):
    """Simulate DAG objects without their code."""

    def simulate(*dags, world=None, **options):
        return calendar(SINCE, UNTIL, *dags, world=world, code=False, **options)

    return simulate


class TestTheWorld:
    def test_says_how_long_and_how_a_try_ends_and_no_code_runs(self, without):
        with daily("sales", on_success_callback=explode, on_failure_callback=explode) as dag:
            load = task(task_id="load", retries=1, retry_delay=timedelta(minutes=5))(explode)()
            load >> task(task_id="tell")(explode)()
        world = World()
        world.set_duration("sales.*", "10m")
        world.stub("sales.load", {"raises": "too early", "takes": "2m"}, {"returns": 1})
        (run,) = without(dag, world=world).runs
        assert run.state == "success"
        tries = [
            (one.try_number, one.state, (one.end_date - one.start_date).seconds) for one in run.task("load").attempts
        ]
        assert tries == [(1, "up_for_retry", 120), (2, "success", 600)]
        assert run.task("load").attempts[0].reason == "AirflowException: too early"
        assert (run.end_date - run.start_date) == timedelta(minutes=2 + 5 + 10 + 10)

    @pytest.mark.parametrize(
        ("stub", "state", "tries"),
        [
            ({"state": "failed"}, "failed", 1),
            ({"state": "skipped"}, "skipped", 1),
            ({"raises": RuntimeError("no")}, "failed", 2),
            ({"fails": 1, "returns": 3}, "success", 2),
        ],
    )
    def test_has_each_ending_of_a_stub(self, without, stub, state, tries):
        with daily("sales") as dag:
            task(task_id="load", retries=1)(explode)()
        world = World()
        world.stub("load", **stub)
        (run,) = without(dag, world=world).runs
        assert (run.task("load").state, run.task("load").try_number) == (state, tries)
        assert run.task("load").stood_in == "load"

    def test_is_heeded_where_a_task_outlasts_its_execution_timeout(self, without):
        with daily("sales") as dag:
            task(task_id="load", execution_timeout=timedelta(minutes=3))(explode)()
        world = World()
        world.set_duration("load", "1h")
        (run,) = without(dag, world=world).runs
        load = run.task("load")
        assert (load.state, load.end_date - load.start_date) == ("failed", timedelta(minutes=3))
        assert load.reason == "AirflowTaskTimeout: Timeout: execution_timeout of 180 s is over"

    def test_says_which_branch_is_followed_and_how_many_items_there_are(self, without):
        with daily("sales") as dag:
            choose = BranchPythonOperator(task_id="choose", python_callable=explode)
            gate = ShortCircuitOperator(task_id="gate", python_callable=explode)
            choose >> [task(task_id="left")(explode)(), task(task_id="right")(explode)()]
            gate >> task(task_id="behind")(explode)()
            task(task_id="each")(explode).expand(x=task(task_id="files")(explode)())
        world = World()
        world.stub("choose", follows="left")
        world.stub("gate", follows=())
        world.stub("files", returns=[1, 2, 3])
        (run,) = without(dag, world=world).runs
        assert {name: run.task(name).state for name in ("left", "right", "behind")} == {
            "left": "success",
            "right": "skipped",
            "behind": "skipped",
        }
        assert [one.map_index for one in run.tasks("each")] == [0, 1, 2]


class TestWhatNobodyTells:
    def test_is_taken_for_granted_and_said_with_the_tasks(self, without):
        with daily("sales") as dag:
            PythonSensor(task_id="wait", python_callable=explode)
            choose = BranchPythonOperator(task_id="choose", python_callable=explode)
            choose >> [task(task_id="left")(explode)(), task(task_id="right")(explode)()]
            ShortCircuitOperator(task_id="gate", python_callable=explode)
            task(task_id="each")(explode).expand(x=task(task_id="files")(explode)())
        result = without(dag)
        (run,) = result.runs
        assert {one.state for one in run.task_instances} == {"success"}
        assert len(run.tasks("each")) == 1
        said = [finding.message for finding in result.findings if finding.check == "no-code"]
        assert said == [
            "branching tasks follow all that is below them: sales.choose",
            "short circuits go on: sales.gate",
            "tasks that others map over return one item: sales.files",
            "sensors find at once what they wait for: sales.wait",
            "tasks take no time, for nobody says how long they last: "
            "sales.choose, sales.each, sales.files, sales.gate, sales.left and 2 more",
        ]
        assert {finding.severity for finding in result.findings} == {"warning"}
        assert result.ok

    def test_is_not_said_where_the_world_tells_it(self, without):
        with daily("sales") as dag:
            task(task_id="load")(explode)()
        world = World()
        world.set_duration("load", "1m")
        assert without(dag, world=world).findings == ()

    def test_events_of_outlets_and_triggered_runs_happen(self, without):
        orders = Asset("orders")
        with daily("sales") as dag:
            load = task(task_id="load", outlets=[orders])(explode)()
            load >> TriggerDagRunOperator(task_id="go", trigger_dag_id="mail")
        with DAG("report", schedule=orders) as report:
            task(task_id="write")(explode)()
        with DAG("mail", schedule=None) as mail:
            task(task_id="send")(explode)()
        result = without(dag, report, mail)
        assert [(run.dag_id, run.run_type, run.state) for run in result.runs] == [
            ("sales", "scheduled", "success"),
            ("report", "asset_triggered", "success"),
            ("mail", "operator_triggered", "success"),
        ]

    def test_what_only_code_sees_of_a_world_is_left_out_and_said(self, without):
        with daily("sales") as dag:
            task(task_id="load")(explode)()
        world = World()
        world.fault("fails", "sales.load")
        said = [finding.message for finding in without(dag, world=world).findings]
        assert "1 of the faults: of the world are left out: they strike code and services" in said


class TestAPastLedger:
    @pytest.fixture
    def dags(self):
        import time

        with daily("sales") as dag:

            @task
            def files(logical_date=None):
                time.sleep(60 * logical_date.day)
                return list(range(logical_date.day))

            @task(retries=1, retry_delay=timedelta(minutes=1))
            def load(item, ti=None):
                time.sleep(30)
                if ti.try_number == 1:
                    raise ConnectionError("not yet")

            load.expand(item=files())
        return [dag]

    def test_of_the_same_runs_has_them_go_as_they_went(self, calendar, dags, tmp_path):
        with_code = calendar("2025-01-03", "2025-01-06", *dags, keep=tmp_path / "past")
        without = calendar("2025-01-03", "2025-01-06", *dags, code=False, from_ledger=tmp_path / "past")
        assert alike(with_code) == alike(without)
        assert [len(run.tasks("load")) for run in without.runs] == [3, 4, 5, 1]
        assert without.findings == ()

    def test_of_other_runs_has_tasks_take_their_median_and_decide_as_last(self, calendar, dags, tmp_path):
        calendar("2025-01-03", "2025-01-06", *dags, keep=tmp_path / "past")
        later = calendar("2025-02-03", "2025-02-03T06:00:00Z", *dags, code=False, from_ledger=tmp_path / "past")
        (run,) = later.runs
        files = run.task("files")
        assert (files.end_date - files.start_date) == timedelta(minutes=4)
        assert len(run.tasks("load")) == 5
        (said,) = [finding.message for finding in later.findings]
        assert said.startswith("tasks take their median of the ledger, and decide as they did last")
        assert said.endswith(": sales.files, sales.load")

    def test_gives_way_to_what_the_world_says(self, calendar, dags, tmp_path):
        calendar("2025-01-03", "2025-01-03T06:00:00Z", *dags, keep=tmp_path / "past")
        world = World()
        world.set_duration("files", "2h")
        (run,) = calendar(
            "2025-01-03", "2025-01-03T06:00:00Z", *dags, world=world, code=False, from_ledger=tmp_path / "past"
        ).runs
        assert run.task("files").end_date - run.task("files").start_date == timedelta(hours=2)

    @pytest.mark.parametrize(
        ("lasts", "pokes", "ends"),
        [(None, [0, 60, 120], 120), ("3h", [0, 60, 120], 180), ("90m", [0, 60, 90], 90), ("1h", [0, 60], 60)],
    )
    def test_of_several_slices_is_as_long_as_declared_all_in_all(self, calendar, tmp_path, lasts, pokes, ends):
        with daily("sales") as dag:

            @task.sensor(poke_interval=3600, mode="reschedule")
            def wait():
                return datetime.now(timezone.utc).hour == 2

            wait()
        stretch = ("2025-01-03", "2025-01-03T12:00:00Z")
        calendar(*stretch, dag, keep=tmp_path / "past")
        world = World()
        if lasts is not None:
            world.set_duration("wait", lasts)
        (run,) = calendar(*stretch, dag, world=world, code=False, from_ledger=tmp_path / "past").runs
        began = [(one.start_date - run.start_date).seconds // 60 for one in run.task("wait").attempts]
        assert (run.state, began) == ("success", pokes)
        assert run.end_date - run.start_date == timedelta(minutes=ends)

    def test_is_a_ledger_of_its_own_again(self, calendar, dags, tmp_path):
        stretch = ("2025-01-03", "2025-01-05")
        calendar(*stretch, *dags, keep=tmp_path / "past")
        once = calendar(*stretch, *dags, code=False, from_ledger=tmp_path / "past", keep=tmp_path / "once")
        again = calendar(*stretch, *dags, code=False, from_ledger=tmp_path / "past", keep=tmp_path / "again")
        journals = [(tmp_path / name / "journal.jsonl").read_bytes() for name in ("once", "again")]
        assert journals[0] == journals[1]
        assert alike(once) == alike(again)

    def test_that_is_none_is_refused(self, calendar, dags, tmp_path):
        (tmp_path / "journal.jsonl").write_text('{"kind": "nothing"}\n')
        with pytest.raises(LedgerError):
            calendar("2025-01-03", "2025-01-05", *dags, code=False, from_ledger=tmp_path)

    def test_beside_code_means_nothing(self, calendar, dags, tmp_path):
        with pytest.raises(UsageError, match="where their code does not run"):
            calendar("2025-01-03", "2025-01-05", *dags, from_ledger=tmp_path)
