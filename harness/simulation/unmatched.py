"""What a caller names for a run or a calendar and is not there: patterns of the world, tasks, params."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.bridge.conditions import asset_condition
from harness.bridge.loader import Folder
from harness.bridge.operators import tasks_of
from harness.errors import TaskNotFound, UnmatchedEntry, UsageError, known_names
from harness.results.finding import Finding
from harness.scheduler.dag_runs.calendar import AllOf, AnyOf, Condition, OfAlias, concerns
from harness.scheduler.model import DagRun
from harness.simulation.options import RunOptions
from harness.world import World
from harness.world.matching import SECTIONS, Unmatched, unmatched_entries
from harness.world.pattern import pattern

if TYPE_CHECKING:
    from airflow.sdk import DAG

_WHY = "the tasks meant would run as if nothing had been said of them"
_FIX = "correct it: dag_id.task_id, with * and ? as wildcards, [1] at the end for a map index; or take it out"


def check_world(world: World, dags: Mapping[str, DAG], folder: Folder) -> list[Finding]:
    """See that every stub, duration and answer speaks of a task.

    An entry of a world file may be for a Dag that was not loaded, where only some files were asked for; where files
    failed to import, nobody can tell, and that is returned as a warning.

    Raises: UnmatchedEntry: with every entry that certainly matches nothing.
    """
    if not any(getattr(world, section) for section in SECTIONS):
        return []
    wrong = unmatched_entries(world, lambda dag_id: tasks_of(dags[dag_id]) if dag_id in dags else None, sorted(dags))
    some = not folder.roots or any(root.is_file() for root in folder.roots)
    sure = [one for one in wrong if one.sure or not (folder.failures or (some and one.where is not None))]
    if sure:
        raise unmatched_error(sure)
    return [_doubt(one, folder) for one in wrong if folder.failures]


def unmatched_error(wrong: list[Unmatched]) -> UnmatchedEntry:
    """All entries that match nothing in one error; of a single one, with what there is in its place."""
    if len(wrong) == 1:
        one = wrong[0]
        known = ", ".join(one.known) or "(none)"
        meant = f"      did you mean {one.meant!r}?" if one.meant else ""
        return UnmatchedEntry(one.fact, where=one.where, known=known + meant, why=_WHY, fix=_FIX)
    rows = [f"{f'{one.where}  ' if one.where else ''}{one.fact}{_meant(one)}" for one in wrong]
    fact = f"{len(wrong)} entries of the world match nothing"
    return UnmatchedEntry(fact, where="\n          ".join(rows), why=_WHY, fix=_FIX)


def _meant(one: Unmatched) -> str:
    return f", did you mean {one.meant!r}?" if one.meant else ""


def _doubt(one: Unmatched, folder: Folder) -> Finding:
    failed = folder.failures[0].path.name
    more = f" and {len(folder.failures) - 1} more" if len(folder.failures) > 1 else ""
    fact = f"{one.fact} of the Dags that were loaded; {failed}{more} did not import"
    path, _, line = (one.where or "").rpartition(":")
    return Finding("unmatched", "warning", fact, path or None, int(line) if line else None, fix=_FIX)


def unmatched_indexes(world: World, runs: Iterable[DagRun]) -> list[Finding]:
    """A finding for each entry with a map index that no instance of the mapped tasks it names had.

    Only once they have run it is known how many instances there are; of tasks that were not expanded nothing is said.
    """
    found = []
    indexed = [(section, text) for section in SECTIONS for text in getattr(world, section) if "[" in text]
    listed = list(runs) if indexed else []
    for section, text in indexed:
        read = pattern(text)
        if read.map_index is None:
            continue
        seen = [
            (run.dag.dag_id, ti.name, ti.map_index)
            for run in listed
            for ti in run.task_instances.values()
            if ti.map_index >= 0 and read.names(f"{run.dag.dag_id}.{ti.task_id}")
        ]
        if seen and not any(index == read.map_index for _, _, index in seen):
            most = max(index for _, _, index in seen) + 1
            fact = (
                f"{SECTIONS[section]} {text!r} matches no task instance: {read.name!r} has {most}, [0] to [{most - 1}]"
            )
            path, _, line = (world.where(section, text) or "").rpartition(":")
            found.append(Finding("unmatched", "error", fact, path or None, int(line) if line else None, seen[0][0]))
    return found


def check_options(dag: DAG, options: RunOptions) -> None:
    """See that a run's options name what its Dag has.

    Raises: TaskNotFound: a task of ``only`` or ``from_task``. UsageError: a param, or an asset.
    """
    chosen = [*options.only, *([] if options.from_task is None else [options.from_task])]
    for task_id in chosen:
        if task_id not in dag.task_dict:
            raise TaskNotFound(
                f"no task {task_id!r} in Dag {dag.dag_id!r}",
                where=str(dag.fileloc),
                known=known_names(task_id, dag.task_dict),
            )
    check_params(dag, options.params)
    _check_assets(dag, options)


def _check_assets(dag: DAG, options: RunOptions) -> None:
    """See that the schedule, where it is of assets, waits for those whose events are given."""
    condition = asset_condition(dag) if options.asset_events else None
    names = [] if condition is None else list(_assets_of(condition))
    if condition is None or None in names:  # an alias may stand for any asset
        return
    for name, uri, _ in options.asset_events:
        if not concerns(condition, (name, uri), ()):
            known = known_names(name, [one for one in names if one is not None])
            fact = f"Dag {dag.dag_id!r} is not scheduled on asset {name!r}"
            raise UsageError(fact, where=str(dag.fileloc), known=known, fix="correct asset_events=")


def _assets_of(condition: Condition) -> Iterator[str | None]:
    """Names of the assets in a condition; None for an alias."""
    if isinstance(condition, (AllOf, AnyOf)):
        for part in condition.parts:
            yield from _assets_of(part)
    else:
        yield None if isinstance(condition, OfAlias) else condition.name or condition.uri


def check_params(dag: DAG, params: Mapping[str, Any]) -> None:
    """See that the Dag, or a task of it, declares each param.

    Raises: UsageError: one that nobody declares. Airflow takes any key of a conf, but no form offers this one.
    """
    declared = {*dag.params, *(name for task in dag.tasks for name in (getattr(task, "params", None) or ()))}
    for name in params:
        if name not in declared:
            raise UsageError(
                f"Dag {dag.dag_id!r} has no param {name!r}",
                where=str(dag.fileloc),
                known=known_names(name, declared),
                fix="correct the name, declare it in params= of the Dag, or give it in the conf (--conf, conf=)",
            )
