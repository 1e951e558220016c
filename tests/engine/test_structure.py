"""Mapping, groups, setup and teardown, pools, other Dags, assets, params."""

import time
from datetime import datetime, timedelta, timezone

import pytest

from harness.bridge.names import task_exception
from harness.errors import HarnessError, HorizonReached
from harness.world import World

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def states(result):
    return {ti.name: ti.state for ti in result.task_instances}


def test_expand_expand_kwargs_and_zero_length(rehearse):
    from airflow.sdk import DAG, task

    with DAG("mapped", schedule="@daily", start_date=START) as dag:

        @task
        def numbers():
            return [1, 2, 3]

        @task
        def nothing():
            return []

        @task
        def double(x, y=1):
            return x * 2 * y

        @task
        def total(xs):
            return sum(xs)

        @task
        def pairs():
            return [{"x": 1, "y": 10}, {"x": 2, "y": 20}]

        doubled = double.expand(x=numbers())
        total(doubled)
        double.override(task_id="crossed").expand(x=[1, 2], y=numbers())
        double.override(task_id="keyed").expand_kwargs(pairs())
        double.override(task_id="none").expand(x=nothing()) >> task(lambda: 1, task_id="after_none")()
        double.override(task_id="again").expand(x=doubled.map(lambda v: v + 1))
    result = rehearse(dag)
    assert result.task("total").xcom() == 12
    assert [ti.xcom() for ti in result.tasks("double")] == [2, 4, 6]
    assert [ti.xcom() for ti in result.tasks("crossed")] == [2, 4, 6, 4, 8, 12]
    assert [ti.xcom() for ti in result.tasks("keyed")] == [20, 80]
    assert [ti.xcom() for ti in result.tasks("again")] == [6, 10, 14]
    assert result.task("none").state == "skipped"
    assert "0" in result.task("none").reason or "zero" in result.task("none").reason
    assert result.task("after_none").state == "skipped"
    assert result.state == "success"


def test_mapped_task_group_keeps_its_branches_apart(rehearse):
    from airflow.sdk import DAG, task, task_group

    with DAG("groups", schedule="@daily", start_date=START) as dag:

        @task
        def files():
            return ["a", "bad", "c"]

        @task_group
        def each(name):
            @task
            def read(n):
                if n == "bad":
                    raise ValueError(n)
                return n.upper()

            @task
            def write(n):
                return n + "!"

            return write(read(name))

        @task(trigger_rule="all_done")
        def collect(values):
            return [v for v in values if isinstance(v, str)]

        collect(each.expand(name=files()))
    result = rehearse(dag)
    assert [ti.state for ti in result.tasks("each.read")] == ["success", "failed", "success"]
    assert [ti.state for ti in result.tasks("each.write")] == ["success", "upstream_failed", "success"]
    assert result.task("collect").xcom() == ["A!", "C!"]


def test_setup_and_teardown(rehearse):
    from airflow.sdk import DAG, setup, task, teardown

    with DAG("cluster", schedule="@daily", start_date=START) as dag:

        @setup
        def create():
            return "id"

        @task
        def work():
            raise RuntimeError("no")

        @teardown
        def delete():
            return "gone"

        create() >> work() >> delete()
        dag.task_dict["delete"].as_teardown(setups=dag.task_dict["create"])
    result = rehearse(dag)
    assert states(result) == {"create": "success", "work": "failed", "delete": "success"}
    assert result.state == "failed"


@pytest.mark.parametrize(("how", "expected"), [("decorator", "failed"), ("method", "success"), ("unmapped", "failed")])
def test_on_failure_fail_dagrun_of_a_mapped_teardown_is_the_decorators(rehearse, how, expected):
    from airflow.sdk import DAG, task, teardown

    def delete(n=0):
        raise RuntimeError("no")

    with DAG("cluster", schedule="@daily", start_date=START) as dag:
        work = task(lambda: 1, task_id="work")()
        if how == "decorator":
            down = teardown(on_failure_fail_dagrun=True)(delete).expand(n=[1])
        elif how == "method":
            down = task(delete).expand(n=[1]).as_teardown(on_failure_fail_dagrun=True)
        else:
            down = task(delete)().as_teardown(on_failure_fail_dagrun=True)
        work >> down
    result = rehearse(dag)
    assert [ti.state for ti in result.task_instances] == ["success", "failed"]
    assert result.state == expected


