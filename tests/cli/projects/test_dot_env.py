"""A line of ``.env`` that python-dotenv cannot read is told by every command, once, and without its text."""

import pytest

from tests.cli.project import Project

pytestmark = pytest.mark.gate  # whole processes that parse

DAG = """
from airflow.sdk import DAG, task

with DAG("sales", schedule=None):
    @task
    def load(): ...
    load()
"""
TOLD = "note .env:4 cannot be read as NAME=value, and is passed over"


@pytest.fixture(scope="module")
def unread(tmp_path_factory):
    """A project whose ``.env`` has a line that is no assignment."""
    project = Project(tmp_path_factory.mktemp("env"))
    project.write("dags/sales.py", DAG)
    project.write(".env", "REGION=eu\n# of the team\n\nhunter2 is the password\nSTAGE=dev\n")
    return project


@pytest.mark.parametrize(
    "command",
    [
        ("check",),
        ("init", "--print"),
        ("run", "sales"),
        ("simulate", "--since", "2025-01-01", "--until", "1d"),
        ("verify", "sales", "--limit", "0.1"),
    ],
)
def test_each_command_tells_the_line(unread, command):
    answer = unread(*command)
    told = answer.out + answer.err
    assert told.count(TOLD) == 1, told
    assert "hunter2" not in told
