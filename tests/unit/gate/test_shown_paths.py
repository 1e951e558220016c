"""Paths as people know them: relative to where they stand, wherever a report names one."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.gate.check_result import below, shown, shown_finding
from harness.gate.run import FileResult, GateResult
from harness.results.finding import Finding

ROOT, BASE = Path("/home/me/project"), Path("/home/me/project/dags")


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/home/me/project/dags/a.py", "a.py"),
        ("/home/me/project/world.yaml", "../world.yaml"),
        ("/home/me/project-2/a.py", "/home/me/project-2/a.py"),
        ("/usr/lib/a.py", "/usr/lib/a.py"),
        ("a.py", "a.py"),
    ],
)
def test_a_path(path: str, told: str) -> None:
    assert shown(path, BASE, ROOT) == told


def test_one_below_a_folder_outside_of_the_project() -> None:
    assert shown("/elsewhere/dags/a.py", Path("/elsewhere"), ROOT) == "dags/a.py"


def test_all_paths_of_a_finding_those_in_its_texts_too() -> None:
    one = Finding("c", "error", f"reads {ROOT}/x.csv and {BASE}/y.csv", f"{BASE}/a.py", fix=f"write {ROOT}/world.yaml")
    told = shown_finding(one, BASE, ROOT)
    assert (told.path, told.message, told.fix) == ("a.py", "reads ../x.csv and y.csv", "write ../world.yaml")
    assert shown_finding(Finding("c", "error", "m"), BASE, ROOT) == Finding("c", "error", "m")


@pytest.mark.parametrize(
    "text", ["s3:///home/me/project/x", "../home/me/project/x", "/home/me/project-2/x", "/home/me/project"]
)
def test_what_only_looks_like_one_stays(text: str) -> None:
    assert shown_finding(Finding("c", "error", text), BASE, ROOT).message == text


def test_the_top_of_a_machine_is_no_folder_to_leave_out() -> None:
    assert shown_finding(Finding("c", "error", "reads /etc/x"), Path("/"), Path("/")).message == "reads /etc/x"


def test_a_result_is_shown_whole_and_stays_itself() -> None:
    file = FileResult(f"{BASE}/a.py", ["d"], [Finding("c", "error", "m", f"{BASE}/a.py")])
    result = GateResult([file], {"c": "error"}, 1.5)
    told = below(result, BASE, ROOT)
    assert [(one.path, one.dag_ids, one.findings[0].path) for one in told.files] == [("a.py", ["d"], "a.py")]
    assert (told.checks, told.seconds) == (result.checks, result.seconds)
    assert file.path == f"{BASE}/a.py"
