"""What a task says of itself, a mapped one as any other, and what patterns of a world may name of its instances.

Nothing of Airflow is imported; the checks ask too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness.kernel.instant import iso
from harness.world.matching import TaskFacts, Tasks
from harness.world.pattern import Subject

if TYPE_CHECKING:
    from airflow.sdk import DAG
    from airflow.sdk.types import Operator

    from harness.scheduler.model import DagRun, TaskInstance
    from harness.world.distribution import TryKey

_MARKS = ("{{", "{%", "{#")
"""How what Jinja renders begins. Source: ``jinja2.defaults``, which ``DAG.get_template_env`` leaves as they are."""


def class_of(task: Operator) -> type:
    """The operator's class."""
    found: type = task.operator_class if getattr(task, "is_mapped", False) else type(task)
    return found


def class_paths(task: Operator) -> tuple[str, ...]:
    """Import paths of the operator's class and of its bases, nearest first; ``object`` is none."""
    return tuple(f"{one.__module__}.{one.__qualname__}" for one in class_of(task).__mro__[:-1])


def argument(task: Operator, name: str, default: Any = None) -> Any:
    """What the operator has of this name; of a mapped one only what is the same for all its instances."""
    if getattr(task, "is_mapped", False):
        return task.partial_kwargs.get(name, default)
    return getattr(task, name, default)


def arguments(task: Operator) -> Mapping[str, Any]:
    """All that it has, by name."""
    found: Mapping[str, Any] = task.partial_kwargs if getattr(task, "is_mapped", False) else vars(task)
    return found


def is_template(text: str) -> bool:
    """Whether there is anything to render in a text of a templated field: an expression, a statement, a comment."""
    return any(mark in text for mark in _MARKS)


def fails_the_run(task: Operator) -> bool:
    """Whether a teardown's failure is the run's.

    A serialised Dag keeps only what a mapped teardown was given with ``@teardown``: ``as_teardown`` has no effect.
    Source: ``SerializedMappedOperator.on_failure_fail_dagrun``, ``MappedOperator.get_serialized_fields`` (3.3.2).
    """
    if getattr(task, "is_mapped", False):
        return bool(task.partial_kwargs.get("on_failure_fail_dagrun"))
    return bool(task.on_failure_fail_dagrun)


def tasks_of(dag: DAG) -> Tasks:
    """What patterns of a world must know of a Dag's tasks."""
    return {
        task_id: TaskFacts(
            mapped=bool(getattr(task, "is_mapped", False)) or task.get_closest_mapped_task_group() is not None,
            asks=any(base.__name__ == "HITLOperator" for base in class_of(task).__mro__),
            classes=class_paths(task),
        )
        for task_id, task in dag.task_dict.items()
    }


def roots(dag: DAG, name: str) -> list[str]:
    """The task itself, or the roots of a task group. Source: ``BranchMixIn._expand_task_group_roots`` (3.3.2)."""
    if name in dag.task_group_dict:
        return sorted(task.task_id for task in dag.task_group_dict[name].roots)
    return [name]


def subject_of(ti: TaskInstance) -> Subject:
    """What patterns may name of a task instance."""
    from harness.bridge.supervisor.store import facts  # not where checks are only named

    dag = facts(ti.run).dag
    return Subject(dag.dag_id, ti.task_id, ti.map_index, date_of(ti.run), class_paths(dag.task_dict[ti.task_id]))


def try_of(ti: TaskInstance) -> TryKey:
    """Whose try the present one of a task instance is, for what is drawn of it."""
    return ti.run.dag.dag_id, ti.run.run_id, ti.task_id, ti.map_index, ti.try_number


def date_of(run: DagRun) -> str:
    """ISO text of a run's logical date; without one, of when it was due."""
    return iso(run.run_after if run.logical_date is None else run.logical_date)
