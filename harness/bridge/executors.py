"""The executors that a world declares, under the names by which the installed Airflow knows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from harness.bridge.versions.scheduling import executors_by_class_name
from harness.errors import ExecutorMissing, known_names
from harness.scheduler.executors import ExecutorSlots, WorkerSlots
from harness.world import Executor as ExecutorEntry

if TYPE_CHECKING:
    from airflow.sdk import DAG


def executors_of(declared: ExecutorEntry) -> tuple[ExecutorSlots, ...]:
    """The executors, the default one first; none when the world names none."""
    found = []
    for entry, slots in declared.executors.items():
        alias, module = _parts(entry)
        names = {*alias, module, *([module.rpartition(".")[2]] if executors_by_class_name() else [])}
        found.append(ExecutorSlots(entry, declared.parallelism if slots is None else slots, frozenset(names)))
    return tuple(found)


def workers_of(declared: ExecutorEntry) -> tuple[WorkerSlots, ...]:
    """The workers, each of its executor; "" stands for the only one of a world that names none."""
    default = next(iter(declared.executors), "")
    return tuple(
        WorkerSlots(name, default if one.executor is None else one.executor, frozenset(one.queues), one.concurrency)
        for name, one in declared.workers.items()
    )


def refusals(dags: Iterable[DAG], declared: ExecutorEntry, where: str | None) -> Iterator[tuple[DAG, ExecutorMissing]]:
    """The Dags that Airflow would not import, for a task of theirs names an executor that is not configured.

    Args:
        where: ``file:line`` at which executors are declared.
    Source: ``_validate_executor_fields`` of the Dag processor's ``DagBag`` (3.3.2), which looks at class names too.
    """
    if not declared.executors:
        return
    names: set[str] = set()
    for entry in declared.executors:
        alias, module = _parts(entry)
        names |= {*alias, module, module.rpartition(".")[2]}
    for dag in dags:
        task = next((one for one in dag.tasks if one.executor and one.executor not in names), None)
        if task is not None:
            yield (
                dag,
                ExecutorMissing(
                    f"task {task.task_id!r} asks for executor {task.executor!r}, which is not configured",
                    where=f"{dag.fileloc}  dag_id={dag.dag_id} task_id={task.task_id}",
                    known=known_names(task.executor, declared.executors),
                    why="Airflow does not import such a Dag: it is not in the list of Dags, and never runs",
                    fix=f"declare it under executor: executors: in {where or 'the world'}, or correct executor=",
                ),
            )


def _parts(entry: str) -> tuple[tuple[str, ...], str]:
    """Aliases and module path of an entry of ``[core] executor``. Source: ``ExecutorLoader._get_executor_names``."""
    from airflow.executors.executor_loader import ExecutorLoader

    alias, colon, name = entry.rpartition(":")
    core = dict(ExecutorLoader.executors)
    if colon:
        return (alias,), core.get(name, name)
    return ((entry,), core[entry]) if entry in core else ((), entry)
