"""A connection that only ``.env`` or the shell has is named and given to no task, unless the world asks for it."""

import json

import pytest

from tests.cli.project import Project

pytestmark = pytest.mark.programs

DAG = """
from airflow.sdk import DAG, BaseHook, Variable, task

with DAG("asks", schedule=None):

    @task
    def vendor():
        return BaseHook.get_connection("vendor").host

    @task
    def theirs():
        return BaseHook.get_connection("theirs").host

    @task
    def token():
        return len(Variable.get("token"))

    vendor(), theirs(), token()
"""
DOT_ENV = "MODE=a\nAIRFLOW_CONN_VENDOR='postgres://me:s3cr3t-vendor@vendor.example/db'\nAIRFLOW_VAR_REGION=s3cr3t-eu\n"
SHELL = {
    "AIRFLOW_CONN_THEIRS": '{"conn_type": "http", "host": "theirs.example", "password": "s3cr3t-theirs"}',
    "AIRFLOW_VAR_TOKEN": "s3cr3t-token",
}
WORLD = """
connections:
  vendor: {from: environment}
  theirs: {from: environment}
variables:
  token: {from: environment}
"""


@pytest.fixture
def asks(tmp_path):
    made = Project(tmp_path)
    made.write("dags/asks.py", DAG)
    made.write(".env", DOT_ENV)
    return made


def test_it_is_refused_with_its_place_and_no_value(asks):
    answer = asks("run", "asks", **SHELL)
    assert answer.code == 1
    for told in (
        "connection 'vendor' stands outside of the world alone, in .env:2",
        "connection vendor, which stands in .env:2",
        "connection theirs, which stands in AIRFLOW_CONN_THEIRS of the environment",
        "  vendor: {from: environment}",
    ):
        assert told in answer.out, told
    assert "AIRFLOW_CONN_VENDOR (.env:2): no task is given it" in answer.out
    assert "AIRFLOW_VAR_REGION (.env:3): used, since the world has no such variable" in answer.out
    needs = {
        one["name"]: one["place"] for one in json.loads(asks("run", "asks", "--json", **SHELL).out)["not_in_world"]
    }
    assert needs == {"theirs": "AIRFLOW_CONN_THEIRS of the environment", "token": None, "vendor": ".env:2"}
    assert "s3cr3t" not in answer.out + answer.err


@pytest.mark.parametrize("command", [("run", "asks"), ("simulate", "--since", "2025-01-01", "--until", "1d")])
def test_the_world_asks_for_it(asks, command):
    asks.write("fixtures/world.yaml", WORLD)
    trigger = ["--action", "2025-01-01T05:00Z trigger asks"] if command[0] == "simulate" else []
    answer = asks(*command, *trigger, "--json", **SHELL)
    assert answer.code == 0, answer.out + answer.err
    document = json.loads(answer.out)
    run = document if command[0] == "run" else document["runs"][0]
    values = {one["task_id"]: one["xcoms"].get("return_value") for one in run["task_instances"]}
    assert values == {"vendor": "vendor.example", "theirs": "theirs.example", "token": 12}
    assert document["not_in_world"] == []
    assert "VENDOR" not in answer.out + answer.err
    assert "s3cr3t" not in answer.out + answer.err


def test_what_is_not_there_is_an_error_of_a_run_and_none_of_a_check(asks):
    asks.write("fixtures/world.yaml", WORLD)
    answer = asks("run", "asks", AIRFLOW_CONN_THEIRS=SHELL["AIRFLOW_CONN_THEIRS"])
    assert answer.code == 2
    assert "variable 'token' comes from the environment, which has no AIRFLOW_VAR_TOKEN" in answer.err
    assert "fixtures/world.yaml:6" in answer.err
    checked = asks("check", "--no-cache")
    assert checked.code == 0, checked.out
    assert "vendor" not in asks("init").out


