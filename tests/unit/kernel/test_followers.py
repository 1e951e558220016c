"""Clocks beside this process that follow a simulation's."""

from __future__ import annotations

import pytest

from harness.kernel.clock import follow, follow_no_more, wall_clock
from harness.kernel.instant import SECOND, Instant

START = Instant(1_735_709_400 * SECOND)


@pytest.fixture
def told() -> list[Instant | None]:
    return []


def test_a_clock_that_follows_is_told_every_move_and_the_end(told: list[Instant | None]) -> None:
    follower = told.append
    follow(follower)
    with wall_clock(START) as clock:
        clock.advance(5)
        clock.advance(3600 * SECOND)
    follow_no_more(follower)
    with wall_clock(START) as clock:
        clock.advance(1)
    assert told == [START, START + 5, START + 5 + 3600 * SECOND, None]


def test_it_is_on_real_time_again_also_where_the_simulation_ends_in_an_error(told: list[Instant | None]) -> None:
    follower = told.append
    follow(follower)
    with pytest.raises(ZeroDivisionError), wall_clock(START):
        1 / 0  # noqa: B018
    follow_no_more(follower)
    follow_no_more(follower)
    assert told == [START, None]
