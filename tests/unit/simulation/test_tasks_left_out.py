"""Tasks that a run is without: told, so that a success does not hide that nothing ran."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from harness.bridge.supervisor.store import RunFacts
from harness.results.finding import Finding
from harness.scheduler.model import Task
from harness.simulation.missing import left_out
from tests.unit.scheduler.scheduler_builders import DAY, NOW, dag, run_of, task


def found(*tasks: Task, **fields: object) -> Finding | None:
    real = SimpleNamespace(fileloc="dags/d.py")
    return left_out(run_of(dag(*tasks), extra=RunFacts(real), **fields))  # type: ignore[arg-type]


def test_a_run_that_has_all_its_tasks_says_nothing() -> None:
    assert found(task("a"), task("b")) is None


def test_a_dag_without_tasks() -> None:
    told = found()
    assert told is not None
    assert (told.check, told.severity, told.path, told.fix) == ("nothing-ran", "error", "dags/d.py", "give it a task")


def test_one_task_that_begins_later_is_named_with_the_date_to_take() -> None:
    told = found(task("a"), task("b", start_date=NOW + DAY))
    assert told is not None
    assert (told.check, told.severity, told.dag_id, told.task_id) == ("task-left-out", "warning", "d", "b")
    assert told.message == (
        "the run of 2025-01-01T00:00:00Z is without 'b' (start_date 2025-01-02T00:00:00Z): their dates exclude it"
    )
    assert "from 2025-01-02T00:00:00Z on" in (told.fix or "")


def test_where_all_are_left_out_nothing_ran() -> None:
    told = found(task("a", start_date=NOW + DAY), task("b", start_date=NOW + 2 * DAY))
    assert told is not None
    assert (told.check, told.severity, told.task_id) == ("nothing-ran", "error", None)
    assert "has no task instance, so nothing runs" in told.message
    assert "from 2025-01-03T00:00:00Z on" in (told.fix or ""), "the date from which all of them run"


def test_one_that_ends_before_it_begins_is_not_left_out_for_its_begin() -> None:
    told = found(task("a"), task("b", start_date=NOW, end_date=NOW - DAY))
    assert told is not None
    assert "take an earlier logical date" in (told.fix or "")


def test_tasks_that_ended_before() -> None:
    told = found(task("a", start_date=NOW - 2 * DAY, end_date=NOW - DAY))
    assert told is not None
    assert "(start_date 2024-12-30T00:00:00Z, end_date 2024-12-31T00:00:00Z)" in told.message
    assert "take an earlier logical date" in (told.fix or "")


@pytest.mark.parametrize(("number", "more"), [(5, None), (6, "and 1 more"), (8, "and 3 more")])
def test_of_many_the_first_few_are_named(number: int, more: str | None) -> None:
    told = found(*(task(f"t{n}", end_date=NOW - DAY) for n in range(number)))
    assert told is not None
    assert told.message.count("'t") == 5
    assert ("more" in told.message) is (more is not None)
    assert more is None or more in told.message
