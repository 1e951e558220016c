from datetime import timedelta

import pytest

MODES = ["poke", "reschedule", "deferred"]


@pytest.fixture
def api(world):
    world.http("rates_api").answer("GET /ready", {"status": 404})
    return world.http("rates_api")


@pytest.mark.parametrize("day", ["2025-01-02", "2025-01-03"])
def test_each_sees_when_it_is_ready_and_they_hold_their_slot_as_long_as_they_must(run_dag, api, day):
    api.answer("GET /ready", {"json": "yes"}, at="+2h31m")
    result = run_dag("readiness", day)
    assert result.ok
    waits = {mode: result.task(f"ready_{mode}") for mode in MODES}
    for task in waits.values():
        assert timedelta(hours=2, minutes=31) <= task.end_date - result.start_date <= timedelta(hours=2, minutes=36)
    assert waits["poke"].in_worker > timedelta(hours=2, minutes=30)
    assert max(waits["reschedule"].in_worker, waits["deferred"].in_worker) < timedelta(minutes=1)


@pytest.mark.parametrize("mode", MODES)
def test_each_gives_up_in_time(run_dag, api, mode):
    result = run_dag("readiness", "2025-01-02", only=[f"ready_{mode}"])
    assert result.state == "failed"
    assert timedelta(hours=6) <= result.end_date - result.start_date <= timedelta(hours=6, minutes=6)
