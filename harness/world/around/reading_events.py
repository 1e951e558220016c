"""The section ``events:`` of a world file, entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.world.around.events import AssetUpdated, Effect, OfService, VariablesChange, WorldEvent, read_when
from harness.world.document import AssetSpec, check
from harness.world.problem import EntryError, WorldProblem, kind
from harness.world.reading import read


def _variables(value: object) -> tuple[Effect, str]:
    if not isinstance(value, Mapping) or not value:
        raise EntryError(WorldProblem(f"variables must be a mapping of their names, not {kind(value)}"))
    values = {str(name): None if one is None else str(read("variables", name, one)) for name, one in value.items()}
    return VariablesChange(values), f"variable {', '.join(values)} changes"


def _asset(value: object) -> tuple[Effect, str]:
    spec = check(AssetSpec, {"uri": value} if isinstance(value, str) and ":" in value else value)
    return AssetUpdated(spec.name, spec.uri, spec.extra), f"asset {spec.name or spec.uri} is updated from outside"


def _of_service(name: str, value: object) -> tuple[Effect, str]:
    if not isinstance(value, Mapping):
        raise EntryError(WorldProblem(f"must be a mapping, not {kind(value)}"))
    return OfService(name, {str(key): each for key, each in value.items()}), f"an event of {name}"


EFFECTS: dict[str, Callable[[object], tuple[Effect, str]]] = {
    "variables": _variables,
    "asset": _asset,
}
"""What may happen beside what services know, by the key beside ``at``."""


def read_event(value: object, where: str | None) -> WorldEvent:
    """One entry: ``at``, and one of `EFFECTS` or the name of a service.

    Raises: EntryError.
    """
    known = f"{', '.join(EFFECTS)}, or a service"
    if not isinstance(value, Mapping):
        raise EntryError(WorldProblem(f"must be a mapping of at and one of {known}, not {kind(value)}"))
    given = [str(key) for key in value if key != "at"]
    if "at" not in value:
        raise EntryError(WorldProblem("key 'at' is missing", fix="add at:"))
    if len(given) != 1:
        fact = f"needs exactly one of {known} beside at"
        raise EntryError(WorldProblem(fact, known=", ".join(given) or "(none is given)"))
    when, key = read_when(value["at"]), given[0]
    try:
        effect, what = EFFECTS[key](value[key]) if key in EFFECTS else _of_service(key, value[key])
    except EntryError as invalid:
        problems = [WorldProblem(one.fact, (key, *one.path), one.known, one.fix) for one in invalid.problems]
        raise EntryError(*problems) from None
    return WorldEvent(when, effect, what, where)
