"""Faults as a file or a call gives them: ``faults:`` and ``chaos:``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from harness.kernel.instant import Microseconds
from harness.world.around.events import read_when
from harness.world.around.faults import SERVICE_KINDS, TASK_KINDS, Chaos, Fault, Point, ServiceFault, TaskFault
from harness.world.document import EntrySpec, Instant, Span, check
from harness.world.duration import duration
from harness.world.pattern import fault_of
from harness.world.problem import EntryError, WorldProblem

FaultKind = Literal["fails", "lost", "slow", "xcom-error", "disk-full", "down", "resets", "errors", "throttles"]
_Point = Annotated[
    Any,
    WithJsonSchema({"type": ["string", "number"], "description": "start, end, or how long after the beginning"}),
]
_OF_TASKS, _OF_SERVICES = ("task", "on_try", "when"), ("connection", "at")


class FaultSpec(EntrySpec):
    """``kind``, then ``task`` with ``on_try`` and ``when``, or ``connection`` with ``at``; ``lasts``."""

    kind: FaultKind
    task: str | None = None
    on_try: int | list[int] = Field(default_factory=list)
    when: _Point = "start"
    connection: str | None = None
    at: Instant = None
    lasts: Span = None


class ChaosSpec(EntrySpec):
    """Faults that are drawn for tries at a rate."""

    rate: float = Field(ge=0, le=1)
    seed: int = 0
    kinds: list[FaultKind] | None = None


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
