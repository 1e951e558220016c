"""What a caller names for a run or a calendar and is not there: patterns of the world, tasks, params."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.bridge.loader import Folder
from harness.bridge.operators import class_of, class_paths, subject_of, tasks_of
from harness.bridge.snapshot import asset_condition
from harness.bridge.standins.playing import check_functions
from harness.errors import TaskNotFound, UnmatchedEntry, UsageError, WorldError, known_names
from harness.results.finding import Finding
from harness.scheduler.dag_runs.calendar import AllOf, AnyOf, Condition, OfAlias, concerns
from harness.scheduler.model import DagRun
from harness.simulation.options import RunOptions
from harness.world import World
from harness.world.matching import SECTIONS, Unmatched, unmatched, unmatched_entries
from harness.world.pattern import Pattern, Subject, pattern

if TYPE_CHECKING:
    from airflow.sdk import DAG

SHOWN = 5

_WHY = "the tasks meant would run as if nothing had been said of them"
_FIX = (
    "correct it: dag_id.task_id, a task id or an operator's class, * and ? as wildcards, [1] for a map index, "
    "@2025-01-05 for a date; or take it out"
)


def check_world(world: World, dags: Mapping[str, DAG], folder: Folder) -> list[Finding]:
    """See that every stub, duration and answer speaks of a task.

    An entry of a world file may be for a Dag that was not loaded, where only some files were asked for; where files
    failed to import, nobody can tell, and that is returned as a warning.

    Raises: UnmatchedEntry: with every entry that certainly matches nothing. WorldError: a stub names a function that is
        not there.
    """
    world.dags_met.append(partial(_no_such_call, dags))
    if not any(getattr(world, section) for section in SECTIONS):
        return []
    check_functions(world)
    _check_resuming(world, dags)
    wrong = unmatched_entries(world, lambda dag_id: tasks_of(dags[dag_id]) if dag_id in dags else None, sorted(dags))
    some = not folder.roots or any(root.is_file() for root in folder.roots)
    sure = [one for one in wrong if one.sure or not (folder.failures or (some and one.where is not None))]
    if sure:
        raise unmatched_error(sure)
    return [_doubt(one, folder) for one in wrong if folder.failures]


def _check_resuming(world: World, dags: Mapping[str, DAG]) -> None:
    """See that operators have the methods with which the world has them go on. Raises: WorldError."""
    for text, answers in world.triggers.items():
        method = answers[0].resumes
        tasks = [] if method is None else [(dag_id, task) for dag_id, dag in dags.items() for task in dag.tasks]
        for dag_id, task in tasks:
            kind = class_of(task)
            if pattern(text).names(dag_id, task.task_id, class_paths(task)) is None or hasattr(kind, str(method)):
                continue
            raise WorldError(
                f"trigger {text!r}: {kind.__name__} of {dag_id}.{task.task_id} has no method {method!r} to go on with",
                where=world.where("triggers", text),
                known=known_names(str(method), [name for name in dir(kind) if name.startswith("execute")]),
                fix="resumes: is the method_name of the operator's self.defer(…)",
            )


def _no_such_call(dags: Mapping[str, DAG], text: str) -> UnmatchedEntry | None:
    """Why a pattern whose calls are asked for names no task of the Dags; None where it does, or there are none."""
    wrong = unmatched("call", text, lambda dag_id: tasks_of(dags[dag_id]) if dag_id in dags else None, sorted(dags))
    if wrong is None or not any(dag.task_dict for dag in dags.values()):
        return None
    why = "it would be an empty list, as of a stand-in that nobody called"
    return UnmatchedEntry(wrong.fact, known=wrong.shown, why=why, fix="name the task as world.stub(…) does")


def unmatched_error(wrong: list[Unmatched]) -> UnmatchedEntry:
    """All entries that match nothing in one error; of a single one, with what there is in its place."""
    if len(wrong) == 1:
        one = wrong[0]
        return UnmatchedEntry(one.fact, where=one.where, known=one.shown, why=_WHY, fix=_FIX)
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


def unmatched_instances(world: World, runs: Iterable[DagRun]) -> list[Finding]:
    """A finding for each entry with a map index or a date that no instance of the tasks it names had.

    Only once they have run it is known which instances there are. Nothing is said of tasks that were not expanded, nor,
    of an entry of a file, where all runs are before its date or all are after it: files are for many runs.
    """
    narrow = [
        (section, text, read)
        for section in SECTIONS
        for text in getattr(world, section)
        if (read := pattern(text)).map_index is not None or read.date
    ]
    listed = list(runs) if narrow else []
    subjects = [subject_of(ti) for run in listed for ti in run.task_instances.values()]
    found = []
    for section, text, read in narrow:
        named = [one for one in subjects if read.names(one.dag_id, one.task_id, one.classes) is not None]
        if named and (fact := _no_instance(read, named, world.where(section, text) is not None)):
            path, _, line = (world.where(section, text) or "").rpartition(":")
            fact = f"{SECTIONS[section]} {text!r} matches no task instance: {fact}"
            found.append(
                Finding("unmatched", "error", fact, path or None, int(line) if line else None, named[0].dag_id)
            )
    return found


def _no_instance(read: Pattern, named: list[Subject], of_file: bool) -> str | None:
    """Why a pattern speaks of none of the instances of the tasks it names; None where it does, or nobody can tell."""
    dated = [one for one in named if one.date.startswith(read.date)]
    if not dated:
        dates = sorted({one.date for one in named})
        if of_file and not dates[0] < read.date < dates[-1]:
            return None
        shown = ", ".join(dates[:SHOWN]) + (f" and {len(dates) - SHOWN} more" if len(dates) > SHOWN else "")
        return f"{read.name!r} has runs of {shown}"
    indexes = [one.map_index for one in dated if one.map_index >= 0]
    if read.map_index is None or read.map_index in indexes or not indexes:
        return None
    return f"{read.name!r} has {max(indexes) + 1}, [0] to [{max(indexes)}]"


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
