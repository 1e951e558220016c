from datetime import timedelta

import pytest

MODES = ["poke", "reschedule", "deferred"]


def held(task):
    """How long it held a slot."""
    return sum((one.end_date - one.start_date for one in task.attempts), timedelta())


def test_each_finds_what_arrives_and_they_hold_their_slot_as_long_as_they_must(run_dag, world):
    world.s3.arrives("landing/2025-01-02/orders.csv", at="+3h2m")
    result = run_dag("file_arrivals", "2025-01-02")
    assert result.ok
    waits = {mode: result.task(f"wait_{mode}") for mode in MODES}
    for task in waits.values():
        assert timedelta(hours=3, minutes=2) <= task.end_date - result.start_date <= timedelta(hours=3, minutes=5)
    assert held(waits["poke"]) > timedelta(hours=3)
    assert max(held(waits["reschedule"]), held(waits["deferred"])) < timedelta(minutes=1)


@pytest.mark.parametrize("mode", MODES)
def test_each_gives_up_in_time(run_dag, mode):
    result = run_dag("file_arrivals", "2025-01-02", only=[f"wait_{mode}"])
    assert result.state == "failed"
    assert timedelta(hours=6) <= result.end_date - result.start_date <= timedelta(hours=6, minutes=6)
