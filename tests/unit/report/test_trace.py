"""The trace of virtual time: what a viewer is told of Dags, tasks, slices and pools."""

import json

from harness.report.trace import trace_events, write_trace

from .report_builders import run, task


def of(events, kind):
    return [event for event in events if event["ph"] == kind]


def test_each_attempt_is_a_slice_of_its_tasks_thread():
    result = run(
        task("load", ("up_for_retry", 60, 120, "ValueError: no"), ("success", 420, 480)),
        task("rows", ("success", 0, 30), map_index=2, pool="etl"),
    )
    events = list(trace_events([result]))
    slices = [(one["name"], one["cat"], one["ts"], one["dur"]) for one in of(events, "X")]
    assert slices == [
        ("load", "up_for_retry", 60_000_000, 60_000_000),
        ("load", "success", 420_000_000, 60_000_000),
        ("rows[2]", "success", 0, 30_000_000),
    ]
    first, second, other = of(events, "X")
    assert first["tid"] == second["tid"] != other["tid"]
    assert first["args"] == {
        "run_id": "scheduled__2025-01-01T00:00:00+00:00",
        "try_number": 1,
        "state": "up_for_retry",
        "pool": "default_pool",
        "at": "2025-01-01T00:01:00Z",
        "reason": "ValueError: no",
    }


def test_dags_are_processes_and_say_from_when():
    runs = [run(task("a", ("success", 5, 6))), run(task("a", ("success", 9, 9)), dag_id="other", run_id="r2")]
    events = list(trace_events(runs))
    names = {one["pid"]: one["args"]["name"] for one in of(events, "M") if one["name"] == "process_name"}
    assert list(names.values()) == [
        "sales (from 2025-01-01T00:00:05Z)",
        "other (from 2025-01-01T00:00:05Z)",
        "pools",
    ]
    threads = [one["args"]["name"] for one in of(events, "M") if one["name"] == "thread_name"]
    assert threads == ["a  2025-01-01T00:00:00Z", "a  2025-01-01T00:00:00Z"]


def test_pools_tell_how_many_are_at_work():
    result = run(task("a", ("success", 0, 60)), task("b", ("success", 30, 90)), task("c", ("success", 10, 10)))
    counts = [(one["ts"] // 1_000_000, one["args"]["running"]) for one in of(trace_events([result]), "C")]
    assert counts == [(0, 1), (10, 1), (30, 2), (60, 1), (90, 0)]


def test_the_file_is_one_document_also_where_nothing_ran(tmp_path):
    write_trace(run(), tmp_path / "trace.json")
    assert json.loads((tmp_path / "trace.json").read_text()) == {"traceEvents": [], "displayTimeUnit": "ms"}
