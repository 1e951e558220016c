"""Every place that names the supported versions names the same ones, and CI runs the test command of the README."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from harness.project.installed import NEWEST_TESTED
from tests.repo.docs.pages import DOCUMENTED, toml
from tests.repo.sources import ROOT

PROJECT: Mapping[str, Any] = toml((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PYTHONS = [c.rpartition(" ")[2] for c in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", c)]
TOX = configparser.ConfigParser(interpolation=None)
TOX.read(ROOT / "tox.ini", encoding="utf-8")
PINS = re.findall(r"^airflow\d+: apache-airflow(==|>=)(\d+\.\d+)(\S*)$", TOX["testenv"]["deps"], re.MULTILINE)
AIRFLOWS = [version for _, version, _ in PINS]
RELEASED = [version for relation, version, _ in PINS if relation == "=="]
ALLOWED = {"3.1": ("3.10", "3.13"), "3.2": ("3.10", "3.14"), "3.3": ("3.10", "3.14"), "3.4": ("3.11", "3.14")}
"""The oldest and the newest Python that each Airflow allows."""


def workflow(file: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / file).read_text(encoding="utf-8"))
    return found


def allowed(airflow: str, python: str) -> bool:
    oldest, newest = ALLOWED[airflow]
    return PYTHONS.index(oldest) <= PYTHONS.index(python) <= PYTHONS.index(newest)


def environments(label: str) -> list[str]:
    """The environments of a label of tox, written out."""
    (line,) = re.findall(rf"^{label} = (.+)$", TOX["tox"]["labels"], re.MULTILINE)
    found = []
    for one in re.split(r", (?![^{]*\})", line):
        head, _, rest = one.partition("{")
        tails, _, end = rest.partition("}")
        found += [f"{head}{tail}{end}" for tail in tails.split(",")] if rest else [one]
    return found


def test_python_versions_agree() -> None:
    oldest, newest = PYTHONS[0], PYTHONS[-1]
    assert PROJECT["requires-python"] == f">={oldest},<3.{int(newest.split('.')[1]) + 1}"
    assert workflow("nightly.yml")["jobs"]["tests"]["strategy"]["matrix"]["python"] == PYTHONS
    assert workflow("release.yml")["jobs"]["check"]["strategy"]["matrix"]["python"] == [oldest, newest]


def test_airflow_versions_agree() -> None:
    assert list(ALLOWED) == AIRFLOWS
    assert workflow("nightly.yml")["jobs"]["tests"]["strategy"]["matrix"]["airflow"] == AIRFLOWS
    core = next(d for d in PROJECT["dependencies"] if d.startswith("apache-airflow-core"))
    assert core == f"apache-airflow-core>={AIRFLOWS[0]},<4"
    variables = re.findall(r"AIRFLOW_HARNESS_TEST_AIRFLOW = (\S+)", TOX["testenv"]["set_env"])
    assert variables == AIRFLOWS
    assert RELEASED[-1] == DOCUMENTED
    assert ".".join(map(str, NEWEST_TESTED)) == AIRFLOWS[-1]


def test_every_night_all_combinations_are_tried_that_airflow_allows() -> None:
    pairs = {(python, airflow) for python in PYTHONS for airflow in AIRFLOWS if allowed(airflow, python)}
    matrix = workflow("nightly.yml")["jobs"]["tests"]["strategy"]["matrix"]
    left_out = {(one["python"], one["airflow"]) for one in matrix["exclude"]}
    assert {(python, airflow) for python in PYTHONS for airflow in AIRFLOWS} - left_out == pairs
    names = {f"py{python}-airflow{airflow}".replace(".", "") for python, airflow in pairs}
    assert set(environments("all")) == {"lint", "pipelines", *names}


@pytest.mark.parametrize("airflow", AIRFLOWS)
def test_each_airflow_is_tried_with_what_it_was_released_with(airflow: str) -> None:
    file = f"tests/constraints/airflow-{airflow}.txt"
    factor = f"airflow{airflow.replace('.', '')}"
    assert f"{factor}: UV_CONSTRAINT = {{tox_root}}/{file}" in TOX["testenv"]["set_env"].splitlines()
    pinned = re.findall(r"^([a-z-]+)==[\d.]+(?:; .+)?$", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    assert {"cadwyn", "fastapi", "pydantic", "sqlalchemy"} <= set(pinned)


def test_tox_by_default_runs_lint_the_newest_release_and_the_pipelines_on_any_python() -> None:
    assert TOX["tox"]["env_list"].split(", ") == ["lint", f"airflow{RELEASED[-1].replace('.', '')}", "pipelines"]
    assert TOX["tox"]["skip_missing_interpreters"] == "false"


def test_ci_samples_the_oldest_and_the_newest_airflow() -> None:
    oldest, newest = environments("further")
    assert oldest == f"py{PYTHONS[0]}-airflow{AIRFLOWS[0]}-sample".replace(".", "")
    assert re.fullmatch(rf"py3\d+-airflow{AIRFLOWS[-1].replace('.', '')}-sample", newest)
    matrix = workflow("tests.yml")["jobs"]["tests"]["strategy"]["matrix"]["include"]
    assert {one["tox"] for one in matrix} == {*TOX["tox"]["env_list"].split(", "), oldest, newest} - {"lint"}


def test_ci_runs_the_test_command_of_the_readme() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "  pip install tox && tox\n" in script.read_text(encoding="utf-8")
    assert "tox list -m further" in script.read_text(encoding="utf-8")
    subprocess.run(["bash", "-n", script], check=True)


def test_the_changelog_has_a_place_for_what_comes() -> None:
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased" or headings[0] == PROJECT["version"]


@pytest.mark.parametrize("file", ["LICENSE", "CONTRIBUTING.md", "CHANGELOG.md", "README.md"])
def test_what_a_repository_has(file: str) -> None:
    assert (ROOT / file).stat().st_size > 500
