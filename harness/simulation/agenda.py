"""What happens at instants that are known before a simulation begins, and not through its Dags.

Events of the world and actions of people alike: each is a process of its own at its instant, so that what it does may
wait in virtual time as a task's code may. Those of one instant happen in the order in which they were planned, before
what the scheduler makes of that instant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from harness.errors import HarnessError, WorldError
from harness.kernel import Instant, iso
from harness.kernel.instant import to_datetime
from harness.results.around import WorldEventResult, not_happened
from harness.results.finding import Finding
from harness.simulation.components.scheduler_loop import Driver


@dataclass(frozen=True, eq=False)
class _Planned:
    at: Instant
    perform: Callable[[], object]
    told: WorldEventResult


class Agenda:
    """What is to happen in one simulation, in its order.

    Args:
        driver: of a simulation in which nothing is queued yet: who is planned first comes first.
    """

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self._left: dict[_Planned, None] = {}

    def plan(self, at: Instant, perform: Callable[[], object], kind: str, what: str, where: str | None = None) -> None:
        """Have something happen at an instant; what lies in the past has happened when the simulation begins.

        Args:
            perform: called then; what it raises ends the simulation.
            kind, what, where: see `WorldEventResult`.
        """
        planned = _Planned(at, perform, WorldEventResult(to_datetime(at), kind, what, where))
        self._left[planned] = None
        self.driver.simulation.spawn(self._happen, planned, name=what, at=at)

    def left(self) -> list[WorldEventResult]:
        """What did not happen until now."""
        return [replace(one.told, happened=False) for one in self._left]

    def findings(self) -> list[Finding]:
        """One for each that did not happen."""
        calendar = self.driver.calendar is not None
        return not_happened(self.left(), "the calendar ended before" if calendar else "the run had ended before")

    def _happen(self, planned: _Planned) -> None:
        if self._is_over():
            return
        del self._left[planned]
        told, now = planned.told, self.driver.simulation.now
        self.driver.recorder.happened(replace(told, at=to_datetime(now)))
        try:
            planned.perform()
        except HarnessError as error:
            error.where = error.where or told.where
            raise
        except Exception as error:
            fact = f"{told.what} at {iso(now)}: {type(error).__name__}: {error}"
            raise WorldError(fact, where=told.where, fix="correct what is to happen then") from error

    def _is_over(self) -> bool:
        """Whether the run that was asked for, and all around it, has ended: nobody is there to see more."""
        driver = self.driver
        return driver.calendar is None and not driver.active and not driver.waiting_runs()
