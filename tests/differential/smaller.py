"""Smaller cases next to a case: without a Dag, a task, an option."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

from tests.differential.case import Act, Case, DagCase, TaskCase

_KEPT_OF_TASK = {"task_id", "upstream", "group", "kind", "acts", "acts_of"}
_KEPT_OF_DAG = {"dag_id", "tasks", "groups", "schedule", "start_date", "catchup"}


def smaller(case: Case) -> Iterator[Case]:
    """Cases with one thing less, the largest cuts first. Not all of them are Dags that Airflow accepts."""
    if len(case.dags) > 1:
        for dag in case.dags:
            manual = tuple(run for run in case.manual_runs if run.dag_id != dag.dag_id)
            asked = tuple(one for one in case.backfills if one.dag_id != dag.dag_id)
            left = tuple(one for one in case.dags if one is not dag)
            yield replace(case, dags=left, manual_runs=manual, backfills=asked)
    for at, dag in enumerate(case.dags):
        for less in _smaller_dags(dag):
            yield replace(case, dags=(*case.dags[:at], less, *case.dags[at + 1 :]))
    if case.manual_runs:
        yield replace(case, manual_runs=case.manual_runs[:-1])
    for at in range(len(case.backfills)):
        yield replace(case, backfills=case.backfills[:at] + case.backfills[at + 1 :])
    if case.parallelism != 32:
        yield replace(case, parallelism=32)
    if case.executors:
        yield replace(case, executors={}, dags=tuple(map(_without_executors, case.dags)))


def _smaller_dags(dag: DagCase) -> Iterator[DagCase]:
    for task in reversed(dag.tasks):
        if len(dag.tasks) > 1:
            yield _without(dag, task.task_id)
    plain = DagCase("", ())
    for name in _options(DagCase, _KEPT_OF_DAG):
        if getattr(dag, name) != getattr(plain, name):
            yield replace(dag, **{name: getattr(plain, name)})
    for deadline in dag.deadlines:
        yield replace(dag, deadlines=tuple(one for one in dag.deadlines if one is not deadline))
    for at, task in enumerate(dag.tasks):
        for less in _smaller_tasks(task):
            yield replace(dag, tasks=(*dag.tasks[:at], less, *dag.tasks[at + 1 :]))


def _smaller_tasks(task: TaskCase) -> Iterator[TaskCase]:
    plain = TaskCase("")
    for name in _options(TaskCase, _KEPT_OF_TASK):
        if getattr(task, name) != getattr(plain, name):
            yield replace(task, **{name: getattr(plain, name)})
    for upstream in task.upstream:
        yield replace(task, upstream=tuple(one for one in task.upstream if one != upstream))
    if task.acts_of:
        yield replace(task, acts_of={})
    if task.kind == "plain" and task.acts != (Act(),):
        yield replace(task, acts=(Act(returns=task.acts[0].returns),))
        if len(task.acts) > 1:
            yield replace(task, acts=task.acts[-1:])


def _without_executors(dag: DagCase) -> DagCase:
    return replace(dag, tasks=tuple(replace(task, executor=None) for task in dag.tasks))


def _without(dag: DagCase, task_id: str) -> DagCase:
    """The Dag without a task; what was upstream of it is now upstream of what followed."""
    gone = next(task for task in dag.tasks if task.task_id == task_id)
    tasks = []
    for task in dag.tasks:
        if task is gone:
            continue
        upstream = dict.fromkeys(
            one for name in task.upstream for one in (gone.upstream if name == task_id else (name,))
        )
        acts = tuple(_follows_less(act, task_id) for act in task.acts)
        setups = tuple(one for one in task.teardown_of if one != task_id)
        tasks.append(replace(task, upstream=tuple(upstream), acts=acts, teardown_of=setups))
    return replace(dag, tasks=tuple(tasks))


def _follows_less(act: Act, task_id: str) -> Act:
    if act.follows is None:
        return act
    return replace(act, follows=tuple(one for one in act.follows if one != task_id))


def _options(kind: type, kept: set[str]) -> Iterator[str]:
    return (field.name for field in fields(kind) if field.name not in kept)
