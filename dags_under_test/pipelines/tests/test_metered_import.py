import pytest

ORDERS = [
    {"id": 7, "country": "at", "pieces": 3},
    {"id": 8, "country": "no", "pieces": 1},
    {"id": 9, "country": "at", "pieces": 2},
]


@pytest.fixture
def statsd(world):
    world.http("rates_api").answer("GET /orders", {"status": 503}, {"json": ORDERS})
    return world.statsd


def test_the_teams_own_numbers(run_dag, statsd):
    assert run_dag("metered_import", "2025-01-02").ok
    assert statsd.values("shop.orders.at") == [3, 2]
    assert statsd.values("shop.orders.no") == [1]
    assert statsd.values("shop.orders.newest") == [9]
    assert statsd.values("shop.load") == [90_000]
    assert {metric.kind for metric in statsd.metrics if metric.name.startswith("shop.orders.")} == {"counter", "gauge"}


def test_airflows_numbers_come_as_in_production(run_dag, statsd):
    assert run_dag("metered_import", "2025-01-02").ok
    assert statsd.values("airflow.ti_failures") == [1]  # the 503 at the first try
    assert statsd.values("airflow.ti_successes") == [1, 1]
    assert statsd.values("airflow.ti.finish.metered_import.load.success") == [1]
    durations = [metric for metric in statsd.metrics if metric.name == "airflow.dag.metered_import.load.duration"]
    assert [round(one.number) for one in durations] == [90_000]  # milliseconds of virtual time


def test_each_day_adds_to_them(simulate, statsd):
    result = simulate("2025-01-02", "2d", ["metered_import"])
    assert result.ok
    assert sum(statsd.values("shop.orders.at")) == 5 * len(result.runs)
