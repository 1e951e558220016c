"""How much memory the code of a process holds, as `tracemalloc` counts it: told wherever that traces.

It counts what Python's allocators give, NumPy and pandas among who asks them; not what C libraries such as Arrow and
DuckDB take by themselves, nor other programs. To trace makes code that allocates much some times slower, so nobody has
it unasked.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager


class Footprint:
    """What one process holds of memory, turn by turn: what others take meanwhile is not its.

    Attributes:
        peak_bytes: what it held at most, above what there was when it began, until it last gave the processor back.
    """

    def __init__(self) -> None:
        self.peak_bytes = 0
        self._held = self._outside = 0

    def enters(self) -> None:
        """It gets the processor."""
        tracemalloc.reset_peak()
        self._outside, _ = tracemalloc.get_traced_memory()

    def leaves(self) -> None:
        """It gives the processor back."""
        now, _ = tracemalloc.get_traced_memory()
        self.peak_bytes = self.present_peak_bytes()
        self._held += now - self._outside

    def present_peak_bytes(self) -> int:
        """`peak_bytes` including the present turn, for the process that runs now."""
        _, peak = tracemalloc.get_traced_memory()
        return max(self.peak_bytes, self._held + peak - self._outside)


def footprint() -> Footprint | None:
    """That of a process which begins now; None where nobody asked for it."""
    return Footprint() if tracemalloc.is_tracing() else None


@contextmanager
def measured_memory() -> Iterator[None]:
    """Have memory traced for the block, unless it is already."""
    if tracemalloc.is_tracing():
        yield
        return
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()
