"""Covering arrays of strength two, deterministic."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product


def covering_array(levels: Sequence[int], seed: int = 0) -> list[list[int]]:
    """Rows in which every two levels of every two factors stand together at least once.

    Factors are added one at a time, those of most levels first: each row takes the level that covers most pairs not
    covered yet, then rows are added for the rest. A set of (factor, level) is a bit mask.

    Args:
        levels: of each factor, 1 or more.
        seed: another seed, other rows of the same property.
    Returns: one level for each factor, in each row.
    Source: Lei and others, IPOG: A General Strategy for T-Way Software Testing, 2007.
    """
    order = sorted(range(len(levels)), key=lambda n: (-levels[n], _scattered(n, seed)))
    if len(order) < 2:
        return [[level] for level in range(levels[0])] if levels else [[]]
    bits = _Bits(levels)
    first, second, *rest = order
    rows = [{first: a, second: b} for a, b in product(range(levels[first]), range(levels[second]))]
    done = [first, second]
    for factor in rest:
        open_pairs = [bits.all_of(done) for _ in range(levels[factor])]
        _widen(rows, factor, open_pairs, bits, seed)
        _add(rows, factor, open_pairs, bits)
        done.append(factor)
    return [[row.get(n, (n + at + seed) % levels[n]) for n in range(len(levels))] for at, row in enumerate(rows)]


class _Bits:
    """A bit for each (factor, level)."""

    def __init__(self, levels: Sequence[int]) -> None:
        self.levels = levels
        self.start = [sum(levels[:n]) for n in range(len(levels))]

    def of(self, factor: int, level: int) -> int:
        return 1 << (self.start[factor] + level)

    def all_of(self, factors: Sequence[int]) -> int:
        return sum(((1 << self.levels[n]) - 1) << self.start[n] for n in factors)

    def row(self, row: dict[int, int]) -> int:
        return sum(self.of(factor, level) for factor, level in row.items())

    def pairs(self, mask: int) -> list[tuple[int, int]]:
        """(factor, level) of every bit that is set."""
        found = []
        for factor, start in enumerate(self.start):
            found += [(factor, level) for level in range(self.levels[factor]) if mask >> (start + level) & 1]
        return found


def _widen(rows: list[dict[int, int]], factor: int, open_pairs: list[int], bits: _Bits, seed: int) -> None:
    """Give every row a level of a new factor."""
    count = len(open_pairs)
    for at, row in enumerate(rows):
        mask = bits.row(row)
        preferred = [(at + seed + n) % count for n in range(count)]
        level = max(preferred, key=lambda each: (open_pairs[each] & mask).bit_count())
        row[factor] = level
        open_pairs[level] &= ~mask


def _add(rows: list[dict[int, int]], factor: int, open_pairs: list[int], bits: _Bits) -> None:
    """Cover the pairs that no row has: in a row with room where there is one, else in a new one."""
    for level, mask in enumerate(open_pairs):
        roomy = [row for row in rows if row[factor] == level and len(row) < len(rows[0])]
        for other, value in bits.pairs(mask):
            room = next((row for row in roomy if other not in row), None)
            if room is None:
                room = {factor: level}
                roomy.append(room)
                rows.append(room)
            room[other] = value


def _scattered(n: int, seed: int) -> int:
    return (n * 2_654_435_761 + seed * 40_503) % 4_294_967_296 if seed else n
