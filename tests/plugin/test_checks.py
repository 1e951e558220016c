"""Dag files as test items: which there are, what they say, and how pytest's own options meet them."""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.plugin.conftest import Project

pytestmark = pytest.mark.gate

SALES = """
from airflow.sdk import DAG, task

with DAG("sales", schedule=None):

    @task(pool="elt")
    def load(): ...

    load()

with DAG("more", schedule=None):

    @task
    def load(): ...

    load()
"""
BROKEN = "from airflow.sdk import DAG\n\n1 / 0\n"
BLOCK = """\
pool-missing: task 'load' asks for pool 'elt', which does not exist
  where   dags/sales.py:9  dag_id=sales task_id=load
  fix     pool='etl'?
  again   pytest dags/sales.py::sales::pool-missing
"""
ONCE = "[tool.airflow-harness.checks]\nunstable-dag = 'off'\n"
"""So that each file is parsed once, which takes half as long."""
FAILED = ["dags/broken.py::import", "dags/build/sales.py::import", "dags/sales.py::sales::pool-missing"]


@pytest.fixture
def company(bare: Project) -> Project:
    """Three Dag files with a defect each, one of them in a folder that pytest would leave out; and a test."""
    bare.write(
        dags__sales=SALES,
        dags__broken=BROKEN,
        dags__build__sales=BROKEN.replace("1 / 0", "nowhere"),
        tests__test_it="def test_it():\n    pass\n",
        fixtures__world_yaml="pools: {etl: 3}\n",
        pyproject_toml=ONCE,
    )
    (bare.pytester.path / "dags/build/__init__.py").write_text("raise SystemExit('pytest imported a Dag folder')\n")
    return bare


def ids(result: pytest.RunResult) -> list[str]:
    """Node ids that ``--collect-only -q`` lists."""
    return [line for line in result.outlines if "::" in line and " " not in line]


def failed(result: pytest.RunResult) -> list[str]:
    return sorted(match[1] for line in result.outlines if (match := re.match(r"FAILED (\S+)", line)))


def test_every_check_on_every_file_and_dag_is_an_item(company: Project):
    first = company.checked("--collect-only", "-q")
    assert first.ret == 0
    listed = ids(first)
    assert [one for one in listed if "broken" in one] == ["dags/broken.py::import"]
    assert {"dags/sales.py::import", "dags/sales.py::external-dag", "dags/sales.py::sales::pool-missing"} <= set(listed)
    of_dags = {dag: [one for one in listed if f"::{dag}::" in one] for dag in ("sales", "more")}
    assert len(of_dags["sales"]) == len(of_dags["more"]) > 3
    assert not [one for one in listed if "owner" in one]  # a policy
    assert len(listed) == len(set(listed))
    assert ids(company.checked("--collect-only", "-q", "-n", "2")) == listed

    run = company.checked("-n", "2", "--junitxml=junit.xml")
    assert failed(run) == FAILED
    run.assert_outcomes(passed=len(listed) - 3, failed=3)
    assert BLOCK in run.stdout.str()
    assert "Traceback" not in run.stdout.str()
    run.stdout.fnmatch_lines(["FAILED dags/sales.py::sales::pool-missing - pool-missing: task 'load' asks *"])
    cases = ElementTree.parse(company.pytester.path / "junit.xml").getroot().iter("testcase")
    found = {(case.get("classname"), case.get("name")): case.find("failure") for case in cases}
    failure = found["dags.sales.sales", "pool-missing"]
    assert failure is not None
    assert str(failure.get("message")).startswith("pool-missing: task 'load' asks for pool 'elt'")
    assert found["dags.sales.more", "pool-missing"] is None

    check_options(company, listed)


