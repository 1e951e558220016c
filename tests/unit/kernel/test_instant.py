"""Virtual time as whole microseconds, there and back."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pendulum
import pytest

from harness.kernel import SECOND, iso
from harness.kernel.instant import BEGINNING, EPOCH, later, seconds, span, to_datetime, to_instant

LATE = datetime(2025, 3, 4, 5, 6, 7, 891011, timezone.utc)


@pytest.mark.parametrize(
    ("moment", "instant"),
    [
        (EPOCH, BEGINNING),
        (EPOCH, 0),
        (EPOCH - timedelta(microseconds=1), -1),
        (datetime(1970, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), 0),
        (pendulum.datetime(1970, 1, 2, tz="UTC"), 86_400 * SECOND),
        (LATE, 1_741_064_767_891_011),
    ],
)
def test_an_instant_is_exact_whatever_zone_and_class_it_comes_in(moment: datetime, instant: int) -> None:
    assert to_instant(moment) == instant
    assert to_datetime(to_instant(moment)) == moment
    assert later(to_instant(moment), 5) - to_instant(moment) == 5


def test_time_begins_with_the_epoch() -> None:
    assert iso(BEGINNING) == "1970-01-01T00:00:00Z"


def test_a_date_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match=r"naive datetime .*2025.* needs a time zone"):
        to_instant(datetime(2025, 1, 1))


@pytest.mark.parametrize(
    ("value", "microseconds"), [(1, 1_000_000), (0.1, 100_000), (0.0000006, 1), (0.0000004, 0), (-2.5, -2_500_000)]
)
def test_seconds_are_rounded_to_the_nearest_microsecond(value: float, microseconds: int) -> None:
    assert seconds(value) == microseconds


def test_a_span_keeps_its_last_microsecond() -> None:
    assert span(timedelta(days=10_000, microseconds=7)) == 10_000 * 86_400 * SECOND + 7
    assert span(timedelta(microseconds=-3)) == -3


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (to_instant(LATE), "2025-03-04T05:06:07.891011Z"),
        (LATE.replace(microsecond=0), "2025-03-04T05:06:07Z"),
        (datetime(2025, 3, 4, 5, tzinfo=timezone(timedelta(hours=1))), "2025-03-04T04:00:00Z"),
    ],
)
def test_a_date_is_told_in_utc(at: datetime, text: str) -> None:
    assert iso(at) == text
