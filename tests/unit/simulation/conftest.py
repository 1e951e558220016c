"""Simulations over plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from simulation_builders import Play


@pytest.fixture
def play_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Play]]:
    """``play_of(parallelism=32, pools={}, …)``; what is still parked at the end is ended."""
    made: list[Play] = []

    def make(**limits: Any) -> Play:
        made.append(Play(monkeypatch, **limits))
        return made[-1]

    yield make
    for one in made:
        one.simulation.close()


@pytest.fixture
def play(play_of: Callable[..., Play]) -> Play:
    return play_of()
