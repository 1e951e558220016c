"""What the gate has to say of its own work, and of the world file: checks like the others, with a page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.bridge.operators import tasks_of
from harness.checks.context import DagContext, Judgement, Note
from harness.checks.registry import check
from harness.results.finding import Problem
from harness.world.matching import TaskFacts, unmatched_entries

WAIVER, CHECK_FAILED = "waiver", "check-failed"


@check(WAIVER, severity="warning", level="gate")
def waiver() -> None:
    """A waiver that gives no reason, names no check, or waives nothing.

    A waiver without a reason does not count. One that waives nothing is left over from a finding that was mended, and
    would hide the next one.

    Fix: ``# harness: ignore[check-id] the reason``, on a line of the statement or on a comment line directly above it;
    take out what is no longer needed.
    """


@check(CHECK_FAILED, level="gate")
def check_failed() -> None:
    """A check that raised, or that did not end.

    What it would have said is not known, so the gate does not pass. It can be neither waived nor kept in a baseline.

    Fix: where the check is one of your own, correct it. Where it is one of ours, report it with the Dag that
    makes it raise; until then it can be turned off under ``[tool.airflow-harness.checks]``.
    """


def _tasks(context: DagContext) -> dict[str, Any]:
    """The tasks of a Dag, and what patterns must know of them, as JSON: many tasks are of few classes."""
    classes: dict[tuple[str, ...], int] = {}
    tasks = {
        task_id: [facts.mapped, facts.asks, classes.setdefault(facts.classes, len(classes))]
        for task_id, facts in tasks_of(context.dag).items()
    }
    return {"tasks": tasks, "classes": list(classes)}


@check("unmatched", level="repository", gather=_tasks)
def unmatched(notes: list[Note], judgement: Judgement) -> Iterator[Problem]:
    """A stub, a duration or an answer of the world file that speaks of no task.

    The task that is meant runs its real code, as if nothing had been said of it. Nothing is said of Dags that are not
    there while a file of the repository does not load.

    Fix: correct the name: ``dag_id.task_id``, a task id or an operator's class, with ``*`` and ``?`` as wildcards,
    ``[1]`` behind it for a map index, ``@2025-01-05`` behind that for a date.
    """
    dags = {
        note.dag_id: {
            task_id: TaskFacts(mapped, asks, tuple(note.value["classes"][at]))
            for task_id, (mapped, asks, at) in note.value["tasks"].items()
        }
        for note in notes
    }
    for wrong in unmatched_entries(judgement.world, dags.get, dags):
        if wrong.where is None or (judgement.partial and not wrong.sure):
            continue
        path, _, line = wrong.where.rpartition(":")
        fix = f"{wrong.meant!r}?" if wrong.meant else None
        yield Problem(wrong.fact, line=int(line), path=str(Path(path).resolve()), fix=fix)
