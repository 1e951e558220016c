"""An event of the queue: something that happens at an instant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.kernel.instant import Instant


class Event:
    """Something that happens at an instant. ``cancel()`` makes it not happen."""

    __slots__ = ("action", "args", "at", "cancelled")

    def __init__(self, at: Instant, action: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.at, self.action, self.args, self.cancelled = at, action, args, False

    def cancel(self) -> None:
        """Take the event out of the queue; harmless when it has happened."""
        self.cancelled = True
