"""What starting pytest with the plugin costs and touches: nothing, until a project has Dags."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from tests import warm
from tests.plugin.conftest import Project

MOST = 0.1
"""Of what pytest and its plugins take; it was 0.04 when this was written."""

SEES = """
import os
import sys

NAMES = ("AIRFLOW_HOME", "AIRFLOW_CONFIG", "AIRFLOW__CORE__LOAD_EXAMPLES")
HEAVY = ("airflow", "greenlet", "pydantic", "yaml", "psycopg2", "rich", "click", "harness.bridge.loader")
"""


@pytest.fixture(autouse=True)
def cold(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(warm, "start", warm.cold)


def test_importing_the_plugin_is_cheap(bare: Project, monkeypatch: pytest.MonkeyPatch):
    """Its share of all that pytest imports, byte code on disk: milliseconds would measure the machine."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(bare.pytester.path / "bytecode"))
    bare.write(test_it="def test_it(): pass\n")
    imported(bare)  # writes the byte code
    shares = [imported(bare) for _ in range(3)]
    assert 0 < min(shares) < MOST, shares


def imported(project: Project) -> float:
    run = project.pytester.run(sys.executable, "-X", "importtime", "-m", "pytest", "-p", "no:cacheprovider")
    run.assert_outcomes(passed=1)
    rows = [line.split("|") for line in run.errlines if line.startswith("import time:") and "| " in line]
    took = {row[2].strip(): int(row[0].partition(":")[2]) for row in rows[1:]}
    assert not [name for name in took if name.partition(".")[0] in ("airflow", "greenlet", "pydantic")]
    return sum(us for name, us in took.items() if name.startswith("harness")) / sum(took.values())


def test_a_project_without_dags_does_not_notice(bare: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AIRFLOW_HOME", "/somewhere")
    bare.write(
        conftest=SEES
        + """
def pytest_configure(config):
    assert not [name for name in HEAVY if name in sys.modules]
""",
        test_it=SEES
        + """
def test_it():
    assert [os.environ.get(name) for name in NAMES] == ["/somewhere", None, None]
    assert not [name for name in HEAVY if name in sys.modules]
""",
    )
    bare.pytest().assert_outcomes(passed=1)
    assert bare.left_behind() == []


def test_fixtures_work_without_a_dag_folder(bare: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AIRFLOW_HOME", str(decoy(bare)))
    before = fingerprint(bare.pytester.path / "decoy")
    bare.write(
        test_it="""
import os

import pytest

from harness.errors import NoDagsFolder


def test_it(run_dag):
    from airflow.sdk import DAG, task

    with DAG("here", schedule=None) as dag:
        @task
        def one():
            return 1

        one()
    assert run_dag(dag).task("one").xcom() == 1
    with pytest.raises(NoDagsFolder, match="--airflow-dags"):
        run_dag("other")


def test_no_bag(dag_bag):
    assert False, "never reached"
"""
    )
    result = bare.pytest()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["no-dags-folder: this project names no Dag folder"])
    assert fingerprint(bare.pytester.path / "decoy") == before
    assert bare.left_behind() == []


@pytest.mark.parametrize("options", [(), ("-n", "1")], ids=["one process", "xdist"])
def test_the_owners_airflow_stays_as_it_is(project: Project, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]):
    """Where nobody else imports Airflow, its home is a throw-away one, in xdist workers too; then all is back."""
    home = decoy(project)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AIRFLOW_HOME", str(home))
    before = fingerprint(home)
    project.write(
        test_it="""
import os
import sys

import psutil


def test_not_yet():
    assert os.environ["AIRFLOW_HOME"] == os.environ["HOME"]
    assert "airflow" not in sys.modules


def test_home(dag_bag):
    from airflow.configuration import AIRFLOW_HOME, conf

    assert os.environ["AIRFLOW_HOME"] == AIRFLOW_HOME != os.environ["HOME"]
    assert not conf.getboolean("core", "load_examples")
    assert "none.db" in conf.get("database", "sql_alchemy_conn")


def test_between():
    assert os.environ["AIRFLOW_HOME"] == os.environ["HOME"]
    assert "airflow" not in sys.modules


def test_run(run_dag):
    assert run_dag("sales").state == "success"
    family = psutil.Process(int(os.environ["FIRST"])).children(recursive=True)
    assert not [process for process in family if "postgres" in process.name() or "reaper" in str(process.cmdline())]
""",
        main="""
import os, sys, pytest

os.environ["FIRST"] = str(os.getpid())  # its parent runs our own tests, whose Postgres is none of this project's
before = dict(os.environ)
code = pytest.main(["-p", "no:cacheprovider", *sys.argv[1:]])
changed = set(before.items()) ^ set(os.environ.items())
assert not [name for name, value in changed if not name.startswith("PYTEST_")], changed
sys.exit(code)
""",
    )
    result = project.pytester.run(sys.executable, "main.py", "--no-airflow-checks", *options)
    assert result.ret == 0, result.stdout.str() + result.stderr.str()
    result.assert_outcomes(passed=4)
    assert fingerprint(home) == before
    assert project.left_behind() == []


