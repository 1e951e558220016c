"""Which scheduled task instances get a slot: who waits in which order, what is taken, and what the limits let through.

The limits are those of executors, pools, priorities and concurrency.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple, TypeVar

from harness.kernel.instant import Microseconds
from harness.scheduler.executors import (
    NUM_STUCK_IN_QUEUED_RETRIES,
    TASK_QUEUED_TIMEOUT,
    ExecutorSlots,
    WorkerSlots,
    executor_of,
    slots_taken,
)
from harness.scheduler.model import (
    AWAITING_INPUT,
    DEFERRED,
    OCCUPYING,
    QUEUED,
    SCHEDULED,
    DagRun,
    TaskInstance,
)

Place = tuple[int, bool, int, int, int, int, str, str, int, str]
_Entry = tuple[Any, ...]
"""A `Place`, a number, and who stands there."""


def place_of(ti: TaskInstance) -> Place:
    """Where an instance stands in the queue: ``-priority_weight``, logical date, ``map_index``.

    Runs without logical date come last, as PostgreSQL sorts them. Ties are undefined in Airflow; databases mostly
    return rows as they were inserted: in the order of the runs' creation, then of the tasks' definition.
    Source: airflow/jobs/scheduler_job_runner.py `_executable_task_instances_to_queued` (3.3.2).
    """
    run = ti.run
    return (
        -ti.task.priority_weight,
        run.logical_date is None,
        run.logical_date or 0,
        ti.map_index,
        run.ordinal,
        run.run_after,
        run.dag.dag_id,
        run.run_id,
        ti.task.place,
        ti.task.task_id,
    )


class Candidates:
    """A sorted set of scheduled instances, pool by pool: a full pool's are passed over at no cost.

    Adding and taking out costs a binary search, so that a backlog of thousands does not slow each decision. Each is
    kept as one flat tuple, its place and then a number that no two share: so the search compares tuples, in C and never
    to their end, where a function that gives the place would be called a dozen times for each.
    """

    def __init__(self, instances: Iterable[TaskInstance] = ()) -> None:
        self._pools: dict[str, list[_Entry]] = {}
        self._entries: dict[TaskInstance, _Entry] = {}
        self._number = count()
        for ti in instances:
            self.add(ti)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, ti: TaskInstance) -> bool:
        return ti in self._entries

    def add(self, ti: TaskInstance) -> None:
        """Put an instance in; again changes nothing."""
        if ti not in self._entries:
            entry = self._entries[ti] = (*place_of(ti), next(self._number), ti)
            insort(self._pools.setdefault(ti.task.pool, []), entry)

    def discard(self, ti: TaskInstance) -> None:
        """Take an instance out; harmless when it is not in."""
        entry = self._entries.pop(ti, None)
        if entry is not None:
            line = self._pools[ti.task.pool]
            del line[bisect_left(line, entry)]

    def by_pool(self) -> Iterator[tuple[str, int, TaskInstance]]:
        """Each pool that instances wait for, how many, and the first of them."""
        return ((pool, len(line), line[0][-1]) for pool, line in self._pools.items() if line)

    def in_order(self, without_pools: Collection[str] = ()) -> Iterator[TaskInstance]:
        """The instances in the queue's order, those of some pools left out."""
        lines = [line for pool, line in self._pools.items() if line and pool not in without_pools]
        if len(lines) == 1:
            return (entry[-1] for entry in lines[0])
        return (entry[-1] for entry in heapq.merge(*lines))


ACTIVE = OCCUPYING | {DEFERRED, AWAITING_INPUT}
"""States in which an instance holds something."""

Counted = TypeVar("Counted")


