"""Rules of the loading family whose branches no pair of files shows."""

from __future__ import annotations

import ast
import os
from typing import Any

import pytest

from harness.checks.context import LIMITS, CheckSelection, Declared, Judgement, Note
from harness.checks.loading.import_error import import_error
from harness.checks.loading.no_dag_in_file import no_dag_in_file
from harness.checks.loading.parse_time import parse_time
from harness.checks.loading.unstable_dag import unstable_dag
from harness.gate.child_end import ChildEnd, problems_of
from harness.project.dags_in_text import uncalled, unreached


def judgement(**facts: Any) -> Judgement:
    return Judgement(frozenset(), Declared(), CheckSelection({}), **facts)


def slow(seconds: list[float], **limits: float) -> list[tuple[str, str]]:
    selection = CheckSelection({}, {**LIMITS, **{name.replace("_", "-"): value for name, value in limits.items()}})
    given = {f"{number}.py": value for number, value in enumerate(seconds)}
    found = parse_time([], Judgement(frozenset(), Declared(), selection, seconds=given))
    return [(problem.path or "", problem.message) for problem in found]


def test_slower_than_the_limit():
    assert slow([0.1, 2.5]) == [("1.py", "the file takes 2.5 s to import, more than 2 s")]
    assert slow([0.1, 2.5], parse_time_s=3) == []


def test_slower_than_the_others():
    usual = [0.1] * 9
    assert slow([*usual, 0.9]) == [("9.py", "the file takes 0.9 s to import, 9 times the median (0.10 s)")]
    assert slow([*usual[1:], 0.9]) == []  # nine files make no median
    assert slow([*usual, 0.45]) == []  # below half a second nothing is slow
    assert slow([*[0.3] * 9, 1.4]) == []  # not five times


def test_what_nobody_can_move_is_not_the_files():
    provider = Note("0.py", "", None, {"fixed": 2.0, "heavy": {}})
    pandas = Note("0.py", "", None, {"fixed": 0.3, "heavy": {"pandas": 2.0, "yaml": 0.1}})
    busy = Note("0.py", "", None, {"told": True})
    judgement = Judgement(frozenset(), Declared(), CheckSelection({}), seconds={"0.py": 2.5})
    assert list(parse_time([provider], judgement)) == []
    assert list(parse_time([busy], judgement)) == []
    (found,) = parse_time([pandas], judgement)
    assert found.message == "the file takes 2.2 s to import, more than 2 s (pandas 2.0 s)"
    assert found.fix == "import pandas in the tasks that use it"


def note(dag: dict[str, Any]) -> Note:
    return Note("a.py", "a", 3, {"dag": dag, "places": {"load": ["a.py", 7]}})


def tasks(**fields: Any) -> dict[str, Any]:
    return {"tasks": [{"__type": "operator", "__var": {"task_id": "load", **fields}}]}


@pytest.mark.parametrize(
    ("one", "other", "said", "line"),
    [
        ({"start_date": 1}, {"start_date": 2}, "start_date is 1, then 2", 3),
        ({"tags": ["a"]}, {"tags": ["a", "b"]}, "tags is ['a'], then ['a', 'b']", 3),
        ({"a": {"b": 1}}, {"a": {"c": 1}}, "a is {'b': 1}, then {'c': 1}", 3),
        (tasks(env={"x": 1}), tasks(env={"x": 2}), "env.x of task 'load' is 1, then 2", 7),
        (tasks(), {"tasks": []}, "tasks is [{", 3),
        ({"doc_md": "x" * 99}, {"doc_md": "y"}, f"doc_md is '{'x' * 56}…, then 'y'", 3),
    ],
)
def test_the_field_that_differs_is_named(one, other, said, line):
    (problem,) = unstable_dag(note(one), note(other))
    assert said in problem.message
    assert problem.line == line


def test_three_fields_are_named_and_the_others_counted():
    (problem,) = unstable_dag(note(dict.fromkeys("abcde", 1)), note(dict.fromkeys("abcde", 2)))
    assert problem.message.endswith("c is 1, then 2; and 2 more")
    assert list(unstable_dag(note({"a": 1}), note({"a": 1}))) == []


