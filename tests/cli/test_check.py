"""``airflow-harness check`` as a process: what it says, what it writes, how it ends."""

import json
import signal
import subprocess
import time

import psutil
import pytest

from .project import TIMEOUT_S, Project

pytestmark = pytest.mark.gate

SALES = """
from airflow.sdk import DAG, task

with DAG("sales", schedule=None):

    @task(pool="elt")
    def load(): ...

    load()
"""
BROKEN = "from airflow.sdk import DAG\n\n1 / 0\n"
CLEAN = SALES.replace("elt", "etl").replace("sales", "clean")

TEXT = """\
import-error: ZeroDivisionError: division by zero
  where   dags/broken.py:3
  again   airflow-harness check dags/broken.py --select import-error

pool-missing: task 'load' asks for pool 'elt', which does not exist
  where   dags/sales.py:9  dag_id=sales task_id=load
  fix     pool='etl'?
  again   airflow-harness check dags/sales.py --select pool-missing

✗ 2 errors in 3 files, 2 Dags, 2 tasks"""


@pytest.fixture(scope="module")
def found(project):
    """A project with two defects, looked at once: later runs are answered from its cache."""
    project.write("fixtures/world.yaml", "pools: {etl: 3}\n")
    project.write("pyproject.toml", "")
    for name, text in (("sales", SALES), ("broken", BROKEN), ("clean", CLEAN)):
        project.write(f"dags/{name}.py", text)
    project.first = project("check")
    return project


def test_each_finding_is_a_block_in_the_house_style_and_a_line_counts(found):
    assert found.first.code == 1, found.first.err
    said, rest = found.first.out[: len(TEXT)], found.first.out[len(TEXT) :]
    assert said == TEXT
    assert rest.endswith(" real)\n")
    assert rest.count("\n") == 1
    assert found.first.err == ""
    assert found.left_behind() == []


def test_json_holds_the_findings_sorted_under_relative_paths(found):
    answer = found("check", "--format", "json", cwd=found.folder / "dags")
    assert answer.code == 1
    document = json.loads(answer.out)
    seconds = document["summary"].pop("seconds")
    assert [(len(one.pop("group")), one.pop("alike")) for one in document["findings"]] == [(12, 1), (12, 1)]
    assert seconds < 5
    assert document == {
        "schema": "airflow-harness/check/1",
        "findings": [
            {
                "check": "import-error",
                "severity": "error",
                "path": "broken.py",
                "line": 3,
                "dag_id": None,
                "task_id": None,
                "message": "ZeroDivisionError: division by zero",
                "fix": None,
            },
            {
                "check": "pool-missing",
                "severity": "error",
                "path": "sales.py",
                "line": 9,
                "dag_id": "sales",
                "task_id": "load",
                "message": "task 'load' asks for pool 'elt', which does not exist",
                "fix": "pool='etl'?",
            },
        ],
        "summary": {"files": 3, "dags": 2, "tasks": 2, "errors": 2, "warnings": 0, "cached": 3, "causes": 2},
    }


def test_reports_go_to_files_beside_stdout(found):
    answer = found("check", "--format", "json=out/a.json", "--format", "text=b.txt")
    assert answer.out.startswith(TEXT)
    assert (found.folder / "b.txt").read_text().startswith(TEXT)
    assert json.loads((found.folder / "out/a.json").read_text())["summary"]["errors"] == 2
    (found.folder / ".git").mkdir()
    answer = found(
        "check", "--format=github", "--format=sarif=c.sarif", "--format=junit=c.xml", cwd=found.folder / "dags"
    )
    assert answer.code == 1
    assert answer.out.splitlines()[0].startswith("::error file=dags/broken.py,line=3,title=import-error::Zero")
    (run,) = json.loads((found.folder / "dags/c.sarif").read_text())["runs"]
    assert len(run["results"]) == 2
    assert '<testcase classname="broken" name="import"' in (found.folder / "dags/c.xml").read_text()
    answer = found("check", "--format=json", "--output", "c.json")
    assert answer.out.startswith(TEXT)
    assert json.loads((found.folder / "c.json").read_text())["summary"]["errors"] == 2


