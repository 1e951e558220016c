from datetime import timedelta

import pytest
from include.nightly import NEEDS

pytestmark = pytest.mark.airflow_world("fixtures/nightly.yaml")

PARTS = [f"nightly_{name}" for name in NEEDS]
MEGABYTE = 1_000_000


def test_one_after_the_other(simulate):
    result = simulate("2025-01-02T01:00Z", "1d12h", ["monolith"])
    assert result.ok
    assert [run.end_date - run.start_date for run in result.runs] == [timedelta(hours=4, minutes=17)] * 2
    assert [step.name for step in result.capacity.critical_path] == list(NEEDS)


def test_split_by_their_data_it_is_the_longest_way_through_it(simulate):
    result = simulate("2025-01-02T01:00Z", "1d12h", PARTS)
    assert result.ok
    for first, last in zip(result.runs_of("nightly_orders"), result.runs_of("nightly_report"), strict=True):
        assert last.end_date - first.start_date == timedelta(minutes=72)
    path = result.capacity.critical_path
    assert [step.dag_id for step in path] == ["nightly_orders", "nightly_clean", "nightly_basket", "nightly_report"]
    assert sum((step.lasted for step in path), timedelta()) == timedelta(minutes=72)
    assert result.capacity.slack["nightly_margins.margins"] == timedelta(minutes=1)  # the next to be made faster


def test_on_one_worker_it_gains_nothing(simulate, world):
    world.set_executor(parallelism=1)
    result = simulate("2025-01-02T01:00Z", "12h", PARTS)
    last = max(run.end_date for run in result.runs)
    assert last - result.run("nightly_orders").start_date >= timedelta(hours=4, minutes=17)


def test_what_was_held_in_memory_is_streamed(run_dag):
    before = run_dag("monolith", "2025-01-02T01:00Z", only=["basket"], memory=True).task("basket")
    after = run_dag("nightly_basket", memory=True).task("basket")
    assert before.xcom() == after.xcom()
    assert before.peak_bytes > 20 * MEGABYTE
    assert after.peak_bytes < MEGABYTE
