"""What every result answers alike, and that nobody changes one."""

import re
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from datetime import datetime, timedelta, timezone
from importlib import import_module
from inspect import getmembers, isclass
from pathlib import Path
from pickle import dumps, loads

import pytest

import harness.results
from harness.errors import TaskNotFound
from harness.exploration.result import Exploration
from harness.gate.check_result import CheckResult, FileResult, GateResult, Group, UsedName
from harness.results.calendar import BackfillResult, CalendarResult
from harness.results.finding import Finding
from harness.results.run import DeadlineResult, RunResult, TaskResult
from harness.results.verification import Row, Verification

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
DAY = timedelta(days=1)
ERROR, WARNING = Finding("callback", "error", "it raised"), Finding("network", "warning", "it asked")


def task(task_id, state="success", map_index=-1):
    return TaskResult(task_id, map_index, "PythonOperator", state, 1, "default_pool", START, START + DAY)


def run(dag_id="sales", day=1, state="success", tasks=(), **more):
    date = START + (day - 1) * DAY
    return RunResult(dag_id, f"r{day}", "scheduled", date, date, date + DAY, state, date, date, tuple(tasks), **more)


def calendar(*runs, **more):
    return CalendarResult(START, START + 7 * DAY, runs, **more)


def backfill(**more):
    return BackfillResult("sales", START, START, START + DAY, False, 10, "none", False, **more)


def verification(*rows):
    return Verification("sales", START, "3.3.2", tuple(rows), ())


# -- frozen -------------------------------------------------------------------------------------------------------


def result_classes():
    for file in sorted(Path(harness.results.__file__).parent.glob("*.py")):
        module = import_module(f"harness.results.{file.stem}")
        for _, one in getmembers(module, isclass):
            if one.__module__ == module.__name__ and is_dataclass(one):
                yield one


def test_every_result_is_frozen_and_has_slots():
    classes = list(result_classes())
    assert {RunResult, CalendarResult, BackfillResult, Verification, Finding} <= set(classes)
    assert [one.__name__ for one in classes if not one.__dataclass_params__.frozen] == []
    assert [one.__name__ for one in classes if "__slots__" not in vars(one)] == []


def test_no_result_holds_or_gives_a_list():
    """A list of a frozen result could still be appended to; what is JSON alone is made anew at each call."""
    told = []
    for one in [*result_classes(), *gate_results(), Exploration]:
        data = ("to_json", "__init__")
        answers = [(name, getattr(one, name)) for name in vars(one) if not name.startswith("_") and name not in data]
        told += [f"{one.__name__}.{name}" for name, found in answers if returns_a_list(found)]
        told += [
            f"{one.__name__}.{name}" for name, text in vars(one).get("__annotations__", {}).items() if A_LIST(text)
        ]
    assert told == []


A_LIST = re.compile(r"\b(list|set)\[").search


def returns_a_list(found):
    found = getattr(found, "fget", None) or getattr(found, "func", None) or found
    return callable(found) and A_LIST(str(getattr(found, "__annotations__", {}).get("return", "")))


def gate_results():
    found = [CheckResult, GateResult, FileResult, Group, UsedName]
    assert [one.__name__ for one in found if not one.__dataclass_params__.frozen] == []
    return found


def test_nothing_is_added_to_what_was_compared():
    found = verification(Row("run", "sales", "success", "success", True))
    with pytest.raises(AttributeError):
        found.rows.append(found.rows[0])
    with pytest.raises(AttributeError):
        found.volatile.append("load.key")
    document = found.to_json()
    assert (document["volatile"], [row["name"] for row in document["rows"]]) == ([], ["sales"])


@pytest.mark.parametrize("result", [run(), task("load"), calendar(), backfill(), verification(), ERROR])
def test_nobody_changes_a_result(result):
    for field in fields(result):
        with pytest.raises(FrozenInstanceError):
            setattr(result, field.name, None)


def test_a_copy_and_a_pickle_know_what_the_original_does():
    first = run(tasks=[task("load", "failed")], state="failed")
    assert replace(first, real_seconds=1.0).state == "failed"
    assert loads(dumps(first)) == first
    assert replace(first, reason="why").state.owner.reason == "why", "an assertion that fails shows the copy"


# -- dates --------------------------------------------------------------------------------------------------------


