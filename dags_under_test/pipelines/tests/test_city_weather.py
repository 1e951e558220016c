from datetime import timedelta
from decimal import Decimal

import pytest
from include.weather import CITIES


@pytest.fixture
def api(world):
    """Stations that measure something else each day."""
    world.http("weather_api").answer("GET /daily", measured)
    return world.http("weather_api")


def measured(request):
    city, day = request.query["city"], request.query["day"]
    return {"json": {"city": city, "day": day, "celsius": len(city) + int(day[-2:]) / 10}}


def test_a_month_has_a_row_for_each_city_and_day_however_often_it_is_loaded(replay, world, api):
    warehouse = world.postgres("warehouse")
    loaded = []
    for _ in range(2):
        assert replay("city_weather", since="2025-01-01", until="30d").ok
        loaded.append(warehouse.rows("select city, day, fahrenheit from weather order by city, day"))
    assert loaded[0] == loaded[1]
    assert warehouse.rows("select count(*), count(distinct day), count(distinct city) from weather") == [(120, 30, 4)]
    assert warehouse.rows("select fahrenheit from weather where city = 'oslo' and day = '2025-01-15'") == [
        (Decimal("41.9"),)
    ]


@pytest.mark.docker
def test_the_same_on_a_server_in_a_container(replay, world, api):
    world.set_connection("warehouse", service="postgres", driver="container")
    assert replay("city_weather", since="2025-01-01", until="30d").ok
    warehouse = world.postgres("warehouse")
    assert warehouse.rows("select count(*), count(distinct day), count(distinct city) from weather") == [(120, 30, 4)]


def test_sql_has_the_time_of_the_run(run_dag, world, api):
    result = run_dag("city_weather", "2025-01-15")
    ((loaded_at,),) = world.postgres("warehouse").rows("select max(loaded_at) from weather")
    assert abs(loaded_at - result.end_date) < timedelta(seconds=5)


def test_each_of_its_tasks_may_run_again(replay, api):
    assert replay("city_weather", since="2025-01-01", until="3d", idempotent=True).ok


def test_an_api_that_lets_sixty_calls_a_minute_through(replay, world, api):
    result = replay("city_weather", since="2025-01-01", until="30d", max_active_runs=30)
    assert result.ok
    refused = result.sql("select count(*) from attempts where task_id = 'extract' and state = 'up_for_retry'")
    assert refused.fetchone() == (60,)
    assert len(api.requests) == 30 * len(CITIES) + 60


def test_an_api_that_is_overloaded_for_a_while(run_dag, api):
    api.answer("GET /daily", {"status": 429}, {"status": 503}, measured)
    result = run_dag("city_weather", "2025-01-02")
    assert result.ok
    assert sorted(ti.try_number for ti in result.tasks("extract")) == [1, 1, 2, 2]
