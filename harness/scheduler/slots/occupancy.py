"""What the active task instances of all runs occupy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.scheduler.model import AWAITING_INPUT, DEFERRED, OCCUPYING, QUEUED, DagRun, TaskInstance, TaskState

_ACTIVE = OCCUPYING | {DEFERRED, AWAITING_INPUT}


@dataclass(slots=True)
class Occupancy:
    """Counts of active instances.

    Attributes:
        executor: executor slots taken (queued and running instances, callbacks), in all executors.
        executors: the same by the executor asked for, None for the default one.
        pools: pool name -> slots taken by queued and running instances.
        pool_deferred: pool name -> slots that deferred instances hold where a pool includes them.
        runs: (dag_id, run_id) -> queued and running instances.
        tasks: (dag_id, task_id) -> active instances, parked ones included.
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

    def add(self, ti: TaskInstance, state: TaskState = QUEUED, sign: int = 1) -> None:
        """Count an instance as if it were in an active state, or with ``sign`` -1 take it out again."""
        task, dag_id, run_id = ti.task, ti.run.dag.dag_id, ti.run.run_id
        by_task, by_run_task = (dag_id, task.task_id), (dag_id, run_id, task.task_id)
        if state in OCCUPYING or ti.run.dag.policies.deferred_count:
            self.tasks[by_task] = self.tasks.get(by_task, 0) + sign
            self.run_tasks[by_run_task] = self.run_tasks.get(by_run_task, 0) + sign
        if state in OCCUPYING:
            self.add_workload(task.executor, sign)
            self.pools[task.pool] = self.pools.get(task.pool, 0) + sign * task.pool_slots
            self.runs[dag_id, run_id] = self.runs.get((dag_id, run_id), 0) + sign
        elif state == DEFERRED:
            self.pool_deferred[task.pool] = self.pool_deferred.get(task.pool, 0) + sign * task.pool_slots

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


def occupancy_of(runs: Iterable[DagRun]) -> Occupancy:
    """Count every active instance of the runs, each once."""
    found = Occupancy()
    for run in runs:
        for ti in run.task_instances.values():
            state = ti.state
            if state in _ACTIVE and state is not None:
                found.add(ti, state)
    return found
