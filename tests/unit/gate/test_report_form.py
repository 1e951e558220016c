"""A report that is not of its form is its own file's trouble."""

from __future__ import annotations

import pytest

from harness.checks import catalogue
from harness.checks.context import CheckSelection
from harness.gate.fork_server import ChildEnd
from harness.gate.report_form import misshapen
from harness.gate.run import GateOptions, _Run
from harness.gate.worker_pool import Request
from harness.project.discovery import FoundFile
from harness.project.repository import Repository

catalogue.load()
GOOD = {
    "problems": [["pool-missing", {"message": "no pool"}]],
    "dags": [{"dag_id": "a", "tasks": 1, "line": 1}],
    "notes": [["duplicate-dag-id", "", None, [["a", 1, None]]]],
    "names": [],
    "imported": [],
    "failed": None,
    "seconds": 0.1,
    "events": [],
    "reads": [],
    "depends": {},
}


def test_what_examine_gives_has_it():
    assert misshapen(GOOD, second=False) is None
    assert misshapen({**GOOD, "dag_ids": ["a"]}, second=True) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"problems": 3},
        {"problems": [["pool-missing"]]},
        {"problems": [["pool-missing", {"message": 3}]]},
        {"problems": [["pool-missing", {"message": "a", "colour": "red"}]]},
        {"dags": [{"dag_id": 3, "tasks": 1}]},
        {"dags": None},
        {"notes": [["no-such-check", "", None, 1]]},
        {"notes": [[]]},
        {"seconds": "long"},
        {"failed": 3},
    ],
)
def test_one_that_has_not_costs_that_file_alone(tmp_path, wrong):
    files = [FoundFile(tmp_path / name, tmp_path) for name in ("a.py", "b.py")]
    run = _Run(files, GateOptions(CheckSelection({"pool-missing": "error"}), repository=Repository()))
    run._take(Request(str(files[0].path), str(tmp_path)), ChildEnd("report", report={**GOOD, **wrong}))
    run._take(Request(str(files[1].path), str(tmp_path)), ChildEnd("report", report=dict(GOOD)))
    first, second = run.results.values()
    assert [one.check for one in first.findings] == ["check-failed"]
    assert "has not the form of one" in first.findings[0].message
    assert not first.findings[0].ours
    assert (second.dag_ids, [one.check for one in second.findings]) == (["a"], ["pool-missing"])
