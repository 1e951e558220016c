"""Runs of asset events: which events each consumes, how many a loop makes, and what waits on, under each policy."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from simulation_builders import Play

from harness.bridge.supervisor.store import AssetEvent, RunFacts, facts
from harness.kernel import SECOND, Instant
from harness.scheduler.dag_runs.calendar import AllOf, AssetPolicy, DagCalendar, Grouping, OfAlias, OfAsset
from harness.scheduler.mapping import create_instances
from harness.scheduler.model import Dag, DagRun
from harness.simulation.components import asset_runs
from harness.simulation.components.asset_runs import AssetRuns
from tests.unit.scheduler.scheduler_builders import NOW, dag, task

A = OfAsset("a", "s3://a")


class Assets:
    """`AssetRuns` of a few Dags, and events for them."""

    def __init__(self, play: Play, *calendars: DagCalendar) -> None:
        self.play, self.calendars = play, calendars
        self.runs = AssetRuns(play.driver, self._make, [(self._real(one.dag), one) for one in calendars])

    @staticmethod
    def _real(of: Dag) -> Any:
        tasks = {name: SimpleNamespace(on_failure_callback=None, _is_sensor=False) for name in of.tasks}
        return SimpleNamespace(
            dag_id=of.dag_id, fileloc="d.py", task_dict=tasks, on_success_callback=None, on_failure_callback=None
        )

    def _make(self, real: Any, plan: tuple[int, int], conf: Any) -> DagRun:
        of = next(one.dag for one in self.calendars if one.dag.dag_id == real.dag_id)
        at, number = plan
        run = DagRun(of, f"{of.dag_id}-{number}", "asset_triggered", None, None, None, Instant(at))
        run.extra = RunFacts(real)
        create_instances(run)
        return run

    def event(self, seconds: int, name: str = "a", *aliases: str) -> AssetEvent:
        """An event at so many seconds after the begin, in the store as well."""
        events = self.play.store.events
        made = AssetEvent(
            len(events) + 1, name, f"s3://{name}", "asset", {}, Instant(NOW + seconds * SECOND), aliases=aliases
        )
        events.append(made)
        self.runs.event(made)
        return made

    def made(self) -> list[tuple[str, float, list[int]]]:
        """(run_id, seconds of its run_after, numbers of the events it consumed) of all runs."""
        runs = self.play.store.runs.values()
        return [(run.run_id, (run.run_after - NOW) / SECOND, [one.id for one in facts(run).consumed]) for run in runs]


def listener(name: str = "d", grouping: Grouping = "window", condition: Any = A, **fields: Any) -> DagCalendar:
    options = {key: fields.pop(key) for key in ("catchup", "runs_a_loop") if key in fields}
    made = dag(task("t"), **fields)
    made = type(made)(name, made.tasks, made.groups, max_active_runs=made.max_active_runs)
    return DagCalendar(made, condition=condition, policy=AssetPolicy(grouping, **options))


@pytest.fixture
def assets_of(play: Play, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Assets]:
    monkeypatch.setattr(asset_runs, "asset_triggered", lambda dag, at, number: (at, number))
    monkeypatch.setattr(play.driver, "add", play.store.add_run)  # they stay queued
    return lambda *calendars: Assets(play, *calendars)


def test_a_window_is_one_run_with_the_events_since_the_run_before(assets_of: Callable[..., Assets]) -> None:
    assets = assets_of(listener())
    assert not assets.runs.make_due()
    assets.event(1)
    assets.event(5)
    assets.event(5, "b")
    assert assets.runs.make_due()
    assert not assets.runs.make_due(), "its events are consumed"
    assets.event(9)
    assert assets.runs.make_due()
    assert assets.made() == [("d-1", 1, [1]), ("d-2", 9, [2, 4])]


def test_a_batch_is_one_run_with_every_event_once(assets_of: Callable[..., Assets]) -> None:
    assets = assets_of(listener(grouping="batch"))
    assets.event(1)
    assets.event(5)
    assert assets.runs.make_due()
    assert not assets.runs.make_due()
    assets.event(9)
    assert assets.runs.make_due()
    assert assets.made() == [("d-1", 5, [1, 2]), ("d-2", 9, [3])]
    assert assets.calendars[0].waiting == []


@pytest.mark.parametrize("grouping", ["batch", "each"])
def test_once_all_are_consumed_nothing_waits_with_catchup_either(
    assets_of: Callable[..., Assets], grouping: Grouping
) -> None:
    assets = assets_of(listener(grouping=grouping, catchup=True))
    assets.event(1)
    assets.event(5)
    assert assets.runs.make_due()
    assert (assets.calendars[0].waiting, assets.calendars[0].queued) == ([], {})
    assert not assets.runs.make_due()


def test_each_is_a_run_an_event_as_many_a_loop_as_the_dag_has_room_for(assets_of: Callable[..., Assets]) -> None:
    assets = assets_of(listener(grouping="each", max_active_runs=2))
    for second in (1, 2, 3):
        assets.event(second)
    assert assets.runs.make_due()
    assert assets.made() == [("d-1", 1, [1]), ("d-2", 2, [2])]
    assert [one.number for one in assets.calendars[0].waiting] == [3]
    assert assets.calendars[0].queued == {("a", "s3://a"): NOW + 3 * SECOND}


def test_runs_of_backfills_take_no_place_of_theirs(
    assets_of: Callable[..., Assets], monkeypatch: pytest.MonkeyPatch
) -> None:
    assets = assets_of(listener(grouping="each", max_active_runs=2))
    monkeypatch.setattr(assets.play.driver, "active_runs", lambda _, backfills=True: int(backfills))
    for second in (1, 2):
        assets.event(second)
    assert assets.runs.make_due()
    assert assets.made() == [("d-1", 1, [1]), ("d-2", 2, [2])]


def test_a_loop_shares_its_runs_between_the_dags_that_are_ready(assets_of: Callable[..., Assets]) -> None:
    assets = assets_of(*(listener(name, "each", runs_a_loop=3) for name in ("d", "e")))
    for second in (1, 2, 3):
        assets.event(second)
    assert assets.runs.make_due()
    assert [name for name, _, _ in assets.made()] == ["d-1", "e-1"]
    assert assets.runs.make_due()
    assert assets.runs.make_due()
    assert not assets.runs.make_due()
    assert sorted(assets.made()) == sorted(
        (f"{name}-{number}", number, [number]) for name in ("d", "e") for number in (1, 2, 3)
    )


def test_what_a_loop_may_make_is_used_up_by_the_dags_before(assets_of: Callable[..., Assets]) -> None:
    assets = assets_of(*(listener(name, "each", runs_a_loop=1) for name in ("d", "e")))
    assets.event(1)
    assert assets.runs.make_due()
    assert [name for name, _, _ in assets.made()] == ["d-1"]
    assert assets.runs.make_due()
    assert [name for name, _, _ in assets.made()] == ["d-1", "e-1"]


def test_a_run_of_a_window_is_one_of_those_that_a_loop_may_make(assets_of: Callable[..., Assets]) -> None:
    assets = assets_of(listener("w"), listener("d", "each", runs_a_loop=2))
    assets.event(1)
    assert assets.runs.make_due()
    assert [name for name, _, _ in assets.made()] == ["w-1", "d-1"], "two, of which each is one"


@pytest.mark.parametrize("grouping", ["window", "batch", "each"])
def test_events_come_and_go_while_a_dag_is_paused(assets_of: Callable[..., Assets], grouping: Grouping) -> None:
    assets = assets_of(listener(grouping=grouping))
    (calendar,) = assets.calendars
    calendar.paused = True
    assets.event(1)
    assert not assets.runs.make_due()
    calendar.paused = False
    assert not assets.runs.make_due(), "nothing was queued"
    assets.event(2)
    assert assets.runs.make_due()
    consumed = [1, 2] if grouping == "window" else [2]
    assert assets.made() == [("d-1", 2, consumed)]


def test_with_catchup_those_that_nobody_queued_are_consumed_too(assets_of: Callable[..., Assets]) -> None:
    assets = assets_of(listener(grouping="batch", catchup=True))
    (calendar,) = assets.calendars
    calendar.paused = True
    assets.event(1)
    calendar.paused = False
    assets.event(2)
    assert assets.runs.make_due()
    assert assets.made() == [("d-1", 2, [1, 2])]


def test_a_dag_waits_for_all_it_is_scheduled_on_also_through_an_alias(
    assets_of: Callable[..., Assets], play: Play
) -> None:
    assets = assets_of(listener(condition=AllOf((A, OfAlias("any_b")))))
    assets.event(1)
    assert not assets.runs.make_due()
    play.store.alias_assets["any_b"] = [("b", "s3://b")]
    assets.event(2, "b")
    assert not assets.runs.make_due(), "that event did not come through the alias"
    assets.event(3, "b", "any_b")
    assert assets.runs.make_due()
    assert assets.made() == [("d-1", 3, [1, 3])]


def test_a_dag_without_a_condition_listens_to_nothing(assets_of: Callable[..., Assets]) -> None:
    assets = assets_of(listener(condition=None))
    assets.event(1)
    assert not assets.runs.make_due()
    assert assets.calendars[0].queued == {}
