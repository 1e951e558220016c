"""``params``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.bridge.parsing.trials.trial import MANUAL, kinds, without_value
from harness.checks.context import DagContext, Judgement, Note
from harness.checks.registry import check
from harness.results.finding import Problem


def _gather(context: DagContext) -> dict[str, Any] | None:
    dag: Any = context.dag
    without = list(without_value(dag.params)) if dag.params else []
    alone = kinds(dag) != [MANUAL]
    names = {name for name, _ in without}
    found: dict[str, Any] = {
        "alone": alone,
        "without": without,
        "of_tasks": [
            [task.task_id, name, why, *_place(context, task.task_id)]
            for task in (context.tasks if alone else ())
            for name, why in (without_value(task.params) if task.params else ())
            if name not in names
        ],
        "triggers": [
            [task.task_id, task.trigger_dag_id, sorted(given), *_place(context, task.task_id)]
            for task in context.tasks
            if "TriggerDagRun" in task.task_type and (given := _given(task)) is not None
        ],
    }
    return found if any(found[name] for name in ("without", "of_tasks", "triggers")) else None


@check("params", level="repository", gather=_gather)
def params(notes: list[Note], _judgement: Judgement) -> Iterator[Problem]:
    """Params without a valid default in a run that nobody gives values to.

    Runs that a schedule or an asset starts have no conf. Where the Dag is given such a param when it is made, Airflow
    refuses it (an ``import-error``). It does not see one that the Dag is given later, which makes no runs then; nor one
    that a task has of its own, which then fails at every try; nor a ``TriggerDagRunOperator`` whose ``conf`` leaves out
    what the other Dag requires, which is refused when it runs.

    Fix: a default that its own schema allows: ``Param(None, type=["null", "string"])``; or the missing values in
    ``conf=``.
    """
    required = {note.dag_id: [name for name, _ in note.value["without"]] for note in notes}
    for note in notes:
        if note.value["alone"]:
            for name, why in note.value["without"]:
                said = f"param {name!r} {why}, and runs of Dag {note.dag_id!r} are made without anyone to give a value"
                yield Problem(said, None, note.line, note.path, _FIX, note.dag_id)
        for task_id, name, why, path, line in note.value["of_tasks"]:
            said = f"param {name!r} of task {task_id!r} {why}, and nobody gives a scheduled run a value"
            yield Problem(said, task_id, line, path or note.path, _FIX, note.dag_id)
        for task_id, dag_id, given, path, line in note.value["triggers"]:
            missing = [name for name in required.get(dag_id, ()) if name not in given]
            if missing:
                said = f"task {task_id!r} triggers Dag {dag_id!r} without its required params: {', '.join(missing)}"
                yield Problem(said, task_id, line, path or note.path, "give them in conf=", note.dag_id)


_FIX = 'a default that its own schema allows, as in Param(None, type=["null", "string"])'


def _place(context: DagContext, task_id: str) -> tuple[str | None, int | None]:
    return context.place(task_id) or (None, context.line)


def _given(task: Any) -> set[str] | None:
    """Names in the conf that a task gives another Dag; None when they are known in a run only."""
    if getattr(task, "is_mapped", False) or "{" in str(getattr(task, "trigger_dag_id", "{")):
        return None
    conf = getattr(task, "conf", None)
    if not conf:
        return set()
    return (
        set(conf) if isinstance(conf, dict) and all(isinstance(key, str) and "{" not in key for key in conf) else None
    )
