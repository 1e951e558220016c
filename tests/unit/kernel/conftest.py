"""Threads of a simulation that begins at 0, and of which a test takes every look by itself."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from harness.kernel import Simulation
from harness.kernel.threads.virtual import VirtualThreads
from tests.unit.kernel.kernel_builders import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vthreads(clock: Clock) -> VirtualThreads:
    return VirtualThreads(Simulation(0), clock)


@pytest.fixture
def process(vthreads: VirtualThreads) -> Any:
    return vthreads.simulation.spawn(lambda: None)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool
