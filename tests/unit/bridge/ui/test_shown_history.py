"""What a ledger tells, in the terms of Airflow's tables, and the files of its logs."""

import json

import pytest

from harness.bridge.ui.history import told_by
from harness.bridge.ui.logs import entries, log_file, write_logs
from harness.ledger.journal import FileJournal
from harness.ledger.reading import whole_records

RUN = {"dag_id": "sales", "run_id": "one"}
WHOSE = {**RUN, "task_id": "load", "map_index": -1}
DATES = dict.fromkeys(("logical_date", "data_interval_start", "data_interval_end"), "2025-01-01T00:00:00Z")


def state(at, state, number, **more):
    told = {"state": state, "try_number": number, "reason": None, "due": None}
    return {"at": f"2025-01-01T00:{at:02}:00Z", "kind": "ti-state", **WHOSE, **told, **more}


def attempt(start, end, state, number, **more):
    told = {"start": f"2025-01-01T00:{start:02}:00Z", "end": f"2025-01-01T00:{end:02}:00Z", "error": None, "log": None}
    at = f"2025-01-01T00:{end:02}:00Z"
    return {"at": at, "kind": "attempt", **WHOSE, **told, "state": state, "try_number": number, "reason": None, **more}


def written(folder, *records, logs=()):
    """The history of a ledger with one run, of a Dag whose task ``load`` may be repeated once."""
    created = {"kind": "run-created", **RUN, **DATES, "run_type": "scheduled", "run_after": "2025-01-01T00:00:00Z"}
    tasks = [{"task_id": "load", "operator": "PythonOperator", "retries": 1, "downstream": ["say"]}, {"task_id": "say"}]
    with FileJournal(folder) as journal:
        at = "2025-01-01T00:00:00Z"
        journal.write({"at": at, "kind": "dag", "dag_id": "sales", "tasks": tasks})
        journal.write({"at": at, **created, "conf": {}})
        journal.write({"at": at, "kind": "run-state", **RUN, "state": "running", "reason": None})
        for record in records:
            journal.write(record)
        for log in logs:
            journal.keep_log(log)
    return told_by(folder, whole_records(folder / "journal.jsonl")[0])


def the_instance(history):
    return history.runs["sales", "one"].instances["load", -1]


def test_every_try_has_its_dates_and_the_last_stands_apart(tmp_path):
    instance = the_instance(
        written(
            tmp_path,
            state(0, "scheduled", 1),
            state(1, "queued", 1),
            state(2, "running", 1),
            attempt(2, 3, "up_for_retry", 1),
            state(3, "up_for_retry", 1),
            state(8, "scheduled", 2),
            state(8, "queued", 2),
            state(9, "running", 2),
            attempt(9, 10, "up_for_reschedule", 2),
            state(10, "up_for_reschedule", 2),
            attempt(15, 16, "success", 2),
            state(16, "success", 2),
        )
    )
    (first,) = instance.past
    assert (first.scheduled, first.queued) == ("2025-01-01T00:00:00Z", "2025-01-01T00:01:00Z")
    assert (first.start, first.end) == ("2025-01-01T00:02:00Z", "2025-01-01T00:03:00Z")
    assert (instance.state, instance.try_number, instance.present.number) == ("success", 2, 2)
    # a sensor that is rescheduled began with its first stretch
    assert (instance.present.start, instance.present.end) == ("2025-01-01T00:09:00Z", "2025-01-01T00:16:00Z")


def test_a_try_that_will_be_repeated_is_past_before_the_next_begins(tmp_path):
    instance = the_instance(
        written(tmp_path, state(2, "running", 1), attempt(2, 3, "up_for_retry", 1), state(3, "up_for_retry", 1))
    )
    assert [one.number for one in instance.past] == [1]


def test_one_that_runs_when_the_ledger_ends_has_begun(tmp_path):
    history = written(tmp_path, state(2, "running", 1))
    instance = the_instance(history)
    assert (instance.present.start, instance.present.end, instance.past) == ("2025-01-01T00:02:00Z", None, [])
    assert history.end == "2025-01-01T00:02:00Z"


@pytest.mark.parametrize(("ended", "expected"), [("running", {("load", -1), ("say", -1)}), ("failed", {("load", -1)})])
def test_an_unfinished_run_has_the_instances_that_came_to_nothing_yet(tmp_path, ended, expected):
    end = {"at": "2025-01-01T00:09:00Z", "kind": "run-state", **RUN, "state": ended, "reason": None}
    history = written(tmp_path, state(2, "failed", 1), end)
    assert set(history.runs["sales", "one"].instances) == expected


def test_an_xcom_and_rendered_fields_are_those_of_the_last_time(tmp_path):
    xcom = {"at": "2025-01-01T00:01:00Z", "kind": "xcom", **WHOSE, "key": "rows"}
    rendered = {"at": "2025-01-01T00:01:00Z", "kind": "rendered", **WHOSE}
    history = written(
        tmp_path,
        {**xcom, "value": 1},
        {**xcom, "value": 2},
        {**rendered, "fields": {"sql": "a"}},
        {**rendered, "fields": {"sql": "b"}},
    )
    assert history.runs["sales", "one"].xcoms["load", -1, "rows"].value == 2
    assert the_instance(history).rendered == {"sql": "b"}


def test_a_ledger_that_was_cut_off_is_read_to_its_last_whole_record(tmp_path):
    written(tmp_path, state(2, "running", 1), state(3, "success", 1))
    journal = tmp_path / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-2]) + lines[-2][:40])
    size, footer = whole_records(journal)
    assert footer is None
    assert the_instance(told_by(tmp_path, size)).state == "running"


def test_what_a_dag_is_said_to_be_may_be_unknown(tmp_path):
    with FileJournal(tmp_path) as journal:
        told = {"kind": "run-created", **RUN, **DATES, "run_type": "manual", "run_after": "2025-01-01T00:00:00Z"}
        journal.write({"at": "2025-01-01T00:00:00Z", **told, "conf": {}})
        journal.write(state(1, "success", 1))
    history = told_by(tmp_path, whole_records(tmp_path / "journal.jsonl")[0])
    assert history.tasks == {"sales": [{"task_id": "load"}]}


def test_entries_keep_lines_without_a_level_with_the_one_before():
    text = "INFO    reads\nERROR   Task failed with exception\nValueError: a\nINFO    b"
    assert entries(text) == [
        {"level": "info", "event": "reads"},
        {"level": "error", "event": "Task failed with exception\nValueError: a"},
        {"level": "info", "event": "b"},
    ]
    assert entries("… 3 lines left out")[0] == {"level": "info", "event": "… 3 lines left out"}


def test_each_try_has_a_file_where_airflow_looks_for_it(tmp_path):
    kept = {**WHOSE, "try_number": 1, "text": "INFO    reads"}
    failed = {"type": "ValueError", "message": "no table", "where": "sales.py:3", "hint": None}
    history = written(
        tmp_path / "ledger",
        attempt(2, 3, "up_for_retry", 1),
        attempt(8, 9, "failed", 2, error=failed),
        state(9, "failed", 2),
        logs=[kept],
    )
    base = tmp_path / "logs"
    assert write_logs(history, tmp_path / "ledger", base) == 2
    first, second = (log_file(base, "sales", "one", {**WHOSE, "try_number": number}) for number in (1, 2))
    assert json.loads(first.read_text()) == {"level": "info", "event": "reads"}
    assert json.loads(second.read_text()) == {"level": "error", "event": "ValueError: no table (sales.py:3)"}


@pytest.mark.parametrize("run_id", ["../../out", "a/../../../../out", "/etc/out", "..", "€" * 250, "%2F/"])
def test_a_log_has_a_place_of_its_own_in_the_folder_of_logs_whatever_the_names(tmp_path, run_id):
    whose = {"task_id": "t" * 250, "map_index": 0, "try_number": 1}
    found = log_file(tmp_path, "d" * 250, run_id, whose)
    assert tmp_path in found.resolve().parents
    found.parent.mkdir(parents=True)
    found.write_text("a log")
    assert found.read_text() == "a log"


def test_no_two_logs_share_a_place(tmp_path):
    names = ["a", "b", "a" * 60, "a" * 61, "a/b", "a%2Fb", "a" * 60 + "/run_id=", "+a"]
    whose = ({"task_id": task, "map_index": index, "try_number": 1} for task in names for index in (-1, 0))
    found = [log_file(tmp_path, dag, run, one) for one in whose for dag in names for run in names]
    assert len(set(found)) == len(found)


def test_a_backfill_takes_its_runs_and_a_deadline_comes_to_an_end(tmp_path):
    asked = {"dag_id": "sales", "at": "2025-01-01T00:01:00Z", "from": "2025-01-01T00:00:00Z"}
    asked |= {"to": asked["from"], "reprocess": "failed", "max_active_runs": 2, "reverse": False, "completed_at": None}
    date = {"logical_date": asked["from"], "reason": None, "run_id": "one", "outcome": "cleared"}
    left = {**date, "outcome": "not created", "reason": "already exists"}
    due = {"place": 0, "name": None, "due": "2025-01-01T00:05:00Z"}
    history = written(
        tmp_path,
        {"kind": "backfill", **asked, "dry_run": True, "refused": None, "dates": [date]},
        {"kind": "backfill", **asked, "dry_run": False, "refused": "InvalidBackfillDate", "dates": []},
        {"kind": "backfill", **asked, "dry_run": False, "refused": None, "dates": [date]},
        {"kind": "backfill", **asked, "dry_run": False, "refused": None, "dates": [left]},
        {"at": "2025-01-01T00:01:00Z", "kind": "deadline-created", **RUN, **due, "reason": None},
        {"at": "2025-01-01T00:06:00Z", "kind": "deadline-missed", **RUN, **due, "run_state": "running"},
        {"at": "2025-01-01T00:07:00Z", "kind": "deadline-callback", **RUN, **due, "state": "failed", "output": "no"},
    )
    run = history.runs["sales", "one"]
    assert (len(history.backfills), run.backfill, run.run_type) == (2, 1, "backfill")
    (deadline,) = run.deadlines.values()
    assert (deadline.state, deadline.made, deadline.callback_state) == ("missed", "2025-01-01T00:01:00Z", "failed")