def check_options(company: Project, listed: list[str]) -> None:
    """What users know of pytest holds; one project, so that the gate answers from its cache."""
    again = company.checked("--lf", "-q")
    assert failed(again) == FAILED
    again.assert_outcomes(failed=3)
    assert len(failed(company.checked("-x"))) == 1
    one = company.checked("dags/sales.py::sales::pool-missing")
    one.assert_outcomes(failed=1)
    one.stdout.fnmatch_lines(["airflow-harness: 1 Dag file checked in *"])
    company.checked("-k", "pool-missing and more").assert_outcomes(passed=1, deselected=len(listed) - 1)
    by_family = company.checked("-k", "graph", "--collect-only", "-q")
    assert {one.rpartition("::")[2] for one in ids(by_family)} >= {"cycle"}
    company.checked("-m", "not airflow_check").assert_outcomes(passed=1, deselected=len(listed) - 1)
    company.checked("--deselect", "dags/sales.py", "--ignore=dags/build", "--ignore=dags/broken.py").assert_outcomes(
        passed=1, deselected=len([one for one in listed if one.startswith("dags/sales")])
    )
    company.checked("dags/sales.py::sales::nothing").stderr.fnmatch_lines(["ERROR: not found: *::nothing"])


@pytest.mark.parametrize(
    ("settings", "options", "collected"),
    [
        ("", ("tests",), False),
        ("", (".",), True),
        ("", ("dags",), True),
        ("", ("tests", "--airflow-dags", "dags"), True),
        ("", ("--no-airflow-checks",), False),
        ("[tool.airflow-harness]\npytest-checks = false\n", (), False),
        ("[tool.airflow-harness]\npytest-checks = false\n", ("--airflow-dags=dags",), False),
        ("[tool.pytest.ini_options]\ntestpaths = ['tests']\n", (), True),
        ("[tool.pytest.ini_options]\naddopts = '--airflow-dags=dags'\n", ("tests",), False),
        ("[tool.airflow-harness.checks]\nresources = 'off'\n", ("-k", "pool"), False),
        ("[tool.airflow-harness.per-path-ignores]\n'dags/s*' = ['resources']\n", ("-k", "pool"), False),
    ],
)
def test_dags_are_collected_where_they_are_asked_for(
    company: Project, settings: str, options: tuple[str, ...], collected: bool
):
    company.write(pyproject_toml=settings, conftest=GATE)
    listed = ids(company.checked("--collect-only", "-q", *options))
    assert ("dags/sales.py::sales::pool-missing" in listed) is collected
    assert (company.pytester.path / "asked").exists() is (collected or "-k" in options)


GATE = """
from pathlib import Path

import harness.gate.inspection as inspection
from harness.gate.check_result import FileResult, GateResult

def run(files, options):
    with Path("asked").open("a") as asked:
        asked.write("once\\n")
    results = tuple(FileResult(str(file.path), ("more", "sales")) for file in files)
    return GateResult(results, dict(options.parse.selection.severities))

inspection.run_gate = run
"""
"""The gate without parsing, for what is about pytest alone: each file holds the Dags "more" and "sales"."""


def test_warnings_are_shown_and_do_not_fail(company: Project):
    company.write(
        pyproject_toml=ONCE + "pool-missing = 'warning'\n",
        dags__broken="",
        dags__build__sales="",
    )
    shown = company.checked("-k", "pool-missing")
    shown.assert_outcomes(passed=2, warnings=1, deselected=len(ids(company.checked("--collect-only", "-q"))) - 2)
    shown.stdout.fnmatch_lines(
        [
            "dags/sales.py::sales::pool-missing",
            "*dags/sales.py:9: CheckWarning: pool-missing: task 'load' asks for pool 'elt', *(warning)",
            "    where   dags/sales.py:9  dag_id=sales task_id=load",
        ]
    )
    strict = company.checked("-k", "pool-missing", "-W", "error::harness.pytest_plugin.checks.CheckWarning")
    assert failed(strict) == ["dags/sales.py::sales::pool-missing"]
    assert "Traceback" not in strict.stdout.str()


def test_waivers_and_the_baseline_hold_here_too(company: Project):
    company.write(
        dags__broken="",
        dags__build__sales="",
        dags__sales=SALES.replace("    load()\n", "    load()  # harness: ignore[pool-missing]\n", 1),
    )
    result = company.checked("dags")
    assert failed(result) == ["dags/sales.py::sales::pool-missing"]
    result.stdout.fnmatch_lines(["*CheckWarning: waiver: the waiver of 'pool-missing' gives no reason*"])
    entry = {"check": "pool-missing", "path": "dags/sales.py", "dag_id": "sales", "task_id": "load"}
    known = {**entry, "message": "task 'load' asks for pool 'elt', which does not exist"}
    document = {"schema": "airflow-harness/baseline/1", "findings": [known]}
    (company.pytester.path / "airflow-harness-baseline.json").write_text(json.dumps(document))
    assert failed(company.checked("dags")) == []


