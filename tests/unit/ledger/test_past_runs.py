"""A run that a ledger holds, and what a run made of it is given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.bridge.supervisor.store import RunFacts, facts
from harness.errors import LedgerError
from harness.ledger.journal import FileJournal
from harness.ledger.past_run import past_run
from harness.scheduler.model import DagRun
from harness.simulation.past_runs import give_past, plan_of
from tests.unit.scheduler.scheduler_builders import dag, run_of, task


def created(run_id: str, date: str | None, dag_id: str = "sales") -> dict[str, Any]:
    dates = dict.fromkeys(("data_interval_start", "data_interval_end"), date)
    told = {"kind": "run-created", "dag_id": dag_id, "run_id": run_id, "run_type": "scheduled", "conf": {"a": 1}}
    return {"at": None, **told, **dates, "logical_date": date, "run_after": "2025-01-03T00:00:00Z"}


def pushed(run_id: str, task_id: str, value: object, index: int = -1) -> dict[str, Any]:
    return {
        "at": None, "kind": "xcom", "dag_id": "sales", "run_id": run_id, "task_id": task_id, "map_index": index,
        "key": "return_value", "value": value,
    }  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    with FileJournal(tmp_path / "l") as journal:
        for record in (
            created("r1", "2025-01-01T00:00:00Z"),
            created("r2", "2025-01-02T00:00:00Z"),
            created("other", None, "crm"),
            pushed("r1", "load", 1),
            pushed("r2", "load", [1, 2]),
            pushed("r2", "load", [1, 2, 3]),
            pushed("r2", "each", 4, 1),
        ):
            journal.write(record)
    return tmp_path / "l"


def test_a_run_has_its_dates_its_conf_and_the_last_of_each_xcom(ledger: Path) -> None:
    found = past_run(ledger, "sales", "2025-01-02")
    assert (found.run_id, found.conf) == ("r2", {"a": 1})
    assert found.xcoms == {("load", -1, "return_value"): [1, 2, 3], ("each", 1, "return_value"): 4}
    plan = plan_of(found)
    assert (plan.run_id, plan.logical_date) == ("r2", 1_735_776_000_000_000)
    assert past_run(ledger, "sales", run_id="r2") == found
    assert found.ledger == ledger
    other = past_run(ledger, "crm")
    assert (other.xcoms, plan_of(other).logical_date) == ({}, None)


@pytest.mark.parametrize(
    ("dag_id", "date", "run_id", "said"),
    [
        ("sales", None, None, "has 2 runs of 'sales'"),
        ("sales", "2025-02", None, "has no run of 'sales' of 2025-02"),
        ("sales", None, "r3", "has no run of 'sales' with the id 'r3'"),
        ("sales", "2025-01-01", "r2", "has no run of 'sales' of 2025-01-01 with the id 'r2'"),
        ("slaes", None, None, "has no run of 'slaes'"),
    ],
)
def test_which_run_is_meant_must_be_clear(
    ledger: Path, dag_id: str, date: str | None, run_id: str | None, said: str
) -> None:
    with pytest.raises(LedgerError) as raised:
        past_run(ledger, dag_id, date, run_id)
    assert said in str(raised.value)


def made(*task_ids: str) -> DagRun:
    return run_of(dag(*map(task, task_ids)), extra=RunFacts(SimpleNamespace()))


def test_a_run_of_it_is_given_what_the_tasks_had_stored_that_do_not_run_again(ledger: Path) -> None:
    past = past_run(ledger, "sales", "2025-01-02")
    past = replace(past, xcoms={**past.xcoms, ("load", -1, "rows"): {"a": 1, "b": 2}, ("last", -1, "return_value"): 7})
    run = made("load", "each", "last")
    give_past(run, past, kept=["each"])
    stored = {("load", -1, "return_value"): [1, 2, 3], ("load", -1, "rows"): {"a": 1, "b": 2}}
    assert facts(run).xcoms == {**stored, ("last", -1, "return_value"): 7}, "what runs again stores its own"
    assert run.lengths == {"load": 3}, "what is returned is mapped over, and nothing under another key"
    other = made("load", "each")
    give_past(other, past, kept=None)
    assert (facts(other).xcoms, other.lengths) == ({}, {}), "where all run, nothing is given"
