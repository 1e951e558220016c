"""What ``--vary`` says: settings of a world and the values that each of them is to have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from math import prod
from typing import cast

from harness.errors import UsageError, WorldError, known_names
from harness.world import World
from harness.world.entries import DEFAULT_CONCURRENCY, DEFAULT_PARALLELISM

FORM = "write --vary pools.etl=2,5,10 --vary executor.parallelism=8,16"
DURATIONS = "write --vary 'durations.sales.load=5m,{p50: 20m, p90: 30m}'"
KEYS = (
    "pools.NAME",
    "executor.parallelism",
    "executor",
    "executors.NAME",
    "workers",
    "workers.NAME",
    "durations.TASK",
    "revision",
)
POOLS = "pools."
"""How keys of pools begin."""
REVISION = "revision"
"""The key that varies the Dags, and not the world."""
MOST = 1000
"""Worlds of a grid."""
MOST_WORKERS = 10_000

_COMMA = re.compile(r",(?![^(]*\)|[^{]*\})")
"""One that stands in no parentheses, and in no distribution."""
_PRESET = re.compile(r"(Sequential|Local|Celery|Kubernetes)(?:Executor)?(?:\((\d+)\))?")


@dataclass(frozen=True, slots=True)
class Variation:
    """A setting and its values, as typed."""

    key: str
    values: tuple[str, ...]


def read_variation(text: str) -> Variation:
    """Read ``KEY=VALUE,VALUE``.

    Raises: UsageError: anything else, or a key that is none.
    """
    key, sign, rest = text.partition("=")
    key, values = key.strip(), tuple(value.strip() for value in _COMMA.split(rest))
    if not sign or not key or not all(values):
        raise UsageError(f"--vary {text!r} is not KEY=VALUE,VALUE", known=f"keys: {', '.join(KEYS)}", fix=FORM)
    if len(set(values)) != len(values):
        raise UsageError(f"--vary {text!r} has a value twice", fix="name each value once")
    _setting(key)
    return Variation(key, values)


def grid(variations: Iterable[Variation]) -> list[dict[str, str]]:
    """All combinations, the last key varying fastest.

    Raises: UsageError: a key twice, or too many worlds.
    """
    several = list(variations)
    keys = [one.key for one in several]
    for key in keys:
        if keys.count(key) > 1:
            raise UsageError(f"--vary {key} is given twice", fix=f"--vary {key}=… once, with all its values")
    number = prod(len(one.values) for one in several)
    if number > MOST:
        sizes = " × ".join(str(len(one.values)) for one in several)
        fact = f"--vary asks for {number:,} worlds ({sizes}), more than {MOST:,}"
        raise UsageError(fact, fix="take fewer values, or vary one thing after the other")
    return [dict(zip(keys, values, strict=True)) for values in product(*(one.values for one in several))]


def world_of(world: World, settings: Mapping[str, str], pools: Iterable[str]) -> World:
    """A world with these settings.

    Args:
        pools: names of pools that tasks ask for; they and those of the world may be varied.
    Raises: UsageError: what cannot be set so.
    """
    made, known = world.copy(), sorted({*world.pools, *pools})
    for key, value in settings.items():
        setting, name = _setting(key)
        try:
            setting(made, name, value, known)
        except (WorldError, ValueError) as error:
            fact = error.fact if isinstance(error, WorldError) else f"{value!r} is no whole number"
            fix = DURATIONS if key.startswith("durations.") else FORM
            raise UsageError(f"--vary {key}={value}: {fact}", fix=fix) from None
    return made


_Setting = Callable[[World, str, str, list[str]], object]


def _setting(key: str) -> tuple[_Setting, str]:
    """What a key sets, and the name in it. Raises: UsageError: it is none."""
    head, _, name = key.partition(".")
    if key in _WHOLE:
        return _WHOLE[key], ""
    if head in _NAMED and name:
        return _NAMED[head], name
    raise UsageError(f"--vary knows no {key!r}", known=f"keys: {', '.join(KEYS)}", fix=FORM)


def _pool(world: World, name: str, value: str, known: list[str]) -> None:
    if name not in known:
        raise UsageError(
            f"--vary pools.{name}: there is no pool {name!r}, and no task asks for it",
            known=known_names(name, known),
            fix="correct its name, or declare it under pools: of the world",
        )
    former = world.pools.get(name)
    world.set_pool(name, int(value), former is not None and former.include_deferred)


def _parallelism(world: World, _: str, value: str, __: list[str]) -> None:
    world.set_executor(parallelism=int(value))


def _executor(world: World, _: str, value: str, __: list[str]) -> None:
    """``Local(4)``: four slots; ``Celery(8)``: a worker that runs eight at once; ``Kubernetes(20)``: twenty pods."""
    found = _PRESET.fullmatch(value)
    if found is None:
        names = "Sequential, Local(N), Celery(N), Kubernetes(N)"
        raise UsageError(f"--vary executor={value}: no such executor", known=names, fix="--vary 'executor=Local(4)'")
    kind, slots = found[1], int(found[2]) if found[2] else None
    if slots == 0:
        raise UsageError(f"--vary executor={value}: it would run nothing", fix=f"--vary 'executor={kind}(4)'")
    if kind == "Celery":
        worker = {"concurrency": slots or DEFAULT_CONCURRENCY}
        most = max(DEFAULT_PARALLELISM, slots or 0)
        world.set_executor(parallelism=most, executors={"CeleryExecutor": None}, workers={"worker": worker})
        return
    slots = 1 if kind == "Sequential" else slots or DEFAULT_PARALLELISM
    name = "LocalExecutor" if kind == "Sequential" else f"{kind}Executor"
    world.set_executor(parallelism=slots, executors={name: None}, workers={})


def _slots_of_executor(world: World, name: str, value: str, _: list[str]) -> None:
    if name not in world.executor.executors:
        raise _absent("executors", name, world.executor.executors)
    world.set_executor(executors={**world.executor.executors, name: int(value)})


def _workers(world: World, _: str, value: str, __: list[str]) -> None:
    """So many workers, each as the first one of the world, or as Airflow's default."""
    number = int(value)
    if not 1 <= number <= MOST_WORKERS:
        fact = f"--vary workers={value}: a world has 1 to {MOST_WORKERS:,} workers"
        raise UsageError(fact, fix="--vary workers=2,4")
    first = next(iter(_workers_as_read(world).values()), {"concurrency": DEFAULT_CONCURRENCY})
    world.set_executor(workers={f"worker {n}": first for n in range(1, number + 1)})


