"""A simulation as a trace for Perfetto and the like: Chrome's trace-event JSON, over virtual time.

A process of the trace is a Dag, a thread of it a run's task; what runs is a slice, and beneath them are, pool by pool,
how many task instances were at work.
Source of the format: the Trace Event Format of Chromium; instants are microseconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.kernel.instant import iso, to_instant
from harness.results import dated
from harness.results.calendar import CalendarResult
from harness.results.run import Attempt, RunResult, TaskResult

_COLOURS = {"success": "good", "failed": "terrible", "up_for_retry": "bad", "deferred": "grey", "skipped": "grey"}
_POOLS = 1_000_000
"""The process of the pools, behind those of all Dags."""


def write_trace(result: RunResult | CalendarResult, file: Path) -> None:
    """Write what ran into a file. Raises: OSError: it cannot be written."""
    document = {"traceEvents": list(trace_events(result.runs)), "displayTimeUnit": "ms"}
    file.write_text(json.dumps(document, ensure_ascii=False) + "\n", encoding="utf-8")


def trace_events(runs: Iterable[RunResult]) -> Iterator[dict[str, Any]]:
    """The events of the trace, those that name things first.

    Their instants count from the first start, which the trace's name has: viewers show no dates.
    """
    ran = [(run, ti, one) for run in runs for ti in run.task_instances for one in ti.attempts]
    if not ran:
        return
    began = min(one.start_date for _, _, one in ran)
    dags = {dag_id: number for number, dag_id in enumerate(dict.fromkeys(run.dag_id for run, _, _ in ran), 1)}
    threads: dict[tuple[str, str, str], int] = {}
    for run, ti, _ in ran:
        threads.setdefault((run.dag_id, run.run_id, ti.name), len(threads) + 1)
    names = {(run.dag_id, run.run_id): dated(run) for run, _, _ in ran}
    for dag_id, number in dags.items():
        yield _named("process_name", number, 0, f"{dag_id} (from {iso(began)})")
    for (dag_id, run_id, name), number in threads.items():
        yield _named("thread_name", dags[dag_id], number, f"{name}  {names[dag_id, run_id]}")
    for run, ti, one in ran:
        place = {"pid": dags[run.dag_id], "tid": threads[run.dag_id, run.run_id, ti.name]}
        yield {**place, **_slice(run, ti, one, began)}
    yield from _pools(ran, began)


def _named(what: str, pid: int, tid: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": what, "pid": pid, "tid": tid, "args": {"name": name}}


def _since(began: datetime, at: datetime) -> int:
    return to_instant(at) - to_instant(began)


def _slice(run: RunResult, ti: TaskResult, one: Attempt, began: datetime) -> dict[str, Any]:
    end = one.end_date or one.start_date
    told = {"run_id": run.run_id, "try_number": one.try_number, "state": one.state, "pool": ti.pool}
    return {
        "ph": "X",
        "name": ti.name,
        "cat": one.state,
        "ts": _since(began, one.start_date),
        "dur": _since(one.start_date, end),
        "cname": _COLOURS.get(one.state, "generic_work"),
        "args": {**told, "at": iso(one.start_date), **({} if one.reason is None else {"reason": one.reason})},
    }


def _pools(ran: Iterable[tuple[RunResult, TaskResult, Attempt]], began: datetime) -> Iterator[dict[str, Any]]:
    """How many were at work in each pool, whenever it changed."""
    changes: dict[str, dict[int, int]] = {}
    for _, ti, one in ran:
        of_pool = changes.setdefault(ti.pool, {})
        for date, change in ((one.start_date, 1), (one.end_date or one.start_date, -1)):
            of_pool[_since(began, date)] = of_pool.get(_since(began, date), 0) + change
    yield _named("process_name", _POOLS, 0, "pools")
    for pool, of_pool in sorted(changes.items()):
        running = 0
        for at in sorted(of_pool):
            running += of_pool[at]
            yield {"ph": "C", "name": pool, "pid": _POOLS, "tid": 0, "ts": at, "args": {"running": running}}
