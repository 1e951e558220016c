"""``dag_bag``, ``run_dag``, ``run_task``, ``render_task`` and ``world``, in a project that configures nothing."""

from __future__ import annotations

TESTS = """
from datetime import date, datetime, timedelta, timezone
from unittest import mock

import pytest

from harness.errors import (
    DagImportError, DagNotFound, HorizonReached, OffSchedule, TaskNotFound, UsageError, WorldError
)
from harness.results.run import RunResult, TaskResult


def test_the_bag_is_a_mapping_of_what_imports(dag_bag):
    assert list(dag_bag) == ["sales"]
    assert len(dag_bag) == 1
    assert dag_bag["sales"].dag_id == "sales"
    assert dag_bag.dags == {"sales": dag_bag["sales"]}
    assert "broken" not in dag_bag
    assert dag_bag.get("broken") is None
    (path, error), = dag_bag.import_errors.items()
    assert path.endswith("dags/broken.py")
    assert "No module named 'no_such_module'" in error
    assert "harness" not in error
    with pytest.raises(DagImportError, match="no_such_module"):
        dag_bag["broken"]
    with pytest.raises(DagNotFound, match="did you mean 'sales'"):
        dag_bag["sale"]


def test_a_run(run_dag, world):
    result = run_dag("sales", "2025-01-01")
    assert isinstance(result, RunResult)
    assert result.state == "success"
    assert result.task("total").xcom() == 12
    assert result.task("report").xcom() == "2025-01-01 12"
    assert result.task("at").xcom() == "2025-01-01T00:00:00+00:00"
    assert [ti.xcom() for ti in result.tasks("double")] == [2, 4, 6]
    assert "extracting" in result.task("extract").log
    assert (result.end_date - result.start_date).total_seconds() == 3600
    assert result.real_seconds < 60
    assert world.variables["last_total"] == "12"


@pytest.mark.parametrize("given", [
    "2025-01-03", "2025-01-03T00:00:00Z", date(2025, 1, 3), datetime(2025, 1, 3),
    datetime(2025, 1, 3, 1, tzinfo=timezone(timedelta(hours=1))),
])
def test_dates_in_every_form(run_dag, given):
    result = run_dag("sales", logical_date=given, only=["at"])
    assert result.to_json()["logical_date"] == "2025-01-03T00:00:00Z"


def test_a_date_that_is_none(run_dag):
    for wrong in ("January", 5, ""):
        with pytest.raises(UsageError, match="is no date"):
            run_dag("sales", logical_date=wrong)
    with pytest.raises(UsageError, match="is not a duration"):
        run_dag("sales", horizon="soon")


@pytest.mark.parametrize("until", ["2025-01-03", "2d", "172800", 172_800, timedelta(days=2), date(2025, 1, 3)])
def test_a_calendar_until_a_date_or_for_a_span(simulate, until):
    result = simulate("2025-01-01", until, ["sales"])
    assert result.until - result.since == timedelta(days=2)


def test_a_calendar_until_something_else(simulate):
    with pytest.raises(UsageError, match="until='2 fortnights': '2 fortnights' is not a duration"):
        simulate("2025-01-01", "2 fortnights")
    with pytest.raises(UsageError, match="until='soon' is no date"):
        simulate("2025-01-01", "soon")


def test_which_run(run_dag):
    with pytest.raises(OffSchedule, match="2025-01-05"):
        run_dag("sales", "2025-01-05T03:00")
    asked = run_dag("sales", "2025-01-05T03:00", manual=True, only="at")
    assert asked.run_type == "manual"
    assert asked.task("at").xcom() == "2025-01-05T03:00:00+00:00"
    later = run_dag("sales", "2025-01-01", only=["at"], start="2025-03-01")
    assert later.task("at").xcom() == "2025-03-01T00:00:00+00:00"


def test_parts_of_a_dag(run_dag):
    part = run_dag("sales", only=["double", "extract"])
    assert sorted({ti.task_id for ti in part.task_instances}) == ["double", "extract"]
    rest = run_dag("sales", from_task="report", xcoms={"total": 7})
    assert [ti.task_id for ti in rest.task_instances] == ["report"]
    assert rest.task("report").xcom() == "2025-01-01 7"
    with pytest.raises(TaskNotFound, match="did you mean 'total'"):
        run_dag("sales", only=["totl"])


def test_the_former_name_of_an_argument_warns(run_dag):
    with pytest.warns(DeprecationWarning, match="start_from= is called from_task= now") as told:
        rest = run_dag("sales", start_from="report", xcoms={"total": 7})
    assert [ti.task_id for ti in rest.task_instances] == ["report"]
    assert told[0].filename == __file__


def test_the_horizon(run_dag):
    with pytest.raises(HorizonReached) as caught:
        run_dag("sales", horizon=timedelta(minutes=30))
    assert caught.value.result.task("extract").state == "running"


def test_the_ledger_is_kept(run_dag, tmp_path):
    result = run_dag("sales", keep=tmp_path / "ledger")
    assert result.ledger == tmp_path / "ledger"
    assert list((tmp_path / "ledger").iterdir())


def test_seeds(run_dag, dice):
    values = [run_dag(dice, seed=seed).task("roll").xcom() for seed in (1, 1, 2)]
    assert values[0] == values[1] != values[2]


@pytest.fixture
def dice():
    from airflow.sdk import DAG, task

    with DAG("dice", schedule=None) as dag:
        @task
        def roll():
            import random

            return random.random()

        roll()
    return dag


def test_dags_made_in_the_test(run_dag):
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.sdk import DAG, Asset, task

    with DAG("called", schedule=None) as called:
        @task
        def hello(dag_run=None):
            return dag_run.conf["name"]

        hello()
    with DAG("caller", schedule=None) as caller:
        TriggerDagRunOperator(task_id="call", trigger_dag_id="called", conf={"name": "me"})
    result = run_dag(caller, others=[called])
    assert result.companions[0].task("hello").xcom() == "me"

    with DAG("eats", schedule=[Asset("orders")]) as eats:
        @task
        def count(triggering_asset_events=None):
            return [event.extra for events in triggering_asset_events.values() for event in events]

        count()
    eaten = run_dag(eats, asset_events=[Asset("orders"), ("orders", "orders", {"rows": 3})])
    assert eaten.task("count").xcom() == [{}, {"rows": 3}]


def test_one_task(run_task):
    one = run_task("sales", "double", xcoms={"extract": [4]})
    assert isinstance(one, TaskResult)
    assert (one.state, one.xcom(), one.rendered["op_kwargs"]) == ("success", 8, {"amount": 4})
    assert run_task("sales", "double", {"extract": [4, 5]}, map_index=1).xcom() == 10
    with pytest.raises(TaskNotFound, match="2 instances"):
        run_task("sales", "double", {"extract": [4, 5]})
    assert run_task("sales", "at", logical_date="2025-01-09").xcom() == "2025-01-09T00:00:00+00:00"


def test_rendering_runs_nothing(render_task, tmp_path):
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG

    assert render_task("sales", "report", {"total": 5}, "2025-01-02")["bash_command"] == "echo 2025-01-02 5"
    with DAG("touches", schedule=None) as dag:
        BashOperator(task_id="touch", bash_command=f"touch {tmp_path}/x {{{{ params.name }}}}", params={"name": "y"})
        BashOperator(task_id="wrong", bash_command="{{ 1 / 0 }}", retries=2)
    assert render_task(dag, "touch")["bash_command"] == f"touch {tmp_path}/x y"
    assert render_task(dag, "touch", params={"name": "z"})["bash_command"] == f"touch {tmp_path}/x z"
    assert not list(tmp_path.iterdir())
    with pytest.raises(Exception, match="do not render: ZeroDivisionError"):
        render_task(dag, "wrong")


@pytest.mark.parametrize("turn", [1, 2])
def test_the_world_is_the_tests_own(world, run_dag, turn):
    assert "last_total" not in world.variables
    assert "extra" not in world.pools
    world.set_pool("extra", 1)
    world.stub("sales.extract", returns=[10])
    world.set_variable("last_total", "none")
    assert run_dag("sales").task("total").xcom() == 20
    assert world.variables["last_total"] == "20"


def test_another_world(run_dag, tmp_path):
    from harness.world import World

    other = World()
    other.stub("*.extract", state="skipped")
    assert run_dag("sales", world=other).task("total").state == "skipped"
    (tmp_path / "w.yaml").write_text("stubs:\\n  sales.extract: {returns: [1]}\\n")
    assert run_dag("sales", world=tmp_path / "w.yaml").task("total").xcom() == 2
    with pytest.raises(WorldError, match="there is no file"):
        run_dag("sales", world="nowhere.yaml")
    with pytest.raises(UsageError, match="is no world"):
        run_dag("sales", world=3)


def test_mocks_reach_task_code(run_dag, dag_bag, monkeypatch, capsys):
    module = dag_bag["sales"].task_dict["extract"].python_callable.__globals__
    monkeypatch.setitem(module, "RATE", 5)
    assert run_dag("sales").task("total").xcom() == 30
    with mock.patch.dict(module, rate=lambda: 7) as patched:
        assert run_dag("sales").task("total").xcom() == 42
    assert "extracting" not in capsys.readouterr().out  # it stands in the task's log


def test_variables_that_the_test_sets_in_the_environment(run_dag, monkeypatch):
    from airflow.sdk import DAG, Variable, task

    with DAG("reads", schedule=None) as dag:
        @task
        def read():
            return [Variable.get("from_test", None), Variable.get("owners", None)]

        read()
    monkeypatch.setenv("AIRFLOW_VAR_FROM_TEST", "seen")
    assert run_dag(dag).task("read").xcom() == ["seen", None]


def test_skipping_from_task_code(run_dag):
    from airflow.sdk import DAG, task

    with DAG("skips", schedule=None) as dag:
        @task
        def gives_up():
            pytest.skip("no network here")

        gives_up()
    run_dag(dag)
"""