@pytest.mark.parametrize(("slots", "expected"), [(1, 4), (2, 2), (4, 1)])
def test_pools_and_pool_slots_shape_the_makespan(rehearse, slots, expected):
    from airflow.sdk import DAG, task

    with DAG("pooled", schedule="@daily", start_date=START) as dag:

        @task(pool="etl")
        def load(n):
            time.sleep(3600)
            return n

        load.expand(n=[1, 2, 3, 4])
    world = World()
    world.set_pool("etl", slots)
    result = rehearse(dag, world)
    assert (result.end_date - result.start_date).total_seconds() / 3600 == expected


def test_a_missing_pool_and_one_too_small_are_told(rehearse):
    from airflow.sdk import DAG, task

    with DAG("hanging", schedule="@daily", start_date=START) as dag:
        task(lambda: 1, task_id="load", pool="etl")() >> task(lambda: 1, task_id="after")()
    with pytest.raises(HarnessError, match="etl") as caught:
        rehearse(dag)
    assert "does not exist" in str(caught.value)
    assert "after" in str(caught.value)
    assert caught.value.result.task("load").state == "scheduled"
    with DAG("greedy", schedule="@daily", start_date=START) as dag:
        task(lambda: 1, task_id="load", pool="etl", pool_slots=5)()
    world = World()
    world.set_pool("etl", 2)
    with pytest.raises(HarnessError, match=r"(?s)etl.*2"):
        rehearse(dag, world)


def test_a_sensor_that_waits_for_ever_ends_at_the_horizon(rehearse):
    from airflow.providers.standard.sensors.python import PythonSensor
    from airflow.sdk import DAG

    with DAG("endless", schedule="@daily", start_date=START) as dag:
        PythonSensor(task_id="gate", python_callable=lambda: False, poke_interval=3600, timeout=10**9)
    with pytest.raises(HorizonReached, match="gate") as caught:
        rehearse(dag)
    assert "2025-01-31" in str(caught.value)
    assert "sleep 3600 s" in str(caught.value)


def test_trigger_dag_run_waits_for_the_real_run(rehearse):
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.sdk import DAG, task

    with DAG("child", schedule=None, start_date=START) as child:

        @task
        def answer(dag_run=None, params=None):
            time.sleep(1800)
            return dag_run.conf["question"] + "?"

        answer()
    with DAG("parent", schedule="@daily", start_date=START) as parent:
        TriggerDagRunOperator(
            task_id="ask", trigger_dag_id="child", conf={"question": "{{ ds }}"}, wait_for_completion=True,
            poke_interval=60,
        )  # fmt: skip
        TriggerDagRunOperator(
            task_id="ask_deferred", trigger_dag_id="child", conf={"question": "b"}, wait_for_completion=True,
            deferrable=True, poke_interval=60, trigger_run_id="second", logical_date="2025-06-01T00:00:00+00:00",
        )  # fmt: skip
        TriggerDagRunOperator(task_id="ask_nobody", trigger_dag_id="missing")
    parent.task_dict["ask_deferred"].logical_date = None
    result = rehearse(parent, with_dags=[child])
    assert result.task("ask").state == "success"
    assert (
        result.task("ask").end_date - result.start_date
    ).total_seconds() == 31 * 60  # it asks at minute 30, when the child is about to end
    assert result.task("ask_deferred").state == "success"
    assert result.task("ask_nobody").state == "failed"
    assert "missing" in result.task("ask_nobody").error.message
    assert {run.task("answer").xcom() for run in result.companions} == {"2025-01-01?", "b?"}


def test_external_task_sensor_brings_the_awaited_dag(rehearse):
    from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
    from airflow.sdk import DAG, task

    with DAG("upstream", schedule="@daily", start_date=START) as upstream:

        @task
        def publish():
            time.sleep(2 * 3600)

        publish()
    with DAG("downstream", schedule="@daily", start_date=START) as downstream:
        for mode in ("poke", "reschedule"):
            ExternalTaskSensor(
                task_id=mode, external_dag_id="upstream", external_task_id="publish", mode=mode, poke_interval=600
            )
        ExternalTaskSensor(
            task_id="deferred", external_dag_id="upstream", external_task_id="publish", deferrable=True,
            poll_interval=600,
        )  # fmt: skip
    result = rehearse(downstream, with_dags=[upstream], logical_date="2025-01-02")
    assert states(result) == {"poke": "success", "reschedule": "success", "deferred": "success"}
    assert {(ti.end_date - result.start_date).total_seconds() / 60 for ti in result.task_instances} == {120}
    assert [run.dag_id for run in result.companions] == ["upstream"]


