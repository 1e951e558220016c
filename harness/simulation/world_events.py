"""The events that a world declares, seen to be possible before a simulation begins, and made to happen in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.bridge.supervisor.handlers.assets import event_from_outside
from harness.bridge.supervisor.store import Store
from harness.errors import WorldError, known_names
from harness.simulation.agenda import Agenda
from harness.world.around import AssetUpdated, Called, OfService, VariablesChange, WorldEvent

if TYPE_CHECKING:
    from harness.services.binding import Leases


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
