"""A team's existing tests beside tests with fixtures of ours: the team's find the process as it is without us."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

NAMED = """
from airflow.sdk import DAG, task
from house import NAME

with DAG("named", schedule=None):
    task(lambda: NAME, task_id="one")()
"""

LOOKS = """
import os
import sys


def looks():
    assert os.environ["AIRFLOW_HOME"] == HOME
    assert not [name for name in os.environ if name.startswith("AIRFLOW__")]
    from airflow import configuration, settings
    from airflow.configuration import conf

    assert configuration.AIRFLOW_HOME == settings.AIRFLOW_HOME == HOME
    assert conf.get("core", "plugins_folder") == settings.PLUGINS_FOLDER == os.path.join(HOME, "plugins")
    assert str(settings.engine.url) == "sqlite:///" + os.path.join(HOME, "airflow.db")
    assert conf.getint("core", "parallelism") == 7  # of its airflow.cfg
    assert settings.Session is not None
    assert not [entry for entry in sys.path if "airflow-harness-scratch" in entry]
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(os.path.join(HOME, "dags"))
    assert bag.import_errors == {}
    assert [task.task_id for task in bag.dags["named"].tasks] == ["one"]
"""

TEAM = LOOKS + "{top}\n\ndef test_team():\n    looks()\n"
OURS = """
import os

import pytest


@pytest.fixture
def dag():
    from airflow.sdk import DAG, Variable, task

    with DAG("mine", schedule=None) as made:
        @task
        def one():
            from airflow import settings

            assert not hasattr(settings, "engine")
            return [os.environ["AIRFLOW_HOME"], Variable.get("v")]

        one()
    return made


def test_ours(run_dag, world, dag):
    world.set_variable("v", "w")
    home, value = run_dag(dag).task("one").xcom()
    assert home != HOME and value == "w"
    assert run_dag("named").task("one").xcom() == "house"
    with pytest.raises(KeyError):
        os.environ["AIRFLOW_VAR_V"]


def test_asked_for_by_name(request):
    for name in ("run_dag", "airflow_run_dag"):
        assert request.getfixturevalue(name)("named").task("one").xcom() == "house"


def test_the_bag_alone(dag_bag):
    assert "named" in dag_bag and dag_bag.import_errors == {}
"""

SHARED = """
import pytest


@pytest.fixture(scope="session")
def bag():
    from airflow.dag_processing.dagbag import DagBag
    from airflow.configuration import conf

    assert conf.get("core", "plugins_folder").startswith(HOME)
    return DagBag(HOME + "/dags")
"""
BOTH = """
def test_team_bag_through_our_engine(run_dag, bag):
    assert run_dag(bag.dags["named"]).task("one").xcom() == "house"


def test_the_bag_of_the_team(bag):
    assert bag.import_errors == {}
"""

FIRST, LATE = TEAM.replace("{top}", "import airflow\n"), TEAM.replace("{top}", "")
SUITES = {
    "the team imports Airflow first": {"test_1": FIRST, "test_2": OURS, "test_3": LATE},
    "ours come first": {"test_1": OURS, "test_2": LATE, "test_3": OURS, "test_4": LATE},
    "a fixture of the team's that ours use": {"conftest": SHARED, "test_1": OURS, "test_2": BOTH, "test_3": LATE},
}
CONFIGURATION = "[core]\nparallelism = 7\nload_examples = False\n"


@pytest.fixture
def team(bare: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project that is its own Airflow home, as its tests know it."""
    monkeypatch.setenv("HOME", str(bare.temporary))  # a project in HOME itself is none
    monkeypatch.setenv("AIRFLOW_HOME", str(bare.pytester.path))
    bare.write(dags__named=NAMED, plugins__house='NAME = "house"\n', airflow_cfg=CONFIGURATION)
    return bare


@pytest.mark.programs
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ours come first", ()),
        pytest.param("ours come first", ("-n", "2"), marks=pytest.mark.gate),
        pytest.param("the team imports Airflow first", (), marks=pytest.mark.gate),
        pytest.param("a fixture of the team's that ours use", (), marks=pytest.mark.gate),
    ],
)
def test_both_in_one_suite(team: Project, name: str, options: tuple[str, ...]):
    head = f"HOME = {str(team.pytester.path)!r}\n"
    team.write(**{f"tests__{file}": head + text for file, text in SUITES[name].items()})
    result = team.pytest("tests", *options)
    assert result.ret == 0, result.stdout.str()
    assert (team.pytester.path / "airflow.cfg").read_text() == CONFIGURATION
    assert team.left_behind() == []


TAKEN = """
import pytest


@pytest.fixture
def world():
    return "another plugin's"


@pytest.fixture
def run_dag():
    raise AssertionError("never asked")
"""
PREFIXED = """
def test_prefixed(airflow_run_dag, airflow_world, airflow_dag_bag, airflow_frozen_time, airflow_explore, world):
    assert world == "another plugin's"
    airflow_world.set_variable("region", "eu")
    at = airflow_frozen_time.move_to("2025-01-03")
    result = airflow_run_dag("sales")
    assert result.state == "success"
    assert airflow_world.variables["last_total"] == "12"
    assert "sales" in airflow_dag_bag
    assert airflow_explore("sales").runs_always("at")
    assert airflow_frozen_time.now == at


def test_more(airflow_run_task, airflow_render_task, airflow_simulate, airflow_when_ready, airflow_world):
    assert airflow_run_task("sales", "total", xcoms={"double": [1, 2]}).xcom() == 3
    assert "echo 2025-01-01" in airflow_render_task("sales", "report")["bash_command"]
    assert airflow_simulate("2025-01-02", "1d").ok
    airflow_world.set_duration("sales.total", {"p0": 10, "p100": 20})
    assert 10 <= airflow_when_ready("sales", "2025-01-02", samples=5).quantile(0.5).total_seconds() <= 20


def test_short_names_that_are_ours(run_task):
    assert run_task("sales", "total", xcoms={"double": [1, 2]}).xcom() == 3
"""


@pytest.mark.gate
def test_every_fixture_has_a_second_name(project: Project):
    project.write(conftest=TAKEN, test_it=PREFIXED)
    result = project.pytest()
    result.assert_outcomes(passed=3)
    listed = project.pytest("--fixtures").stdout.str()
    import harness.pytest_plugin as plugin

    short = [name for name in plugin.__all__ if not name.startswith(("_", "pytest_", "airflow_"))]
    assert [name for name in short if f"airflow_{name}" not in listed] == []
