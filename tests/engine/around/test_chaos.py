"""``world.chaos``: faults that a seed draws, and simulations that are the same to the byte."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest
from airflow.sdk import DAG, task

from harness.errors import WorldError
from harness.world import World
from harness.world.around import TASK_KINDS, Chaos
from harness.world.pattern import Subject

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def many(retries=6):
    with DAG("sales", schedule="@daily", start_date=START) as dag:

        @task(retries=retries, retry_delay=timedelta(minutes=5), retry_exponential_backoff=True)
        def load(n, ti=None):
            time.sleep(60 * n)
            return [n, ti.try_number]

        load.expand(n=list(range(12)))
    return dag


def troubled(seed=1):
    world = World()
    world.chaos(0.4, seed=seed)
    world.fault("lost", "sales.load[3]", on_try=1, when="1m")
    world.at("+10m", lambda: world.set_variable("region", "eu"))
    return world


def test_what_goes_wrong_is_told_and_retried(rehearse):
    result = rehearse(many(), troubled())
    assert result.state == "success"
    tries = sum(ti.try_number for ti in result.task_instances)
    struck = [one for one in result.world_events if one.kind == "fault"]
    assert tries == 12 + sum("longer" not in one.what for one in struck)
    assert len({one.what.rpartition(": ")[2] for one in struck}) >= 3


def test_the_same_seed_and_inputs_make_the_same_ledger_to_the_byte(rehearse, tmp_path):
    journals = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        rehearse(many(), troubled(seed), keep=tmp_path / name, seed=5)
        journals.append((tmp_path / name / "journal.jsonl").read_bytes())
    assert journals[0] == journals[1] != journals[2]


def test_a_calendar_too(calendar, tmp_path):
    journals = []
    for name in ("a", "b"):
        calendar("2025-01-01", "2025-01-03", many(), world=troubled(), keep=tmp_path / name)
        journals.append((tmp_path / name / "journal.jsonl").read_bytes())
    assert journals[0] == journals[1]
    assert b'"happened": "fault"' in journals[0] or b'"happened":"fault"' in journals[0]


def test_draws_are_at_the_rate_and_of_all_kinds():
    chaos, subject = Chaos(0.25, 7, tuple(TASK_KINDS)), Subject("d", "t")
    draws = [chaos.draw("r", subject, number, ()) for number in range(4000)]
    struck = [one for one in draws if one is not None]
    assert 0.22 < len(struck) / len(draws) < 0.28
    assert set(Counter(one.kind for one in struck)) == set(TASK_KINDS)
    assert {one.when for one in struck} == {"start", "end"}
    assert Chaos(0, 7).draw("r", subject, 1, ()) is None
    assert Chaos(1, 7, ("down",)).draw("r", subject, 1, ()) is None
    assert Chaos(1, 7, ("down",)).draw("r", subject, 1, ("api",)).connection == "api"


@pytest.mark.parametrize(("rate", "kinds"), [(1.5, None), (-0.1, None), ("much", None), (0.5, ["explodes"])])
def test_what_is_no_rate_or_kind_is_refused(rate, kinds):
    with pytest.raises(WorldError, match="chaos"):
        World().chaos(rate, kinds=kinds)
