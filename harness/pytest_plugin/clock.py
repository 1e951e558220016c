"""The ``frozen_time`` fixture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from harness.pytest_plugin.arguments import Date, instant

if TYPE_CHECKING:
    import time_machine


class FrozenTime:
    """The test's clock, standing still. A simulation begins at its instant and leaves it where it was."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self._traveller = traveller

    @property
    def now(self) -> datetime:
        """The instant at which the clock stands, UTC."""
        return datetime.now(timezone.utc)

    def tick(self, by: float | timedelta = 1) -> datetime:
        """Move the clock by seconds or a ``timedelta``; returns the new instant."""
        self._traveller.shift(by)
        return self.now

    def move_to(self, moment: Date) -> datetime:
        """Move the clock to ISO text, a ``datetime`` or a ``date``, UTC where no zone is named; returns the instant.

        Raises: UsageError: no date.
        """
        from harness.kernel.instant import to_datetime

        __tracebackhide__ = True
        at: Any = instant(moment, "move_to")
        self._traveller.move_to(to_datetime(at), tick=False)
        return self.now


@pytest.fixture
def frozen_time() -> Iterator[FrozenTime]:
    """Time stands still in the test: ``frozen_time.move_to("2025-01-01")``, ``.tick(60)``, ``.now``."""
    with standing_still() as frozen:
        yield frozen


@contextmanager
def standing_still() -> Iterator[FrozenTime]:
    """The clock stopped for the block, at the present instant."""
    import time_machine

    with time_machine.travel(datetime.now(timezone.utc), tick=False) as traveller:
        yield FrozenTime(traveller)
