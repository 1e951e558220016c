"""What the tries of a ledger came to, read off its records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import LedgerError
from harness.kernel.instant import SECOND
from harness.ledger.journal import FileJournal
from harness.ledger.past_tries import PastSlice, PastTries, PastTry, past_tries, stored_length

MINUTE = 60 * SECOND
WHOSE = {"dag_id": "sales", "run_id": "r1", "task_id": "load", "map_index": -1}


def at(minute: int) -> str:
    return f"2025-01-03T00:{minute:02}:00Z"


def state(minute: int, name: str, number: int = 1, **more: Any) -> dict[str, Any]:
    told = {"try_number": number, "state": name, "reason": None, "due": None}
    return {"at": at(minute), "kind": "ti-state", **WHOSE, **told, **more}


def attempt(since: int, until: int, name: str, number: int = 1, **more: Any) -> dict[str, Any]:
    told = {"try_number": number, "state": name, "start": at(since), "end": at(until), "reason": None}
    return {"at": at(until), "kind": "attempt", **WHOSE, **told, **more}


def told(kind: str, minute: int, **fields: Any) -> dict[str, Any]:
    return {"at": at(minute), "kind": kind, **WHOSE, "try_number": 1, **fields}


def read(folder: Path, *records: dict[str, Any], **header: Any) -> PastTries:
    with FileJournal(folder, header) as journal:
        for record in records:
            journal.write(record)
    return past_tries(folder)


def only(found: PastTries, number: int = 1) -> PastTry:
    return found.tries["sales", "r1", "load", -1][number]


def test_a_try_that_waits_has_a_slice_before_and_one_after(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        state(0, "running"),
        told("deferred", 2, trigger="t"),
        attempt(0, 2, "deferred"),
        told("resumed", 9, method="go_on"),
        state(10, "running"),
        attempt(10, 11, "success"),
    )
    first, second = only(found).slices
    assert (first.lasts, first.ends, first.waits) == (2 * MINUTE, "deferred", 7 * MINUTE)
    assert (second.lasts, second.ends) == (MINUTE, "success")
    assert found.typical("sales", "load") == 2 * MINUTE


def test_a_reschedule_waits_until_it_is_due(tmp_path: Path) -> None:
    poke = (state(0, "running"), attempt(0, 1, "up_for_reschedule"), state(1, "up_for_reschedule", due=at(6)))
    found = read(tmp_path, *poke, state(6, "running"), attempt(6, 6, "success"))
    assert [(one.lasts, one.waits) for one in only(found).slices] == [(MINUTE, 5 * MINUTE), (0, 0)]


def test_a_trigger_may_end_a_try_and_may_begin_it(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        state(0, "deferred"),
        told("deferred", 0, trigger="t"),
        told("resumed", 4, method="execute_complete"),
        state(5, "running"),
        told("deferred", 6, trigger="t"),
        attempt(5, 6, "deferred"),
        told("resumed", 8, method=None),
        attempt(0, 8, "failed"),
    )
    tried = only(found)
    assert tried.begins_deferred == 4 * MINUTE
    assert [(one.ends, one.trigger_gives) for one in tried.slices] == [("deferred", "failed")]
    assert tried.state == "failed"


def test_what_a_try_leaves_for_others_is_its_own(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {**told("run-created", 0), "logical_date": None, "run_after": at(0), "conf": {"a": 1}},
        state(0, "running"),
        told("xcom", 0, key="return_value", value=[1, 2, 3]),
        told("xcom", 0, key="skipmixin_key", value={"followed": ["a"]}),
        told("triggered", 0, triggered_dag_id="mail", triggered_run_id="m1"),
        told("asset-event", 1, asset="orders", uri="s3://orders", extra=None),
        attempt(0, 1, "success"),
    )
    tried = only(found)
    assert (tried.returned, tried.length, tried.decided) == (True, 3, {"followed": ("a",)})
    assert (tried.events, tried.triggered) == ((("orders", "s3://orders", {}),), (("mail", "m1"),))
    assert found.runs["sales", "r1"].conf == {"a": 1}


def test_what_the_scheduler_cut_off_would_have_lasted_longer(tmp_path: Path) -> None:
    found = read(tmp_path, state(0, "running"), attempt(0, 3, "failed", reason="fail_fast: 'other' failed"))
    assert only(found).slices == (PastSlice(3 * MINUTE, "failed", was_cut_off=True),)


def test_what_runs_when_the_ledger_ends_lasts_until_then(tmp_path: Path) -> None:
    found = read(tmp_path, state(0, "running"), until=at(30))
    assert only(found).slices == (PastSlice(30 * MINUTE, "success", was_cut_off=True),)


@pytest.mark.parametrize(
    ("header", "numbers", "for_good"),
    [
        ({}, (1,), True),
        ({"source": "https://airflow"}, (1,), True),
        ({"source": "https://airflow"}, (1, 2), False),
    ],
)
def test_a_failure_with_tries_left_is_for_good(
    tmp_path: Path, header: dict[str, str], numbers: tuple[int, ...], for_good: bool
) -> None:
    dag = {"at": at(0), "kind": "dag", "dag_id": "sales", "tasks": [{"task_id": "load", "retries": 2}]}
    found = read(tmp_path, dag, *(attempt(n, n + 1, "failed", n) for n in numbers), **header)
    assert only(found).for_good is for_good


def test_a_ledger_that_was_altered_is_refused(tmp_path: Path) -> None:
    read(tmp_path, state(0, "running"))
    journal = tmp_path / "journal.jsonl"
    journal.write_text(journal.read_text().replace("running", "queued"))
    with pytest.raises(LedgerError):
        past_tries(tmp_path)


@pytest.mark.parametrize(
    ("value", "length"),
    [
        ([1, 2], 2),
        ({"a": 1}, 1),
        ("text", None),
        ({"__classname__": "builtins.tuple", "__data__": [1]}, 1),
        ({"__classname__": "builtins.set", "__data__": [1]}, None),
    ],
)
def test_over_what_is_stored_a_task_maps_or_does_not(value: object, length: int | None) -> None:
    assert stored_length(value) == length


def test_what_an_instance_of_a_mapped_task_told_is_its_own_whoever_ends_first(tmp_path: Path) -> None:
    first, second = {"map_index": 0}, {"map_index": 1}
    found = read(
        tmp_path,
        state(0, "running", **first),
        state(0, "running", **second),
        told("asset-event", 1, asset="orders", uri="s3://orders", extra=None, **first),
        told("triggered", 1, triggered_dag_id="mail", triggered_run_id="m1", **first),
        attempt(0, 1, "success", **second),
        attempt(0, 2, "success", **first),
    )
    tried = [found.tries["sales", "r1", "load", index][1] for index in (0, 1)]
    assert [len(one.events) for one in tried] == [1, 0]
    assert [one.triggered for one in tried] == [(("mail", "m1"),), ()]