FUNCTION = "def f():\n    return DAG('a')\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("from airflow.sdk import dag\n@dag\ndef f(): pass", 3),
        ("from airflow.sdk import dag as d\n@d(schedule=None)\ndef f(): pass", 3),
        ("from airflow import sdk\n@sdk.dag()\ndef f(): pass", 3),
        ("import airflow.sdk\n@airflow.sdk.dag()\ndef f(): pass", 3),
        (f"from airflow.sdk import DAG\n{FUNCTION}", 2),
        (f"from airflow.models import DAG\n{FUNCTION}if __name__ == '__main__':\n    f()", 2),
        (f"from airflow.sdk import DAG\n{FUNCTION}for one in []:\n    f()", 4),
        ("from airflow.sdk import dag\n@dag\ndef f(): pass\nf()", None),
        (f"from airflow.sdk import DAG\n{FUNCTION}if 0:\n    f()", None),
        (f"from airflow.sdk import DAG\n{FUNCTION}__all__ = ['f']", None),
        (f"from airflow.sdk import DAG\n{FUNCTION}g = f", None),
        (f"from other import DAG\n{FUNCTION}", None),
        ("from airflow.sdk import task\n@task\ndef f(): pass", None),
        ("from airflow.sdk import DAG\nclass A:\n    def f(self):\n        return DAG('a')", None),
        ("from airflow.sdk import DAG\ndef f(dag: DAG): pass", None),
    ],
)
def test_dags_that_nothing_reaches(text, line):
    assert [found[1] for found in unreached(ast.parse(text))] == ([line] if line else [])


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("", ["f"]),
        ("f()", []),
        ("__all__ = ['f']", []),
        ("[one() for one in list(globals().values()) if callable(one)]", []),
        ("@kept\n@dag\ndef g(): pass", ["f"]),
    ],
)
def test_beside_other_dags_a_function_is_told_that_nothing_could_reach(more, told):
    text = f"from airflow.sdk import DAG, dag\nwith DAG('a'): pass\n@dag\ndef f(): pass\n{more}\n"
    assert [found[0].partition("(")[0] for found in uncalled(ast.parse(text))] == told


def test_a_caller_that_airflow_passes_over_is_named(tmp_path):
    (tmp_path / "factory.py").write_text(f"from airflow.sdk import DAG\n{FUNCTION}")
    (tmp_path / "user.py").write_text("import factory\ndag = factory.f()\n")
    os.mkfifo(tmp_path / "p.py")
    never = [list(one) for one in unreached(ast.parse((tmp_path / "factory.py").read_text()))]
    value = {"lost": [], "never": never, "root": str(tmp_path)}
    (problem,) = no_dag_in_file([Note(str(tmp_path / "factory.py"), "", None, value)], judgement())
    assert problem.fix.startswith("user.py imports it, and Airflow passes that file over")
    assert problem.line == 2


def failed(**facts: Any) -> dict[str, Any]:
    blank = {"path": "a.py", "line": 2, "message": "E: x", "fix": None, "where": None, "missing": None, "dag_id": None}
    return {**blank, **facts}


def test_failures_in_one_line_of_a_module_are_one():
    shared = failed(where=["helper.py", 9])
    notes = [
        Note("a.py", "", None, [shared]),
        Note("b.py", "", None, [shared]),
        Note("c.py", "", None, [failed(path="c.py")]),
    ]
    found = [(problem.path, problem.line, problem.message, problem.of) for problem in import_error(notes, judgement())]
    assert sorted(found) == [("c.py", 2, "E: x", "c.py"), ("helper.py", 9, "E: x (2 files import it)", "a.py")]


def event(kind: str, refused: bool, line: int = 3) -> dict[str, Any]:
    return {"path": "a.py", "line": line, "kind": kind, "detail": "db.example:5432", "refused": refused}


@pytest.mark.parametrize(
    ("verdict", "check", "said"),
    [
        (ChildEnd("exited", 0), "import-error", "exit code 0"),
        (ChildEnd("signalled", 11), "import-error", "SIGSEGV"),
        (ChildEnd("signalled", 250), "import-error", "signal 250"),
        (ChildEnd("timeout"), "import-error", "does not end within 2 s"),
        (ChildEnd("timeout", events=[event("process", False)]), "import-error", "does not end within 2 s"),
        (ChildEnd("timeout", events=[event("network", True)] * 2), "top-level-io", "tries again when it fails"),
        (ChildEnd("memory"), "import-error", "more and more memory"),
        (ChildEnd("processes"), "import-error", "more and more processes"),
        (ChildEnd("vanished", -9), "import-error", "ends or stops the process that started it"),
        (ChildEnd("exited", 0, "checking"), "check-failed", "did not end: "),
        (ChildEnd("report", report={"fault": "KeyError: 'x'"}), "check-failed", "KeyError: 'x'"),
    ],
)
def test_what_is_said_of_a_file_without_a_report(verdict, check, said):
    ((found, problem),) = problems_of("a.py", verdict, 2)
    assert found == check
    assert said in problem.message


def test_the_line_of_a_crash_is_the_innermost_of_the_file():
    crash = 'Fatal\n  File "/lib/b.py", line 9 in f\n  File "a.py", line 5 in g\n  File "a.py", line 7 in <module>\n'
    ((_, problem),) = problems_of("a.py", ChildEnd("signalled", 11, crash=crash), 2)
    assert problem.line == 5
    ((_, problem),) = problems_of("a.py", ChildEnd("exited", 0, events=[event("exit", False, 4)]), 2)
    assert problem.line == 4