def _worker(world: World, name: str, value: str, _: list[str]) -> None:
    workers = _workers_as_read(world)
    if name not in workers:
        raise _absent("workers", name, workers)
    world.set_executor(workers={**workers, name: {**workers[name], "concurrency": int(value)}})


def _workers_as_read(world: World) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    for name, one in world.executor.workers.items():
        found[name] = {"queues": list(one.queues), "concurrency": one.concurrency, "executor": one.executor}
    return found


def _duration(world: World, name: str, value: str, _: list[str]) -> None:
    """A span, or a distribution as a world file writes it."""
    world.set_duration(name, _distribution(value) if value.startswith("{") else value)


def _distribution(value: str) -> Mapping[str, float | str | timedelta]:
    """Read ``{p50: 5m, p95: 9m}``. Raises: WorldError: it is none."""
    import yaml

    from harness.world.nodes import parse

    try:
        document = parse(value)
    except (yaml.YAMLError, ValueError):
        raise WorldError(f"{value!r} is no distribution: write {{p50: 5m, p95: 9m}}") from None
    for name, *_ in document.duplicates:
        raise WorldError(f"{name} is given twice")
    return cast("Mapping[str, float | str | timedelta]", document.data)


def _revision(_: World, __: str, ___: str, ____: list[str]) -> None:
    """Whose Dags are simulated: the world is the same."""


def _absent(section: str, name: str, known: Iterable[str]) -> UsageError:
    return UsageError(
        f"--vary {section}.{name}: the world declares no {name!r}",
        known=known_names(name, known),
        fix=f"declare it under executor: {section}: of the world",
    )


_WHOLE: dict[str, _Setting] = {
    "executor.parallelism": _parallelism,
    "executor": _executor,
    "workers": _workers,
    REVISION: _revision,
}
_NAMED: dict[str, _Setting] = {
    "pools": _pool,
    "executors": _slots_of_executor,
    "workers": _worker,
    "durations": _duration,
}