def decoy(project: Project) -> Path:
    """A home that is somebody's: nothing may change in it."""
    home = project.pytester.path / "decoy"
    home.mkdir()
    (home / "airflow.cfg").write_text("[core]\nload_examples = True\n")
    (home / "airflow.db").write_bytes(b"precious")
    return home


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file below the folder with the digest of its bytes; folders too."""
    found = {}
    for path in sorted(folder.rglob("*")):
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        found[str(path.relative_to(folder))] = digest
    return found


MINE = "MINE = 1\n"
HIDDEN = "module-hidden: the project's own module 'harness' is hidden by this program's package of that name"


def started(project: Project, *options: str) -> pytest.RunResult:
    """``python -m pytest``, which puts the working directory first on ``sys.path``."""
    return project.pytester.run(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options)


@pytest.mark.parametrize(("module", "hides"), [("harness.py", 1), ("harness/__init__.py", 1), ("harness/tools.py", 0)])
def test_a_module_of_our_name_first_on_the_path_is_no_end_of_pytest(bare: Project, module: str, hides: int):
    """The plugin is the one that is installed; a folder of modules alone comes after packages wherever it is."""
    (bare.pytester.path / module).parent.mkdir(exist_ok=True)
    (bare.pytester.path / module).write_text(MINE)
    bare.write(test_it="def test_it(world):\n    assert world.connections == {}\n")
    run = started(bare)
    run.assert_outcomes(passed=1)
    told = [line for line in run.outlines if "is hidden by this plugin's package" in line]
    assert len(told) == hides


def test_a_dag_that_imports_a_module_of_our_name_is_one_clear_error(project: Project):
    project.write(airflow_cfg="", harness=MINE, dags__imports="from airflow.sdk import DAG\nimport harness\n")
    run = started(project)
    assert run.ret == pytest.ExitCode.USAGE_ERROR
    assert HIDDEN in run.stderr.str()
    assert "Traceback" not in run.stdout.str() + run.stderr.str()


def test_a_module_of_our_name_that_came_before_us_is_one_clear_error(bare: Project):
    bare.write(harness=MINE, early="import harness\n", test_it="def test_it(): pass\n")
    run = started(bare, "-p", "early")
    assert run.ret == pytest.ExitCode.USAGE_ERROR
    assert "module-hidden: the package 'harness' of airflow-harness is hidden by a module" in run.stderr.str()
    assert "Traceback" not in run.stderr.str()
    started(bare, "-p", "early", "-p", "no:airflow_harness").assert_outcomes(passed=1)


def test_pytest_knows_the_plugin_by_its_name_and_place(bare: Project):
    bare.write(harness=MINE, test_it="def test_it(world): pass\n")
    run = started(bare, "--trace-config")
    run.assert_outcomes(passed=1)
    assert [line for line in run.outlines if "airflow_harness" in line and "harness/pytest_plugin/__init__.py" in line]