def test_settings_and_the_command_line_choose_the_checks(found, tmp_path):
    folder = tmp_path / "with settings"
    (folder / "dags").mkdir(parents=True)
    (folder / "dags" / "sales.py").write_text(SALES)
    (folder / "w.yaml").write_text("pools: {etl: 3}\n")
    checks = 'pool-missing = "warning", owner = "error", unstable-dag = "off"'
    settings = f'[tool.airflow-harness]\nworld = "w.yaml"\nchecks = {{ {checks} }}\n'
    (folder / "pyproject.toml").write_text(settings)
    both = found("check", cwd=folder)
    assert both.code == 1
    assert "owner: " in both.out
    assert "pool-missing: task 'load' asks for pool 'elt', which does not exist  (warning)\n" in both.out
    assert "✗ 1 error, 1 warning in 1 file" in both.out
    one = found("check", "--ignore", "policy", cwd=folder)
    assert one.code == 0
    assert "✓ 1 warning in 1 file" in one.out
    none = found("check", "--select", "owner", "--ignore=owner", "dags/sales.py", cwd=folder)
    assert none.code == 0
    assert "✓ nothing found in 1 file, 1 Dag, 1 task" in none.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--select", "pool-mising"], "usage: --select 'pool-mising' is neither a check nor a family of checks"),
        (["--explain", "pool-mising"], "usage: no check 'pool-mising'"),
        (["--format", "jsn"], "usage: --format 'jsn' does not exist"),
        (["--format=text", "--format", "text"], "usage: text and text cannot both stand on stdout"),
        (["nowhere"], "no-dags-folder: nowhere does not exist"),
        (["out"], "no-dags-folder: no Dag file below"),
        (["--world", "nowhere.yaml"], "world: there is no file nowhere.yaml"),
        (["-j", "0"], "usage: Invalid value for '-j'"),
    ],
)
def test_what_cannot_mean_anything_is_exit_code_2(found, arguments, told):
    (found.folder / "out").mkdir(exist_ok=True)
    answer = found("check", *arguments)
    assert answer.code == 2, answer.err
    assert answer.err.startswith(told)
    assert "  again   airflow-harness check" in answer.err
    assert answer.out == ""


def test_an_error_is_a_document_where_json_is_asked_for(found):
    answer = found("check", "--format", "json", "--select", "cycles")
    assert answer.code == 2
    assert json.loads(answer.out)["error"]["known"].endswith("did you mean 'cycle'?")


def test_checks_are_listed_and_explained(found):
    listed = found("check", "--list").out.splitlines()
    assert "pool-missing" in {line.split()[0] for line in listed}
    assert next(line for line in listed if line.startswith("owner ")).split()[1:3] == ["off", "policy"]
    page = found("check", "--explain", "pool-missing").out
    assert page.startswith("pool-missing (error by default, family resources)\n\n")
    assert "Airflow leaves a task of such a pool in" in page


RAISING = """
import harness.checks.table as table
from dataclasses import replace

def fail(look):
    raise RuntimeError("unforeseen")

table.OURS = tuple(replace(one, function=fail) if one.id == "pool-missing" else one for one in table.OURS)
"""


def test_a_check_of_ours_that_raises_is_our_fault(found):
    patched = found.write("patched/sitecustomize.py", RAISING).parent
    answer = found("check", "dags/clean.py", "--no-cache", PYTHONPATH=str(patched))
    assert answer.code == 70, answer.out + answer.err
    assert "check-failed: the check 'pool-missing' raised RuntimeError: unforeseen of Dag 'clean'" in answer.out


def test_ctrl_c_ends_the_fork_servers_and_leaves_nothing(found):
    found.write("slow/slow.py", "import time\nfrom airflow.sdk import DAG\nprint()\ntime.sleep(60)\n")
    running = found.start("check", "slow", "--no-cache")
    deadline = time.monotonic() + TIMEOUT_S
    below = []
    while time.monotonic() < deadline and not any(child.children() for child in below):
        below = psutil.Process(running.pid).children()
        time.sleep(0.1)
    below = psutil.Process(running.pid).children(recursive=True)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=TIMEOUT_S)
    assert running.returncode == 130
    assert (out, err) == ("note stopped: 0 of 1 Dag files were looked at\n", "airflow-harness: interrupted\n")
    assert len(below) >= 2
    assert [child for child in below if child.is_running() and child.status() != psutil.STATUS_ZOMBIE] == []
    assert found.left_behind() == []