@dataclass(slots=True)
class Occupancy:
    """Counts of active instances.

    Attributes:
        executor: executor slots taken (queued and running instances, callbacks), in all executors.
        executors: the same by the executor asked for, None for the default one.
        pools: pool name -> slots taken by queued and running instances.
        pool_deferred: pool name -> slots that deferred instances hold where a pool includes them.
        runs: (dag_id, run_id) -> queued and running instances.
        tasks: (dag_id, task_id) -> active instances, parked ones included, of a task that limits them.
        run_tasks: (dag_id, run_id, task_id) -> the same, by run.
    Source: airflow/jobs/scheduler_job_runner.py `ConcurrencyMap`, airflow/models/pool.py `slots_stats` (3.3.2).
    """

    executor: int = 0
    pools: dict[str, int] = field(default_factory=dict)
    pool_deferred: dict[str, int] = field(default_factory=dict)
    runs: dict[tuple[str, str], int] = field(default_factory=dict)
    tasks: dict[tuple[str, str], int] = field(default_factory=dict)
    run_tasks: dict[tuple[str, str, str], int] = field(default_factory=dict)
    executors: dict[str | None, int] = field(default_factory=dict)

    def copy(self) -> Occupancy:
        """An independent copy."""
        return Occupancy(
            self.executor,
            {**self.pools},
            {**self.pool_deferred},
            {**self.runs},
            {**self.tasks},
            {**self.run_tasks},
            {**self.executors},
        )

    def add(self, ti: TaskInstance, state: str = QUEUED, sign: int = 1) -> None:
        """Count an instance as if it were in an active state, or with ``sign`` -1 take it out again."""
        task, dag, run_id = ti.task, ti.run.dag, ti.run.run_id
        occupies = state in OCCUPYING
        if occupies or dag.policies.deferred_count:
            if task.max_active_tis_per_dag is not None:
                _count(self.tasks, (dag.dag_id, task.task_id), sign)
            if task.max_active_tis_per_dagrun is not None:
                _count(self.run_tasks, (dag.dag_id, run_id, task.task_id), sign)
        if occupies:
            self.add_workload(task.executor, sign)
            _count(self.pools, task.pool, sign * task.pool_slots)
            _count(self.runs, (dag.dag_id, run_id), sign)
        elif state == DEFERRED:
            _count(self.pool_deferred, task.pool, sign * task.pool_slots)

    def add_workload(self, executor: str | None, sign: int = 1) -> None:
        """Count a workload of an executor, by the name it asks for; a callback takes a slot and nothing else."""
        self.executor += sign
        self.executors[executor] = self.executors.get(executor, 0) + sign

    def of_run(self, run: DagRun) -> int:
        """Queued and running instances of a run."""
        return self.runs.get((run.dag.dag_id, run.run_id), 0)

    def of_task(self, ti: TaskInstance) -> int:
        """Active instances of the task in all runs."""
        return self.tasks.get((ti.run.dag.dag_id, ti.task_id), 0)

    def of_task_in_run(self, ti: TaskInstance) -> int:
        """Active instances of the task in the run."""
        return self.run_tasks.get((ti.run.dag.dag_id, ti.run.run_id, ti.task_id), 0)


def _count(counts: dict[Counted, int], of: Counted, change: int) -> None:
    """Change a count; one that is 0 goes, so that runs which have ended leave nothing behind."""
    count = counts.get(of, 0) + change
    if count:
        counts[of] = count
    else:
        counts.pop(of, None)


def occupancy_of(runs: Iterable[DagRun]) -> Occupancy:
    """Count every active instance of the runs, each once."""
    found = Occupancy()
    for run in runs:
        for ti in run.task_instances.values():
            state = ti.state
            if state in ACTIVE and state is not None:
                found.add(ti, state)
    return found


__all__ = ["Admission", "ExecutorSlots", "Limits", "PoolSlots", "admit", "admit_once", "held_back", "never_admitted"]

MAX_TIS_PER_QUERY = 16
"""Default of Airflow's ``[scheduler] max_tis_per_query``."""


