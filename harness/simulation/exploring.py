"""Exploring a Dag: its plain data and its branches handed to `harness.exploration`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from harness.bridge.deciders import deciders_of
from harness.bridge.operators import roots
from harness.bridge.snapshot import snapshot
from harness.errors import TaskNotFound, UsageError, known_names
from harness.exploration.outcomes import Outcome, Part, Scenario, choices_of, outcome_for
from harness.exploration.player import Player
from harness.exploration.result import LIMIT, Exploration

if TYPE_CHECKING:
    from airflow.sdk import DAG


def explore(
    dag: DAG, *, outcomes: Mapping[str, Iterable[Any]] | None = None, limit: int = LIMIT, seed: int = 0
) -> Exploration:
    """Play the combinations of what a Dag's tasks may do through the scheduler's rules; no task code runs.

    Every task succeeds, fails for good, or skips itself; branching tasks follow each of their branches, short
    circuits go on or not, tasks that others map over return two items, one or none. Tasks take no time: those that
    are ready together end together.

    Args:
        outcomes: task_id, or ``*`` for all others -> the only outcomes to look at:
            ``{"*": ["success", "failed"], "check": ["report", "quarantine"], "gate": [True], "files": [0, 3]}``.
        limit: combinations to play; where there are more, all of few unusual outcomes and a covering array, in which
            every two outcomes of two tasks come together.
        seed: of the covering array.
    Raises: TaskNotFound, UsageError: ``outcomes`` names what is not there.
    """
    if limit < 1:
        raise UsageError(f"limit={limit} plays nothing", fix="limit=2000")
    return Exploration(player_of(dag, outcomes), limit, seed)


def play(dag: DAG, outcomes: Mapping[str, Any]) -> Scenario:
    """What one combination comes to, by the rules alone.

    Args:
        outcomes: task_id, ``task_id[0]`` or ``task_id[1:]`` of a mapped task -> what it does, where that is not the
            usual: ``{"load": "failed", "check": "report", "files": 0}``.
    Raises: TaskNotFound, UsageError: ``outcomes`` names what is not there.
    """
    player = player_of(dag, None)
    chosen: dict[Part, Outcome] = {}
    for name, value in outcomes.items():
        task_id, bracket, which = name.partition("[")
        if task_id not in player.choices:
            raise TaskNotFound(
                f"no task {task_id!r} with an outcome of its own in Dag {dag.dag_id!r}",
                known=known_names(task_id, player.choices),
            )
        outcome = outcome_for(task_id, player.choices[task_id], _ids(dag, value))[0]
        mapped = player.dag.tasks[task_id].needs_expansion
        groups = [0 if which == "0]" else 1] if bracket else [0, 1] if mapped else [-1]
        chosen.update({Part(task_id, group): outcome for group in groups})
    return player.play(chosen)


def player_of(dag: DAG, outcomes: Mapping[str, Iterable[Any]] | None) -> Player:
    """The player of a Dag.

    Raises: as `explore`.
    """
    plain, deciders = snapshot(dag), deciders_of(dag)
    chosen = {name: _listed(dag, values) for name, values in (outcomes or {}).items()}
    return Player(plain, choices_of(plain, deciders, chosen), deciders)


def _listed(dag: DAG, values: Any) -> list[Any]:
    several = [values] if isinstance(values, (str, bool, int)) else list(values)
    return [_ids(dag, value) for value in several]


def _ids(dag: DAG, value: Any) -> Any:
    """Task groups that a branch names, as their roots."""
    if isinstance(value, str):
        return tuple(roots(dag, value)) if value in dag.task_group_dict else value
    if isinstance(value, (tuple, list, set, frozenset)) and all(isinstance(name, str) for name in value):
        return tuple(task_id for name in sorted(value) for task_id in roots(dag, name))
    return value
