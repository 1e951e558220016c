"""Clocks that a test holds already: which instant they show, and how freezegun is set aside and taken up again."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta, timezone

import freezegun.api
import pytest
import time_machine
from freezegun import freeze_time

from harness.kernel import to_instant
from harness.kernel.clock import freezegun_suspended, frozen_instant

MARCH = datetime(2025, 3, 1, tzinfo=timezone.utc)
MAY = datetime(2025, 5, 1, 12, 30, 15, 250_000, tzinfo=timezone.utc)


def test_while_time_runs_there_is_none() -> None:
    assert frozen_instant() is None


@pytest.mark.parametrize(
    "freeze", [freeze_time, lambda at: time_machine.travel(at, tick=False)], ids=["gun", "machine"]
)
def test_it_is_exact(freeze: object) -> None:
    with freeze(MAY):  # type: ignore[operator]
        assert frozen_instant() == to_instant(MAY)
    assert frozen_instant() is None


def test_of_several_the_innermost_counts() -> None:
    with freeze_time(MARCH):
        with freeze_time(MAY):
            assert frozen_instant() == to_instant(MAY)
        assert frozen_instant() == to_instant(MARCH)


def test_one_that_has_moved_is_where_it_is_now() -> None:
    with freeze_time(MARCH) as frozen:
        frozen.tick(timedelta(hours=2))
        assert frozen_instant() == to_instant(MARCH + timedelta(hours=2))


def test_without_freezegun_in_the_process_time_machine_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "freezegun.api")
    assert frozen_instant() is None
    with freezegun_suspended(), time_machine.travel(MAY, tick=False):
        assert frozen_instant() == to_instant(MAY)


def test_inside_the_block_clocks_are_real_and_behind_it_the_tests_own_go_on() -> None:
    with freeze_time(MARCH), freeze_time(MAY, tz_offset=2) as frozen:
        factories, shown = list(freezegun.api.freeze_factories), datetime.now(timezone.utc)
        with freezegun_suspended():
            assert abs(datetime.now(timezone.utc) - MAY) > timedelta(days=1)
            assert frozen_instant() is None
            with time_machine.travel(MARCH, tick=False):
                assert datetime.now(timezone.utc) == MARCH
        assert list(freezegun.api.freeze_factories) == factories
        assert datetime.now(timezone.utc) == shown
        assert freezegun.api.tz_offsets[-1] == timedelta(hours=2)
        frozen.tick(60)
        assert datetime.now(timezone.utc) == shown + timedelta(seconds=60)
    assert not freezegun.api.freeze_factories


def test_it_is_put_back_when_the_block_fails() -> None:
    def fails() -> None:
        with freezegun_suspended():
            raise LookupError

    with freeze_time(MAY):
        with pytest.raises(LookupError):
            fails()
        assert datetime.now(timezone.utc) == MAY


def test_where_nothing_is_frozen_nothing_is_touched() -> None:
    with freezegun_suspended():
        assert frozen_instant() is None
