"""When runs start, and their states and dates."""

from __future__ import annotations

import pytest
from scheduler_builders import NOW, dag, run_of, task

from harness.scheduler.dag_runs.runs import may_start, next_run_state, set_run_state, start_order, to_start
from harness.scheduler.model import Dag

MADE = dag(task("t"), max_active_runs=2)


@pytest.mark.parametrize(
    ("state", "active", "backfill", "most", "may"),
    [
        ("queued", 1, None, None, True),
        ("queued", 2, None, None, False),
        ("running", 0, None, None, False),
        ("queued", 5, "b", 9, True),
        ("queued", 1, "b", 1, False),
        ("queued", 5, None, 9, False),
    ],
)
def test_may_start(state: str, active: int, backfill: str | None, most: int | None, may: bool) -> None:
    run = run_of(MADE, state=state, backfill_id=backfill, backfill_max_active_runs=most)
    assert may_start(run, active) is may


def test_backfills_start_after_others_and_in_their_order() -> None:
    runs = [
        run_of(MADE, run_id="second", backfill_id="b", backfill_ordinal=2),
        run_of(MADE, run_id="first", backfill_id="b", backfill_ordinal=1, run_after=NOW + 9),
        run_of(MADE, run_id="later", run_after=NOW + 5),
        run_of(MADE, run_id="plain"),
    ]
    assert [run.run_id for run in sorted(runs, key=start_order)] == ["plain", "later", "first", "second"]


@pytest.mark.parametrize(("outcome", "state"), [(None, "running"), ("success", "success"), ("failed", "failed")])
def test_next_run_state(outcome: str | None, state: str) -> None:
    assert next_run_state(outcome) == state


@pytest.mark.parametrize(
    ("before", "after", "start", "end"),
    [
        ("queued", "running", NOW, None),
        ("running", "success", 1, NOW),
        ("running", "failed", 1, NOW),
        ("running", "running", 1, None),
        ("running", "queued", None, None),
        ("success", "failed", 1, 2),
        ("success", "running", NOW, None),
        ("failed", "queued", None, None),
    ],
)
def test_states_and_dates(before: str, after: str, start: int | None, end: int | None) -> None:
    run = run_of(MADE, state=before, start=None if before == "queued" else 1)
    run.end = 2 if before in ("success", "failed") else None
    set_run_state(run, after, NOW, "because")
    assert (run.state, run.start, run.end, run.reason) == (after, start, end, "because")


def test_of_queued_runs_those_start_first_whose_dag_has_fewer_running():
    plain = dag(task("t"))
    busy, idle = (
        run_of(Dag(name, plain.tasks, max_active_runs=9), state="queued", start=None) for name in ("busy", "idle")
    )
    assert to_start([busy, idle], {("busy", None): 1}) == [idle, busy]
    assert to_start([busy, idle], {}) == [busy, idle]
