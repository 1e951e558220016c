"""A task instance as the patterns of a world see it."""

from __future__ import annotations

from harness.bridge.operators import class_paths
from harness.bridge.supervisor.store import facts
from harness.kernel.instant import iso
from harness.scheduler.model import DagRun, TaskInstance
from harness.world.pattern import Subject


def subject_of(ti: TaskInstance) -> Subject:
    """What patterns may name of a task instance."""
    dag = facts(ti.run).dag
    return Subject(dag.dag_id, ti.task_id, ti.map_index, date_of(ti.run), class_paths(dag.task_dict[ti.task_id]))


def date_of(run: DagRun) -> str:
    """ISO text of a run's logical date; without one, of when it was due."""
    return iso(run.run_after if run.logical_date is None else run.logical_date)
