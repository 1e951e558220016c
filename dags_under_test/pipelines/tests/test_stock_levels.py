import pytest

pytestmark = pytest.mark.mysql  # a real server: MariaDB's programs, a container, or one that runs already


@pytest.fixture
def shop(world):
    world.set_connection("shop_db", service="mysql", seed="fixtures/shop.sql")
    return world.mysql("shop_db")


def levels(shop, day):
    return dict(shop.rows(f"select item, pieces from stock_levels where day = '{day}' order by item"))


def test_each_day_has_its_levels_and_sql_the_day_of_the_run(run_dag, shop):
    assert run_dag("stock_levels", "2025-01-02", start="2025-01-03T00:00Z").ok
    assert levels(shop, "2025-01-02") == {"pear": 6, "plum": 7}
    assert shop.rows("select distinct date(counted_at) = '2025-01-03' from stock_levels") == [(1,)]


def test_three_days_of_it_may_run_again(replay, shop):
    assert replay("stock_levels", since="2025-01-01", until="3d", idempotent=True).ok


def test_a_level_below_zero_is_an_error(run_dag, shop):
    shop.execute("insert into movements values ('plum', -9, '2025-01-03 10:00:00')")
    result = run_dag("stock_levels", "2025-01-03")
    assert result.task("check").state == "failed"
    assert levels(shop, "2025-01-03") == {"pear": 0, "plum": -2}
