"""What happens at instants that are known before a simulation begins, and not through its Dags.

Events that its world declares and actions of people alike: each is a process of its own at its instant, so that what it
does may wait in virtual time as a task's code may. Those of one instant happen in the order in which they were planned,
before what the scheduler makes of that instant. An event of the world is seen to be possible when it is planned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.bridge.supervisor.handlers.assets import event_from_outside
from harness.bridge.supervisor.store import Store
from harness.errors import HarnessError, WorldError, known_names
from harness.kernel import Instant, iso
from harness.kernel.instant import to_datetime
from harness.results.world import WorldEventResult
from harness.simulation.components.scheduler_loop import Driver
from harness.world.around import AssetUpdated, Called, OfService, VariablesChange, WorldEvent

if TYPE_CHECKING:
    from harness.services.binding import Leases


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


def plan_world_events(agenda: Agenda, store: Store, leases: Leases | None) -> None:
    """Plan what the world of a simulation declares, in its order.

    Args:
        leases: of the world's connections; None where none names a service.
    Raises: WorldError: an event that cannot happen: no such asset, service or connection, or one that does not do that.
    """
    for event in store.world.events:
        perform, what = _performed(event, agenda, store, leases)
        agenda.plan(event.at.of(agenda.driver.simulation.start), perform, "event", what, event.where)


def _performed(
    event: WorldEvent, agenda: Agenda, store: Store, leases: Leases | None
) -> tuple[Callable[[], object], str]:
    effect = event.effect
    if isinstance(effect, Called):
        return effect.function, event.what
    if isinstance(effect, VariablesChange):
        return lambda: _change(store, effect), event.what
    if isinstance(effect, AssetUpdated):
        return _updated(effect, event.where, agenda, store), event.what
    return _of_service(effect, event.where, store, leases)


def _change(store: Store, effect: VariablesChange) -> None:
    for name, value in effect.values.items():
        if value is None:
            store.world.variables.pop(name, None)
        else:
            store.world.variables[name] = value


def _updated(effect: AssetUpdated, where: str | None, agenda: Agenda, store: Store) -> Callable[[], object]:
    known = store.asset_names().values()
    found = [one for one in known if effect.name in (None, one[0]) and effect.uri in (None, one[1])]
    if not found:
        names = [name if effect.uri is None else uri for name, uri, _ in known]
        asset = effect.uri or effect.name or ""
        fact = f"no Dag names the asset {asset!r}"
        raise WorldError(fact, where=where, known=known_names(asset, names), fix="correct the event")

    def update() -> None:
        driver = agenda.driver
        event = event_from_outside(store, driver.simulation.now, found[0], effect.extra)
        driver.asset_event(event)

    return update


def _of_service(
    effect: OfService, where: str | None, store: Store, leases: Leases | None
) -> tuple[Callable[[], object], str]:
    from harness.services.happenings import happening

    return happening(effect.service, effect.settings, store.world, leases, where)
