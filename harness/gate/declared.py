"""What a world file says exists, as checks are shown it."""

from __future__ import annotations

from pathlib import Path

from harness.checks.context import Declared
from harness.project.declarations import CONNECTION, VARIABLE
from harness.world.entries import Executor
from harness.world.model import World


def declared_of(world: World, file: Path | None, root: Path) -> Declared:
    """Names of a world, those among its environment variables too.

    Args:
        file: where it stands; None when there is no world file, so that nothing can be said to be missing.
        root: the project; the file is named relative to it.
    """
    if file is None:
        return Declared()
    path = file.resolve()
    return Declared(
        path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path),
        {name: pool.slots for name, pool in world.pools.items()},
        frozenset({*world.connections, *_named(world, CONNECTION)}),
        frozenset({*world.variables, *_named(world, VARIABLE)}),
        queues=_queues(world.executor),
        executors=frozenset(world.executor.executors) or None,
    )


def _queues(executor: Executor) -> frozenset[str] | None:
    """Queues that workers serve; None where some executor has no workers, so that it takes whatever it is given."""
    if not executor.workers:
        return None
    default = next(iter(executor.executors), None)
    served = {worker.executor or default for worker in executor.workers.values()}
    if any(name not in served for name in executor.executors):
        return None
    return frozenset(queue for worker in executor.workers.values() for queue in worker.queues)


def _named(world: World, prefix: str) -> set[str]:
    """Airflow looks a key up under its upper-case name (``EnvironmentVariablesBackend``, 3.3.2)."""
    found = {name.removeprefix(prefix) for name in world.env if name.startswith(prefix)}
    return found | {name.lower() for name in found}
