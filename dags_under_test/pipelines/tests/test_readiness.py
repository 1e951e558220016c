from datetime import timedelta

import pytest

MODES = ["poke", "reschedule", "deferred"]


def test_each_sees_when_it_is_ready(run_dag, world):
    world.http("rates_api").answer("GET /ready", {"status": 404})
    world.http("rates_api").answer("GET /ready", {"json": "yes"}, at="+2h31m")
    result = run_dag("readiness", "2025-01-02")
    assert result.ok
    for mode in MODES:
        waited = result.task(f"ready_{mode}").end_date - result.start_date
        assert timedelta(hours=2, minutes=31) <= waited <= timedelta(hours=2, minutes=36)


@pytest.mark.parametrize("mode", MODES)
def test_each_gives_up_in_time(run_dag, world, mode):
    world.http("rates_api").answer("GET /ready", {"status": 404})
    result = run_dag("readiness", "2025-01-02", only=[f"ready_{mode}"])
    assert result.state == "failed"
    assert timedelta(hours=6) <= result.end_date - result.start_date <= timedelta(hours=6, minutes=6)
