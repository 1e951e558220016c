"""``duplicate-dag-id``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from harness.checks.context import FileContext, Judgement, Note
from harness.checks.registry import check
from harness.results.finding import Problem


def gather(file: FileContext) -> list[list[object]] | None:
    """(id, line, where it was made) of the file's Dags, and of those that Airflow drops since they are like another."""
    found: list[list[object]] = [[dag.dag_id, dag.line, dag.made] for dag in file.dags]
    known = {dag.dag_id for dag in file.dags}
    found += [[dag_id, place[1], place] for dag_id, place, _ in file.lost if dag_id in known]
    return found or None


@check("duplicate-dag-id", level="repository", gather=gather, gathers="file")
def duplicate_dag_id(notes: list[Note], _judgement: Judgement) -> Iterator[Problem]:
    """Two Dags of one id, in two files or in one.

    The Dag processor parses files apart and never tells: the Dag is whichever was parsed last, and its code, schedule
    and history change from minute to minute. Of two in one file only one is kept, by chance.

    Give each its own id. A Dag that another file only imports is taken from that file too: import what makes it, or
    keep the name out of the module.
    """
    first: dict[str, _Made] = {}
    made = [_Made(note.path, *one) for note in notes for one in note.value]
    for one in sorted(made, key=lambda one: (one.place is None or one.place[0] != one.path, one.path, one.line or 0)):
        other = first.setdefault(one.dag_id, one)
        if other is one:
            continue
        where = f"{other.path}:{other.line or 1}" if other.path != one.path else f"line {other.line or 1} of this file"
        if one.place is not None and one.place == other.place and other.path != one.path:
            said = f"Dag {one.dag_id!r} is in this file too: it imports the one of {where}"
        else:
            said = f"Dag {one.dag_id!r} is made twice: here and in {where}"
        yield Problem(said, path=one.path, line=one.line, dag_id=one.dag_id, fix="give each its own dag_id")


class _Made(NamedTuple):
    path: str
    dag_id: str
    line: int | None
    place: list[Any] | None
