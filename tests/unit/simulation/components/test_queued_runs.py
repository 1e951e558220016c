"""Queued runs: those that a loop starts are the ones that it would start if it looked at all of them."""

from __future__ import annotations

from random import Random

import pytest

from harness.scheduler.dag_runs.runs import group_of, to_start
from harness.scheduler.model import DagRun
from harness.simulation.components.queued_runs import QueuedRuns
from tests.unit.scheduler.scheduler_builders import DAY, NOW, dag, run_of, task

PLAIN = dag(task("a"), max_active_runs=3)


def queued(name: str, number: Random) -> DagRun:
    """A run of one of three backfills, or of none, due by now or later."""
    backfill = number.choice([None, "1", "2", "3"])
    own = {} if backfill is None else {"backfill_max_active_runs": 2 * int(backfill)}
    ordinal = None if backfill is None else number.randrange(1, 60)
    due = NOW + number.choice([-2, -1, 0, 1]) * DAY
    fields = {"backfill_id": backfill, "backfill_ordinal": ordinal, "run_after": due, "state": "queued", **own}
    return run_of(PLAIN, run_id=name, **fields)


@pytest.mark.parametrize("seed", range(30))
def test_a_loop_starts_the_same_whether_it_looks_at_all_or_at_the_next(seed: int) -> None:
    number = Random(seed)
    every, waiting, running = {}, QueuedRuns(), {}
    for place in range(number.randrange(100)):
        run = queued(f"r{place}", number)
        every[run] = None
        waiting.add(run)
    while True:
        started = to_start([run for run in every if run.run_after <= NOW], running)
        assert to_start(waiting.next(NOW, running, ()), running) == started
        if not started:
            break
        for run in started[: number.randrange(1, 3)]:
            del every[run]
            waiting.remove(run)
            run.state = "running"
            running[group_of(run)] = running.get(group_of(run), 0) + 1
        ended = number.choice(sorted(running, key=str))
        running[ended] = max(0, running[ended] - number.randrange(3))
    assert list(waiting) == list(every)
    for name in ("d", "other"):
        of_dag = [run for run in every if run.dag.dag_id == name]
        assert waiting.count(name, backfills=True) == len(of_dag)
        assert waiting.count(name, backfills=False) == sum(run.backfill_id is None for run in of_dag)


def test_runs_of_a_paused_dag_do_not_start() -> None:
    waiting = QueuedRuns()
    waiting.add(run_of(PLAIN, run_id="r", state="queued"))
    assert list(waiting.next(NOW, {}, {"d"})) == []


def test_one_that_is_queued_already_keeps_its_place() -> None:
    waiting, run = QueuedRuns(), run_of(PLAIN, run_id="r", state="queued")
    waiting.add(run)
    waiting.add(run)
    assert list(waiting) == list(waiting.next(NOW, {}, ())) == [run]
    waiting.remove(run)
    assert len(waiting) == 0
