"""Rules that versions of Airflow have differently: those that nobody chooses are Airflow 3.3's."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from harness.bridge.versions import scheduling
from harness.scheduler.decide import schedule
from harness.scheduler.model import TaskState
from harness.scheduler.policies import PRESENT, SchedulerPolicies
from tests.unit.scheduler.scheduler_builders import NOW, dag, run_of, task, ti


def policies_of(monkeypatch: pytest.MonkeyPatch, version: tuple[int, int], tries_are_rows: bool) -> dict[str, bool]:
    monkeypatch.setattr(scheduling, "airflow_version", lambda: version)
    monkeypatch.setattr(scheduling, "tries_are_rows", lambda: tries_are_rows)
    return asdict(scheduling.policies.__wrapped__())


@pytest.mark.parametrize("version", [(3, 2), (3, 3)])
def test_since_3_2_they_are_the_defaults(monkeypatch: pytest.MonkeyPatch, version: tuple[int, int]) -> None:
    assert policies_of(monkeypatch, version, tries_are_rows=False) == asdict(PRESENT)


def test_before_it_each_was_the_other_way_round(monkeypatch: pytest.MonkeyPatch) -> None:
    old, present = policies_of(monkeypatch, (3, 1), tries_are_rows=False), asdict(PRESENT)
    assert {name for name in present if old[name] is not present[name]} == set(scheduling.FROM_3_2)
    assert set(present) - set(scheduling.FROM_3_2) == {"numbers_ahead"}


def test_where_tries_are_rows_their_numbers_are_there_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    assert policies_of(monkeypatch, (3, 4), tries_are_rows=True) == asdict(PRESENT) | {"numbers_ahead": True}


@pytest.mark.parametrize(
    ("ahead", "state", "before", "after"),
    [
        (True, None, 0, 1),
        (True, None, 1, 1),
        (True, "up_for_retry", 2, 2),
        (True, "up_for_reschedule", 2, 2),
        (False, None, 0, 1),
        (False, "up_for_retry", 1, 2),
        (False, "up_for_reschedule", 1, 1),
    ],
)
def test_the_number_of_a_try_that_is_scheduled(ahead: bool, state: TaskState | None, before: int, after: int) -> None:
    one = ti(run_of(dag(task("a"), policies=SchedulerPolicies(numbers_ahead=ahead)), {"a": state}), "a")
    one.try_number = before
    assert schedule(one, NOW)
    assert (one.try_number, one.state) == (after, "scheduled")
