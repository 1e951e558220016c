"""Cases by seed and number, outside pytest: the same in every process, and from any number on.

Hypothesis's own stream depends on how many examples are asked for and on the constants in modules that happen to be
loaded; the random numbers are therefore drawn here, by a backend of our own (Hypothesis's "alternative backends").
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, PrimitiveProvider
from hypothesis.strategies import SearchStrategy

T = TypeVar("T")
BACKEND = "airflow-harness-seeded"


class _Seeded(PrimitiveProvider):
    """Draws from ``random``; only what our strategies draw: choices and booleans."""

    lifetime = "test_case"
    random = Random(0)

    def draw_boolean(self, p: float = 0.5) -> bool:
        return self.random.random() < p

    def draw_integer(self, min_value: int | None = None, max_value: int | None = None, **_: Any) -> int:
        if min_value is None or max_value is None:
            raise NotImplementedError("an integer without bounds")
        return self.random.randint(min_value, max_value)

    def draw_float(self, **_: Any) -> float:
        raise NotImplementedError

    def draw_string(self, *_: Any, **__: Any) -> str:
        raise NotImplementedError

    def draw_bytes(self, *_: Any, **__: Any) -> bytes:
        raise NotImplementedError


def seeded(strategy: SearchStrategy[T], seed: int, count: int, first: int = 0) -> Iterator[T]:
    """``count`` cases of a seed, from number ``first`` on; the case of a number is the same however many are drawn."""
    for number in range(first, first + count):
        yield numbered(strategy, seed, number)


def numbered(strategy: SearchStrategy[T], seed: int, number: int) -> T:
    """The case of this number."""
    AVAILABLE_PROVIDERS[BACKEND] = _Seeded
    _Seeded.random = Random(f"{seed}/{number}")
    drawn: list[T] = []

    @settings(
        max_examples=2,  # Hypothesis always begins with the simplest
        backend=BACKEND,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(case: T) -> None:
        drawn.append(case)

    collect()
    return drawn[-1]
