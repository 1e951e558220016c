"""Who watches a simulation: is called after every change of state, and may want to know more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from harness.scheduler.model import DagRun, TaskInstance

Watcher = Callable[["DagRun", "TaskInstance | None"], None]
"""Called after every state change, of a task instance or (None) of the run itself."""


def watched_by(watchers: Sequence[Watcher]) -> Watcher | None:
    """One watcher that tells several; None where there is none."""
    if len(watchers) < 2:
        return watchers[0] if watchers else None

    return _Several(watchers)


class _Several:
    def __init__(self, watchers: Sequence[Watcher]) -> None:
        self._watchers = watchers

    def __call__(self, run: DagRun, ti: TaskInstance | None) -> None:
        for watcher in self._watchers:
            watcher(run, ti)

    def waits_of(self, reasons: Callable[[], Any]) -> None:
        for watcher in self._watchers:
            if isinstance(watcher, WatchesWaits):
                watcher.waits_of(reasons)

    def stops_later(self) -> None:
        for watcher in self._watchers:
            if isinstance(watcher, HearsOfStops):
                watcher.stops_later()


@runtime_checkable
class CountsRuns(Protocol):
    """A watcher that tells how many runs there were."""

    def begins_anew(self) -> None:
        """What it was told until now did not happen: a replay that processes cannot share begins again in one."""


@runtime_checkable
class WatchesWaits(Protocol):
    """A watcher that wants to know of task instances why they wait."""

    def waits_of(self, reasons: Callable[[], Any]) -> None:
        """Before anything happens; ``reasons`` makes a `harness.simulation.stuck.WaitReasons` of the present instant,
        between two events."""


@runtime_checkable
class HearsOfStops(Protocol):
    """A watcher that says when a stop that was asked for comes."""

    def stops_later(self) -> None:
        """Ctrl-C came, and waits for the end of the run that is the next to end.

        A signal's handler calls it, between any two steps of whatever is at work: it waits for no lock."""