@pytest.mark.parametrize(
    ("settings", "options", "told"),
    [
        ("[tool.airflow-harness.checks]\npool-mising = 'error'\n", (), "did you mean 'pool-missing'"),
        ("", ("--airflow-dags", "tests"), "no-dags-folder: no Dag file below"),
        ("", ("--airflow-dags", "nothing", "-o", "addopts="), "no-dags-folder: no Dag in 1 file"),
        ("", ("--airflow-world", "dags/sales.py"), "is not valid YAML"),
    ],
)
@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["one process", "xdist"])
def test_what_cannot_be_meant_stops_pytest(company: Project, settings: str, options, told: str, workers):
    company.write(pyproject_toml=settings, nothing__helper="# airflow: not yet a DAG\n")
    result = company.checked(*options, *workers)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert told in result.stderr.str()
    assert "Traceback" not in result.stderr.str()


def test_the_gate_runs_once_whatever_the_number_of_workers(company: Project):
    company.write(conftest=GATE)
    listed = ids(company.checked("--collect-only", "-q"))
    company.checked("-n", "3").assert_outcomes(passed=len(listed))
    assert (company.pytester.path / "asked").read_text() == "once\n" * 2


OWN = """
import pytest

import harness


@pytest.fixture
def something():
    return 1


@harness.check("team-owner")
def team_owner(look):
    if look.dag_id == "sales":
        yield harness.Problem(f"Dag {look.dag_id!r} belongs to nobody")
"""


def test_checks_of_conftest_are_items_like_the_others(company: Project):
    company.write(conftest=OWN, tests__test_it="def test_it(something):\n    assert something == 1\n")
    result = company.checked("-k", "team-owner or test_it", "-n", "1")
    assert failed(result) == ["dags/sales.py::sales::team-owner"]
    result.assert_outcomes(failed=1, passed=2)


def test_the_command_line_and_pytest_answer_from_one_cache(company: Project):
    command = str(Path(sys.executable).with_name("airflow-harness"))
    company.pytester.run(command, "check").stdout.fnmatch_lines(["* 3 errors in 3 files, *"])
    no_worker_pool = (
        "from importlib import import_module\nimport_module('har' + 'ness.gate.worker_pool').WorkerPool = None\n"
    )
    company.write(conftest=no_worker_pool)  # what would be parsed now, would raise
    result = company.checked("dags")
    assert failed(result) == FAILED


def test_a_project_with_dags_imports_no_airflow_where_they_are_not_collected(project: Project):
    project.write(
        test_it="""
import sys

def test_it():
    assert "airflow" not in sys.modules
    assert "harness.gate.run" not in sys.modules
"""
    )
    project.checked("test_it.py").assert_outcomes(passed=1)


def test_a_project_is_checked_from_above_where_its_dags_are_named(bare: Project):
    bare.write(below__dags__sales=SALES, below__fixtures__world_yaml="pools: {etl: 3}\n", below__pyproject_toml=ONCE)
    bare.write(below__tests__test_it="def test_it(dag_bag):\n    assert set(dag_bag) == {'sales', 'more'}\n")
    found = bare.checked("below/dags")
    assert failed(found) == ["below/dags/sales.py::sales::pool-missing"]
    assert bare.checked("below/tests").ret == 0


def test_a_warning_whose_place_is_another_file_is_a_warning(bare: Project):
    plugin = "from airflow.plugins_manager import Nothing\n"
    bare.write(dags__sales=SALES.replace('pool="elt"', ""), plugins__taxes=plugin, airflow_cfg="")
    run = bare.checked("-k", "plugin-error", "-W", "default")
    assert run.ret == 0
    run.assert_outcomes(passed=1, deselected=run.parseoutcomes()["deselected"], warnings=1)
    run.stdout.fnmatch_lines(["*CheckWarning: plugin-error: plugin 'taxes.py' does not load: ImportError: *"])
