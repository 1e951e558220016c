import subprocess

import pytest

from tests.cli.project import Project

SHOP = """
from datetime import datetime

from airflow.sdk import DAG, task

with DAG("nightly", schedule="30 2 * * *", start_date=datetime(2025, 1, 1)):
    task(task_id="load", pool="db")(lambda: None)()

with DAG("weekly", schedule="@weekly", start_date=datetime(2025, 1, 1)):
    task(task_id="load")(lambda: None)()
"""


@pytest.fixture(scope="package")
def git():
    """Asks git in a folder, whatever the user's own settings are."""

    def ask(folder, *arguments):
        who = ["-c", "user.name=me", "-c", "user.email=me@example.com", "-c", "init.defaultBranch=main"]
        return subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout

    return ask


@pytest.fixture(scope="package")
def shop(tmp_path_factory, git):
    """A repository of git with two Dags."""
    project = Project(tmp_path_factory.mktemp("shop"))
    project.write("dags/shop.py", SHOP)
    git(project.folder, "init", "--quiet")
    git(project.folder, "add", ".")
    git(project.folder, "commit", "--quiet", "-m", "one")
    return project
