"""The ``executor:`` section of a world: executors and their slots, workers and the queues they serve."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeVar

from harness.errors import known_names
from harness.world import document
from harness.world.duration import duration
from harness.world.entries import Executor, Worker
from harness.world.problem import EntryError, WorldProblem, kind

Entry = TypeVar("Entry")


def read_executor(value: object) -> Executor:
    """The section from a mapping.

    Raises: EntryError: with every fault found in it.
    """
    spec = document.check(document.ExecutorSpec, value)
    problems: list[WorldProblem] = []
    executors = _entries("executors", spec.executors, _slots, problems)
    workers = _entries("workers", spec.workers, lambda _, entry: _worker(entry, executors), problems)
    timeout = 0
    try:
        timeout = duration(spec.task_queued_timeout)
    except ValueError as error:
        problems.append(WorldProblem(f"task_queued_timeout: {error}", ("task_queued_timeout",)))
    if problems:
        raise EntryError(*problems)
    return Executor(spec.parallelism, executors, workers, timeout, spec.num_stuck_in_queued_retries)


def as_read(executor: Executor) -> dict[str, object]:
    """The section that `read_executor` would read it from."""
    workers = {name: {**vars(one), "queues": list(one.queues)} for name, one in executor.workers.items()}
    timeout = timedelta(microseconds=executor.task_queued_timeout)
    return {**vars(executor), "task_queued_timeout": timeout, "workers": workers}


def names_of(entry: str) -> tuple[str, ...]:
    """What ``alias:module.Class`` may be called in a world file: itself, its alias."""
    return (entry, entry.partition(":")[0]) if ":" in entry else (entry,)


def _entries(
    key: str, value: object, read: Callable[[str, object], Entry], problems: list[WorldProblem]
) -> dict[str, Entry]:
    """The entries below ``executors`` or ``workers``; what is wrong with them goes to ``problems``."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        problems.append(WorldProblem(f"{key} must be a mapping of names, not {kind(value)}", (key,)))
        return {}
    found: dict[str, Entry] = {}
    for name, entry in value.items():
        if not isinstance(name, str) or not name:
            problems.append(WorldProblem(f"{key}: a name must be text, not {kind(name)}", (key, str(name))))
            continue
        try:
            found[name] = read(name, entry)
        except EntryError as invalid:
            problems += [
                WorldProblem(f"{key[:-1]} {name!r}: {one.fact}", (key, name, *one.path), one.known, one.fix)
                for one in invalid.problems
            ]
    return found


def _slots(name: str, value: object) -> int | None:
    if name.count(":") > 1 or name.startswith(":") or name.endswith(":"):
        raise EntryError(
            WorldProblem("is no name of an executor", fix="write it as in [core] executor: alias:module.Class")
        )
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise EntryError(WorldProblem(f"slots must be a whole number, not {kind(value)}"))
    if value < 1:
        raise EntryError(WorldProblem("slots must be 1 or more"))
    return value


def _worker(value: object, executors: Mapping[str, int | None]) -> Worker:
    spec = document.check(document.WorkerSpec, {} if value is None else value)
    queues = spec.queues.split(",") if isinstance(spec.queues, str) else spec.queues
    if not isinstance(queues, list) or not queues or not all(isinstance(one, str) and one.strip() for one in queues):
        fix = "write queues: [default, etl]"
        raise EntryError(WorldProblem("queues must be a list of names", ("queues",), fix=fix))
    declared = [entry for entry in executors if spec.executor in names_of(entry)]
    if spec.executor is not None and not declared:
        known = known_names(spec.executor, list(executors))
        raise EntryError(WorldProblem(f"no executor {spec.executor!r} is declared", ("executor",), known=known))
    queues = tuple(one.strip() for one in queues)
    return Worker(queues, spec.concurrency, declared[0] if declared else None)
