"""Past dependencies: what the same task did in the run before."""

from __future__ import annotations

from collections.abc import Iterator

from harness.scheduler.dependencies.verdict import Verdict, listed
from harness.scheduler.model import SUCCESS_STATES, DagRun, Task, TaskInstance

MANUAL = "manual"


def prev_dagrun(ti: TaskInstance, *, wait_for_past_depends_before_skipping: bool = False) -> Verdict:
    """Whether the previous run lets ``ti`` run (``depends_on_past``, ``wait_for_downstream``).

    The run before is the last one of an earlier logical date; for a Dag with catchup, the last that was not
    manual. A run without logical date has none before it. The first run of a backfill depends on nothing.
    Never imposes a state.

    Args:
        wait_for_past_depends_before_skipping: record in ``run.past_depends_met`` that the dependency was met;
            Airflow's scheduler never asks for it (3.1.8, 3.3.2).
    Source: airflow/ti_deps/deps/prev_dagrun_dep.py `PrevDagrunDep` (3.3.2).
    """
    if ti.task.depends_on_past and ti.run.backfill_id is not None and ti.run.backfill_ordinal == 1:
        return Verdict(True, None, "first run of its backfill")
    verdict = _judge(ti)
    if verdict.met and wait_for_past_depends_before_skipping:
        ti.run.past_depends_met.add(ti.key)
    return verdict


def previous_run(run: DagRun) -> DagRun | None:
    """The run that past dependencies look at, None for the first.

    Source: airflow/models/dagrun.py `get_previous_dagrun`, `get_previous_scheduled_dagrun` (3.3.2).
    """
    if run.logical_date is None:
        return None
    earlier = run.previous
    while earlier is not None and run.dag.catchup and earlier.run_type == MANUAL:
        earlier = earlier.previous
    return earlier


def followers(run: DagRun) -> Iterator[DagRun]:
    """The runs whose past dependencies may be met by what happens in this one."""
    derived = run.dag.derived
    if "depends_on_past" not in derived:
        derived["depends_on_past"] = any(task.depends_on_past for task in run.dag.tasks.values())
    later = run.next if derived["depends_on_past"] else None
    while later is not None:
        yield later
        later = later.next if later.run_type == MANUAL and later.dag.catchup else None


def _judge(ti: TaskInstance) -> Verdict:
    task = ti.task
    if not task.depends_on_past:
        return Verdict(True, None, "depends_on_past is not set")
    last = previous_run(ti.run)
    if last is None or _task_began_later(task, ti.run, last):
        return Verdict(True, None, "first run of its task")
    before = list(_instances(last, task))
    if not before:
        if task.ignore_first_depends_on_past and not _ever_ran(ti.run.previous, task):
            return Verdict(True, None, "first run of its task, ignore_first_depends_on_past")
        return Verdict(False, None, f"depends_on_past: '{task.task_id}' was not in run '{last.run_id}'")
    unsuccessful = [one for one in before if one.state not in SUCCESS_STATES]
    if unsuccessful:
        return Verdict(False, None, f"depends_on_past: {listed(unsuccessful)} in run '{last.run_id}'")
    if task.wait_for_downstream:
        waiting = [
            one
            for name in task.downstream
            for one in _instances(last, last.dag.tasks.get(name))
            if one.state not in SUCCESS_STATES
        ]
        if waiting:
            return Verdict(False, None, f"wait_for_downstream: {listed(waiting)} in run '{last.run_id}'")
    return Verdict(True, None, f"succeeded in run '{last.run_id}'")


def _task_began_later(task: Task, run: DagRun, last: DagRun) -> bool:
    if not run.dag.catchup or task.start_date is None or last.logical_date is None:
        return False
    return last.logical_date < task.start_date


def _instances(run: DagRun, task: Task | None) -> Iterator[TaskInstance]:
    if task is None:
        return
    if not task.needs_expansion:
        only = run.task_instances.get((task.task_id, -1))
        if only is not None:
            yield only
        return
    yield from run.instances(task.task_id)


def _ever_ran(run: DagRun | None, task: Task) -> bool:
    while run is not None:
        if any(True for _ in _instances(run, task)):
            return True
        run = run.previous
    return False