def test_asset_events_are_written_and_read(rehearse):
    from airflow.sdk import DAG, Asset, Metadata, task

    orders = Asset("orders", uri="s3://lake/orders")
    with DAG("lake", schedule="@daily", start_date=START) as dag:

        @task(outlets=[orders])
        def write():
            yield Metadata(orders, {"rows": 3})

        @task(inlets=[orders])
        def read(inlet_events=None):
            return [event.extra for event in inlet_events[orders]]

        @task
        def writes(outlet_events=None):
            return 1

        @task(outlets=[orders])
        def write_more(outlet_events=None):
            outlet_events[orders].extra = {"rows": 5}

        write() >> write_more() >> read()
    result = rehearse(dag)
    assert result.task("read").xcom() == [{"rows": 3}, {"rows": 5}]


def test_params_conf_and_their_validation(rehearse):
    from airflow.sdk import DAG, Param, task

    with DAG("asked", schedule="@daily", start_date=START, params={"n": Param(3, type="integer", minimum=1)}) as dag:

        @task
        def show(params=None, dag_run=None):
            return [params["n"], dict(dag_run.conf)]

        show()
    assert rehearse(dag).task("show").xcom() == [3, {}]
    assert rehearse(dag, params={"n": 7}).task("show").xcom() == [7, {"n": 7}]
    assert rehearse(dag).task("show").xcom() == [3, {}]  # the values of one run do not reach the next
    failed = rehearse(dag, params={"n": 0})
    assert failed.state == "failed"
    assert "n" in failed.task("show").error.message


def test_world_answers_templates_hooks_and_tasks(rehearse):
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG, BaseHook, Connection, Variable, get_current_context, task

    with DAG("worldly", schedule="@daily", start_date=START) as dag:

        @task
        def ask():
            connection = Connection.get("warehouse")
            Variable.set("mark", "done")
            return {
                "host": connection.host,
                "extra": connection.extra_dejson,
                "hook": BaseHook.get_connection("warehouse").password,
                "variable": Variable.get("limits", deserialize_json=True)["max"],
                "default": Variable.get("absent", default="d"),
                "mark": Variable.get("mark"),
                "dag": get_current_context()["dag"].dag_id,
            }

        echo = "{{ var.value.region }} {{ var.json.limits.max }} {{ conn.warehouse.host }} "
        echo += "{{ ti.xcom_pull('ask')['mark'] }}"
        ask() >> BashOperator(task_id="templates", bash_command="echo '" + echo + "'")
        task(lambda: Connection.get("warehous"), task_id="typo")()
        task(lambda: Variable.get("regio"), task_id="unset")()
    world = World()
    world.set_connection("warehouse", uri="postgresql://me:secret@db.test:5432/dw?sslmode=require")
    world.set_variable("region", "eu")
    world.set_variable("limits", {"max": 3})
    result = rehearse(dag, world)
    assert result.task("ask").xcom() == {
        "host": "db.test", "extra": {"sslmode": "require"}, "hook": "secret", "variable": 3, "default": "d",
        "mark": "done", "dag": "worldly",
    }  # fmt: skip
    assert result.task("templates").xcom() == "eu 3 db.test done"
    typo, unset = result.task("typo").error, result.task("unset").error
    assert "did you mean 'warehouse'" in typo.hint
    assert "test_structure.py" in typo.where
    assert "did you mean 'region'" in unset.hint


def test_metadata_database_is_refused(rehearse):
    from airflow.sdk import DAG, task

    with DAG("orm", schedule="@daily", start_date=START) as dag:

        @task
        def peek():
            from airflow.utils.session import create_session

            with create_session() as session:
                return session.execute("select 1")

        peek()
    error = rehearse(dag).task("peek").error
    assert "Direct database access via the ORM is not allowed" in error.message
    assert "test_structure.py" in error.where
    assert "metadata database" in error.hint


def test_an_xcom_that_cannot_be_serialised(rehearse):
    from airflow.sdk import DAG, task

    with DAG("opaque", schedule="@daily", start_date=START) as dag:
        task(lambda: object(), task_id="push")()
    error = rehearse(dag).task("push").error
    assert error.kind == "TypeError"
    assert "serialisable" in error.hint


def test_only_from_xcoms_stubs_and_durations(rehearse):
    from airflow.sdk import DAG, task

    with DAG("partial", schedule="@daily", start_date=START) as dag:

        @task
        def extract():
            raise AssertionError("must not run")

        @task
        def transform(rows):
            return [r + 1 for r in rows]

        @task
        def load(rows):
            return len(rows)

        load(transform(extract()))
    only = rehearse(dag, only=("transform",), xcoms={"extract": [1, 2]})
    assert states(only) == {"transform": "success"}
    assert only.task("transform").xcom() == [2, 3]
    rest = rehearse(dag, from_task="transform", xcoms={"extract": [1]})
    assert states(rest) == {"transform": "success", "load": "success"}
    world = World()
    world.stub("partial.extract", returns=[5])
    world.set_duration("partial.load", "90s")
    stubbed = rehearse(dag, world)
    assert stubbed.task("load").xcom() == 1
    assert (stubbed.end_date - stubbed.start_date).total_seconds() == 90
    world.stub("partial.transform", raises="schema changed")
    failed = rehearse(dag, world)
    assert states(failed) == {"extract": "success", "transform": "failed", "load": "upstream_failed"}


