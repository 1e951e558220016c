"""What happens around the Dags, as a file or a call gives it: ``events:``, ``faults:`` and ``chaos:``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.kernel.instant import Microseconds
from harness.world.around import (
    SERVICE_KINDS,
    TASK_KINDS,
    AssetUpdated,
    Chaos,
    Effect,
    Fault,
    OfService,
    Point,
    ServiceFault,
    TaskFault,
    VariablesChange,
    WorldEvent,
    read_when,
)
from harness.world.document import AssetSpec, ChaosSpec, FaultSpec, check
from harness.world.duration import duration
from harness.world.pattern import fault_of
from harness.world.problem import EntryError, WorldProblem, kind
from harness.world.reading import read

_OF_TASKS, _OF_SERVICES = ("task", "on_try", "when"), ("connection", "at")


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


def read_fault(value: object, where: str | None) -> Fault:
    """One fault: ``kind``, then ``task`` with ``on_try``, ``when``, or ``connection`` with ``at``; ``lasts``.

    Raises: EntryError.
    """
    spec = check(FaultSpec, value)
    others = _OF_SERVICES if spec.kind in TASK_KINDS else _OF_TASKS
    wrong = [name for name in others if name in spec.model_fields_set]
    if wrong:
        kinds = ", ".join(SERVICE_KINDS if spec.kind in TASK_KINDS else TASK_KINDS)
        raise EntryError(WorldProblem(f"{wrong[0]} goes with {kinds}, not with {spec.kind}", (wrong[0],)))
    if spec.kind in TASK_KINDS:
        return _of_task(spec, where)
    if spec.connection is None:
        raise EntryError(WorldProblem("key 'connection' is missing", fix="add connection:"))
    at = read_when(0 if spec.at is None else spec.at)
    lasts = None if spec.lasts is None else _span("lasts", spec.lasts)
    return ServiceFault(spec.connection, spec.kind, at, lasts, where)


def _of_task(spec: FaultSpec, where: str | None) -> TaskFault:
    if spec.task is None:
        raise EntryError(WorldProblem("key 'task' is missing", fix="add task:"))
    if problem := fault_of(spec.task):
        raise EntryError(WorldProblem(f"task: {problem}", ("task",)))
    if "when" in spec.model_fields_set and spec.kind not in ("fails", "lost"):
        raise EntryError(WorldProblem(f"when goes with fails, lost, not with {spec.kind}", ("when",)))
    if (spec.kind == "slow") != (spec.lasts is not None):
        needs = "slow needs lasts: how much longer it takes"
        fact = needs if spec.kind == "slow" else f"lasts goes with slow, not with {spec.kind}"
        raise EntryError(WorldProblem(fact, ("lasts",)))
    tries = [spec.on_try] if isinstance(spec.on_try, int) else list(spec.on_try)
    if any(number < 1 for number in tries):
        raise EntryError(WorldProblem("on_try counts from 1", ("on_try",)))
    lasts = 0 if spec.lasts is None else _span("lasts", spec.lasts)
    return TaskFault(spec.task, spec.kind, tuple(tries), _point(spec.when), lasts, where)


def read_chaos(value: object, where: str | None) -> Chaos:
    """``rate``, ``seed`` and ``kinds``. Raises: EntryError."""
    spec = check(ChaosSpec, value)
    kinds = Chaos.kinds if spec.kinds is None else tuple(spec.kinds)
    return Chaos(float(spec.rate), spec.seed, kinds, where)


def _point(value: object) -> Point:
    if value == "start":
        return "start"
    return "end" if value == "end" else _span("when", value)


def _span(name: str, value: object) -> Microseconds:
    try:
        return duration(value)
    except ValueError as error:
        raise EntryError(WorldProblem(f"{name}: {error}", (name,))) from None