def test_a_baseline_lets_an_old_repository_start_green(found, tmp_path):
    folder = tmp_path / "old"
    dags = folder / "dags"
    dags.mkdir(parents=True)
    (dags / "sales.py").write_text(SALES)
    (folder / "w.yaml").write_text("pools: {etl: 3}\n")
    (folder / "pyproject.toml").write_text(
        '[tool.airflow-harness]\nworld = "w.yaml"\nchecks = { unstable-dag = "off" }\n'
    )
    wrote = found("check", "--write-baseline", cwd=folder)
    assert wrote.code == 0
    assert "note wrote 1 finding to airflow-harness-baseline.json\n" in wrote.out
    (dags / "sales.py").write_text("# moved down\n" + SALES)
    green = found("check", cwd=folder)
    assert green.code == 0
    assert "✓ nothing found in 1 file, 1 Dag, 1 task; 1 in the baseline" in green.out
    assert found("check", "--no-baseline", cwd=folder).code == 1
    (dags / "sales.py").write_text(CLEAN.replace("clean", "sales"))
    gone = found("check", cwd=folder)
    assert gone.code == 0
    assert "note the baseline names pool-missing in dags/sales.py, which is gone: task 'load' asks" in gone.out
    assert found("check", "--baseline", "nowhere.json", cwd=folder).code == 2


def test_a_waiver_with_a_reason_is_counted(found, tmp_path):
    folder = tmp_path / "waived"
    (folder / "dags").mkdir(parents=True)
    text = SALES.replace("    load()\n", "    load()  # harness: ignore[pool-missing] made by Terraform\n")
    (folder / "dags" / "sales.py").write_text(text)
    world = found.folder / "fixtures/world.yaml"
    answer = found("check", "--world", world, "--format", "json=a.json", cwd=folder)
    assert answer.code == 0, answer.out
    assert "✓ nothing found in 1 file, 1 Dag, 1 task; 1 waived" in answer.out
    assert json.loads((folder / "a.json").read_text())["findings"] == []


def test_what_nothing_changed_is_not_looked_at(found, tmp_path):
    folder = tmp_path / "changed"
    (folder / "dags").mkdir(parents=True)
    (folder / "dags" / "sales.py").write_text(SALES)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.test"]
    for arguments in (["init"], ["add", "."], ["commit", "-m", "first"]):
        subprocess.run([*git, *arguments], cwd=folder, check=True, capture_output=True)
    answer = found("check", "--changed-since", "HEAD", cwd=folder)
    assert answer.code == 0
    assert "note 0 of 1 Dag files can have been touched since HEAD\n" in answer.out
    assert "✓ nothing found in 0 files" in answer.out


def test_a_project_without_a_dag_is_not_clean(project, tmp_path):
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "none.py").write_text("# neither airflow nor a dag\nLIMIT = 3\n")
    whole = project("check", cwd=tmp_path)
    assert whole.code == 2
    assert whole.err.startswith("no-dags-folder: no Dag in 1 file")
    assert "dags/none.py" in whole.err
    assert project("check", "dags/none.py", cwd=tmp_path).code == 0  # as pre-commit names files


def test_what_has_not_changed_is_answered_with_little_imported(tmp_path):
    """Each of them costs as much as the whole look at what is kept."""
    plain = Project(tmp_path)
    plain.write("dags/sales.py", SALES.replace('pool="elt"', ""))
    plain("check")
    plain("check")  # from now on it is known, too, that the project has no checks of its own
    said = plain("check", PYTHONPROFILEIMPORTTIME="1")
    assert "1 cached" in said.out
    imported = {line.rpartition("|")[2].strip() for line in said.err.splitlines()}
    assert "harness.gate.run" in imported
    costly = {"importlib.metadata", "subprocess", "socket", "ctypes", "statistics", "zoneinfo", "rich", "pydantic"}
    assert imported & {"airflow", *costly, "harness.gate.worker_pool", "harness.bridge.parsing.watching.watch"} == set()


@pytest.mark.parametrize("more", [(), ("--write-baseline",), ("--no-baseline",)])
def test_a_folder_is_no_baseline(found, tmp_path, more):
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags/sales.py").write_text("from airflow.sdk import DAG\nwith DAG('sales', schedule=None): ...\n")
    answer = found("check", "--baseline", "dags", *more, cwd=tmp_path)
    assert answer.code == 2
    assert "usage: --baseline dags is a folder" in answer.err
    assert "--baseline dags/airflow-harness-baseline.json" in answer.err
