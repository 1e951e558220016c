"""What is said of a file whose child left no report: how it ended, where, and what to do.

--- A report that is not of its form is its own file's trouble."""

from __future__ import annotations

from typing import Any

import pytest

from harness.checks import catalogue
from harness.checks.context import CheckSelection
from harness.gate.child_end import ChildEnd, misshapen, problems_of
from harness.gate.options import GateOptions, ParseOptions
from harness.gate.run import _Run
from harness.gate.worker_pool import Request
from harness.project.discovery import FoundFile
from harness.results.finding import Problem

DAG = "/dags/a.py"


def said(end: ChildEnd, timeout_s: float = 30.0) -> tuple[str, Problem]:
    (only,) = problems_of(DAG, end, timeout_s)
    return only


def event(line: int, refused: bool = False, path: str = DAG) -> dict[str, Any]:
    return {"kind": "network", "detail": "h:1", "path": path, "line": line, "refused": refused}


@pytest.mark.parametrize(
    ("end", "message"),
    [
        (ChildEnd("exited", 7), "the file ends its process (exit code 7) while it is imported"),
        (ChildEnd("signalled", 11), "the file's process was killed by SIGSEGV while it was imported"),
        (ChildEnd("signalled", 99), "the file's process was killed by signal 99 while it was imported"),
        (ChildEnd("timeout"), "the import does not end within 2.5 s"),
        (ChildEnd("processes"), "the file starts more and more processes while it is imported"),
        (ChildEnd("memory"), "the file takes more and more memory while it is imported"),
        (ChildEnd("vanished"), "the file ends or stops the process that started it"),
        (ChildEnd("abandoned"), "the check was interrupted"),
    ],
)
def test_how_an_import_ended(end: ChildEnd, message: str) -> None:
    check, problem = said(end, 2.5)
    assert (check, problem.message) == ("import-error", message)
    assert ("dagbag_import_timeout" in (problem.fix or "")) is (end.outcome == "timeout")
    assert "do the work in a task" in (problem.fix or "")


def test_an_end_while_it_is_checked_is_no_import_error() -> None:
    check, problem = said(ChildEnd("timeout", phase="checking"), 30.0)
    assert check == "check-failed"
    assert problem.message.startswith("the checks of this file did not end: ")
    assert problem.fix is None


@pytest.mark.parametrize(("more", "ours"), [({}, True), ({"theirs": True}, False)])
def test_a_check_that_failed_is_ours_unless_the_file_made_it_fail(more: dict[str, Any], ours: bool) -> None:
    check, problem = said(ChildEnd("report", report={"fault": "KeyError: 'x'", **more}))
    assert (check, problem.ours) == ("check-failed", ours)
    assert problem.message == "the checks of this file failed: KeyError: 'x'"


def test_where_it_is_by_the_innermost_line_of_the_file_itself() -> None:
    crash = f'File "/lib/c.py", line 3 in g\nFile "{DAG}", line 12 in f\nFile "{DAG}", line 40 in <module>\n'
    assert said(ChildEnd("signalled", 11, crash=crash, events=[event(5)]))[1].line == 12


def test_or_by_the_last_thing_that_it_did() -> None:
    events = [event(5), event(9), event(70, path="/dags/helper.py")]
    assert said(ChildEnd("exited", 1, crash='File "/lib/c.py", line 3 in g', events=events))[1].line == 9
    assert said(ChildEnd("exited", 1))[1].line is None


def test_time_that_ran_out_over_what_was_refused_is_told_as_that_once_a_place() -> None:
    events = [event(9, True), event(4, True), event(9, True), event(6)]
    found = list(problems_of(DAG, ChildEnd("timeout", events=events), 30.0))
    assert [(check, problem.path, problem.line) for check, problem in found] == [
        ("top-level-io", DAG, 4),
        ("top-level-io", DAG, 9),
    ]
    assert all("tries again when it fails" in problem.message for _, problem in found)


def test_what_was_refused_is_not_why_a_process_ended() -> None:
    assert said(ChildEnd("exited", 1, events=[event(9, True)]))[0] == "import-error"
    assert said(ChildEnd("timeout", events=[event(9)]))[0] == "import-error"


catalogue.load()
GOOD = {
    "problems": [["pool-missing", {"message": "no pool"}]],
    "dags": [{"dag_id": "a", "tasks": 1, "line": 1}],
    "notes": [["duplicate-dag-id", "", None, [["a", 1, None]]]],
    "names": [{"section": "pools", "name": "etl", "by": "task 't'", "path": "a.py", "line": 1, "hint": ""}],
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
        {"names": [{"section": "pools", "name": "etl"}]},
        {"names": [{"section": "pools", "name": 3, "by": "t", "path": "a.py", "line": 1, "hint": ""}]},
        {"seconds": "long"},
        {"failed": 3},
    ],
)
def test_one_that_has_not_costs_that_file_alone(tmp_path, wrong):
    files = [FoundFile(tmp_path / name, tmp_path) for name in ("a.py", "b.py")]
    run = _Run(files, GateOptions(ParseOptions(CheckSelection({"pool-missing": "error"}))))
    run._take(Request(str(files[0].path), str(tmp_path)), ChildEnd("report", report={**GOOD, **wrong}))
    run._take(Request(str(files[1].path), str(tmp_path)), ChildEnd("report", report=dict(GOOD)))
    first, second = run.results.values()
    assert [one.check for one in first.findings] == ["check-failed"]
    assert "has not the form of one" in first.findings[0].message
    assert not first.findings[0].ours
    assert (second.dag_ids, [one.check for one in second.findings]) == (("a",), ["pool-missing"])
