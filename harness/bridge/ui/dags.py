"""The Dags of a ledger as Airflow stores them: those of the project where they are still what ran, else drawn from the
ledger itself, which knows tasks and edges and no code.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.bridge.stored import Unserializable, serialized
from harness.bridge.ui.history import LedgerHistory
from harness.bridge.versions.names import dag_serializer

if TYPE_CHECKING:
    from airflow.sdk import DAG

Document = dict[str, Any]
"""A Dag as ``DagSerialization.to_dict`` makes it."""


@dataclass(frozen=True)
class ShownDag:
    """A Dag of the ledger.

    Attributes:
        document: as Airflow stores it.
        why_drawn: why it is drawn from the ledger; None for one of the project.
    """

    dag_id: str
    document: Document
    why_drawn: str | None = None


def documents(dags: Mapping[str, DAG], wanted: Iterable[str]) -> dict[str, Document]:
    """Those of the project's Dags that a ledger has and Airflow can store, in the process that loaded them."""
    found = {dag_id: serialized(dags[dag_id]) for dag_id in wanted if dag_id in dags}
    return {dag_id: document for dag_id, document in found.items() if not isinstance(document, Unserializable)}


def shown_dags(history: LedgerHistory, documents: Mapping[str, Document], folder: Path, ledger: str) -> list[ShownDag]:
    """A Dag for each id that ran.

    Args:
        documents: of the project's.
        folder: takes a file for each Dag that is drawn from the ledger, in the place of its source.
        ledger: its name.
    """
    found: list[ShownDag] = []
    for dag_id in history.dag_ids:
        document = documents.get(dag_id)
        why = "the project does not define it" if document is None else _differs(history, dag_id, document)
        if document is None or why is not None:
            document = _drawn(history, dag_id, folder / f"{len(found)}.py", f"ledger {ledger!r}: {why}")
        found.append(ShownDag(dag_id, document, why))
    return found


def _differs(history: LedgerHistory, dag_id: str, document: Document) -> str | None:
    """What a Dag of the project has otherwise than the one that ran; None where nothing is."""
    try:
        now = dag_serializer().from_dict(document)
    except Exception as error:
        return f"Airflow cannot load it again ({type(error).__name__}: {error})"
    ran = {task["task_id"]: set(task.get("downstream") or ()) for task in history.tasks[dag_id]}
    kept = set(now.task_dict) & set(ran) if history.is_partial else set(now.task_dict)
    if missing := sorted(set(ran) - kept):
        return f"it has no task {missing[0]!r} any more"
    if added := sorted(kept - set(ran)):
        return f"it has a task {added[0]!r} that it had not"
    moved = [name for name in sorted(ran) if now.task_dict[name].downstream_task_ids & kept != ran[name]]
    return f"what follows task {moved[0]!r} is not what it was" if moved else None


def _drawn(history: LedgerHistory, dag_id: str, file: Path, why: str) -> Document:
    """A Dag of the ledger's tasks and edges: no group, no template, no code."""
    from airflow.sdk import DAG

    tasks = history.tasks[dag_id]
    mapped = {
        task_id
        for (of, _), run in history.runs.items()
        if of == dag_id
        for task_id, map_index in run.instances
        if map_index >= 0
    }
    with DAG(dag_id, schedule=None) as dag:
        made = {task["task_id"]: _operator(task, task["task_id"] in mapped) for task in tasks}
    for task in tasks:
        made[task["task_id"]].set_downstream([made[name] for name in task.get("downstream") or () if name in made])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(_in_words(dag_id, tasks, why), encoding="utf-8")
    dag.fileloc, dag.relative_fileloc = str(file), file.name
    document: Document = json.loads(json.dumps(dag_serializer().to_dict(dag)))
    return document


def _operator(task: Mapping[str, Any], is_mapped: bool) -> Any:
    from airflow.sdk import BaseOperator

    base: Any = BaseOperator

    class Seen(base):  # type: ignore[misc, unused-ignore]
        """A task that a ledger tells of; called as its operator was."""

        def __init__(self, *, index: Any = None, **arguments: Any) -> None:
            super().__init__(**arguments)
            self.index = index

    kind: Any = type(task.get("operator") or "Task", (Seen,), {})
    names = ("task_id", "retries", "pool", "pool_slots", "queue", "trigger_rule")
    arguments = {name: task[name] for name in names if task.get(name) is not None}
    if not is_mapped:
        return kind(**arguments)
    return kind.partial(**arguments).expand(index=[0])


def _in_words(dag_id: str, tasks: Sequence[Mapping[str, Any]], why: str) -> str:
    """What the page of a Dag's code has of one whose source nobody has."""
    lines = [f"# {dag_id} as the {why}.", "# A ledger keeps no source; of tasks and edges it knows:", "#"]
    for task in tasks:
        names = ("operator", "pool", "retries", "trigger_rule")
        told = ", ".join(f"{name} {task[name]}" for name in names if task.get(name) not in (None, ""))
        after = ", ".join(task.get("downstream") or ())
        lines.append(f"#   {task['task_id']}: {told}" + (f" -> {after}" if after else ""))
    return "\n".join(lines) + "\n"
