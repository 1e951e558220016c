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
from harness.results.around import WorldEventResult
from harness.simulation.components.scheduler_loop import Driver


@dataclass(frozen=True, slots=True)
class _Planned:
    perform: Callable[[], object]
    told: WorldEventResult


class Agenda:
    """What is to happen in one simulation, in its order.

    Args:
        driver: of a simulation in which nothing is queued yet: who is planned first comes first.
    """

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self._left: dict[int, _Planned] = {}
        self._count = 0

    def plan(self, at: Instant, perform: Callable[[], object], kind: str, what: str, where: str | None = None) -> None:
        """Have something happen at an instant; what lies in the past has happened when the simulation begins.

        Args:
            perform: called then; what it raises ends the simulation.
            kind, what, where: see `WorldEventResult`.
        """
        number = self._count = self._count + 1
        self._left[number] = _Planned(perform, WorldEventResult(to_datetime(at), kind, what, where))
        self.driver.simulation.spawn(self._happen, number, name=what, at=at)

    def left(self) -> list[WorldEventResult]:
        """What did not happen until now."""
        return [replace(one.told, happened=False) for one in self._left.values()]

    @property
    def why_not(self) -> str:
        """Why what is left did not happen."""
        return "the run had ended before" if self.driver.calendar is None else "the calendar ended before"

    def _happen(self, number: int) -> None:
        if self._is_over():
            return
        planned = self._left.pop(number)
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
