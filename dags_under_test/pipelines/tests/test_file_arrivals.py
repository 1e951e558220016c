from datetime import timedelta

import pytest

MODES = ["poke", "reschedule", "deferred"]


@pytest.mark.parametrize("day", ["2025-01-02", "2025-01-03"])
def test_each_finds_what_arrives_and_they_hold_their_slot_as_long_as_they_must(run_dag, world, day):
    world.s3.arrives(f"landing/{day}/orders.csv", at="+3h2m")
    result = run_dag("file_arrivals", day)
    assert result.ok
    waits = {mode: result.task(f"wait_{mode}") for mode in MODES}
    for task in waits.values():
        assert timedelta(hours=3, minutes=2) <= task.end_date - result.start_date <= timedelta(hours=3, minutes=10)
    assert waits["poke"].in_worker > timedelta(hours=3)
    assert max(waits["reschedule"].in_worker, waits["deferred"].in_worker) < timedelta(minutes=1)


@pytest.mark.parametrize("mode", MODES)
def test_each_gives_up_in_time(run_dag, mode):
    result = run_dag("file_arrivals", "2025-01-02", only=[f"wait_{mode}"])
    assert result.state == "failed"
    assert timedelta(hours=6) <= result.end_date - result.start_date <= timedelta(hours=6, minutes=11)
