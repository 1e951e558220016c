import pytest


@pytest.fixture
def warehouse(world, tmp_path):
    world.set_variable("dbt_scratch", str(tmp_path))
    world.set_connection("marts", service="duckdb", seed="fixtures/raw_orders.sql")
    return world.duckdb("marts")


REVENUE = "select day::text, orders, revenue::float from revenue_by_day order by day"


def test_each_day_the_marts_are_built_and_tested(replay, warehouse):
    result = replay("marts", since="2025-01-01", until="2025-01-02")
    assert result.ok
    assert [run.task("told").xcom() for run in result.runs] == [(1, "20.00"), (2, "10.00")]
    assert warehouse.rows(REVENUE) == [("2025-01-01", 1, 20.0), ("2025-01-02", 2, 10.0)]


def test_a_dbt_test_that_fails_stops_the_run_and_after_a_fix_it_goes_on_from_there(run_dag, warehouse):
    result = run_dag("marts", "2025-01-03")
    assert [result.task(name).state for name in ("run", "test", "told")] == ["success", "failed", "upstream_failed"]
    assert "Failure in test unique_orders_id" in result.task("test").log
    assert "Got 1 result, configured to fail if != 0" in result.task("test").log
    warehouse.execute("create or replace table raw_orders as select distinct * from raw_orders")
    mended = run_dag("marts", "2025-01-03", from_task="run")
    assert mended.ok
    assert warehouse.rows(REVENUE)[-1] == ("2025-01-03", 1, 12.0)
