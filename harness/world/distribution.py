"""How long tasks take that do not always take the same time: distributions, and what a seed draws from them.

A draw depends on the seed and on whose try it is, not on what was drawn before it: whatever the order in which tasks
run, with their code or without, in one process or in several, the same try of the same seed takes as long.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from harness.kernel.instant import Microseconds
from harness.world.duration import LONGEST

MEDIAN = 0.5


class Distribution(ABC):
    """How long something takes, as a quantile function."""

    @abstractmethod
    def at(self, share: float) -> Microseconds:
        """The span that this share of all, 0 to 1, does not exceed: at 0.5 the median. It never falls as that grows."""


Duration = Microseconds | Distribution
"""How long a task takes: always the same time, or as is drawn."""


@dataclass(frozen=True, slots=True)
class Percentiles(Distribution):
    """Given at some shares. Between two it is a straight line; beyond the outermost the nearest line goes on.

    Attributes:
        points: (share, span), at least one, by share; no span is below the one before.
    """

    points: tuple[tuple[float, Microseconds], ...]

    def at(self, share: float) -> Microseconds:
        """Within 0 and the longest span that a world may declare, also beyond the outermost points."""
        points = self.points
        if len(points) == 1:
            return points[0][1]
        above_it = min(max(bisect_left(points, (share, -1)), 1), len(points) - 1)
        (low, below), (high, above) = points[above_it - 1], points[above_it]
        found = below + (above - below) * (share - low) / (high - low)
        return min(max(round(found), 0), LONGEST)


@dataclass(frozen=True, slots=True)
class ThreePoint(Distribution):
    """A triangular distribution: the shortest, the likeliest and the longest span, as people estimate."""

    low: Microseconds
    likely: Microseconds
    high: Microseconds

    def at(self, share: float) -> Microseconds:
        """Source: the inverse of the triangular distribution's cumulative distribution function."""
        whole, rising, falling = self.high - self.low, self.likely - self.low, self.high - self.likely
        if whole == 0:
            return self.low
        if share * whole < rising:
            return round(self.low + sqrt(share * whole * rising))
        return round(self.high - sqrt((1 - share) * whole * falling))


def observed(spans: Sequence[Microseconds]) -> Percentiles:
    """The distribution of what was seen, one span or more."""
    ranked = sorted(spans)
    most = max(len(ranked) - 1, 1)
    return Percentiles(tuple((place / most, one) for place, one in enumerate(ranked)))


def typical(duration: Duration | None) -> Microseconds | None:
    """What is taken where nothing is drawn: of a distribution the median."""
    return duration.at(MEDIAN) if isinstance(duration, Distribution) else duration


TryKey = tuple[str, str, str, int, int]
"""Whose try it is: dag_id, run_id, task_id, map_index, try_number."""


def drawn(duration: Duration | None, seed: int, whose: TryKey) -> Microseconds | None:
    """How long a try takes in a simulation of this seed."""
    if not isinstance(duration, Distribution):
        return duration
    dice = dice_of("duration", seed, *whose)
    return duration.at((int.from_bytes(dice[:7], "big") >> 3) / 2**53)


def dice_of(*identity: object) -> bytes:
    """32 random bytes, always the same ones for the same identity."""
    return hashlib.sha256("#".join(map(str, identity)).encode()).digest()
