"""Mutators, look-ups and their errors."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta

import pytest

from harness.errors import WorldError
from harness.world import Connection, Executor, Pool, Stub, Worker, World


def test_an_empty_world_has_airflows_defaults() -> None:
    world = World()
    assert world.pools == {"default_pool": Pool(128)}
    assert world.executor == Executor(32)
    assert (world.connections, world.variables, world.durations, world.stubs, world.env) == ({}, {}, {}, {}, {})


def test_connection_by_fields_uri_and_service() -> None:
    world = World()
    made = world.set_connection("a", conn_type="google-cloud", host="h", login="l", password="p", schema="s", port=5,
                            extra={"k": [1]}, description="d")  # fmt: skip
    assert made == Connection("google_cloud", "h", "l", "p", "s", 5, '{"k": [1]}', "d", None)
    assert world.set_connection("b", uri="http://h:8", description="d").description == "d"
    assert world.set_connection("c", service="postgres") == Connection(conn_type="postgres", service="postgres")
    assert world.set_connection("d", conn_type="x", extra='{"a":1}').extra == '{"a":1}'
    assert list(world.connections) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "needs one of service, uri, conn_type"),
        ({"uri": "x://h", "host": "h"}, "uri and host cannot both be given"),
        ({"uri": "x://h", "extra": {"a": 1}}, "uri and extra"),
        ({"service": "postgres", "host": "h"}, "service fills in the address, so host"),
        ({"conn_type": "x", "port": "5"}, "port must be a whole number, not text"),
        ({"conn_type": "x", "port": 65536}, "port must be 65535 or less"),
        ({"conn_type": "x", "extra": "not json"}, "extra is not JSON"),
        ({"conn_type": "x", "extra": "[1]"}, "extra must be a mapping"),
        ({"conn_type": "x", "extra": {"a": object()}}, "extra is not JSON"),
        ({"conn_type": 3}, "conn_type must be text, not a whole number"),
        ({"uri": "http://h:999999"}, "cannot be read"),
    ],
)
def test_a_bad_connection_is_refused(fields: dict, said: str) -> None:
    world = World()
    with pytest.raises(WorldError, match="connection 'c'") as caught:
        world.set_connection("c", **fields)
    assert said in str(caught.value)
    assert world.connections == {}


def test_variables_are_text_or_json_text_as_airflow_imports_them() -> None:
    world = World()
    for key, value in {"t": "007", "n": 3, "m": {"max": 3}, "none": None, "b": True}.items():
        world.set_variable(key, value)
    assert world.variables == {"t": "007", "n": "3", "m": json.dumps({"max": 3}, indent=2), "none": "null", "b": "true"}
    with pytest.raises(WorldError, match="variable 'x': a object cannot be kept as JSON"):
        world.set_variable("x", object())


def test_pools_and_parallelism() -> None:
    world = World()
    assert world.set_pool("etl", 4) == Pool(4)
    assert world.set_pool("etl", -1, include_deferred=True, description="d") == Pool(-1, True, "d")
    world.set_pool("default_pool", 1)
    assert world.pools["default_pool"].slots == 1
    world.set_executor(parallelism=2)
    assert world.executor.parallelism == 2
    for slots in (-2, "3", 1.5, True, None):
        with pytest.raises(WorldError, match="pool 'p': slots must be"):
            world.set_pool("p", slots)  # type: ignore[arg-type]
    with pytest.raises(WorldError, match="executor: parallelism must be 1 or more"):
        world.set_executor(parallelism=0)


def test_what_is_not_given_of_the_executor_stays() -> None:
    world = World()
    world.set_executor(executors={"celery:path.to.Celery": 4, "LocalExecutor": None}, parallelism=8)
    world.set_executor(workers={"etl": {"queues": "etl", "executor": "celery"}}, task_queued_timeout="5m")
    world.set_executor(parallelism=2)
    workers = {"etl": Worker(("etl",), 16, "celery:path.to.Celery")}
    assert world.executor == Executor(2, {"celery:path.to.Celery": 4, "LocalExecutor": None}, workers, 300_000_000)
    with pytest.raises(WorldError, match=r"executor: worker 'etl': no executor 'celery:path\.to\.Celery'"):
        world.set_executor(executors={"LocalExecutor": 1})
    assert world.executor.executors["celery:path.to.Celery"] == 4


@pytest.mark.parametrize(
    ("value", "expected_us"),
    [
        (0, 0),
        (90, 90_000_000),
        (0.25, 250_000),
        ("90s", 90_000_000),
        ("5m", 300_000_000),
        ("2h", 7_200_000_000),
        ("1d", 86_400_000_000),
        ("1h30m", 5_400_000_000),
        (" 1.5 m ", 90_000_000),
        ("500ms", 500_000),
        (timedelta(minutes=1, microseconds=1), 60_000_001),
    ],
)
def test_durations(value: object, expected_us: int) -> None:
    world = World()
    world.set_duration("d.t", value)  # type: ignore[arg-type]
    assert world.duration_of("d", "t") == expected_us


@pytest.mark.parametrize(
    "value",
    [
        "",
        "5",
        "m",
        "5 minutes",
        "-5m",
        "5m!",
        -1,
        float("nan"),
        float("inf"),
        True,
        None,
        [],
        1e308,
        "1e308",
        "9" * 400 + "d",
        10**400,
    ],
)
def test_bad_durations(value: object) -> None:
    with pytest.raises(WorldError, match=r"duration 'd\.t'"):
        World().set_duration("d.t", value)  # type: ignore[arg-type]


def test_the_most_specific_pattern_wins() -> None:
    world = World()
    for seconds, pattern in enumerate(["*", "*.load", "etl.*", "etl.group.*", "etl.load", "e?l.[ab]", "etl.[x]"], 1):
        world.set_duration(pattern, seconds)

    def seconds_of(dag_id: str, task_id: str) -> float:
        return world.duration_of(dag_id, task_id) / 1_000_000

    assert seconds_of("etl", "load") == 5  # exact before wildcards
    assert seconds_of("other", "load") == 2
    assert seconds_of("etl", "extract") == 3
    assert seconds_of("etl", "group.load") == 4  # the longest; '*' crosses dots
    assert seconds_of("etl", "a") == 6
    assert seconds_of("etl", "[x]") == 7  # a name that looks like a pattern is exact
    assert seconds_of("ETL", "Load") == 1  # case counts
    assert World().duration_of("etl", "load") is None


def test_of_equally_long_patterns_the_last_declared_wins() -> None:
    world = World()
    world.stub("*.t", state="skipped")
    world.stub("d.*", returns=1)
    assert world.stub_of("d", "t") == Stub(returns=1)
    world.stub("*.t", raises="again")
    assert world.stub_of("d", "t") == Stub(raises="again")


def test_stubs() -> None:
    world, value = World(), object()
    assert world.stub("a.b", returns=value).returns is value
    assert world.stub("a.c", returns=None) == Stub()
    assert world.stub_of("a", "zzz") is None
    assert world.stub("a.d", fails=2) == Stub(fails=2, runs=True)
    assert world.stub("a.d", fails=2, raises="503") == Stub(fails=2, raises="503", runs=True)
    assert world.stub("a.d", fails=2, returns=None) == Stub(fails=2)
    assert world.stub("a.d", follows="b") == world.stub("a.d", follows=["b"]) == Stub(follows=("b",))
    assert world.stub("a.d", follows=()) == Stub(follows=())
    two = ({"returns": 1, "raises": "x"}, {"fails": 1, "state": "failed", "follows": "b"})
    assert world.stub("a.e") == Stub()
    assert world.stub("a.e", takes="5m") == Stub(takes=300_000_000)
    assert world.stub("a.e", runs=True) == Stub(runs=True)
    assert world.stub("a.e", {"raises": "503"}, {}) == Stub(tries=(Stub(raises="503"), Stub()))
    assert world.stub("a.e", xcoms={"k": 1}, does="a.b").functions == ("a.b",)
    two = (*two, {"runs": True, "xcoms": {"k": 1}}, {"does": 3}, {"does": "load"}, {"takes": "soon"}, {"runs": 1})
    for wrong in (*two, {"state": "running"}, {"raises": 3}, {"fails": 0}, {"fails": True}, {"follows": [1]}):
        with pytest.raises(WorldError, match=r"stub 'a\.d'"):
            world.stub("a.d", **wrong)
        with pytest.raises(WorldError, match=r"stub 'a\.d': try 2"):
            world.stub("a.d", {}, wrong)
    with pytest.raises(WorldError, match="tries and returns cannot both be given"):
        world.stub("a.d", {}, returns=1)
    with pytest.raises(WorldError, match="'tomorrow' is no date: write @2025-01-05"):
        world.stub("a.d@tomorrow", state="skipped")


def test_env() -> None:
    world = World()
    world.set_env("A", "1")
    assert world.env == {"A": "1"}
    for name, value in (("", "x"), ("A=B", "x"), ("B", "a\0b"), ("B", True), ("B", 1.5)):
        with pytest.raises(WorldError, match="environment variable"):
            world.set_env(name, value)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", "with space", "é;", "x" * 251])
def test_bad_connection_ids(name: str) -> None:
    with pytest.raises(WorldError, match="a connection id has"):
        World().set_connection(name, uri="x://h")


def test_a_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(WorldError, match="a name must be text, not a whole number"):
        World().set_variable(3, "x")  # type: ignore[arg-type]


def test_a_copy_changes_apart() -> None:
    world = World()
    world.set_connection("c", uri="x://h")
    world.declared_at["connections", "c"] = "w.yaml:1"
    twin = world.copy()
    assert twin == world
    assert twin.where("connections", "c") == "w.yaml:1"
    twin.set_connection("c", uri="y://h")
    twin.set_variable("v", 1)
    twin.set_pool("p", 1)
    twin.set_duration("*", 1)
    twin.stub("*", state="skipped")
    twin.set_env("E", "1")
    twin.set_executor(parallelism=1)
    untouched = World()
    untouched.set_connection("c", uri="x://h")
    assert world == untouched
    assert world.where("connections", "c") == "w.yaml:1"


def test_importing_the_room_loads_no_yaml_and_no_pydantic() -> None:
    code = "import sys, harness.world; print(sorted({'yaml', 'pydantic', 'airflow', 'pytest'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize("section", ["env", "variables"])
@pytest.mark.parametrize("value", [1, 1.5, None, True, ["a"], {"a": 1}])
def test_what_is_put_there_past_the_methods_must_be_text(section, value):
    world = World()
    getattr(world, section)["LIMIT"] = value
    with pytest.raises(WorldError, match=r"'LIMIT': must be text, not"):
        world.check_text()


@pytest.mark.parametrize("value", ["\ud800", "a\0b"])
def test_an_environment_variable_holds_what_the_system_takes(value):
    world = World()
    world.env["ODD"] = value
    with pytest.raises(WorldError, match="cannot hold"):
        world.check_text()
    with pytest.raises(WorldError, match="cannot hold"):
        world.set_env("ODD", value)
    world.env["ODD"] = "größe \udc80"
    world.check_text()
    world.env[5] = "five"
    with pytest.raises(WorldError, match="a name must be text"):
        world.check_text()


@pytest.mark.parametrize(
    ("former", "arguments", "now"),
    [
        ("connection", {"conn_id": "c", "uri": "http://h"}, "set_connection"),
        ("variable", {"key": "v", "value": "x"}, "set_variable"),
        ("pool", {"name": "p", "slots": 3}, "set_pool"),
        ("duration", {"pattern": "d.t", "value": "5m"}, "set_duration"),
        ("setenv", {"name": "E", "value": "x"}, "set_env"),
        ("set_parallelism", {"parallelism": 3}, "set_executor"),
    ],
)
def test_former_names_of_methods_work_and_warn(former, arguments, now):
    old, new = World(), World()
    with pytest.warns(DeprecationWarning, match=rf"world\.{former}\(\) is called world\.{now}\(\) now") as told:
        given = getattr(old, former)(**arguments)
    assert told[0].filename == __file__
    assert given == getattr(new, now)(**arguments)
    assert old == new
    assert old != World()
