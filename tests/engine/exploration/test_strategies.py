"""Hypothesis strategies against real Dags and Airflow's own serialiser."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset, Param, task
from hypothesis import HealthCheck, find, given, settings

from harness import play
from harness.bridge.supervisor.handlers.xcom import decoded, encoded
from harness.bridge.timetables import scheduled
from harness.errors import OffSchedule, TaskNotFound, UsageError
from harness.kernel.instant import to_instant
from harness.strategies import fault_plans, logical_dates, run_conf, task_outcomes, xcom_values
from harness.world import World

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
few = settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True)
many = settings(few, max_examples=120)
thorough = settings(few, max_examples=2000)

PARAMS = {
    "plain": 7,
    "word": Param("abc", type="string", minLength=2, maxLength=4),
    "day": Param("2025-01-01", type="string", format="date"),
    "size": Param(6, type="integer", minimum=3, exclusiveMaximum=9, multipleOf=2),
    "share": Param(0.5, type=["number", "null"], minimum=0, maximum=1),
    "mode": Param("fast", enum=["fast", "slow"], section="How", description_md="**which**"),
    "names": Param(
        ["a"], type="array", items={"type": "string", "minLength": 1}, minItems=1, maxItems=3, uniqueItems=True
    ),
    "odd": Param("aa", type="string", pattern="^a+$"),
    "flag": Param(False, type="boolean"),
}

with DAG("drawn", schedule="0 6 * * 1-5", start_date=START, params=PARAMS) as DRAWN:

    @task(retries=1)
    def extract(ti=None):
        return list(range(ti.try_number))

    @task.branch
    def check():
        return "load"

    @task
    def load(item, ti=None):
        return item

    mapped = load.expand(item=extract())
    check() >> mapped >> EmptyOperator(task_id="end", trigger_rule="none_failed")


@many
@given(xcom_values())
def test_xcom_values_survive_airflows_serialiser(value):
    stored = json.loads(json.dumps(encoded(value), allow_nan=False))
    assert decoded(stored) == value


@many
@given(xcom_values(dates=False))
def test_without_dates_they_are_json(value):
    assert json.loads(json.dumps(value)) == value


def test_xcom_values_are_many_and_shrink():
    for wanted in (datetime, timedelta, tuple, dict, float, str):
        find(xcom_values(), lambda value, wanted=wanted: isinstance(value, wanted), settings=thorough)
    assert find(xcom_values(), lambda value: isinstance(value, list) and len(value) > 1, settings=many) == [None, None]


@many
@given(task_outcomes(DRAWN))
def test_outcomes_are_what_play_takes(outcomes):
    assert set(outcomes) == {"extract", "check", "load[0]", "load[1:]"}
    played = play(DRAWN, outcomes)
    assert played.outcomes.items() <= outcomes.items()
    assert played.run_state in ("success", "failed")


def test_outcomes_shrink_to_what_is_needed():
    usual = {"extract": 2, "check": ("load",), "load[0]": "success", "load[1:]": "success"}
    assert find(task_outcomes(DRAWN), lambda _: True, settings=many) == usual
    failing = find(
        task_outcomes(DRAWN), lambda drawn: play(DRAWN, drawn).states["end"] == "upstream_failed", settings=many
    )
    assert sum(failing[name] != usual[name] for name in usual) == 1
    only = task_outcomes(DRAWN, outcomes={"extract": [3], "*": ["failed"]})
    assert find(only, lambda _: True, settings=many) == {
        "extract": 3, "check": "failed", "load[0]": "failed", "load[1:]": "failed"
    }  # fmt: skip


@few
@given(fault_plans(DRAWN))
def test_faults_happen_and_the_rest_is_the_users_code(rehearse, plan):
    result = rehearse(DRAWN, plan.applied_to(World()), logical_date="2025-01-01T06:00")
    extracted = result.task("extract")
    times = plan.failing.get("extract", 0)
    assert extracted.state == ("failed" if "extract" in plan.final else "success")
    assert extracted.xcom() == (None if times == 2 else list(range(times + 1)))
    assert result.task("check").state == ("failed" if "check" in plan.failing else "success")


def test_fault_plans_shrink_and_speak():
    assert repr(find(fault_plans(DRAWN), lambda _: True, settings=many)) == "<faults of drawn: none>"
    two = find(fault_plans(DRAWN), lambda plan: len(plan.failing) > 1, settings=many)
    assert len(two.failing) == 2
    assert repr(find(fault_plans(DRAWN, tasks="extract"), lambda plan: plan.final, settings=many)) == (
        "<faults of drawn: extract always>"
    )
    assert find(fault_plans(DRAWN, tasks=["end"]), lambda _: True, settings=many).failing == {}  # Airflow never runs it
    with pytest.raises(TaskNotFound, match="'lode'"):
        fault_plans(DRAWN, tasks=["lode"])
    with pytest.raises(UsageError, match="negative"):
        fault_plans(DRAWN, max_faults=-1)


def test_a_fault_comes_before_what_the_world_says_of_the_task(rehearse):
    world = World()
    world.stub("*.extract", returns=[])
    plan = find(fault_plans(DRAWN, tasks="extract"), lambda plan: plan.failing == {"extract": 1}, settings=many)
    faulty = plan.applied_to(world)
    result = rehearse(DRAWN, faulty, logical_date="2025-01-01T06:00")
    assert (result.task("extract").try_number, result.task("extract").xcom()) == (2, [])
    assert list(world.stubs) == ["*.extract"]


@many
@given(logical_dates(DRAWN, "2025-02-01", "2025-03-31"))
def test_dates_are_the_schedules_own(date):
    assert scheduled(DRAWN, to_instant(date)).logical_date == to_instant(date)
    assert datetime(2025, 2, 1, tzinfo=timezone.utc) <= date <= datetime(2025, 3, 31, tzinfo=timezone.utc)


def test_dates_shrink_to_the_first_and_have_bounds():
    assert find(logical_dates(DRAWN), lambda _: True, settings=many) == datetime(2025, 1, 1, 6, tzinfo=timezone.utc)
    march = find(logical_dates(DRAWN), lambda date: date.month == 3, settings=many)
    assert march == datetime(2025, 3, 3, 6, tzinfo=timezone.utc)  # a Monday
    with DAG("ends", schedule="@daily", start_date=START, end_date=START + timedelta(days=3)) as ends:
        pass
    last = find(logical_dates(ends), lambda date: date > START + timedelta(days=2), settings=many)
    assert last == START + timedelta(days=3)
    with pytest.raises(OffSchedule, match="makes no run from 2025-01-04"):
        logical_dates(DRAWN, "2025-01-04", "2025-01-05")
    with pytest.raises(UsageError, match="start='soon' is no date"):
        logical_dates(DRAWN, "soon")
    for schedule in (None, [Asset("a")]):
        with DAG("unscheduled", schedule=schedule, start_date=START) as unscheduled:
            pass
        with pytest.raises(UsageError, match="no schedule makes dates"):
            logical_dates(unscheduled)


@many
@given(run_conf(DRAWN))
def test_conf_is_what_the_params_accept(conf):
    assert set(conf) == set(PARAMS)
    assert conf["plain"] == 7
    assert conf["odd"] == "aa"  # a pattern is not understood: the default
    for name, value in conf.items():
        Param(value, **getattr(PARAMS[name], "schema", {})).resolve()


def test_conf_is_many_things_and_shrinks_to_the_defaults():
    defaults = {name: param.value for name, param in PARAMS.items() if isinstance(param, Param) and param.has_value}
    least = find(run_conf(DRAWN), lambda _: True, settings=many)
    assert least == {"plain": 7, **defaults}
    for name, value in {"mode": "slow", "share": None}.items():
        find(run_conf(DRAWN), lambda conf, name=name, value=value: conf[name] == value, settings=many)
    assert DRAWN.params.get_param("mode").value == "fast"  # drawing leaves the Dag as it was


def test_params_without_default():
    params = {"size": Param(type="integer", minimum=3, maximum=9), "unknown": Param(type="object")}
    with DAG("required", schedule=None, start_date=START, params=params) as dag:
        pass
    assert find(run_conf(dag), lambda _: True, settings=many) == {"size": 3}
    assert find(run_conf(dag), lambda conf: conf["size"] > 5, settings=many) == {"size": 6}