def test_fail_fast_stops_the_others(rehearse):
    from airflow.sdk import DAG, task

    with DAG("fast", schedule="@daily", start_date=START, fail_fast=True) as dag:

        @task
        def fails():
            time.sleep(60)
            raise ValueError

        @task
        def slow():
            time.sleep(7200)

        fails()
        slow() >> task(lambda: 1, task_id="after")()
    result = rehearse(dag)
    assert states(result) == {"fails": "failed", "slow": "failed", "after": "skipped"}
    assert (result.end_date - result.start_date).total_seconds() == 60


def test_every_trigger_rule_over_success_failure_and_skip(rehearse):
    from airflow.sdk import DAG, TriggerRule, task

    AirflowSkipException = task_exception("AirflowSkipException")

    with DAG("rules", schedule="@daily", start_date=START) as dag:

        @task
        def skips():
            raise AirflowSkipException

        @task
        def fails():
            raise ValueError

        ups = [task(lambda: 1, task_id="works")(), fails(), skips()]
        for rule in TriggerRule:
            if not rule.value.startswith("all_done_setup"):
                ups >> task(lambda: 1, task_id=rule.value, trigger_rule=rule)()
    got = states(rehearse(dag))
    expected = {
        "all_success": "upstream_failed", "all_failed": "skipped", "all_done": "success", "one_success": "success",
        "one_failed": "success", "one_done": "success", "none_failed": "upstream_failed", "none_skipped": "skipped",
        "none_failed_min_one_success": "upstream_failed", "all_skipped": "skipped", "always": "success",
        "all_done_min_one_success": "skipped",
    }  # fmt: skip
    assert {rule: state for rule, state in got.items() if rule in expected} == {
        rule: state for rule, state in expected.items() if rule in got
    }
    assert len(got) > 12


def test_data_interval_and_run_ids_are_the_schedules_own(rehearse):
    from airflow.sdk import DAG, task
    from airflow.timetables.interval import CronDataIntervalTimetable

    with DAG("interval", schedule=CronDataIntervalTimetable("0 6 * * *", timezone="UTC"), start_date=START) as dag:
        task(
            lambda data_interval_start=None, data_interval_end=None: [str(data_interval_start), str(data_interval_end)],
            task_id="show",
        )()
    result = rehearse(dag, logical_date="2025-01-02T06:00")
    assert result.run_id == "scheduled__2025-01-03T06:00:00+00:00"
    assert result.task("show").xcom() == ["2025-01-02 06:00:00+00:00", "2025-01-03 06:00:00+00:00"]
    assert result.run_type == "scheduled"
    manual = rehearse(dag, logical_date="2025-01-02T12:34", manual=True)
    assert manual.run_type == "manual"
    assert manual.run_id.startswith("manual__")


def test_dates_off_the_schedule_name_the_nearest(rehearse):
    from airflow.sdk import DAG, task

    with DAG("weekly", schedule="0 6 * * 1", start_date=START, end_date=START + timedelta(days=60)) as dag:
        task(lambda: 1, task_id="t")()
    with pytest.raises(HarnessError) as caught:
        rehearse(dag, logical_date="2025-01-15")
    assert "2025-01-13T06:00:00Z, 2025-01-20T06:00:00Z" in str(caught.value)
    with pytest.raises(HarnessError, match="start_date is 2025-01-01"):
        rehearse(dag, logical_date="2024-01-15")
    assert rehearse(dag, logical_date="2025-01-15", manual=True).state == "success"


def test_external_python_speaks_to_the_supervisor(rehearse):
    import sys

    from airflow.providers.standard.operators.python import ExternalPythonOperator
    from airflow.sdk import DAG

    def ask(day):
        from airflow.sdk import Variable

        print("from the child")
        return [day, Variable.get("region")]

    with DAG("outside", schedule="@daily", start_date=START) as dag:
        ExternalPythonOperator(
            task_id="ask", python=sys.executable, python_callable=ask, op_args=["{{ ds }}"], expect_airflow=True
        )
    world = World()
    world.set_variable("region", "eu")
    result = rehearse(dag, world)
    assert result.task("ask").xcom() == ["2025-01-01", "eu"], result.task("ask").log
    assert "from the child" in result.task("ask").log


