from datetime import timedelta

import pytest

HEAVY = ["margins", "forecast", "valuation", "provisions"]
MINUTES = {"SequentialExecutor": 295, "LocalExecutor": 155, "CeleryExecutor": 115, "KubernetesExecutor": 115}


@pytest.fixture(autouse=True)
def durations(world):
    world.set_duration("ledger_*", "10m")
    world.set_duration("close_books", "15m")
    for name in HEAVY:
        world.set_duration(name, "40m")


def began(result):
    """Minutes after its run's start at which each task began."""
    return {ti.task_id: (ti.start_date - result.start_date) / timedelta(minutes=1) for ti in result.task_instances}


def test_heavy_jobs_go_first_two_at_a_time_and_the_light_ones_wait(run_dag, world):
    world.set_executor(executors={"LocalExecutor": 32})
    result = run_dag("month_end", "2025-02-01T06:00Z")
    assert result.ok
    at = began(result)
    assert [at[name] for name in HEAVY] == [0, 0, 40, 40]
    assert {at[name] for name in at if name.startswith("ledger_")} == {80, 90}  # ten of them, then two
    assert at["close_books"] == 100


def test_finance_has_a_worker_of_its_own_or_waits_for_ever(run_dag, world):
    general = {"queues": ["default"], "concurrency": 8}
    world.set_executor(executors={"CeleryExecutor": 16}, workers={"general": general})
    closing = run_dag("month_end", "2025-02-01T06:00Z").task("close_books")
    assert (closing.state, closing.reason.split(": ")[-1]) == ("failed", "no worker serves queue 'finance'")
    finance = {"queues": ["finance"], "concurrency": 1}
    world.set_executor(executors={"CeleryExecutor": 16}, workers={"general": general, "finance": finance})
    assert run_dag("month_end", "2025-02-01T06:00Z").ok


@pytest.mark.parametrize(("executor", "slots"), zip(MINUTES, (1, 2, 8, 20), strict=True))
def test_from_some_number_of_slots_on_the_pool_is_what_makes_it_wait(run_dag, world, executor, slots):
    world.set_executor(executors={executor: slots})
    result = run_dag("month_end", "2025-02-01T06:00Z")
    assert (result.end_date - result.start_date) / timedelta(minutes=1) == MINUTES[executor]
