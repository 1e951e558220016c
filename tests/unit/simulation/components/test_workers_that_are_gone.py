"""Task instances whose worker is gone without a word: found when heartbeats are missed, and what follows then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from simulation_builders import Act, Play

from harness.bridge.supervisor.store import facts
from harness.bridge.versions.scheduling import HeartbeatRules
from harness.kernel import SECOND
from harness.scheduler.model import DagRun, TaskInstance
from harness.simulation.components import workers
from harness.simulation.history import history
from tests.unit.scheduler.scheduler_builders import NOW, dag, states, task, ti

LOST = "no heartbeat for 300 s: its worker was lost at 2025-01-01T00:00:32Z"
FOUND = 330
"""Seconds: the last heartbeat was at 30, and the scheduler looks every 10."""


@pytest.fixture(autouse=True)
def called(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, str, str]]:
    """(second, task, callback) of the callbacks that the Dag processor was asked for."""
    found: list[tuple[float, str, str]] = []

    def call(one: TaskInstance, failed: Any, name: str) -> None:
        assert one.state is not None
        found.append((0 if one.end is None else (one.end - NOW) / SECOND, one.task_id, name))

    rules = HeartbeatRules(5 * SECOND, 300 * SECOND, 10 * SECOND, knows_retries=True, asks_once=True)
    monkeypatch.setattr(workers, "heartbeat_rules", lambda: rules)
    monkeypatch.setattr(workers, "run_failure_callbacks", call)
    return found


@pytest.fixture
def lost(play: Play) -> Callable[..., DagRun]:
    """``lost(retries=0, callbacks=(), **dag)``: a run whose task ``a`` has lost its worker at second 32."""

    def begin(*others: str, retries: int = 0, callbacks: tuple[str, ...] = (), **fields: Any) -> DagRun:
        play.acts["a"] = [Act(9_000), Act()]
        made = dag(task("a", retries=retries, retry_delay=60 * SECOND), *map(task, others), **fields)
        run = play.add(made)
        for name in ("on_retry_callback", "on_failure_callback"):
            setattr(facts(run).dag.task_dict["a"], name, name in callbacks)
        play.until(32)
        process = history(ti(run, "a")).process
        assert process is not None
        play.attempts.lost_workers.lose(ti(run, "a"))
        play.simulation.kill(process)
        return run

    return begin


def test_until_it_is_found_it_runs_for_all_that_anybody_sees(play: Play, lost: Callable[..., DagRun]) -> None:
    run = lost()
    play.until(FOUND - 1)
    assert (states(run), play.driver.occupancy().executor) == ({"a": "running"}, 1)
    play.until(FOUND)
    assert (states(run), ti(run, "a").reason) == ({"a": "failed"}, LOST)
    assert ti(run, "a").end == NOW + FOUND * SECOND
    play.until()
    assert run.state == "failed"


def test_with_tries_left_the_next_comes_behind_its_delay(play: Play, lost: Callable[..., DagRun]) -> None:
    run = lost(retries=1)
    one = ti(run, "a")
    one.retry_delay_override = 5 * SECOND  # of a policy, for the failure before it
    play.until(FOUND)
    assert (one.state, one.reason) == ("up_for_retry", LOST)
    play.until()
    assert (one.state, one.try_number) == ("success", 2)
    kept = [
        (at.try_number, at.state, (at.start - NOW) / SECOND, (at.end - NOW) / SECOND) for at in history(one).attempts
    ]
    assert kept == [(1, "up_for_retry", 0, FOUND), (2, "success", FOUND + 60, FOUND + 120)]
    assert [at.reason for at in history(one).attempts] == [LOST, None]


@pytest.mark.parametrize(
    ("retries", "callbacks", "told"),
    [
        (0, ("on_failure_callback",), ["on_failure_callback"]),
        (1, ("on_retry_callback",), ["on_retry_callback"]),
        (0, ("on_retry_callback",), ["on_failure_callback"]),
        (0, (), []),
    ],
)
def test_the_dag_processor_is_asked_for_callbacks_where_the_task_has_any(
    play: Play,
    lost: Callable[..., DagRun],
    called: list[tuple[float, str, str]],
    retries: int,
    callbacks: tuple[str, ...],
    told: list[str],
) -> None:
    lost(retries=retries, callbacks=callbacks)
    play.until(FOUND + 1)
    assert called == [(FOUND, "a", name) for name in told]


@pytest.mark.parametrize(
    ("fail_fast", "retries", "other"), [(True, 0, "skipped"), (False, 0, "running"), (True, 1, "running")]
)
def test_one_that_fails_for_good_stops_the_others_where_the_dag_says_so(
    play: Play, lost: Callable[..., DagRun], fail_fast: bool, retries: int, other: str
) -> None:
    play.acts["b"] = [Act(1_000)]
    run = lost("b", retries=retries, fail_fast=fail_fast)
    play.until(FOUND)
    states_then = states(run)
    assert states_then["a"] == ("up_for_retry" if retries else "failed")
    assert (states_then["b"] == "running") is (other == "running")
    if other != "running":
        assert history(ti(run, "b")).process is None


@pytest.mark.parametrize(
    "change",
    [
        lambda one: setattr(one, "state", "failed"),
        lambda one: setattr(one, "try_number", 2),
        lambda one: setattr(history(one), "running_since", NOW + SECOND),
    ],
    ids=["another state", "another try", "another stretch of the try"],
)
def test_one_that_was_given_something_else_meanwhile_is_left_alone(
    play: Play, lost: Callable[..., DagRun], change: Callable[[TaskInstance], None]
) -> None:
    one = ti(lost(), "a")
    change(one)
    before = one.state
    play.until(FOUND + 1)
    assert (one.state, one.reason, history(one).attempts) == (before, None, [])
