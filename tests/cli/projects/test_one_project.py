"""``check``, ``init``, ``run``, ``simulate``, ``verify`` and pytest see one project, however it is laid out."""

from __future__ import annotations

import json

import pytest

from tests.cli.project import Project

from .layouts import LAYOUTS, Layout

pytestmark = pytest.mark.programs

QUICK = ("plugins",)
SAMPLE = (
    "a package below a git root",
    "ignored by regexp",
    "plugins",
    "settings in .env",
    "the world at the top level",
)
"""Layouts that every CI run has before all six commands; six whole processes for each of the others are the night's."""
TEST = """
import json


def test_it(run_dag, dag_bag):
    assert not dag_bag.import_errors
    run = run_dag("laid")
    found = {"dags": {dag_id: sorted(dag.task_dict) for dag_id, dag in dag_bag.items()}}
    found |= {"says": run.task("says").xcom(), "told": run.task("told").xcom() or ""}
    with open("seen.json", "w") as file:
        json.dump(found, file)
"""


@pytest.fixture
def laid_out(tmp_path):
    """A layout, written."""

    def make(layout: Layout) -> Project:
        project = Project(tmp_path)
        layout.write(project.folder)
        return project

    return make


def run_of(project: Project, layout: Layout) -> tuple[object, str]:
    """What the first run's tasks return, through the command line."""
    answer = project("run", "laid", "--dags", layout.dags, "--json", **layout.shell(project.folder))
    assert answer.code == 0, answer.out[-3000:] + answer.err
    found = {ti["task_id"]: ti["xcoms"].get("return_value") for ti in json.loads(answer.out)["task_instances"]}
    return found["says"], found["told"] or ""


def pytest_of(project: Project, layout: Layout) -> dict[str, object]:
    """The same, and the Dags with their tasks, through the fixtures."""
    (project.folder / "test_it.py").write_text(TEST)
    options = ["-q", "--no-airflow-checks", "--airflow-dags", layout.dags, "--rootdir", ".", "test_it.py"]
    done = project.pytest(*options, **layout.shell(project.folder))
    assert done.code == 0, done.out[-4000:] + done.err[-1000:]
    found: dict[str, object] = json.loads((project.folder / "seen.json").read_text())
    return found


def check_of(project: Project, layout: Layout) -> tuple[int, int]:
    """Files and Dags that the checks see; nothing of theirs fails."""
    shell = layout.shell(project.folder)
    answer = project("check", layout.dags, "--format", "json", "--no-cache", "--select", "import-error", **shell)
    assert answer.code == 0, answer.out + answer.err
    summary = json.loads(answer.out)["summary"]
    assert summary["tasks"] == 2 * summary["dags"]
    return summary["files"], summary["dags"]


@pytest.mark.parametrize("name", QUICK)
def test_a_run_and_the_fixtures_see_what_the_project_means(laid_out, name):
    layout = LAYOUTS[name]
    project = laid_out(layout)
    assert run_of(project, layout) == (layout.says, layout.told)
    seen = pytest_of(project, layout)
    assert (seen["says"], seen["told"]) == (layout.says, layout.told)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.gate if name in SAMPLE else pytest.mark.nightly) for name in LAYOUTS]
)
def test_all_six_see_the_same(laid_out, name):
    layout = LAYOUTS[name]
    project = laid_out(layout)
    shell = layout.shell(project.folder)
    assert check_of(project, layout) == layout.count
    assert project("init", "--dags", layout.dags, "--print", **shell).code == 0
    assert run_of(project, layout) == (layout.says, layout.told)
    seen = pytest_of(project, layout)
    assert (seen["says"], seen["told"], len(seen["dags"])) == (layout.says, layout.told, layout.count[1])
    assert all(tasks == ["says", "told"] for tasks in seen["dags"].values())
    since = ["--since", "2025-01-06", "--until", "8d", "--dag", "laid", "--dags", layout.dags]
    simulated = project("simulate", *since, "--json", **shell)
    assert simulated.code == 0, simulated.out[-3000:] + simulated.err
    assert {run["state"] for run in json.loads(simulated.out)["runs"]} == {"success"}
    verified = project("verify", "laid", "--dags", layout.dags, **shell)
    assert verified.code == 0, verified.out + verified.err
