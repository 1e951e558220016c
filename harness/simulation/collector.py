"""Python's garbage collector, which looks less often while a simulation runs.

A task instance makes hundreds of objects, most of which are gone by themselves when it ends: looked for after every few
of them, the rest costs a tenth of the time.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from harness.bridge.patches.shortcuts import off

YOUNG = 20_000
"""New objects after which the youngest generation is collected."""


@contextmanager
def patient_collector() -> Iterator[None]:
    """Collect after `YOUNG` new objects for the block; an owner who collects less often, or not at all, keeps that."""
    former = gc.get_threshold()
    if 0 < former[0] < YOUNG and not off():
        gc.set_threshold(YOUNG, *former[1:])
    try:
        yield
    finally:
        gc.set_threshold(*former)
