"""``diff --python`` from Airflow to Airflow, 3.1 to this one to 3.4: the five Dags as Airflow 3 spells them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.project import Project

from .both_spellings import THREE, spelt

ROOT = Path(__file__).parents[3]
CONSTRAINTS = ROOT / "tests" / "constraints"
PACKAGES = {
    "3.1": ("apache-airflow==3.1.*",),
    "3.4": (
        "apache-airflow>=3.4.0b2,<3.5",
        "apache-airflow-core>=3.4.0b2,<3.5",
        "apache-airflow-task-sdk>=1.4.0b2,<1.5",
    ),
}
RUN = ("diff", ".", "--since", "2025-01-01T12:00Z", "--until", "2025-01-03T12:00Z", "--world", "world.yaml")


@pytest.fixture(scope="session")
def python_of(tmp_path_factory):
    """``python_of("3.1")``: an interpreter with that Airflow and this package, made here unless one is named."""

    def made(version):
        named = os.environ.get(f"AIRFLOW_HARNESS_TEST_AIRFLOW_{version.replace('.', '_')}")
        if named:
            return Path(named)
        python = tmp_path_factory.mktemp(f"airflow{version}") / "bin" / "python"
        subprocess.run(["uv", "venv", "-q", "-p", "3.12", str(python.parents[1])], check=True)
        given = ["-c", str(CONSTRAINTS / f"airflow-{version}.txt"), "--override", str(CONSTRAINTS / "without.txt")]
        command = ["uv", "pip", "install", "-q", "--compile-bytecode", "-p", str(python), *given]
        subprocess.run([*command, *PACKAGES[version], "apache-airflow-providers-sqlite", str(ROOT)], check=True)
        return python

    return made


@pytest.fixture
def pipelines(tmp_path):
    """The five Dags in a repository."""
    project = Project(tmp_path)
    for name, text in {**spelt(THREE), "world.yaml": "connections: {till: {service: sqlite}}\n"}.items():
        project.write(name, text)
    subprocess.run(["git", "init", "-q"], cwd=project.folder, check=True)
    return project


def differences(project, before, after):
    """(area, subject, field) of what differs when the Dags are moved from one environment to another."""
    command = [str(before.with_name("airflow-harness")), *RUN, "--python", str(after), "--format", "json"]
    done = subprocess.run(
        command, cwd=project.folder, env=project.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    found = json.loads(done.stdout)
    return {(area["area"], one["subject"], one["field"]) for area in found["areas"] for one in area["changes"]}


@pytest.mark.nightly
def test_nothing_but_what_airflow_itself_has_otherwise_differs_on_the_way(pipelines, python_of):
    here = Path(sys.executable)
    assert differences(pipelines, python_of("3.1"), here) == {("rendered_fields", "prices.count", "op_args")}
    assert differences(pipelines, here, python_of("3.4")) == set()
