"""When a Dag's next run is made: by its timetable, or by queued events, under each policy."""

import pytest
from scheduler_builders import NOW, dag, run_of, task

from harness.scheduler.dag_runs.calendar import (
    AllOf,
    AnyOf,
    AssetPolicy,
    DagCalendar,
    OfAlias,
    OfAsset,
    QueuedEvent,
    asset_triggered_at,
    concerns,
    fails_too_often,
    is_met,
    latest_automated,
    needs_scheduled_run,
    room_for,
    runs_of,
    still_queued,
)


def event(number, at):
    return QueuedEvent(at, number, ("a", "s3://a"))


EVENTS = [event(2, 20), event(1, 20), event(3, 10)]


@pytest.mark.parametrize(
    ("grouping", "room", "expected"),
    [
        ("batch", None, [(20, [3, 1, 2])]),
        ("each", 2, [(10, [3]), (20, [1])]),
        ("each", 10, [(10, [3]), (20, [1]), (20, [2])]),
    ],
)
def test_events_become_runs_in_order_of_time_and_number(grouping, room, expected):
    made = runs_of(AssetPolicy(grouping), EVENTS, room)
    assert [(at, [one.number for one in consumed]) for at, consumed in made] == expected
    assert runs_of(AssetPolicy(grouping), [], room) == []


@pytest.mark.parametrize(
    ("ready", "left", "free", "expected"),
    [(1, 10, 16, 10), (3, 10, 16, 3), (30, 10, 16, 1), (1, 2, 16, 2), (1, 10, 1, 1), (1, 10, 0, 0), (1, 10, -3, 0)],
)
def test_a_loop_shares_its_runs_between_the_dags_that_are_ready(ready, left, free, expected):
    assert room_for(AssetPolicy("each"), ready, left, free) == expected
    assert room_for(AssetPolicy("batch"), ready, left, free) is None


def test_what_is_not_consumed_stays_queued_and_catchup_keeps_a_reminder():
    each, catching_up = AssetPolicy("each"), AssetPolicy("each", catchup=True)
    assert [one.number for one in still_queued(each, EVENTS, {3, 1}, more=True)] == [2]
    assert still_queued(each, EVENTS, {1, 2, 3}, more=False) == []
    assert [one.number for one in still_queued(catching_up, EVENTS, {1, 2, 3}, more=True)] == [3]


MADE = dag(task("t"), max_active_runs=2)
A, B, X = OfAsset("a", "s3://a"), OfAsset(None, "s3://b"), OfAlias("x")
EVENT_A, EVENT_B = ("a", "s3://a"), ("b", "s3://b")


@pytest.mark.parametrize(
    ("fields", "active", "expected"),
    [
        ({"due": NOW}, 0, True),
        ({"due": NOW - 1}, 1, True),
        ({"due": NOW + 1}, 0, False),
        ({"due": None}, 0, False),
        ({"due": NOW}, 2, False),
        ({"due": NOW, "paused": True}, 0, False),
    ],
)
def test_a_run_is_made_once_it_is_due_while_there_is_room(fields, active, expected):
    assert needs_scheduled_run(DagCalendar(MADE, **fields), active, NOW) is expected


def test_the_latest_date_of_scheduled_runs_and_backfills_is_followed():
    def run(number, run_type, date):
        return run_of(MADE, run_id=f"r{number}", run_type=run_type, logical_date=date)

    first, second = run(1, "scheduled", NOW + 5), run(2, "backfill", NOW + 9)
    others = [run(3, "manual", NOW + 20), run(4, "asset_triggered", NOW + 30), run(5, "scheduled", None)]
    assert latest_automated([second, first, *others]) is second
    assert latest_automated([first, *others]) is first
    assert latest_automated(others) is None


@pytest.mark.parametrize(
    ("condition", "queued", "met"),
    [
        (A, [EVENT_A], True),
        (A, [EVENT_B], False),
        (A, [("a", "s3://other")], False),
        (A, [("other", "s3://a")], False),
        (B, [("any name", "s3://b")], True),
        (OfAsset("a", None), [("a", "any uri")], True),
        (X, [EVENT_B], True),
        (X, [EVENT_A], False),
        (OfAlias("unknown"), [EVENT_B], False),
        (AllOf((A, B)), [EVENT_A], False),
        (AllOf((A, B)), [EVENT_B, EVENT_A], True),
        (AnyOf((A, B)), [EVENT_B], True),
        (AnyOf((A, AllOf((B, X)))), [EVENT_B], True),
        (AnyOf((A, B)), [("c", "s3://c")], False),
    ],
)
def test_a_condition_is_met_by_what_it_names(condition, queued, met):
    events = dict.fromkeys(queued, NOW)
    aliases = {"x": [EVENT_B]}
    assert is_met(condition, events, aliases) is met
    calendar = DagCalendar(MADE, condition=condition, queued=events)
    assert asset_triggered_at(calendar, 0, aliases) == (NOW if met else None)


@pytest.mark.parametrize(
    ("fields", "active", "at"),
    [
        ({}, 0, NOW + 7),
        ({}, 1, NOW + 7),
        ({}, 2, None),
        ({"paused": True}, 0, None),
        ({"condition": None}, 0, None),
        ({"queued": {}}, 0, None),
    ],
)
def test_the_run_is_of_the_latest_queued_event(fields, active, at):
    queued = {EVENT_A: NOW + 7, EVENT_B: NOW + 3}
    calendar = DagCalendar(MADE, **{"condition": AnyOf((A, B)), "queued": queued, **fields})
    assert asset_triggered_at(calendar, active, {}) == at


@pytest.mark.parametrize(
    ("condition", "asset", "aliases", "concerned"),
    [
        (A, EVENT_A, (), True),
        (A, EVENT_B, ("a",), False),
        (X, EVENT_B, ("x",), True),
        (X, EVENT_B, ("y",), False),
        (AllOf((A, AnyOf((B, X)))), EVENT_B, (), True),
        (AllOf((A, AnyOf((B, X)))), ("c", "s3://c"), (), False),
        (AllOf((A, AnyOf((B, X)))), ("c", "s3://c"), ("x",), True),
    ],
)
def test_an_event_concerns_whoever_names_its_asset_or_an_alias_it_came_through(condition, asset, aliases, concerned):
    assert concerns(condition, asset, aliases) is concerned


@pytest.mark.parametrize(
    ("states", "limit", "too_often"),
    [
        (["failed", "failed"], 2, True),
        (["failed", "failed", "success"], 2, True),
        (["failed", "success", "failed"], 2, False),
        (["success", "failed", "failed"], 2, False),
        (["failed"], 2, False),
        (["failed"], 1, True),
        (["failed", "failed"], 0, False),
        ([], 0, False),
        ([], 1, False),
    ],
)
def test_a_dag_whose_last_runs_all_failed_is_paused(states, limit, too_often):
    latest = [run_of(MADE, run_id=f"r{n}", state=state) for n, state in enumerate(states)]
    assert fails_too_often(latest, limit) is too_often
    assert not fails_too_often(latest, -1)


def test_a_reminder_is_kept_of_what_there_is():
    catching_up = AssetPolicy("each", catchup=True)
    assert still_queued(catching_up, [], set(), more=True) == []
    assert [one.number for one in still_queued(catching_up, EVENTS, {1}, more=True)] == [2, 3]


def test_no_dag_shares_with_none():
    assert room_for(AssetPolicy("each"), 0, 10, 16) == 10
    assert room_for(AssetPolicy("each", runs_a_loop=0), 1, 10, 16) == 1