def test_init_says_where_one_stands(asks):
    text = asks("init", "--print").out
    assert "  vendor: {conn_type: generic}    # or {from: environment}, which is .env:2\n" in text
    assert "s3cr3t" not in text


@pytest.mark.parametrize("value", ["s3cr3t", '{"conn_type": "http", "prot": "s3cr3t"}', "{s3cr3t"])
def test_a_value_that_is_no_connection(asks, value):
    asks.write("fixtures/world.yaml", "connections: {theirs: {from: environment}}\n")
    answer = asks("run", "asks", AIRFLOW_CONN_THEIRS=value)
    assert answer.code == 2
    assert "AIRFLOW_CONN_THEIRS of the environment is no connection" in answer.err
    assert "s3cr3t" not in answer.out + answer.err


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("{from: vault}", "from has an unknown value"),
        ("{from: environment, host: a}", "from: environment stands alone"),
        ("{host: a}", "needs one of service, uri, conn_type, from"),
    ],
)
def test_an_entry_that_says_it_otherwise(asks, entry, told):
    asks.write("fixtures/world.yaml", f"connections: {{theirs: {entry}}}\n")
    answer = asks("run", "asks")
    assert (answer.code, told in answer.err) == (2, True), answer.err


def test_several_at_once(asks):
    asks.write("fixtures/world.yaml", "from_environment:\n  connections: [vendor, theirs]\n  variables: token\n")
    answer = asks("run", "asks", "--json", **SHELL)
    assert answer.code == 0, answer.out + answer.err
    document = json.loads(answer.out)
    values = {one["task_id"]: one["xcoms"].get("return_value") for one in document["task_instances"]}
    assert values == {"vendor": "vendor.example", "theirs": "theirs.example", "token": 12}
    missing = asks("run", "asks", AIRFLOW_CONN_THEIRS=SHELL["AIRFLOW_CONN_THEIRS"])
    assert missing.code == 2
    assert "variable 'token' comes from the environment" in missing.err
    assert "fixtures/world.yaml:3" in missing.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("from_environment: [vendor]\n", "from_environment: must be a mapping of connections, variables, not a list"),
        ("from_environment: {conns: [a]}\n", "from_environment: unknown key 'conns'"),
        ("from_environment: {variables: {a: 1}}\n", "variables must be a list of names, not a mapping"),
        ("from_environment: {connections: [a, 'b ?']}\n", "connection 'b ?': a connection id has 1 to 250"),
        (
            "connections: {a: {conn_type: http}}\nfrom_environment: {connections: [a]}\n",
            "connection 'a': is given below its section too",
        ),
    ],
)
def test_a_list_that_cannot_be_read(asks, text, told):
    asks.write("fixtures/world.yaml", text)
    answer = asks("run", "asks")
    assert answer.code == 2
    assert told in answer.err
    assert f"fixtures/world.yaml:{len(text.splitlines())}" in answer.err


def test_what_exports_of_the_project_give_is_named(tmp_path):
    made = Project(tmp_path)
    made.write("dags/asks.py", DAG)
    made.write("include/variables.json", '{"region": {"a": 1}, "own": "ours", "api_token": "s3cr3t"}')
    made.write("pools.json", '{"etl": {"slots": 3}}')
    made.write("own.yaml", "variables: {own: world}\n")
    answer = made("run", "asks", "--world", "own.yaml")
    assert "note variable region (include/variables.json): used, since the world has none of that name" in answer.out
    assert "note pool etl (pools.json): used, since the world has none of that name" in answer.out
    assert "own (include" not in answer.out
    made.write(".env", "AIRFLOW_VAR_REGION=eu\n")
    answer = made("run", "asks", "--world", "own.yaml")
    assert "AIRFLOW_VAR_REGION (.env:1): used, since the world has no such variable" in answer.out
    assert "variable region" not in answer.out
    assert "s3cr3t" not in answer.out + answer.err