@dataclass(frozen=True, slots=True)
class PoolSlots:
    """A pool; ``slots`` -1 is unlimited, ``include_deferred`` lets deferred instances keep their slots."""

    name: str
    slots: int
    include_deferred: bool = False


@dataclass(slots=True)
class Limits:
    """What all runs share.

    Attributes:
        parallelism: slots of all executors together, at least 1.
        pools: by name.
        max_tis_per_query: how many instances one scheduler loop looks at, 0 for as many as there are slots.
        paused_dags: dag_ids whose instances are not looked at.
        executors: those configured, the default one first; none stands for one that takes any name and has all slots.
        workers: of executors that have any; the others begin what they are given at once.
        task_queued_timeout: how long an instance waits for a worker before it is scheduled anew, microseconds.
        num_stuck_in_queued_retries: how often it is, before it fails.
    """

    parallelism: int
    pools: Mapping[str, PoolSlots]
    max_tis_per_query: int = MAX_TIS_PER_QUERY
    paused_dags: set[str] = field(default_factory=set)
    executors: tuple[ExecutorSlots, ...] = ()
    workers: tuple[WorkerSlots, ...] = ()
    task_queued_timeout: Microseconds = TASK_QUEUED_TIMEOUT
    num_stuck_in_queued_retries: int = NUM_STUCK_IN_QUEUED_RETRIES


@dataclass(slots=True)
class Admission:
    """Who may be queued, in order, and why each other candidate waits."""

    admitted: list[TaskInstance] = field(default_factory=list)
    held: list[tuple[TaskInstance, str]] = field(default_factory=list)


class Obstacle(NamedTuple):
    """Why an instance waits, and who waits with it: all of its ``pool``, ``task``, ``run_task`` or ``run``."""

    scope: str
    reason: str


def admit(
    candidates: Iterable[TaskInstance], runs: Iterable[DagRun], limits: Limits, occupancy: Occupancy | None = None
) -> Admission:
    """Choose the scheduled instances that may be queued now, loop after loop until one admits nobody.

    No state is changed.

    Args:
        candidates: instances; those not ``scheduled`` are ignored.
        runs: all runs whose instances may occupy anything; read once.
        occupancy: what they occupy, when the caller already knows.
    """
    waiting = Candidates(ti for ti in candidates if ti.state == SCHEDULED)
    result = Admission()
    taken = occupancy_of(runs) if occupancy is None else occupancy.copy()
    while len(waiting):
        admitted = admit_once(waiting, taken, limits)
        if not admitted:
            break
        result.admitted += admitted
        for ti in admitted:
            waiting.discard(ti)
    result.held = held_back(waiting, taken, limits)
    return result


def admit_once(waiting: Candidates, taken: Occupancy, limits: Limits) -> list[TaskInstance]:
    """One call of the critical section: query, examine, and query again around what starves.

    A loop examines, of each run, no more than its first ``max_active_tasks`` instances, and in all no more than the
    slots left: as in Airflow, instances that cannot start may hide ones that could.

    Args:
        taken: what is occupied; the admitted are added to it.
    Returns: the admitted in order; their states are the caller's to change.
    Source: airflow/jobs/scheduler_job_runner.py `_executable_task_instances_to_queued` (3.3.2; 3.1.8 has no
    limit of instances examined a run, and deferred instances do not count for max_active_tis_per_dag(run)).
    """
    query = _Query(waiting, taken, limits)
    while True:
        examined = query.examine()
        admitted = []
        starved = 0
        for ti in examined:
            obstacle = _obstacle(ti, taken, limits)
            if obstacle is None:
                taken.add(ti)
                admitted.append(ti)
            else:
                starved += query.starve(ti, obstacle.scope)
        if admitted or len(examined) < query.size or not starved:
            return admitted


