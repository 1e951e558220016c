"""``unstable-dag``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.bridge.stored import Unserializable, comparable
from harness.checks.context import DagContext, Note
from harness.checks.registry import check
from harness.results.finding import Problem

Way = tuple[Any, ...]
_SHOWN = 3


def gather(dag: DagContext) -> dict[str, Any] | None:
    """The Dag as Airflow hashes it, and where its tasks were made."""
    if isinstance(dag.serialized, Unserializable):
        return None  # the check `serialization` tells it
    return {"dag": comparable(dag.serialized), "places": {task.task_id: dag.place(task.task_id) for task in dag.tasks}}


@check("unstable-dag", level="parses", gather=gather, severity="warning")
def unstable_dag(note: Note, second: Note) -> Iterator[Problem]:
    """A Dag that is another one at every parse: processes with other clocks and hash seeds serialise it differently.

    Airflow 3 keeps a version of a Dag for every serialised form. A ``start_date=datetime.now()``, a random number or
    the order of a set makes a new version at every parse, so that the database grows without end, the UI shows runs of
    hundreds of versions, and a rerun finds no version that fits.

    Another hash seed is tried where sets are in sight: in the file, in the repository's modules that it imports, in
    fields of its tasks. The order of a set inside an installed package is not seen.

    The field is named, with both values. Give it a fixed value: a literal date, a sorted list, a template.
    """
    differences = list(_differences(note.value["dag"], second.value["dag"], ()))
    if not differences:
        return
    reported = [_reported(way, one, other, note.value["dag"]) for way, one, other in differences[:_SHOWN]]
    more = f"; and {len(differences) - _SHOWN} more" if len(differences) > _SHOWN else ""
    task_id = _task_of(differences[0][0], note.value["dag"])
    place = note.value["places"].get(task_id) if task_id else None
    path, line = place if place and place[1] else (note.path, note.line)
    yield Problem(
        f"Dag {note.dag_id!r} differs from parse to parse: {'; '.join(reported)}{more}",
        task_id=task_id,
        line=line,
        path=path,
        dag_id=note.dag_id,
        of=note.path,
        fix="make it from fixed values: no clock, no chance, no order of a set",
    )


def _differences(one: Any, other: Any, way: Way) -> Iterator[tuple[Way, Any, Any]]:
    """(way to it, value, other value) of the smallest parts that differ."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for key in one:
            yield from _differences(one[key], other[key], (*way, key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _differences(left, right, (*way, number))
    elif one != other:
        yield way, one, other


def _reported(way: Way, one: Any, other: Any, dag: dict[str, Any]) -> str:
    task_id = _task_of(way, dag)
    names = [str(part) for part in (way[2:] if task_id else way) if part not in ("__var", "__type")]
    field = ".".join(names) or "tasks"
    whose = f" of task {task_id!r}" if task_id else ""
    return f"{field}{whose} is {_short(one)}, then {_short(other)}"


def _task_of(way: Way, dag: dict[str, Any]) -> str | None:
    if len(way) < 2 or way[0] != "tasks" or not isinstance(way[1], int):
        return None
    task = dag["tasks"][way[1]]
    found = task.get("__var", task).get("task_id")
    return str(found) if found is not None else None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
