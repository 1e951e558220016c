"""Options are given in datetimes and timedeltas; what is none is refused at once."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import datetime, timedelta, timezone

import pytest

from harness import Action, CalendarOptions, RunOptions
from harness.errors import UsageError
from harness.kernel import to_instant

NOON = datetime(2025, 1, 1, 12, tzinfo=timezone.utc)


def test_datetimes_stay_what_they_are():
    in_paris = NOON.astimezone(timezone(timedelta(hours=1)))
    assert RunOptions(logical_date=NOON, start=in_paris).start is in_paris
    assert CalendarOptions(NOON, in_paris).until is in_paris
    assert RunOptions().horizon == timedelta(days=30)


def test_an_instant_of_the_engine_becomes_a_datetime():
    at = to_instant(NOON)
    assert Action(at, "pause", "sales").at == NOON  # type: ignore[arg-type]
    assert CalendarOptions(at, at).since == NOON  # type: ignore[arg-type]
    assert RunOptions(horizon=90_000_000).horizon == timedelta(seconds=90)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [NOON.replace(tzinfo=None), "2025-01-01", NOON.date()])
def test_what_is_no_moment_is_refused(wrong):
    with pytest.raises(UsageError, match=r"logical_date=.* of RunOptions is no datetime with a time zone"):
        RunOptions(logical_date=wrong)
    with pytest.raises(UsageError, match=r"until=.* of CalendarOptions is no datetime"):
        CalendarOptions(NOON, wrong)
    with pytest.raises(UsageError, match=r"at=.* of Action is no datetime"):
        Action(wrong, "pause", "sales")


def test_what_was_made_is_not_changed():
    run, calendar, action = RunOptions(), CalendarOptions(NOON, NOON), Action(NOON, "pause", "sales")
    for made, name in ((run, "seed"), (calendar, "fresh"), (action, "verb")):
        with pytest.raises(FrozenInstanceError):
            setattr(made, name, None)


def test_what_nobody_says_is_a_plain_run_of_the_schedule_with_those_it_waits_for():
    run, calendar = RunOptions(), CalendarOptions(NOON, NOON)
    assert (run.seed, calendar.seed) == (0, 0)
    assert run.companions
    assert not any((run.manual, run.debug, run.one_by_one, calendar.fresh, calendar.debug))
