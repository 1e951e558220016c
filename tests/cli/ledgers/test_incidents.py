"""``replay --from-ledger``: a run of a ledger as it was, and what comes out otherwise; ``run_dag(from_ledger=)``."""

import json

import pytest

pytestmark = pytest.mark.programs

DAG = """
import os, time
from datetime import datetime, timedelta
from airflow.sdk import DAG, task

with DAG("orders", schedule="@daily", start_date=datetime(2025, 1, 1), params={"city": "Oslo"}):
    @task
    def days():
        return [1, 2]

    @task(retries=2, retry_delay=timedelta(minutes=5))
    def load(n, ti=None):
        if os.environ.get("FEED") == "down" and n == 2:
            time.sleep(90 if ti.try_number == 1 else 20)
        if os.environ.get("FEED") == "down" and n == 2 and ti.try_number == 1:
            raise ValueError("the feed is down")
        return n * 2

    @task
    def total(values, params=None):
        return [sum(values), params["city"]]

    total(load.expand(n=days()))
"""
WORLD = """
durations: {orders.days: 3m, orders.total: 12.5s}
env: {FEED: down}
"""


@pytest.fixture(scope="module")
def orders(shop):
    """The project, with a ledger of two runs of which a try failed, in a world that is no more."""
    shop.write("dags/orders.py", DAG)
    shop.write("then.yaml", WORLD)
    arguments = ("--since", "2025-01-01", "--until", "2d", "--conf", '{"city": "Rome"}', "--world", "then.yaml")
    answer = shop("replay", "orders", *arguments, "--keep", "orders-then")
    assert answer.code == 0, answer.err
    return shop


RUN = ("replay", "orders", "--from-ledger", "orders-then", "--run", "backfill__2025-01-02T00:00:00+00:00")


def test_each_try_takes_as_long_as_it_took_and_fails_where_it_failed(orders):
    answer = orders(*RUN, "--keep", "orders-again")
    assert answer.code == 0, answer.out + answer.err
    assert "a fault of the world" in answer.out
    assert "alike: 1 run compared" in answer.out
    tries = "(select max(try_number) from attempts)"
    asked = f"select run_type, conf->>'city' as city, duration_s, {tries} as tries from runs"
    assert orders("sql", "orders-again", asked, "--format", "csv").out.splitlines()[1] == "backfill,Rome,602.5,2"
    asked = "select try_number, duration_s from attempts where map_index = 1 order by all"
    assert orders("sql", "orders-again", asked, "--format", "csv").out.splitlines()[1:] == ["1,90.0", "2,20.0"]


def test_a_code_that_fails_by_itself_needs_no_fault(orders):
    orders.write("down.yaml", "env: {FEED: down}\n")
    answer = orders(*RUN, "--world", "down.yaml")
    assert answer.code == 0, answer.out + answer.err
    assert ("ValueError: the feed is down" in answer.out, "a fault of the world" in answer.out) == (True, False)


def test_left_to_the_code_it_says_what_is_otherwise(orders):
    answer = orders(*RUN, "--own-outcomes", "--json", "--report", "own.html", "--trace", "own-trace.json")
    assert answer.code == 1, answer.err
    found = json.loads(answer.out)
    assert [area["area"] for area in found["areas"]] == ["tries", "durations"]
    (tries,) = found["areas"][0]["changes"]
    assert (tries["subject"], tries["samples"][0]["a"], tries["samples"][0]["b"]) == ("orders.load", "2", "1")
    assert (orders.folder / "own.html").read_text().startswith("<!doctype html>")
    assert "orders" in (orders.folder / "own-trace.json").read_text()


def test_in_a_test(orders):
    orders.write(
        "tests/test_orders.py",
        """
import pytest

from harness.errors import UsageError

def test_the_end_of_a_run_again(run_dag):
    result = run_dag("orders", "2025-01-01", from_ledger="orders-then", from_task="total")
    assert (result.run_type, [ti.task_id for ti in result.task_instances]) == ("backfill", ["total"])
    assert result.task("total").xcom() == [6, "Rome"]
    other = run_dag("orders", from_ledger="orders-then", run_id="backfill__2025-01-02T00:00:00+00:00", only=["total"])
    assert other.logical_date.day == 2
    with pytest.raises(ValueError, match="has 2 runs of 'orders'"):
        run_dag("orders", from_ledger="orders-then")
    with pytest.raises(UsageError, match="names a run of a ledger"):
        run_dag("orders", run_id="r")
""",
    )
    answer = orders.pytest("tests/test_orders.py", "-q")
    assert "1 passed" in answer.out, answer.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("replay", "orders", "--from-ledger", "orders-then"), "has 2 runs of 'orders'"),
        ((*RUN, "--since", "2025-01-01"), "--since is of a backfill"),
        ((*RUN, "--check", "idempotent"), "--check is of a backfill"),
        ((*RUN, "--dry-run"), "--dry-run is of a backfill"),
        ((*RUN, "--keep", "orders-then"), "is the ledger of --from-ledger"),
        (("replay", "orders", "sales", "--from-ledger", "orders-then"), "so one Dag is named"),
        (("replay", "orders"), "a replay has no dates"),
        (("replay", "orders", "--since", "2025-01-01", "--until", "1d", "--own-outcomes"), "go with --from-ledger"),
        (("run", "orders", "--run", "r"), "--run names a run of a ledger"),
    ],
)
def test_what_cannot_be_replayed_so(orders, arguments, said):
    answer = orders(*arguments)
    assert (answer.code, said in answer.err) == (2, True), answer.err
