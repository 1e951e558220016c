from include.partner_api import PartnerHook


def test_the_operator_asks_for_the_day(run_task, world):
    world.http("partner").answer("GET /orders", {"json": [1, 2, 3]})
    task = run_task("partner_orders", "orders", logical_date="2025-01-02")
    assert task.xcom() == [1, 2, 3]
    assert task.rendered["day"] == "2025-01-02"
    (request,) = world.http("partner").requests
    assert (request.query, request.headers["Authorization"]) == ({"day": "2025-01-02"}, "Bearer token-of-partner")


def test_too_few_orders_are_an_error_with_their_number(run_task, world):
    world.http("partner").answer("GET /orders", {"json": [1]})
    task = run_task("partner_orders", "orders", logical_date="2025-01-02")
    assert task.reason == "ValueError: 1 orders on 2025-01-02, at least 2 are expected"


def test_the_hook_by_itself(world):
    world.http("partner").answer("GET /orders", {"json": []})
    assert PartnerHook().orders("2025-01-02") == []


def test_the_operator_without_an_api(run_task, monkeypatch):
    monkeypatch.setattr(PartnerHook, "orders", lambda hook, day: [day, day])
    assert run_task("partner_orders", "orders", logical_date="2025-01-02").xcom() == ["2025-01-02"] * 2
