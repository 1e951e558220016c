from datetime import timedelta

import pytest

MINUTES = {
    "orders": 24, "stock": 20, "customers": 31, "clean": 14, "join": 22, "features": 17, "forecast": 19, "report": 12,
}  # fmt: skip
PARTS = [f"nightly_{name}" for name in MINUTES]


@pytest.fixture(autouse=True)
def durations(world):
    for name, minutes in MINUTES.items():
        world.set_duration(name, f"{minutes}m")


def test_one_after_the_other(run_dag):
    result = run_dag("monolith", "2025-01-02T01:00Z")
    assert result.end_date - result.start_date == timedelta(minutes=sum(MINUTES.values()))


def test_split_by_their_data_it_is_the_longest_way_through_it(simulate):
    result = simulate("2025-01-02T01:00Z", "12h", PARTS)
    assert result.ok
    last = result.run("nightly_report")
    longest = max(24 + 14 + 22, 31 + 22, 24 + 17 + 19) + 12
    assert last.end_date - result.run("nightly_orders").start_date == timedelta(minutes=longest)
    assert longest == 72


def test_on_one_worker_it_gains_nothing(simulate, world):
    world.set_executor(parallelism=1)
    result = simulate("2025-01-02T01:00Z", "12h", PARTS)
    last = max(run.end_date for run in result.runs)
    assert last - result.run("nightly_orders").start_date >= timedelta(minutes=sum(MINUTES.values()))
