"""Which runs queued events make, under each policy."""

import pytest

from harness.scheduler.dag_runs.calendar import AssetPolicy, QueuedEvent, room_for, runs_of, still_queued


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
