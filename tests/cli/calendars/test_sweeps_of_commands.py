"""``simulate --vary`` with several processes: the same answers for people and for programs, also when it is stopped."""

import json
import re
import signal
import time

import pytest

from tests.cli.project import Project
from tests.repo.schemas import faults

pytestmark = pytest.mark.programs

ORDERS = """
from datetime import datetime
from pathlib import Path

from airflow.sdk import DAG, task

with DAG("orders", schedule="@hourly", start_date=datetime(2025, 1, 1)):

    @task(pool="etl")
    def load():
        Path({folder!r}, "ran").open("a").write("x")

    load.expand_kwargs([{{}}, {{}}])
"""
STRETCH = ("simulate", "--since", "2025-01-01", "--until", "5h")


@pytest.fixture(scope="module")
def orders(tmp_path_factory):
    """A Dag whose tasks leave a letter each."""
    folder = tmp_path_factory.mktemp("orders")
    project = Project(folder)
    project.write("dags/orders.py", ORDERS.format(folder=str(folder)))
    project.write("fixtures/world.yaml", "pools: {etl: 2}\n")
    return project


def test_rows_are_the_same_byte_for_byte(orders):
    asked = (*STRETCH, "--vary", "pools.etl=1,2,3", "--vary", "durations.load=10m,50m", "--format", "csv")
    alone, shared = orders.ask(*asked), orders.ask(*asked, "-j", "3")
    assert (alone.result().code, shared.result().code) == (0, 0), shared.result().err
    assert alone.result().out == shared.result().out
    head, first, *_ = alone.result().out.splitlines()
    assert head.startswith("pools.etl,durations.load,makespan_s,longest_run_s")
    assert first.startswith("1,10m,")
    assert "load[0]" in first


@pytest.mark.parametrize(("form", "jobs"), [("text", 2), ("json", 1), ("csv", 2)])
def test_a_sweep_that_is_stopped_shows_the_worlds_that_are_done(orders, form, jobs):
    ran = orders.folder.parent / "ran"
    ran.unlink(missing_ok=True)
    slots = ",".join(map(str, range(1, 1000)))
    page = orders.folder / f"{form}.html"
    more = ("-j", jobs, "--format", form, "--report", page.name)
    running = orders.start(*STRETCH, "--vary", f"pools.etl={slots}", *more)
    until = time.monotonic() + 120
    while (not ran.exists() or ran.stat().st_size < 200) and time.monotonic() < until:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, out + err
    assert "Traceback" not in out + err
    assert orders.left_behind() == []
    assert re.search(r"[0-9]+ of 999 worlds: it was stopped", page.read_text())
    if form == "json":
        document = json.loads(out)
        assert faults("error", document) == []
        assert (document["error"]["id"], document["what-if"]["worlds_asked_for"]) == ("interrupted", 999)
        assert 1 <= len(document["what-if"]["worlds"]) < 999
    elif form == "csv":
        assert out.splitlines()[1].startswith("1,")
    else:
        assert " of 999 worlds, 2025-01-01T00:00:00Z until" in out
        assert "Critical path with pools.etl=" in out


@pytest.mark.parametrize(
    ("options", "fact"),
    [
        (("-j", "2"), "-j and --engine share the worlds of --vary, and there is one calendar in one world"),
        (("--vary", "pools.etl=1,2", "-j", "2", "--record"), "--record writes one cassette"),
        (("--vary", "pools.etl=1,2", "--keep", "here"), "are of one simulation, and --vary makes several"),
        (
            ("--vary", "pools.etl=1,2", "--report", "dags"),
            "--report 'dags' cannot be written",
        ),
        (("--vary", "pools.etl=1,2", "--engine", "ray://here"), "'ray://here' is no engine that the harness knows"),
    ],
)
def test_what_does_not_go_together_is_one_clear_error(orders, options, fact):
    answer = orders(*STRETCH, *options)
    assert answer.code == 2
    assert fact in answer.err
    assert "  fix     " in answer.err


NIGHTLY = """
import time
from datetime import datetime

from airflow.sdk import DAG, task

from minutes import MINUTES

with DAG("nightly", schedule="@daily", start_date=datetime(2025, 1, 1)):
    task(task_id="load", pool={pool!r})(lambda: time.sleep(60 * MINUTES))()
"""


@pytest.fixture(scope="module")
def revised(tmp_path_factory, git):
    """A repository of git: main has a Dag of ten minutes, the branch quick of five, the working tree of one."""
    project = Project(tmp_path_factory.mktemp("revised"))
    project.write("fixtures/world.yaml", "pools: {etl: 2}\n")
    project.write("dags/nightly.py", NIGHTLY.format(pool="etl"))
    project.write("dags/broken.py", "from airflow.sdk import DAG\nimport nowhere_at_all\n")
    for name, minutes in (("main", 10), ("quick", 5), (None, 1)):
        project.write("dags/minutes.py", f"MINUTES = {minutes}\n")
        if name == "main":
            git(project.folder, "init", "--quiet")
        elif name is not None:
            git(project.folder, "checkout", "--quiet", "-b", name)
            (project.folder / "dags" / "broken.py").unlink()
        if name is not None:
            git(project.folder, "add", "--all")
            git(project.folder, "commit", "--quiet", "-m", name)
    return project


DAY = ("simulate", "--since", "2025-01-01", "--until", "12h")


def test_the_dags_of_several_revisions(revised, git):
    asked = ("--vary", "pools.etl=1,2", "--vary", "revision=main,quick,.", "--json")
    answer = revised(*DAY, *asked, "-j", "2")
    document = json.loads(answer.out)
    assert faults("what-if", document) == []
    told = {(one["settings"]["revision"], one["makespan_s"]) for one in document["worlds"]}
    assert told == {("main", 600), ("quick", 300), (".", 60)}
    assert [one["settings"]["pools.etl"] for one in document["worlds"]] == ["1"] * 3 + ["2"] * 3
    (finding,) = document["findings"]
    assert (finding["check"], finding["path"]) == ("import-error", str(revised.folder.resolve() / "dags" / "broken.py"))
    assert finding["message"].startswith("main: does not import: ")
    assert answer.code == 1
    assert revised.left_behind() == []
    assert len(git(revised.folder, "worktree", "list").splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "fact"),
    [
        (("--vary", "revision=main,nowhere"), "--vary revision: git knows no revision 'nowhere'"),
        (("--vary", "revision=main,.", "--dags", "dags/new"), "--vary revision main has no folder dags/new"),
        (("--vary", "revision=main,.", "--engine", "dask://here:1"), "where the workers of an engine do not see them"),
    ],
)
def test_a_revision_that_cannot_be_is_one_clear_error(revised, options, fact):
    revised.write("dags/new/other.py", ORDERS.format(folder="here"))
    answer = revised(*DAY, *options)
    assert (answer.code, fact in answer.err, "  fix     " in answer.err) == (2, True, True), answer.err