def held_back(waiting: Candidates, taken: Occupancy, limits: Limits) -> list[tuple[TaskInstance, str]]:
    """Why each instance that was not admitted waits."""
    found = []
    reasons: dict[tuple[int, str], str] = {}
    for ti in waiting.in_order():
        alike = (id(ti.run), ti.task_id)
        if alike not in reasons:
            reasons[alike] = (_obstacle(ti, taken, limits) or _hidden(ti, limits)).reason
        found.append((ti, reasons[alike]))
    return found


class _Query:
    """The instances a loop looks at: those not starved, few enough of each run, few enough in all."""

    def __init__(self, waiting: Candidates, taken: Occupancy, limits: Limits) -> None:
        self.waiting, self.taken, self.limits = waiting, taken, limits
        free = limits.parallelism - taken.executor
        self.size = min(free, limits.max_tis_per_query) if limits.max_tis_per_query else free
        left = [slots_left(pool, taken) for pool in limits.pools.values()]
        if None not in left:
            self.size = min(self.size, sum(max(0, slots) for slots in left if slots is not None))
        self.pools = {name for name, slots in zip(limits.pools, left, strict=True) if slots is not None and slots <= 0}
        self.tasks: set[tuple[str, str]] = set()
        self.run_tasks: set[tuple[str, str, str]] = set()
        self.dags: set[str] = set()

    def examine(self) -> list[TaskInstance]:
        """The first instances in order that pass the filters."""
        seen: dict[DagRun, int] = {}
        found: list[TaskInstance] = []
        paused, filtered = self.limits.paused_dags, bool(self.dags or self.tasks or self.run_tasks)
        for ti in self.waiting.in_order(self.pools):
            if len(found) >= self.size:
                break
            run = ti.run
            dag = run.dag
            if run.state != "running" or dag.dag_id in paused or (filtered and self._starves(ti)):
                continue
            most = dag.max_active_tasks
            if not dag.policies.full_runs_passed_over:
                found.append(ti)
            elif self.taken.of_run(run) < most:
                number = seen[run] = seen.get(run, 0) + 1
                if number <= most:
                    found.append(ti)
        return found

    def _starves(self, ti: TaskInstance) -> bool:
        dag_id = ti.run.dag.dag_id
        if dag_id in self.dags or ti.task.pool in self.pools or (dag_id, ti.task_id) in self.tasks:
            return True
        return (dag_id, ti.run.run_id, ti.task_id) in self.run_tasks

    def starve(self, ti: TaskInstance, scope: str) -> bool:
        """Leave alike instances out of the next query. Returns: whether that is a new filter."""
        if self._starves(ti):
            return False
        dag_id = ti.run.dag.dag_id
        if scope == "pool":
            self.pools.add(ti.task.pool)
        elif scope == "run_task":
            self.run_tasks.add((dag_id, ti.run.run_id, ti.task_id))
        elif scope == "run":  # where full runs are passed over, met only after an admission, which ends the loop
            self.dags.add(dag_id)
        else:
            self.tasks.add((dag_id, ti.task_id))
        return True


def slots_left(pool: PoolSlots, taken: Occupancy) -> int | None:
    """Open slots of a pool, below 0 when overfull; None for an unlimited one.

    Source: airflow/models/pool.py `Pool.slots_stats` (3.3.2).
    """
    if pool.slots == -1:
        return None
    deferred = taken.pool_deferred.get(pool.name, 0) if pool.include_deferred else 0
    return pool.slots - taken.pools.get(pool.name, 0) - deferred