def test_dates_are_aware_and_their_text_is_utc():
    berlin = timezone(timedelta(hours=1))
    told = replace(run(), end_date=datetime(2025, 1, 1, 13, 0, 0, 250, berlin)).to_json()
    assert (told["start_date"], told["end_date"]) == ("2025-01-01T00:00:00Z", "2025-01-01T12:00:00.000250Z")
    assert run(events=((START, "load", "queued"),)).timeline == (("2025-01-01T00:00:00Z", "load", "queued"),)


def test_a_deadline_tells_its_interval_in_seconds():
    deadline = DeadlineResult("DAGRUN_QUEUED_AT", timedelta(minutes=30), START, "met", "callbacks.page")
    assert (deadline.to_json()["interval_seconds"], deadline.to_json()["due"]) == (1800.0, "2025-01-01T00:00:00Z")


# -- the same questions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "ok", "errors"),
    [
        (run(), True, []),
        (run(state="failed"), False, []),
        (run(findings=(WARNING,)), True, []),
        (run(findings=(ERROR, WARNING)), False, ["it raised"]),
        (run(companions=(run("other", findings=(ERROR,)),)), False, ["it raised"]),
        (calendar(run(), run(day=2)), True, []),
        (calendar(run(), run(day=2, state="failed")), False, []),
        (calendar(run(findings=(ERROR,)), findings=(WARNING, ERROR)), False, ["it raised", "it raised"]),
        (backfill(), True, []),
        (backfill(refused="AlreadyRunningBackfill"), False, [
            "sales: Airflow refuses the backfill: AlreadyRunningBackfill"
        ]),
        (verification(Row("task", "load", "success", "success", True)), True, []),
        (verification(Row("task", "load", "success, try 1", "failed, try 1", False)), False, [
            "task load is success, try 1 here and failed, try 1 in Airflow"
        ]),
        (verification(Row("run", "sales", "success", "success", True)), False, [
            "the run of 'sales' has no task instance"
        ]),
    ],
)  # fmt: skip
def test_ok_and_errors(result, ok, errors):
    assert (result.ok, [finding.message for finding in result.errors]) == (ok, errors)


def test_tasks_of_a_run():
    mapped = [task("load", "success", 1), task("load", "failed", 0)]
    result = run(tasks=[task("extract"), *mapped, task("report", "upstream_failed")], state="failed")
    assert [ti.map_index for ti in result.tasks("load")] == [0, 1]
    assert result.task("load", 0).state == "failed"
    assert [ti.name for ti in result.failed_tasks] == ["load[0]"]
    assert result.tasks("lode") == ()


def test_runs_of_a_run_and_of_a_calendar():
    child = run("child", 3, tasks=[task("work", "failed")], state="failed")
    result = run(companions=(child,))
    assert result.runs == (result, child)
    assert result.runs_of("child") == (child,)
    assert result.run("child") is child
    assert result.failed_tasks == (), "of this run alone"
    both = calendar(run(), run(day=2), child)
    assert both.runs_of("child") == (child,)
    assert [ti.name for ti in both.failed_tasks] == ["work"]


@pytest.mark.parametrize("date", ["2025-01-02", "2025-01-02T00:00:00Z", START + DAY])
def test_a_run_by_its_date(date):
    runs = (run(), run(day=2), run("other", 2))
    assert calendar(*runs).run("sales", date) is runs[1]
    assert run("asks", companions=runs).run("sales", date) is runs[1]


@pytest.mark.parametrize(
    ("question", "told"),
    [
        (("sales",), "2 runs of 'sales' between 2025-01-01T00:00:00Z and 2025-01-08T00:00:00Z"),
        (("sales", "2025-01-09"), "no runs of 'sales' at 2025-01-09 between"),
        (("sale",), "did you mean 'sales'"),
    ],
)
def test_no_run_or_several(question, told):
    with pytest.raises(TaskNotFound) as raised:
        calendar(run(), run(day=2)).run(*question)
    assert told in str(raised.value)


# -- old names ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (lambda: run(tasks=[task("a", "failed")]).failed, (task("a", "failed"),), "RunResult.failed_tasks"),
        (lambda: run(tasks=[task("a")]).mapped("a"), (task("a"),), "RunResult.tasks"),
        (lambda: verification(Row("task", "a", "success", "success", True)).alike, True, "Verification.ok"),
    ],
)
def test_an_old_name_works_and_tells_the_new_one(old, new, named):
    with pytest.warns(DeprecationWarning, match=f" is called {named} now") as warned:
        assert old() == new
    assert Path(warned[0].filename) == Path(__file__), "it is told of the line that uses it"
