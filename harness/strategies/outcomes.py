"""Outcomes of a Dag's tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from harness.exploration.outcomes import Value, parts_of
from harness.simulation.exploring import player_of

if TYPE_CHECKING:
    from airflow.sdk import DAG


def task_outcomes(
    dag: DAG, *, outcomes: Mapping[str, Iterable[Any]] | None = None
) -> st.SearchStrategy[dict[str, Value]]:
    """What each task of a Dag does, to be given to `harness.play`; shrinks to everything going as usual.

    Args:
        outcomes: as of `harness.explore`.
    Returns: task_id (``task_id[0]`` and ``task_id[1:]`` of a mapped task) -> ``success``, ``failed``, ``skipped``, the
        task ids a branching task follows, whether a short circuit goes on, or how many items a task returns that
        others map over. Tasks that Airflow does not run are left out.
    Raises: TaskNotFound, UsageError: ``outcomes`` names what is not there.
    """
    player = player_of(dag, outcomes)
    each = {
        part.name: st.sampled_from([outcome.value for outcome in player.choices[part.task_id]])
        for part in parts_of(player.dag, player.choices)
    }
    return st.fixed_dictionaries(each)
