"""Outcomes of a Dag's tasks, and fault plans: which tasks fail at which tries, the rest being the Dag's own code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from harness.bridge.operators import class_paths
from harness.bridge.snapshot import snapshot
from harness.errors import TaskNotFound, UsageError, known_names
from harness.exploration.outcomes import Value, parts_of
from harness.simulation.exploring import player_of
from harness.world import World

if TYPE_CHECKING:
    from airflow.sdk import DAG


def task_outcomes(
    dag: DAG, *, outcomes: Mapping[str, Iterable[Any]] | None = None
) -> st.SearchStrategy[dict[str, Value]]:
    """What each task of a Dag does, to be given to `harness.play`; shrinks to everything going as usual.

    Args:
        outcomes: as of `harness.explore`.
    Returns: task_id (``task_id[0]`` and ``task_id[1:]`` of a mapped task) -> ``success``, ``failed``, ``skipped``, the
        task ids a branching task follows, whether a short circuit goes on, or how many items a task returns that
        others map over. Tasks that Airflow does not run are left out.
    Raises: TaskNotFound, UsageError: ``outcomes`` names what is not there.
    """
    player = player_of(dag, outcomes)
    each = {
        part.name: st.sampled_from([outcome.value for outcome in player.choices[part.task_id]])
        for part in parts_of(player.dag, player.choices)
    }
    return st.fixed_dictionaries(each)


@dataclass(frozen=True)
class FaultPlan:
    """Which tasks of a Dag fail, and how often.

    Attributes:
        failing: task_id -> how many of its first tries fail.
        final: tasks whose every try fails.
        classes: task_id -> import paths of its operator's class and of that one's bases.
    """

    dag_id: str
    failing: Mapping[str, int] = field(default_factory=dict)
    final: frozenset[str] = frozenset()
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)

    def applied_to(self, world: World) -> World:
        """A copy of a world in which the tasks fail so often and then do what they do in that world."""
        made = world.copy()
        for task_id, times in self.failing.items():
            there = world.stub_of(self.dag_id, task_id, classes=self.classes.get(task_id, ()))
            pattern = f"{self.dag_id}.{task_id}"
            made.stub(pattern, fails=times)
            if there is not None:
                made.stubs[pattern] = replace(there, fails=max(times, there.fails))
        return made

    def __repr__(self) -> str:
        named = [f"{name} {'always' if name in self.final else _times(n)}" for name, n in self.failing.items()]
        return f"<faults of {self.dag_id}: {', '.join(named) or 'none'}>"


def fault_plans(dag: DAG, *, tasks: Iterable[str] | None = None, max_faults: int = 3) -> st.SearchStrategy[FaultPlan]:
    """Plans in which a few tasks fail: at their first tries, so that a retry mends it, or at all of them.

    The user's code runs, but for the faults: ``run_dag(dag, world=plan.applied_to(world))``. Shrinks to no fault, to
    tasks that come first, and to fewer tries.

    Args:
        tasks: those that may fail; None for all that run.
        max_faults: tasks that fail in one plan, at most.
    Raises: TaskNotFound. UsageError: ``max_faults`` is negative.
    """
    plain = snapshot(dag)
    chosen = list(plain.tasks) if tasks is None else [tasks] if isinstance(tasks, str) else list(tasks)
    for name in chosen:
        if name not in plain.tasks:
            raise TaskNotFound(f"no task {name!r} in Dag {dag.dag_id!r}", known=known_names(name, plain.tasks))
    if max_faults < 0:
        raise UsageError(f"max_faults={max_faults} is negative")
    runs = [plain.tasks[name] for name in chosen if not plain.tasks[name].short_circuits]
    faults = [(task.task_id, times) for task in runs for times in range(1, task.retries + 2)]
    final = {task.task_id: task.retries + 1 for task in runs}
    if not faults:
        return st.just(FaultPlan(dag.dag_id))
    several = st.lists(st.sampled_from(faults), max_size=max_faults, unique_by=lambda fault: fault[0])

    @st.composite  # a mapped strategy would show its lambda in failures
    def plans(draw: st.DrawFn) -> FaultPlan:
        drawn = draw(several)
        failing = {name: times for name, times in faults if (name, times) in drawn}
        every = frozenset(name for name, times in drawn if times == final[name])
        return FaultPlan(dag.dag_id, failing, every, {name: class_paths(dag.task_dict[name]) for name in failing})

    return plans()


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
