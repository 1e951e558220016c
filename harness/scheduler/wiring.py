"""What follows from a Dag's shape alone, computed once per Dag and kept in ``Dag.derived``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.scheduler.model import Dag, Key, Task


@dataclass(frozen=True, slots=True)
class Wiring:
    """A task's place among its relatives.

    Attributes:
        position: place in topological order, from 0.
        upstream: (key of the unmapped instance, whether a setup) of each direct upstream.
        simple: no mapping anywhere near, no indirect setup, no teardown: one instance per upstream decides.
        indirect_setups: required setups that are not direct upstreams.
        scope: of a teardown, the tasks between its setups and itself that are not direct upstreams.
        expansion_dependencies: tasks whose values its own expansion or an enclosing group's needs.
        mapped_dependencies: those of its own expansion, or else of the closest mapped group.
        skippers: direct upstreams that may skip by a ``skipmixin_key`` XCom.
        leaf: whether its state counts for the run's.
        watched: every task whose instances it looks at.
    """

    position: int
    upstream: tuple[tuple[Key, bool], ...]
    simple: bool
    indirect_setups: tuple[str, ...]
    scope: tuple[str, ...]
    expansion_dependencies: frozenset[str]
    mapped_dependencies: tuple[str, ...]
    skippers: tuple[Task, ...]
    leaf: bool
    watched: frozenset[str]


def wiring_of(dag: Dag) -> dict[str, Wiring]:
    """The wiring of every task of a Dag, by task id, in topological order."""
    known: dict[str, Wiring] | None = dag.derived.get("wiring")
    if known is None:
        leaves = leaf_ids(dag)
        known = {task_id: _wire(dag, task, n, leaves) for n, (task_id, task) in enumerate(dag.tasks.items())}
        dag.derived["wiring"] = known
    return known


def unmapped_keys_of(dag: Dag) -> dict[str, Key]:
    """By task id, the key of its unmapped instance: one for all runs, each of which would keep its own."""
    known: dict[str, Key] | None = dag.derived.get("unmapped_keys")
    if known is None:
        known = dag.derived["unmapped_keys"] = {task_id: (task_id, -1) for task_id in dag.tasks}
    return known


def watchers_of(dag: Dag) -> dict[str, list[Task]]:
    """By task id, the tasks that look at its instances, in topological order."""
    known: dict[str, list[Task]] | None = dag.derived.get("watchers")
    if known is None:
        known = dag.derived["watchers"] = _reverse(dag, {name: one.watched for name, one in wiring_of(dag).items()})
    return known


def mapped_watchers_of(dag: Dag) -> dict[str, list[Task]]:
    """By task id, the tasks that `mapped_upstream` lets look at it, in topological order."""
    known: dict[str, list[Task]] | None = dag.derived.get("mapped_watchers")
    if known is None:
        mapped = {name: one.mapped_dependencies for name, one in wiring_of(dag).items()}
        known = dag.derived["mapped_watchers"] = _reverse(dag, mapped)
    return known


def _reverse(dag: Dag, watched: Mapping[str, Iterable[str]]) -> dict[str, list[Task]]:
    found: dict[str, list[Task]] = {}
    for task_id, names in watched.items():
        for name in names:
            found.setdefault(name, []).append(dag.tasks[task_id])
    return found


def leaf_ids(dag: Dag) -> frozenset[str]:
    """Tasks whose states make the run's: the last ones, teardowns looked through unless they fail the run.

    A Dag of teardowns only counts the tasks without downstream.
    Source: airflow/models/dagrun.py `DagRun._tis_for_dagrun_state` (3.3.2).
    """

    def counts(task: Task) -> bool:
        return not task.is_teardown or task.on_failure_fail_dagrun

    tasks = dag.tasks
    leaves = frozenset(
        t.task_id for t in tasks.values() if counts(t) and not any(counts(tasks[d]) for d in t.downstream)
    )
    return leaves or frozenset(t.task_id for t in tasks.values() if not t.downstream)


def _wire(dag: Dag, task: Task, position: int, leaves: frozenset[str]) -> Wiring:
    direct = [dag.tasks[name] for name in task.upstream]
    indirect = tuple(name for name in task.relevant_setups if name not in task.upstream and name in dag.tasks)
    if task.is_teardown:
        indirect = ()
    group_dependencies = [name for group in task.groups for name in dag.groups[group].map_dependencies]
    mapped: tuple[str, ...] = task.map_dependencies
    if task.length is None:
        mapped = dag.groups[task.groups[0]].map_dependencies if task.groups else ()
    scope = _teardown_scope(dag, task) if task.is_teardown else ()
    expansion = frozenset([*(task.map_dependencies if task.is_mapped else ()), *group_dependencies])
    near_mapping = bool(task.groups) or any(up.needs_expansion for up in direct)
    return Wiring(
        position=position,
        upstream=tuple(((up.task_id, -1), up.is_setup) for up in direct),
        simple=not near_mapping and not indirect and not task.is_teardown,
        indirect_setups=indirect,
        scope=scope,
        expansion_dependencies=expansion,
        mapped_dependencies=mapped,
        skippers=tuple(up for up in direct if up.inherits_from_skipmixin),
        leaf=task.task_id in leaves,
        watched=frozenset([*task.upstream, *indirect, *scope, *expansion, *mapped]),
    )


def _teardown_scope(dag: Dag, teardown: Task) -> tuple[str, ...]:
    """Source: airflow/ti_deps/deps/trigger_rule_dep.py `_evaluate_teardown_scope` (3.3.2; 3.1.8 has none)."""
    if not dag.policies.teardowns_wait_for_scope:
        return ()
    indirect = _reach(dag, teardown.upstream, upstream=True).difference(teardown.upstream)
    within: set[str] = set()
    for name in teardown.upstream:
        if dag.tasks[name].is_setup:
            within |= indirect & _reach(dag, dag.tasks[name].downstream, upstream=False)
    return tuple(name for name in dag.tasks if name in within)


def flat_downstream(dag: Dag, task_id: str) -> set[str]:
    """Everything downstream of a task. Source: ``get_flat_relative_ids(upstream=False)`` (3.3.2)."""
    return _reach(dag, dag.tasks[task_id].downstream, upstream=False)


def _reach(dag: Dag, start: Iterable[str], *, upstream: bool) -> set[str]:
    seen: set[str] = set()
    stack = list(start)
    while stack:
        name = stack.pop()
        if name not in seen:
            seen.add(name)
            stack.extend(dag.tasks[name].upstream if upstream else dag.tasks[name].downstream)
    return seen