def test_assets_behind_a_condition_are_known_and_start_no_date(rehearse):
    from airflow.sdk import DAG, Asset, AssetAll, task

    one, two = Asset("one", uri="s3://lake/one"), Asset("two", uri="s3://lake/two")
    with DAG("consumer", schedule=AssetAll(one, two), start_date=START) as dag:

        @task(inlets=[one])
        def read(triggering_asset_events=None, dag_run=None):
            return [dag_run.run_type, [e.extra for events in triggering_asset_events.values() for e in events]]

        read()
    result = rehearse(dag, asset_events=(("one", "s3://lake/one", {"rows": 1}),))
    assert result.run_type == "asset_triggered"
    assert result.logical_date is None
    assert result.task("read").xcom() == ["asset_triggered", [{"rows": 1}]]


def test_long_rendered_fields_are_whole(rehearse):
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG

    with DAG("long", schedule="@daily", start_date=START) as dag:
        BashOperator(task_id="t", bash_command="echo " + "x" * 5000 + "{{ ds }}")
    assert rehearse(dag).task("t").rendered["bash_command"].endswith("x2025-01-01")


def test_values_given_for_a_mapped_upstream(rehearse):
    from airflow.sdk import DAG, task

    with DAG("given", schedule="@daily", start_date=START) as dag:
        double = task(lambda n: n * 2, task_id="double")
        task(lambda ns: sum(ns), task_id="total")(double.expand(n=[1, 2, 3]))
    assert rehearse(dag, only=("total",), xcoms={"double": [10, 20]}).task("total").xcom() == 30


def test_reset_dag_run_runs_the_run_again(rehearse):
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.sdk import DAG, task

    with DAG("child", schedule=None, start_date=START) as child:
        task(lambda: time.sleep(60), task_id="work")()
    with DAG("again", schedule="@daily", start_date=START) as dag:
        same = {"trigger_dag_id": "child", "trigger_run_id": "same", "wait_for_completion": True, "poke_interval": 30}
        first = TriggerDagRunOperator(task_id="first", **same)
        second = TriggerDagRunOperator(task_id="second", reset_dag_run=True, **same)
        third = TriggerDagRunOperator(task_id="third", **same)
        first >> second >> third
    result = rehearse(dag, with_dags=[child])
    assert states(result) == {"first": "success", "second": "success", "third": "failed"}
    [run] = result.companions
    assert [attempt.try_number for attempt in run.task("work").attempts] == [1, 2]
    assert (result.task("second").end_date - result.task("second").start_date).total_seconds() >= 60


def test_mail_that_cannot_be_sent_is_a_finding(rehearse):
    from airflow.sdk import DAG, task

    def fails():
        raise ValueError("no")

    with DAG("mails", schedule="@daily", start_date=START, default_args={"email": ["a@b.test"]}) as dag:
        task(fails, task_id="fails", email_on_failure=True)()
    [finding] = rehearse(dag).findings
    assert finding.task_id == "fails"
    assert "e-mail" in finding.message


def test_a_run_waits_for_the_tasks_of_the_run_before_it(rehearse):
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.sdk import DAG, task

    with DAG("daily", schedule="@daily", start_date=START, max_active_runs=2) as daily:
        task(lambda: time.sleep(3600), task_id="work", depends_on_past=True)()
    with DAG("starts", schedule="@daily", start_date=START) as dag:
        for day in (1, 2):
            logical_date = f"2025-01-0{day}T00:00:00+00:00"
            TriggerDagRunOperator(task_id=f"day_{day}", trigger_dag_id="daily", logical_date=logical_date)
        dag.task_dict["day_1"] >> dag.task_dict["day_2"]
    result = rehearse(dag, with_dags=[daily], logical_date="2025-01-10")
    first, second = (run.task("work") for run in result.companions)
    assert (first.state, second.state) == ("success", "success")
    assert second.start_date == first.end_date


@pytest.mark.parametrize(("one_by_one", "state"), [(False, "skipped"), (True, "upstream_failed")])
def test_the_scheduler_decides_before_workers_begin(rehearse, one_by_one, state):
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG, task

    with DAG("order", schedule="@daily", start_date=START) as dag:

        @task
        def fails():
            raise ValueError("no")

        @task
        def begin():
            pass

        never = EmptyOperator(task_id="never", trigger_rule="all_skipped")
        last = EmptyOperator(task_id="last")
        begin() >> [fails(), never] >> last
    result = rehearse(dag, one_by_one=one_by_one)
    assert result.task("last").state == state
