import json

import pytest


def test_they_are_asked_for_every_six_hours(simulate, world):
    result = simulate("2025-01-02T00:00Z", "1d23h", ["cached_rates"])
    assert result.ok
    answers = [run.task("rates").xcom() for run in result.runs]
    assert [hour for hour, answer in enumerate(answers) if answer == "asked"] == [0, 6, 12, 18, 24, 30, 36, 42]
    assert len(world.http("rates_api").requests) == 8


@pytest.mark.parametrize(("at", "answer"), [("05:59:59", "kept"), ("06:00:00", "asked")])
def test_they_expire_to_the_second(run_dag, world, at, answer):
    world.set_variable("rates", json.dumps({"asked_at": "2025-01-02T00:00:00+00:00", "rates": {}}))
    result = run_dag("cached_rates", "2025-01-02T01:00Z", start=f"2025-01-02T{at}Z")
    assert result.task("rates").xcom() == answer