def _obstacle(ti: TaskInstance, taken: Occupancy, limits: Limits) -> Obstacle | None:
    """The first limit that ``ti`` runs into, in Airflow's order of asking; None when there is none."""
    task, run = ti.task, ti.run
    if run.dag.dag_id in limits.paused_dags:
        return Obstacle("run", f"Dag '{run.dag.dag_id}' is paused")
    if run.state != "running":
        return Obstacle("run", f"run '{run.run_id}' is {run.state}")
    if taken.executor >= limits.parallelism:
        return Obstacle("run", f"parallelism {limits.parallelism} reached")
    obstacle = _pool_obstacle(ti, taken, limits)
    if obstacle is not None:
        return obstacle
    if taken.of_run(run) >= run.dag.max_active_tasks:
        return Obstacle("run", f"max_active_tasks {run.dag.max_active_tasks} reached in run '{run.run_id}'")
    most = task.max_active_tis_per_dag
    if most is not None and taken.of_task(ti) >= most:
        return Obstacle("task", f"max_active_tis_per_dag {most} of '{task.task_id}' reached")
    most = task.max_active_tis_per_dagrun
    if most is not None and taken.of_task_in_run(ti) >= most:
        reason = f"max_active_tis_per_dagrun {most} of '{task.task_id}' reached in run '{run.run_id}'"
        return Obstacle("run_task", reason)
    return _executor_obstacle(ti, taken, limits) if limits.executors else None


def _executor_obstacle(ti: TaskInstance, taken: Occupancy, limits: Limits) -> Obstacle | None:
    """What keeps ``ti`` from its executor; asked last, and a full executor hides all instances of the task."""
    executor = executor_of(ti.task.executor, limits.executors)
    if executor is None:
        known = ", ".join(one.name for one in limits.executors)
        return Obstacle("task", f"no executor '{ti.task.executor}' (there is {known})")
    if slots_taken(executor, taken.executors, limits.executors) >= executor.slots:
        return Obstacle("task", f"executor '{executor.name}' is full ({_slots(executor.slots)})")
    return None


def _pool_obstacle(ti: TaskInstance, taken: Occupancy, limits: Limits) -> Obstacle | None:
    name, needed = ti.task.pool, ti.task.pool_slots
    pool = limits.pools.get(name)
    if pool is None:
        return Obstacle("pool", f"pool '{name}' does not exist")
    left = slots_left(pool, taken)
    if left is None or 0 < needed <= left:
        return None
    used = f"{pool.slots - left} of {_slots(pool.slots)}"
    if left <= 0:
        return Obstacle("pool", f"pool '{name}' is full ({used})")
    if needed > pool.slots:
        return Obstacle("task", f"needs {_slots(needed)} of pool '{name}', which has {pool.slots}")
    return Obstacle("task", f"needs {_slots(needed)} of pool '{name}', which has {left} open ({used} taken)")


def why_held(first: TaskInstance, taken: Occupancy, limits: Limits) -> str:
    """What holds back the instances of a pool, in a word or two: ``pool etl``, ``executor``, ``limit``.

    Args:
        first: the first of them.
    """
    task, pool = first.task, limits.pools.get(first.task.pool)
    left = 0 if pool is None else slots_left(pool, taken)
    if left is not None and left < max(task.pool_slots, 1):
        return f"pool {task.pool}"
    if taken.executor >= limits.parallelism:
        return "executor"
    if limits.executors:
        executor = executor_of(task.executor, limits.executors)
        if executor is None or slots_taken(executor, taken.executors, limits.executors) >= executor.slots:
            return "executor"
    return "limit"


def never_admitted(ti: TaskInstance, limits: Limits) -> bool:
    """Whether no end of another instance can ever let ``ti`` be queued: no such pool or executor, a pool too small."""
    pool, needed = limits.pools.get(ti.task.pool), ti.task.pool_slots
    if pool is None or (pool.slots != -1 and not 0 < needed <= pool.slots):
        return True
    return bool(limits.executors) and executor_of(ti.task.executor, limits.executors) is None


def _slots(number: int) -> str:
    return f"{number} slot{'' if number == 1 else 's'}"


def _hidden(ti: TaskInstance, limits: Limits) -> Obstacle:
    first, all_told = ti.run.dag.max_active_tasks, limits.max_tis_per_query or limits.parallelism
    reason = f"hidden by instances before it that cannot start: a loop examines {first} of a run, {all_told} in all"
    return Obstacle("run", reason)
