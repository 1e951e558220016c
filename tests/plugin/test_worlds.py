"""Layers of a test's world: the file, markers, what the test changes; and worlds that live longer than a test."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

pytestmark = pytest.mark.programs

WORLD = """
variables: {region: file, kept: file}
pools: {etl: 1}
executor: {parallelism: 7}
network: {allow: [a.example.com]}
"""
LAYERS = """
import pytest

pytestmark = pytest.mark.airflow_world("layer.yaml", variables={"region": "module", "module": "m"})


def test_of_the_module(world):
    assert world.variables == {"region": "module", "kept": "file", "layer": "l", "module": "m"}
    assert (world.pools["etl"].slots, world.pools["wide"].slots) == (2, 64)
    assert (world.executor.parallelism, world.executor.num_stuck_in_queued_retries) == (7, 5)
    assert world.network.allow == ("a.example.com", "b.example.com")
    assert world.where("pools", "wide") == "layer.yaml:2"


@pytest.mark.airflow_world(variables={"region": "class", "class": "c"}, stubs={"*.load": {"returns": 3}})
class TestOfAClass:
    def test_its_own(self, world):
        assert (world.variables["region"], world.variables["module"]) == ("class", "m")
        assert world.stub_of("sales", "load").returns == 3

    @pytest.mark.airflow_world(variables={"region": "far"})
    @pytest.mark.airflow_world(pools={"etl": 9}, variables={"region": "near"})
    def test_of_a_function(self, airflow_world):
        assert (airflow_world.variables["region"], airflow_world.variables["class"]) == ("near", "c")
        assert airflow_world.pools["etl"].slots == 9
        assert airflow_world.where("pools", "etl") == "test_it.py:21"
        airflow_world.set_variable("region", "test")
        assert airflow_world.variables["region"] == "test"


@pytest.fixture
def world(world):
    world.set_variable("fixture", "f")
    del world.variables["fixture"]
    return world


@pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.airflow_world(variables={"two": "2"}))])
def test_of_a_param(world, n):
    assert ("two" in world.variables) == (n == 2)


def test_a_run_has_it(run_dag, world):
    from airflow.sdk import DAG, Variable, task

    with DAG("asks", schedule=None) as dag:
        task(lambda: Variable.get("module"), task_id="t")()
    assert run_dag(dag).task("t").xcom() == "m"
"""


def test_a_marker_is_a_layer_over_the_file(project: Project) -> None:
    layer = """variables: {layer: l, region: layer}
pools: {etl: 2, wide: 64}
executor: {num_stuck_in_queued_retries: 5}
network: {allow: b.example.com}
"""
    project.write(world_yaml=WORLD, layer_yaml=layer, test_it=LAYERS, pytest_ini="[pytest]\naddopts=--strict-markers\n")
    result = project.pytest("--airflow-world=world.yaml")
    result.assert_outcomes(passed=6)


def test_what_is_wrong_with_a_marker_has_the_test_s_line(project: Project) -> None:
    project.write(
        test_it="""
import pytest


@pytest.mark.airflow_world(pols={"etl": 1})
def test_a(world):
    pass


@pytest.mark.airflow_world(pools={"etl": "many"}, connections={"w": {"service": "postgress"}})
def test_b(world):
    pass


@pytest.mark.airflow_world({"pools": {}})
def test_c(world):
    pass


@pytest.mark.airflow_world("nowhere.yaml")
def test_d(world):
    pass
"""
    )
    result = project.pytest()
    result.assert_outcomes(errors=4)
    result.stdout.fnmatch_lines(["*there is no file nowhere.yaml*", "*where*test_it.py:20*", "*fix*correct the path*"])
    result.stdout.fnmatch_lines(
        [
            "*unknown key 'pols'*",
            "*test_it.py:5*",
            "*did you mean 'pools'*",
            "*pool 'etl': slots must be*",
            "*test_it.py:10*",
        ]
    )
    result.stdout.fnmatch_lines(["*the marker airflow_world: {'pools': {}} is no world*"])


LIVING = """
import pytest

pytestmark = pytest.mark.airflow_world(
    connections={"warehouse": {"service": "postgres"}, "api": {"service": "http", "routes": {"GET /": {"json": 1}}}}
)
SEEN = []


@pytest.fixture(scope="module")
def filled(module_world):
    module_world.postgres.execute("create table t (n int); insert into t values (1)")
    module_world.set_variable("filled", "yes")


