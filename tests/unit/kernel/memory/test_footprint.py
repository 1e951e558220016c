"""What memory the code of each process holds at most: turn by turn, and only where somebody asks for it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest

from harness.kernel import SECOND, Simulation
from harness.kernel.footprint import measured_memory

MEGABYTE = 1_000_000


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    made = Simulation(0)
    yield made
    made.close()


def test_nobody_is_measured_unasked(simulation: Simulation) -> None:
    assert simulation.spawn(lambda: None).footprint is None
    assert not tracemalloc.is_tracing()


def test_each_has_what_it_held_itself(simulation: Simulation) -> None:
    def hog() -> None:
        held = bytearray(20 * MEGABYTE)
        simulation.hold(SECOND)
        more = bytearray(10 * MEGABYTE)
        del held, more

    def modest() -> None:
        simulation.hold(SECOND // 2)
        bytearray(3 * MEGABYTE)  # while the other one holds its

    with measured_memory():
        first, second = simulation.spawn(hog), simulation.spawn(modest)
        simulation.run_until()
    assert first.footprint is not None
    assert second.footprint is not None
    assert first.footprint.peak_bytes == pytest.approx(30 * MEGABYTE, rel=0.01)
    assert second.footprint.peak_bytes == pytest.approx(3 * MEGABYTE, rel=0.05)


def test_what_was_given_back_before_does_not_add_up(simulation: Simulation) -> None:
    def streams() -> None:
        for _ in range(5):
            bytearray(4 * MEGABYTE)
            simulation.hold(SECOND)

    with measured_memory():
        process = simulation.spawn(streams)
        simulation.run_until()
    assert process.footprint is not None
    assert process.footprint.peak_bytes == pytest.approx(4 * MEGABYTE, rel=0.05)


def test_who_traces_already_goes_on() -> None:
    tracemalloc.start()
    try:
        with measured_memory():
            pass
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()
    with measured_memory():
        assert tracemalloc.is_tracing()
    assert not tracemalloc.is_tracing()
