"""``sql``: what a user asks of a ledger, in which form the answer comes, and what cannot be asked."""

import csv
import io
import json

import duckdb
import pytest


def test_runs_and_how_they_ended(ask):
    assert ask("select logical_date, state, duration_s from runs order by logical_date") == [
        {"logical_date": "2025-01-01 00:00:00", "state": "success", "duration_s": 900.0 + 600},
        {"logical_date": "2025-01-02 00:00:00", "state": "failed", "duration_s": 900.0 + 600},
        {"logical_date": "2025-01-03 00:00:00", "state": "running", "duration_s": None},
    ]


def test_task_instances_with_their_last_try(ask):
    rows = ask("select task_id, state, try_number, pool, duration_s from task_instances where run_id like '%01-02%'")
    assert rows == [
        {"task_id": "extract", "state": "success", "try_number": 2, "pool": "etl", "duration_s": 600.0},
        {"task_id": "load", "state": "failed", "try_number": 1, "pool": "default_pool", "duration_s": 0.0},
    ]


def test_attempts_and_their_errors(ask):
    question = """select try_number, state, error_type, error_message, error_where from attempts
        where task_id = 'extract' and run_id like '%01-01%'"""
    assert ask(question) == [
        {"try_number": 1, "state": "up_for_retry", "error_type": "ConnectionError", "error_message": "feed is down",
         "error_where": "sales.py:11"},
        {"try_number": 2, "state": "success", "error_type": None, "error_message": None, "error_where": None},
    ]  # fmt: skip


def test_the_log_of_each_try_is_its_own(ask):
    logs = ask("select try_number, text from logs where task_id = 'extract' and run_id like '%01-01%'")
    assert [log["text"].count("reads the feed") for log in logs] == [1, 1]
    assert ["feed is down" in log["text"] for log in logs] == [True, False]


def test_xcoms_rendered_fields_and_variables(ask):
    assert ask("select value, bytes from xcoms where task_id = 'load'") == [{"value": '{"rows":3}', "bytes": 10}]
    assert {"field": "op_args", "value": "[]"} in ask("select field, value from rendered_fields")
    assert ask("select verb, key, value from variables") == [
        {"verb": "set", "key": "loaded", "value": "2025-01-01"},
        {"verb": "set", "key": "loaded", "value": "2025-01-02"},
    ]


def test_slots_of_pools_over_time(ask):
    rows = ask("select instant, running, taken, slots from pool_usage where pool = 'etl' and instant < '2025-01-02'")
    assert rows == [
        {"instant": "2025-01-01 00:00:00", "running": 1, "taken": 1, "slots": 2},
        {"instant": "2025-01-01 00:10:00", "running": 0, "taken": 0, "slots": 2},
        {"instant": "2025-01-01 00:15:00", "running": 1, "taken": 1, "slots": 2},
        {"instant": "2025-01-01 00:25:00", "running": 0, "taken": 0, "slots": 2},
    ]


def test_as_a_table_with_the_number_of_rows(shop):
    answer = shop("sql", "january", "select dag_id, state from runs order by run_id")
    assert [line.split() for line in answer.out.splitlines()] == [
        ["dag_id", "state"], ["sales", "success"], ["sales", "failed"], ["sales", "running"], ["3", "rows"],
    ]  # fmt: skip


def test_as_csv_and_as_parquet(shop):
    shop("sql", "january", "--format", "csv", "-o", "runs.csv", "select run_id, state, end_date from runs")
    rows = list(csv.DictReader(io.StringIO((shop.folder / "runs.csv").read_text())))
    assert [row["state"] for row in rows] == ["success", "failed", "running"]
    assert rows[2]["end_date"] == ""
    assert shop("sql", "january", "--format", "parquet", "-o", "runs.parquet", "select state from runs").code == 0
    read = duckdb.connect().execute(f"select * from '{shop.folder / 'runs.parquet'}'").fetchall()
    assert read == [("success",), ("failed",), ("running",)]


def test_several_ledgers_at_once(shop):
    shop("simulate", "--since", "2025-02-01", "--until", "1h", "--dag", "sales", "--keep", "february")
    answer = shop("sql", "january", "february", "--format", "json", "select ledger, count(*) n from runs group by all")
    assert sorted((row["ledger"], row["n"]) for row in json.loads(answer.out)) == [("february", 1), ("january", 3)]


def test_the_tables_are_told(shop):
    lines = shop("sql", "--tables").out.splitlines()
    assert "runs  a Dag run" in lines
    assert any("duration_s (seconds" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("january", "selec 1"), "DuckDB refuses the question: Parser Error: syntax error"),
        (("january", "select * from rums"), "tables: runs, tasks,"),
        (("january", "select * from read_csv('/etc/passwd')"), "file system operations are disabled"),
        (("january", "drop view runs; select * from read_text('january/journal.jsonl')"), "Permission Error"),
        (("january", "--format", "parquet", "select 1"), "-o answer.parquet"),
        (("january",), "sql takes a ledger and a question"),
        (("febuary", "select 1"), "there is no ledger 'febuary'"),
        (("dags", "select 1"), "'dags' is a folder, and no ledger"),
        (("january", "january/.", "select 1"), "two ledgers are called 'january'"),
    ],
)
def test_what_cannot_be_asked(shop, arguments, said):
    answer = shop("sql", *arguments)
    assert answer.code == 2
    assert said in answer.err
