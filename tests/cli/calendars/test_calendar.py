"""``calendar``: what runs when, for people and for programs, and what a change does to it."""

import csv
import io
import json
import os
import signal
import time

import pytest

from tests.repo.schemas import faults

from .conftest import SHOP

pytestmark = pytest.mark.programs

STRETCH = ("--since", "2025-03-01", "--until", "7d")


def test_a_folder_for_people_for_programs_and_for_a_spreadsheet(shop):
    before = shop.fingerprint()
    told, document = shop.ask("calendar", *STRETCH), shop.ask("calendar", *STRETCH, "--json")
    people = told.result()
    assert people.code == 0, people.err
    assert "from 2025-03-01T00:00:00Z until 2025-03-08T00:00:00Z (7d); hours are in UTC" in people.out
    (row,) = [line for line in people.out.splitlines() if line.startswith("nightly")]
    assert row.split()[1:7] == ["·", "·", "7", "·", "·", "·"]
    assert "8 runs of 2 of 2 Dags" in people.out
    found = json.loads(document.result().out)
    assert faults("schedule", found) == []
    assert [(dag["dag_id"], len(dag["runs"])) for dag in found["dags"]] == [("nightly", 7), ("weekly", 1)]
    assert found["diff"] is None
    rows = list(csv.DictReader(io.StringIO(shop("calendar", *STRETCH, "--format", "csv", "--dag", "weekly").out)))
    assert [(row["dag_id"], row["run_after"]) for row in rows] == [("weekly", "2025-03-02T00:00:00Z")]
    assert shop.fingerprint() == before


def test_the_stretch_is_the_next_seven_days_unless_it_is_said(shop):
    found = json.loads(shop("calendar", "--json").out)
    today = f"{time.strftime('%Y-%m-%d', time.gmtime())}T00:00:00Z"
    assert found["since"] == today
    assert len(found["dags"][0]["runs"]) == 7


def test_a_file_that_does_not_import_is_an_error(shop):
    shop.write("broken/b.py", "from airflow.sdk import DAG\n1 / 0\n")
    answer = shop("calendar", *STRETCH, "--dags", "dags", "--dags", "broken", "--json")
    assert answer.code == 1
    assert [one["check"] for one in json.loads(answer.out)["findings"]] == ["import-error"]


def test_what_a_change_gains_loses_and_moves(shop, git):
    changed = SHOP.replace("30 2 * * *", "0 4 * * 1-6").replace('"weekly"', '"monthly"').replace("@weekly", "@monthly")
    shop.write("dags/shop.py", changed)
    arguments = ("calendar", *STRETCH, "--diff", "HEAD")
    told, document = shop.ask(*arguments), shop.ask(*arguments, "--json")
    people, found = told.result(), json.loads(document.result().out)
    assert people.code == document.result().code == 1, people.err
    assert "Against HEAD" in people.out
    assert "6 moved  2025-03-01T02:30:00Z → 2025-03-01T04:00:00Z" in people.out
    assert "against HEAD: 1 gained, 2 lost, 6 moved" in people.out
    assert faults("schedule", found) == []
    assert found["diff"]["commit"] == git(shop.folder, "rev-parse", "HEAD").strip()
    kinds = [(one["dag_id"], one["kind"]) for one in found["diff"]["runs"]]
    assert sorted(set(kinds)) == [("monthly", "gained"), ("nightly", "lost"), ("nightly", "moved"), ("weekly", "lost")]
    shop.write("dags/shop.py", SHOP)
    same = shop("calendar", *STRETCH, "--diff", "main", "--dag", "nightly")
    assert (same.code, "no schedule and no run differs" in same.out) == (0, True), same.err
    assert git(shop.folder, "worktree", "list").count("\n") == 1
    assert shop.left_behind() == []


def test_a_revision_that_is_not_there_and_one_without_dags(shop, git):
    answer = shop("calendar", "--diff", "nowhere")
    assert answer.code == 2
    assert "--diff: " in answer.err
    assert "name a commit, branch or tag of this repository" in answer.err
    empty = git(shop.folder, "commit-tree", "-m", "nothing", git(shop.folder, "write-tree", "--prefix=dags/").strip())
    answer = shop("calendar", "--diff", empty.strip())
    assert (answer.code, "no Dag folder" in answer.err) == (2, True), answer.err
    answer = shop("calendar", *STRETCH, "--diff", "main", "--dag", "nightyl")
    assert (answer.code, "did you mean 'nightly'?" in answer.err) == (2, True), answer.err
    assert git(shop.folder, "worktree", "list").count("\n") == 1


def test_nothing_is_left_of_a_revision_after_ctrl_c(shop, git):
    shop.write("dags/slow.py", "import time\nfrom airflow.sdk import DAG\ntime.sleep(60)\n")
    try:
        command = shop.start("calendar", "--diff", "main")
        began = time.monotonic()
        while git(shop.folder, "worktree", "list").count("\n") == 1 and time.monotonic() - began < 60:
            time.sleep(0.05)
        assert git(shop.folder, "worktree", "list").count("\n") == 2
        os.killpg(command.pid, signal.SIGINT)
        command.communicate(timeout=60)
        assert command.returncode == 130
    finally:
        (shop.folder / "dags" / "slow.py").unlink()
    assert git(shop.folder, "worktree", "list").count("\n") == 1
    assert shop.left_behind() == []


def test_what_a_killed_command_left_is_taken_away_by_the_next(shop, git):
    tree = shop.temporary / "airflow-harness-scratch-revision-lost" / "tree"
    tree.parent.mkdir()
    git(shop.folder, "worktree", "add", "--quiet", "--detach", str(tree), "main")
    assert shop("calendar", *STRETCH, "--diff", "main").code == 0
    assert git(shop.folder, "worktree", "list").count("\n") == 1