PARAMS = """
def test_values_given_for_a_mapped_upstream_task(run_task):
    assert run_task("sales", "total", {"double": [1, 2]}).xcom() == 3


def test_conf_and_params(run_dag):
    assert run_dag("sales", conf={"third": 10}).task("total").xcom() == 26
    failed = run_dag("sales", params={"bad": True})
    assert failed.state == "failed"
    assert [attempt.state for attempt in failed.task("total").attempts] == ["up_for_retry", "failed"]
    assert failed.task("report").state == "upstream_failed"


def test_a_task_that_fails(run_task):
    failed = run_task("sales", "total", {"double": [1]}, params={"bad": True})
    assert failed.state == "failed"
    assert len(failed.attempts) == 2
    assert "a bad total" in failed.error.traceback


def test_params_of_one_run_do_not_reach_the_next(run_dag):
    assert run_dag("sales").state == "success"
"""


def test_fixtures(project, monkeypatch):
    project.write(
        dags__broken="import no_such_module\nfrom airflow.sdk import DAG\n", test_it=TESTS, test_params=PARAMS
    )
    monkeypatch.setenv("AIRFLOW_VAR_OWNERS", "production")
    result = project.pytest("-rs")
    result.assert_outcomes(passed=33, skipped=1)
    result.stdout.fnmatch_lines(["*no network here*"])