@pytest.mark.parametrize("turn", range(3))
def test_tests_share_its_services(filled, world, run_dag, turn):
    from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
    from airflow.sdk import DAG

    assert world.variables == {"filled": "yes"}
    with DAG("writes", schedule=None) as dag:
        SQLExecuteQueryOperator(task_id="t", conn_id="warehouse", sql="insert into t values (1)")
    result = run_dag(dag)
    assert result.ok
    assert [str(one) for use in result.services for one in use.changes] == ["table t: 1 row added"]
    assert world.postgres.rows("select count(*) from t") == [(turn + 2,)]
    world.set_variable("of", str(turn))
    SEEN.append((world.postgres.dbname, world.http.url))
    assert len(set(SEEN)) == 1


def test_a_connection_that_differs_is_the_test_s_own(filled, world, module_world):
    world.set_connection("own", service="postgres")
    world.set_connection("api", service="http")
    assert world.postgres("own").dbname != world.postgres("warehouse").dbname == SEEN[0][0]
    assert world.http.url != SEEN[0][1] == module_world.http.url
    assert "own" not in module_world.connections


@pytest.mark.airflow_world(pools={"etl": 2})
def test_the_marker_of_a_function_is_over_it(filled, world):
    assert (world.pools["etl"].slots, world.variables["filled"]) == (2, "yes")


def test_without_it_a_test_has_its_own(world):
    assert world.postgres.dbname != SEEN[0][0]
    assert "filled" not in world.variables


def test_the_fixture_of_the_database(postgres, filled):
    assert postgres.dbname == SEEN[0][0]


def test_second_names(airflow_module_world, airflow_world):
    assert airflow_world.postgres.dbname == SEEN[0][0]
"""
OTHER = """
import pytest


def test_another_module_has_another(module_world, world):
    assert "filled" not in module_world.variables
    assert module_world.connections == {}


@pytest.fixture(scope="session")
def mailing(session_world):
    session_world.set_connection("box", service="smtp")
    session_world.set_variable("secret_of_all", "s3cr3t-of-all")


@pytest.mark.parametrize("turn", range(2))
def test_of_the_session(mailing, session_world, airflow_session_world, world, turn):
    assert world.smtp.port == session_world.smtp.port
    assert world.variables == session_world.variables


def test_its_secrets_are_masked_everywhere(request):
    assert "x" == "s3cr3t-of-all"
"""


def test_a_world_of_a_module_and_its_services_live_as_long(project: Project) -> None:
    project.write(test_it=LIVING, test_other=OTHER)
    result = project.pytest("-v")
    result.assert_outcomes(passed=11, failed=1)
    assert "s3cr3t" not in result.stdout.str().replace('assert "x" == "s3cr3t-of-all"', "")
    assert project.left_behind() == []


FROM = """
import pytest

from airflow.sdk import DAG, BaseHook, Variable, task


def seen():
    return [BaseHook.get_connection("vendor").host, Variable.get("token")]


@pytest.mark.airflow_world(variables={"token": {"from": "environment"}})
@pytest.mark.airflow_world(connections={"vendor": {"from": "environment"}})
def test_asked_for(run_dag, world):
    with DAG("asks", schedule=None) as dag:
        task(seen, task_id="t")()
    assert seen() == ["vendor.example", "t"] == run_dag(dag).task("t").xcom()


def test_not_asked_for(run_dag, world):
    with DAG("asks", schedule=None) as dag:
        task(seen, task_id="t")()
    result = run_dag(dag)
    assert not result.ok
    assert result.not_in_world[0].place == "AIRFLOW_CONN_VENDOR of the environment"
    with pytest.raises(Exception, match="vendor"):
        BaseHook.get_connection("vendor")


@pytest.mark.airflow_world(connections={"vendor": {"from": "environment"}})
def test_a_test_may_set_it(run_dag, monkeypatch, world):
    monkeypatch.setenv("AIRFLOW_CONN_VENDOR", "http://of-the-test")
    monkeypatch.setenv("AIRFLOW_VAR_TOKEN", "mine")
    with DAG("asks", schedule=None) as dag:
        task(seen, task_id="t")()
    assert run_dag(dag).task("t").xcom() == ["of-the-test", "mine"]


@pytest.mark.airflow_world(connections={"nowhere": {"from": "environment"}})
def test_a_run_refuses_to_begin_without(run_dag, world):
    with DAG("asks", schedule=None) as dag:
        task(seen, task_id="t")()
    with pytest.raises(Exception, match="AIRFLOW_CONN_NOWHERE"):
        run_dag(dag)
"""


def test_entries_from_the_environment(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_VENDOR", "http://vendor.example")
    monkeypatch.setenv("AIRFLOW_VAR_TOKEN", "t")
    (project.pytester.path / ".env").write_text("AIRFLOW_CONN_OTHER=http://x\n")
    project.write(test_it=FROM, airflow_cfg="")  # pytester's folder is its home, which is a project by that
    result = project.pytest()
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["*note: AIRFLOW_CONN_OTHER (.env:1): no task is given it*"])
