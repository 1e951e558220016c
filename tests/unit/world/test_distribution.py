"""Durations that are distributions: how they are written, what they are at a share, and what a seed draws."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import WorldError
from harness.kernel import SECOND
from harness.world import World, load
from harness.world.distribution import Distribution, Percentiles, ThreePoint, drawn, observed, typical

SHARES = st.floats(0, 1)


def distribution(value: object) -> Distribution:
    """What a world makes of an entry."""
    world = World()
    world.set_duration("sales.load", value)  # type: ignore[arg-type]
    found = world.duration_of("sales", "load")
    assert isinstance(found, Distribution)
    return found


def seconds(found: Distribution, *shares: float) -> list[float]:
    """What it is at these shares."""
    return [found.at(share) / SECOND for share in shares]


def test_percentiles_are_met_and_between_and_beyond_them_lines_are_straight() -> None:
    found = distribution({"p90": "2m20s", "p50": 80, "p99": "5m"})
    assert seconds(found, 0.5, 0.7, 0.9, 0.945, 0.99) == [80, 110, 140, 220, 300]
    assert seconds(found, 0.4, 0, 1) == [65, 5, pytest.approx(317.777778)]
    assert seconds(distribution({"p50": 10, "p90": 100}), 0) == [0], "no span is below zero"
    assert seconds(distribution({"p0": 10, "p100": 20}), 0, 0.25, 1) == [10, 12.5, 20]


def test_three_points_are_a_triangle() -> None:
    found = distribution({"low": 10, "likely": 20, "high": 50})
    assert isinstance(found, ThreePoint)
    assert seconds(found, 0, 0.25, 1) == [10, 20, 50]
    assert seconds(found, 0.5) == [pytest.approx(50 - (0.5 * 40 * 30) ** 0.5)]
    assert seconds(distribution({"low": 7, "likely": 7, "high": 7}), 0, 0.5, 1) == [7, 7, 7]


@given(st.lists(st.integers(0, 10**15), min_size=1, max_size=9), SHARES, SHARES)
def test_none_falls_and_what_was_observed_is_its_ends_and_its_median(
    spans: list[int], one: float, other: float
) -> None:
    low, high = sorted((one, other))
    for found in (observed(spans), ThreePoint(min(spans), sorted(spans)[len(spans) // 2], max(spans))):
        assert min(spans) <= found.at(low) <= found.at(high) <= max(spans)
    assert (observed(spans).at(0), observed(spans).at(1)) == (min(spans), max(spans))
    assert observed(spans).at(0.5) == pytest.approx(median(spans), abs=1, rel=1e-9)


def test_a_draw_is_of_the_seed_and_the_try_and_of_nothing_else() -> None:
    load = Percentiles(((0.0, 0), (1.0, 1000 * SECOND)))
    tries = [
        ("sales", f"run {run}", "load", index, number) for run in range(50) for index in (-1, 0) for number in (1, 2)
    ]
    first = {whose: drawn(load, 7, whose) for whose in tries}
    assert {whose: drawn(load, 7, whose) for whose in reversed(tries)} == first
    assert len(set(first.values())) == len(tries)
    assert all(drawn(load, 8, whose) != spans for whose, spans in first.items())
    ranked = sorted(spans for spans in first.values() if spans is not None)
    assert 400 * SECOND < median(ranked) < 600 * SECOND
    assert (ranked[0] < 50 * SECOND, ranked[-1] > 950 * SECOND) == (True, True)


def test_what_is_no_distribution_is_what_it_is() -> None:
    assert (drawn(5, 1, ("d", "r", "t", -1, 1)), drawn(None, 1, ("d", "r", "t", -1, 1))) == (5, None)
    assert (typical(5), typical(None), typical(Percentiles(((0.0, 0), (1.0, 8))))) == (5, None, 4)


@pytest.mark.parametrize(
    ("entry", "line", "fact"),
    [
        ("{p50: 83}", 2, "a distribution needs two percentiles or more"),
        ("{}", 2, "a distribution needs two percentiles or more"),
        ("\n    p50: 83\n    q90: 140", 4, "'q90' is no percentile"),
        ("\n    p50: 83\n    p101: 140", 4, "'p101' is no percentile"),
        ("\n    p50: 83\n    90: 140", 4, "90 is no percentile"),
        ("\n    p50: 83\n    p50.0: 140", 4, "p50.0 is given twice"),
        ("\n    p90: 83\n    p50: soon", 4, "p50: 'soon' is not a duration"),
        ("\n    p90: 83\n    p50: 140", 3, "p90 is less than p50"),
        ("\n    low: 5\n    likely: 4\n    high: 9", 4, "likely is less than low"),
        ("\n    low: 5\n    likely: 7", 2, "key 'high' is missing"),
        ("\n    low: 5\n    likely: 7\n    high: 9\n    p50: 7", 6, "unknown key 'p50'"),
        ("\n    p50: -3\n    p90: 7", 3, "p50: a duration must lie between 0 and a hundred years"),
        ("[1, 2]", 2, "a duration is a number of seconds"),
    ],
)
def test_what_means_nothing_is_told_with_its_line(tmp_path: Path, entry: str, line: int, fact: str) -> None:
    file = tmp_path / "world.yaml"
    file.write_text(f"durations:\n  sales.load: {entry}\n")
    with pytest.raises(WorldError) as caught:
        load(file)
    assert caught.value.fact.startswith("duration 'sales.load': ")
    assert fact in caught.value.fact
    assert str(caught.value.where).endswith(f"world.yaml:{line}")
