"""Small Dags, explored without Airflow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.exploration.outcomes import Decider, choices_of
from harness.exploration.player import Player
from harness.exploration.result import LIMIT, Exploration
from harness.scheduler.model import Dag, MappedGroup, Task


@pytest.fixture
def player_of() -> Callable[..., Player]:
    """``player_of(*tasks, deciders={}, outcomes={}, groups=(), **dag_fields)``."""

    def made(
        *tasks: Task,
        deciders: Mapping[str, Decider] | None = None,
        outcomes: Mapping[str, Any] | None = None,
        groups: Iterable[MappedGroup] = (),
        **fields: Any,
    ) -> Player:
        below = {one.task_id: [other.task_id for other in tasks if one.task_id in other.upstream] for one in tasks}
        told = deciders or {}
        wired = {
            one.task_id: replace(
                one, downstream=tuple(sorted(below[one.task_id])), inherits_from_skipmixin=one.task_id in told
            )
            for one in tasks
        }
        dag = Dag("d", wired, {group.group_id: group for group in groups}, **fields)
        return Player(dag, choices_of(dag, told, outcomes), told)

    return made


@pytest.fixture
def explored(player_of: Callable[..., Player]) -> Callable[..., Exploration]:
    """As ``player_of``, with ``limit`` and ``seed``."""

    def made(*tasks: Task, limit: int = LIMIT, seed: int = 0, **options: Any) -> Exploration:
        return Exploration(player_of(*tasks, **options), limit, seed)

    return made
