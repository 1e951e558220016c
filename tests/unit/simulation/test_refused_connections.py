"""Connections that were refused: told of the run they belong to, each host and line once, the last ones at the end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.bridge.patches.network import RefusedConnection
from harness.bridge.supervisor.store import RunFacts
from harness.ledger.journal import NoJournal
from harness.scheduler.model import DagRun
from harness.simulation.record import Recorder
from tests.unit.scheduler.scheduler_builders import dag, run_of, task

FIRST = RefusedConnection("api.example", 443, "dags/d.py", 7)
SECOND = RefusedConnection("db.example", None, "", 0)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(NoJournal(), None, None)


def run() -> DagRun:
    real: Any = SimpleNamespace(fileloc="dags/d.py")
    return run_of(dag(task("a")), extra=RunFacts(real))


def told(recorder: Recorder, of: DagRun) -> list[tuple[str, str | None, str | None, int | None]]:
    return [(one.message, one.path, one.task_id, one.line) for one in recorder.findings.get(of, [])]


def said(who: str, peer: str) -> str:
    return f"{who} connects to {peer}, which is not in the world: refused"


def test_each_host_and_line_of_a_task_is_told_once_in_order(recorder: Recorder) -> None:
    one = run()
    recorder.refusals[one] = {("b", FIRST), ("a", SECOND), ("a", FIRST)}
    recorder.tell_refusals(one)
    recorder.refusals[one] = {("a", FIRST)}
    recorder.tell_refusals(one)
    assert told(recorder, one) == [
        (said("task 'a'", "api.example:443"), "dags/d.py", "a", 7),
        (said("task 'a'", "db.example"), "dags/d.py", "a", None),
        (said("task 'b'", "api.example:443"), "dags/d.py", "b", 7),
    ]
    assert recorder.refusals == {}


def test_at_the_end_what_no_change_of_a_state_told_is_told(recorder: Recorder) -> None:
    one, other = run(), run()
    recorder.refusals = {one: {("a", FIRST)}, other: {("a", SECOND)}, None: {("", FIRST)}}
    (alone,) = recorder.at_the_end()
    assert (alone.message, alone.dag_id, alone.task_id) == (
        said("code that no task runs", "api.example:443"),
        None,
        None,
    )
    assert [len(told(recorder, each)) for each in (one, other)] == [1, 1]
    assert recorder.at_the_end() == []


def test_at_the_end_of_one_run_what_no_task_did_is_that_runs(recorder: Recorder) -> None:
    one = run()
    recorder.refusals = {None: {("", FIRST)}}
    assert recorder.at_the_end(one) == []
    assert told(recorder, one) == [(said("code that no task runs", "api.example:443"), "dags/d.py", None, 7)]


def test_what_processes_were_refused_that_tasks_forked_is_gathered_first(recorder: Recorder) -> None:
    one = run()
    recorder.gather = lambda: recorder.refusals.setdefault(one, set()).add(("a", FIRST))
    recorder.at_the_end()
    assert len(told(recorder, one)) == 1


def test_outside_of_tasks_it_is_nobody_s_and_needed_all_the_same(recorder: Recorder) -> None:
    recorder.refused(FIRST)
    recorder.refused(FIRST)
    assert recorder.refusals == {None: {("", FIRST)}}
    assert [(need.section, need.name, need.dag_ids) for need in recorder.needs.all()] == [
        ("network", "api.example:443", ())
    ]
