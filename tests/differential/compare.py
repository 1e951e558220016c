"""Two histories of one case, compared; what differs, in the order it happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tests.differential.case import Event, History

SHOWN = 12


def differences(ours: History, theirs: History) -> list[str]:
    """A line for each difference, the earliest first; empty when the two agree.

    Args:
        ours: the simulator's.
        theirs: Airflow's.
    """
    ours, theirs = named(ours), named(theirs)
    found = [*_sets("run", ours.runs, theirs.runs), *_events(ours.events, theirs.events)]
    found += _maps("deadlines", Counter(ours.deadlines), Counter(theirs.deadlines))
    found += _sets("backfill", ours.backfills, theirs.backfills)
    if not found:
        found += _order(ours.queued, theirs.queued)
    if not found:
        found += _maps("run", ours.run_states, theirs.run_states)
        found += _maps("task instance", ours.final, theirs.final)
    return found


def named(history: History) -> History:
    """The history with asset-triggered runs named by their number: Airflow ends their run_id at random."""
    names: dict[tuple[str, str], str] = {}
    count: dict[str, int] = {}
    for row in sorted(history.runs, key=lambda row: (str(row[6]), str(row[1]))):
        dag_id, run_id = str(row[0]), str(row[1])
        if row[2] == "asset_triggered":
            count[dag_id] = count.get(dag_id, 0) + 1
            names[dag_id, run_id] = f"asset_triggered#{count[dag_id]}"

    def name(dag_id: str, run_id: str) -> str:
        return names.get((dag_id, run_id), run_id)

    runs = [(row[0], name(str(row[0]), str(row[1])), *row[2:]) for row in history.runs]
    return History(
        events=tuple(sorted((replace(e, run_id=name(e.dag_id, e.run_id)) for e in history.events), key=_when)),
        queued=tuple((at, dag_id, name(dag_id, run_id), *rest) for at, dag_id, run_id, *rest in history.queued),
        runs=tuple(sorted(runs, key=str)),
        final={(dag_id, name(dag_id, run_id), *rest): v for (dag_id, run_id, *rest), v in history.final.items()},
        run_states={(dag_id, name(dag_id, run_id)): state for (dag_id, run_id), state in history.run_states.items()},
        deadlines=tuple((dag_id, name(dag_id, run_id), *rest) for dag_id, run_id, *rest in history.deadlines),
        backfills=history.backfills,
    )


def _when(event: Event) -> tuple[Any, ...]:
    return (event.at, event.dag_id, event.run_id, event.task_id, event.map_index, event.try_number, event.state)


def _sets(what: str, ours: Iterable[Any], theirs: Iterable[Any]) -> list[str]:
    mine, real = set(ours), set(theirs)
    found = [(str(one[-1]), f"only here   {what} {one}") for one in mine - real]
    found += [(str(one[-1]), f"only Airflow {what} {one}") for one in real - mine]
    return [line for _, line in sorted(found)]


def _events(ours: Iterable[Event], theirs: Iterable[Event]) -> list[str]:
    mine, real = set(ours), set(theirs)
    found = [(_when(one), f"only here    {_told(one)}") for one in mine - real]
    found += [(_when(one), f"only Airflow {_told(one)}") for one in real - mine]
    return [line for _, line in sorted(found)]


def _told(event: Event) -> str:
    name = event.task_id if event.map_index < 0 else f"{event.task_id}[{event.map_index}]"
    tried = f" try {event.try_number}" if event.task_id else ""
    return f"{event.at} {event.dag_id} {event.run_id} {name or '(run)'} {event.state}{tried}"


def _order(ours: tuple[Any, ...], theirs: tuple[Any, ...]) -> list[str]:
    for place, (mine, real) in enumerate(zip(ours, theirs, strict=False)):
        if mine != real:
            return [f"queued as number {place + 1}: here {mine}, Airflow {real}"]
    return [] if len(ours) == len(theirs) else [f"{len(ours)} workloads queued here, {len(theirs)} by Airflow"]


def _maps(what: str, ours: dict[Any, Any], theirs: dict[Any, Any]) -> list[str]:
    keys = sorted(set(ours) | set(theirs), key=str)
    absent = "(none)"
    return [
        f"{what} {key}: here {ours.get(key, absent)}, Airflow {theirs.get(key, absent)}"
        for key in keys
        if ours.get(key, absent) != theirs.get(key, absent)
    ]
