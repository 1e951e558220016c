from types import SimpleNamespace

import pytest
from include.partner_api import PartnerHook


@pytest.mark.parametrize(("date", "day"), [("2025-01-02", "2025-01-02"), ("2025-01-05", "2025-01-03")])
def test_the_operator_asks_for_the_latest_trading_day(run_task, world, date, day):
    world.http("partner").answer("GET /orders", {"json": [1, 2, 3]})
    task = run_task("partner_orders", "orders", logical_date=date)
    assert task.xcom() == [1, 2, 3]
    assert task.rendered["day"] == day
    (request,) = world.http("partner").requests
    assert (request.query, request.headers["Authorization"]) == ({"day": day}, "Bearer token-of-partner")


def test_too_few_orders_are_an_error_with_their_number(run_task, world):
    world.http("partner").answer("GET /orders", {"json": [1]})
    task = run_task("partner_orders", "orders", logical_date="2025-01-02")
    assert task.reason == "ValueError: 1 orders on 2025-01-02, at least 2 are expected"


def test_the_hook_by_itself(world):
    world.http("partner").answer("GET /orders", {"json": []})
    assert PartnerHook().orders("2025-01-02") == []


def test_the_operator_with_a_client_that_is_faked(run_task, monkeypatch):
    answer = SimpleNamespace(raise_for_status=lambda: None, json=lambda: ["pear", "plum"])
    client = SimpleNamespace(get=lambda url, params, timeout: answer)
    monkeypatch.setattr(PartnerHook, "get_conn", lambda hook: (client, "http://nowhere"))
    assert run_task("partner_orders", "orders", logical_date="2025-01-02").xcom() == ["pear", "plum"]
