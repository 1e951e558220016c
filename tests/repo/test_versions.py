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

from tests.repo.pages import DOCUMENTED, toml
from tests.repo.sources import ROOT

PROJECT: Mapping[str, Any] = toml((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PYTHONS = [c.rpartition(" ")[2] for c in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", c)]
TOX = configparser.ConfigParser(interpolation=None)
TOX.read(ROOT / "tox.ini", encoding="utf-8")
AIRFLOWS = re.findall(r"^airflow\d+: apache-airflow==(\S+)\.\*$", TOX["testenv"]["deps"], re.MULTILINE)


def workflow(file: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / file).read_text(encoding="utf-8"))
    return found


def test_python_versions_agree() -> None:
    oldest, newest = PYTHONS[0], PYTHONS[-1]
    assert PROJECT["requires-python"] == f">={oldest},<3.{int(newest.split('.')[1]) + 1}"
    assert workflow("tests.yml")["jobs"]["tests"]["strategy"]["matrix"]["python"] == PYTHONS
    assert workflow("release.yml")["jobs"]["check"]["strategy"]["matrix"]["python"] == [oldest, newest]


def test_airflow_versions_agree() -> None:
    assert workflow("tests.yml")["jobs"]["tests"]["strategy"]["matrix"]["airflow"] == AIRFLOWS
    core = next(d for d in PROJECT["dependencies"] if d.startswith("apache-airflow-core"))
    assert core == f"apache-airflow-core>={AIRFLOWS[0]},<4"
    variables = re.findall(r"AIRFLOW_HARNESS_TEST_AIRFLOW = (\S+)", TOX["testenv"]["set_env"])
    assert variables == AIRFLOWS
    assert AIRFLOWS[-1] == DOCUMENTED


def test_tox_by_default_runs_lint_the_newest_and_the_oldest() -> None:
    lint, newest, oldest = TOX["tox"]["env_list"].split(", ")
    assert lint == "lint"
    assert newest.endswith(f"-airflow{AIRFLOWS[-1].replace('.', '')}")
    assert oldest == f"py{PYTHONS[0].replace('.', '')}-airflow{AIRFLOWS[0].replace('.', '')}"
    assert TOX["tox"]["skip_missing_interpreters"] == "false"


def test_ci_runs_the_test_command_of_the_readme() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "  pip install tox && tox\n" in script.read_text(encoding="utf-8")
    subprocess.run(["bash", "-n", script], check=True)


def test_the_changelog_has_a_place_for_what_comes() -> None:
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased" or headings[0] == PROJECT["version"]


@pytest.mark.parametrize("file", ["LICENSE", "CONTRIBUTING.md", "CHANGELOG.md", "README.md"])
def test_what_a_repository_has(file: str) -> None:
    assert (ROOT / file).stat().st_size > 500
