"""``asset-without-producer``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.checks.context import DagContext, Judgement, Note
from harness.checks.registry import check
from harness.results.finding import Problem


def assets_of(context: DagContext) -> dict[str, Any] | None:
    """What a Dag waits for and what its tasks update: names and URIs of assets."""
    condition = getattr(context.dag.timetable, "asset_condition", None)
    waits = [_named(asset) for asset in _leaves(condition) if hasattr(asset, "uri") and hasattr(asset, "watchers")]
    makes, opens = [], False
    for task in context.tasks:
        for outlet in getattr(task, "outlets", None) or ():
            if hasattr(outlet, "uri"):
                makes.append(_named(outlet))
            else:
                opens = True  # an alias, or a reference: whatever it resolves to
    return {"waits": waits, "makes": makes, "opens": opens} if waits or makes or opens else None


def _leaves(condition: Any) -> Iterator[Any]:
    for part in getattr(condition, "objects", None) or ():
        yield from _leaves(part)
    if condition is not None and not hasattr(condition, "objects"):
        yield condition


def _named(asset: Any) -> list[Any]:
    return [str(asset.name), str(asset.uri), bool(getattr(asset, "watchers", None))]


@check("asset-without-producer", severity="warning", level="repository", gather=assets_of)
def asset_without_producer(notes: list[Note], judgement: Judgement) -> Iterator[Problem]:
    """A Dag scheduled on an asset that no task of the repository updates, and that no watcher watches.

    Such a Dag never runs, and nothing says so. Most often the URI or the name differs by a character. Nothing is said
    where a task has an alias as outlet, or where a file did not load: it may be the producer.

    Fix: correct the asset, or ignore this for assets that other systems update through the API.
    """
    if judgement.partial or any(note.value["opens"] for note in notes):
        return
    made = {text for note in notes for name, uri, _ in note.value["makes"] for text in (name, uri)}
    for note in notes:
        for name, uri, watched in note.value["waits"]:
            if not watched and name not in made and uri not in made:
                yield Problem(
                    f"Dag {note.dag_id!r} waits for asset {name!r} ({uri}), which no task updates",
                    line=note.line,
                    path=note.path,
                    dag_id=note.dag_id,
                    fix=f"outlets=[Asset({uri!r})] on the task that updates it",
                )
