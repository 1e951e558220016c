"""Small Dags and runs for the scheduler's tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from harness.kernel.instant import to_instant
from harness.scheduler.decide import Decision, decide, schedule
from harness.scheduler.mapping import create_instances
from harness.scheduler.model import SUCCESS, Dag, DagRun, MappedGroup, Task, TaskInstance

NOW = 1_735_689_600_000_000  # 2025-01-01T00:00:00Z
DAY = 86_400_000_000


def task(task_id: str, *upstream: str, **fields: Any) -> Task:
    return Task(task_id, "PythonOperator", upstream=upstream, **fields)


def dag(*tasks: Task, groups: Iterable[MappedGroup] = (), **fields: Any) -> Dag:
    """A Dag of tasks given in topological order; downstreams follow from upstreams."""
    downstream: dict[str, list[str]] = {one.task_id: [] for one in tasks}
    for one in tasks:
        for name in one.upstream:
            downstream[name].append(one.task_id)
    wired = {one.task_id: replace(one, downstream=tuple(downstream[one.task_id])) for one in tasks}
    return Dag("d", wired, {group.group_id: group for group in groups}, **fields)


def run_of(of: Dag, states: Mapping[Any, str | None] | None = None, **fields: Any) -> DagRun:
    """A running run, created as the scheduler does; ``states`` by task id or key."""
    given: dict[str, Any] = {
        "run_id": "r",
        "run_type": "scheduled",
        "logical_date": NOW,
        "data_interval_start": NOW,
        "data_interval_end": NOW,
        "run_after": NOW,
        "state": "running",
        "start": NOW,
    }
    run = DagRun(of, **{**given, **fields})
    create_instances(run)
    for name, state in (states or {}).items():
        ti(run, name).state = state
    return run


def ti(run: DagRun, name: str | tuple[str, int]) -> TaskInstance:
    return run.task_instances[(name, -1) if isinstance(name, str) else name]


def states(run: DagRun) -> dict[Any, str | None]:
    """State by task id, or by key for mapped instances."""
    return {one.task_id if one.map_index < 0 else one.key: one.state for one in run.task_instances.values()}


def ids(instances: Iterable[TaskInstance]) -> list[Any]:
    return [one.task_id if one.map_index < 0 else one.key for one in instances]


def settle(run: DagRun, now: int = NOW) -> Decision:
    """Decide, schedule what is ready, and decide again while short-circuiting tasks succeed."""
    while True:
        decision = decide(run, now)
        for one in decision.ready:
            schedule(one, now)
        if not decision.again:
            return decision


def finish(run: DagRun, name: str | tuple[str, int], state: str = SUCCESS, length: int | None = None) -> None:
    """End an instance as its process would, with what it returned."""
    one = ti(run, name)
    one.state, one.start, one.end = state, NOW, NOW
    if state == SUCCESS:
        if length is not None:
            run.lengths[one.task_id] = length
        if one.map_index >= 0:
            run.returned.setdefault(one.task_id, set()).add(one.map_index)


__all__ = ["DAY", "NOW", "dag", "finish", "ids", "run_of", "settle", "states", "task", "ti", "to_instant"]
