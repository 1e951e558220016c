"""Parts that concern one another in nothing: each is done once, by whoever is free; who is lost costs time alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, as_completed
from typing import Any

from harness.engines.local import Engine
from harness.errors import NoVerdict

LOSSES = 3
"""Losses of workers, with no part done between them, before it gives up: a part may end every process that does it."""


def gather(
    engine: Engine,
    parts: Sequence[Any],
    results: dict[int, Any],
    told: Callable[[int, int], None],
    what: str,
    order: Sequence[int] | None = None,
) -> None:
    """Have all parts done.

    Args:
        results: gets what came of each part, by its place. Those in it are not done again; those that were done are in
            it, too, when this raises.
        told: how many of how many are done.
        what: one part in the words of an error: ``world``.
        order: the places of the parts in the order in which they are given out; None for that of the parts.
    Raises: whatever a part raises: the first of them in the order of the parts, whoever is done first. NoVerdict:
        workers are lost again and again.
    """
    lost = 0
    while len(results) < len(parts):
        done = len(results)
        try:
            _gathered(engine, parts, results, told, range(len(parts)) if order is None else order)
        except engine.losses as error:
            engine.renew()
            lost = lost + 1 if len(results) == done else 1
            if lost < LOSSES:
                continue
            raise NoVerdict(
                f"a process that simulates a {what} was lost, {LOSSES} times",
                known=f"{len(results)} of {len(parts)} are done; {type(error).__name__}",
                why="code ends it (os._exit, a crash in C), or the machine does: it may be short of memory",
                fix="try it without -j and --engine to see what ends it",
            ) from None


def _gathered(
    engine: Engine,
    parts: Sequence[Any],
    results: dict[int, Any],
    told: Callable[[int, int], None],
    order: Sequence[int],
) -> None:
    """The same, as far as no worker is lost. Raises: as `gather`; a loss."""
    places = {engine.submit(parts[place]): place for place in order if place not in results}
    failed: dict[int, BaseException] = {}
    try:
        for future in as_completed(places):
            error = future.exception()
            if isinstance(error, engine.losses):
                raise error
            if error is None:
                results[places[future]] = engine.result(future)
                told(len(results), len(parts))
            else:
                failed[places[future]] = error
            if failed and all(place in results for place in range(min(failed))):
                raise failed[min(failed)]
    finally:
        for future, place in places.items():
            if place not in results and _went_well(future):
                results[place] = engine.result(future)


def _went_well(future: Future[Any]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
