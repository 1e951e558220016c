"""Simulations over plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from calendar_builders import Folder, plan
from simulation_builders import Play

from harness.bridge.timetables import RunPlan
from harness.kernel import SECOND
from harness.simulation import calendar as module
from tests.unit.scheduler.scheduler_builders import NOW, dag, task


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


@pytest.fixture
def folder_of(play_of: Callable[..., Play], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Folder]:
    """``folder_of(real("d", …), acts={}, since=None, conf=None)``: a calendar whose Dags are asked here."""
    asked: list[tuple[str, Any]] = []

    def named(of: Any, after: int | None, at_least: int | None = None) -> RunPlan | None:
        for date in of.dates:
            if isinstance(date, Exception):
                raise date
            if (after is None or date > after) and (at_least is None or date >= at_least):
                return plan(date)
        return None

    def next_run(of: Any, last: RunPlan | None) -> RunPlan | None:
        asked.append((of.dag_id, None if last is None else last.logical_date))
        return named(of, None if last is None else last.logical_date)

    def next_run_since(of: Any, now: int) -> RunPlan | None:
        asked.append((of.dag_id, f"since {(now - NOW) / SECOND:g}"))
        return named(of, None, now)

    def make(*dags: Any, acts: dict[str, Any] | None = None, **options: Any) -> Folder:
        limits = {one.dag_id: one.limits for one in dags if hasattr(one, "limits")}
        for one in dags:
            made = dag(task("a"), **limits.get(one.dag_id, {}))
            object.__setattr__(made, "dag_id", one.dag_id)
            one.plain = made
        play = play_of()
        play.acts |= acts or {}
        folder = Folder(play, *dags, **options)
        folder.asked = asked
        return folder

    monkeypatch.setattr(module, "asset_condition", lambda of: getattr(of, "condition", None))
    memo = SimpleNamespace(next_run=lambda of, last, _: next_run(of, last), next_run_since=next_run_since)
    monkeypatch.setattr(module, "ScheduleMemo", lambda: memo)
    return make
