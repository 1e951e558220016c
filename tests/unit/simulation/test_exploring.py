"""What is handed to the exploration of a Dag: how many combinations, and groups that branches name as their roots."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.errors import UsageError
from harness.exploration.result import LIMIT
from harness.simulation import exploring
from harness.simulation.exploring import explore


@pytest.fixture(autouse=True)
def handed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exploring, "Exploration", lambda *handed: handed)
    monkeypatch.setattr(exploring, "player_of", lambda _, outcomes: outcomes)
    monkeypatch.setattr(exploring, "roots", lambda _, name: [f"{name}.x", f"{name}.y"] if name == "g" else [name])


DAG: Any = SimpleNamespace(task_group_dict={"g": None})


def test_all_up_to_the_limit_from_one_seed_unless_told_otherwise() -> None:
    found: Any = explore(DAG)
    assert found == (None, LIMIT, 0)
    assert explore(DAG, outcomes={"a": [1]}, limit=1, seed=7) == ({"a": [1]}, 1, 7)


@pytest.mark.parametrize("limit", [0, -1])
def test_to_play_nothing_is_refused(limit: int) -> None:
    with pytest.raises(UsageError, match=f"limit={limit} plays nothing"):
        explore(DAG, limit=limit)


@pytest.mark.parametrize(
    ("outcomes", "listed"),
    [
        ("failed", ["failed"]),
        (True, [True]),
        (3, [3]),
        (["a", "g"], ["a", ("g.x", "g.y")]),
        ([("b", "g")], [("b", "g.x", "g.y")]),
        ([{"g"}], [("g.x", "g.y")]),
        ([(1, 2)], [(1, 2)]),
        ([None], [None]),
    ],
)
def test_groups_are_named_by_their_roots(outcomes: Any, listed: list[Any]) -> None:
    assert exploring._listed(DAG, outcomes) == listed
