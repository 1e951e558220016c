"""``diff``: what a user is told of two ledgers, and by which exit code."""

import json

import pytest

from tests.repo.schemas import faults

STOCK = """
import sqlite3
from datetime import datetime
from airflow.sdk import Connection, dag, task

@dag(start_date=datetime(2025, 1, 1), schedule="@daily", catchup=False)
def stock():
    @task
    def load(ds=None):
        day = int(ds[-2:])
        with sqlite3.connect(Connection.get("warehouse").host) as db:
            db.execute("insert into daily values (?, ?, ?)", [ds, day * 1.5, Connection.get("shop").password])

    load()

stock()
"""
STOCK_WORLD = """
connections:
  warehouse: {service: sqlite, seed: fixtures/stock.sql}
  shop: {conn_type: http, password: open-sesame}
"""


@pytest.fixture(scope="module")
def stock(shop):
    """Two ledgers of a Dag that fills a table, the second with another amount on a day: ``monday``, ``tuesday``."""
    shop.write("stock/stock.py", STOCK)
    shop.write("fixtures/stock.sql", "create table daily (day text primary key, amount real, by text);")
    shop.write("fixtures/stock.yaml", STOCK_WORLD)
    period = ("--since", "2025-01-01", "--until", "2d", "--dags", "stock", "--world", "fixtures/stock.yaml")
    for name in ("monday", "again", "tuesday"):
        if name == "tuesday":
            shop.write("stock/stock.py", STOCK.replace("day * 1.5", "day * 1.5 + (day == 2)"))
        answer = shop("simulate", *period, "--keep", name)
        assert answer.code == 0, answer.err
    return shop


@pytest.fixture(scope="module")
def march(shop):
    """``january`` simulated with a Dag that fails on another day, beside the one that it was."""
    dag = shop.folder / "dags" / "sales.py"
    text = dag.read_text()
    try:
        dag.write_text(text.replace('ds == "2025-01-02"', 'ds == "2025-01-01"').replace("len(rows)", "len(rows) + 1"))
        answer = shop("simulate", "--since", "2025-01-01", "--until", "2d", "--keep", "march")
    finally:
        dag.write_text(text)
    assert answer.code == 1, answer.err
    return shop


def test_for_people(march):
    answer = march("diff", "january", "march")
    assert answer.code == 1, answer.err
    lines = [line.strip() for line in answer.out.splitlines()]
    assert lines[0] == "A  january  3 runs"
    assert "✗ run sales state: success -> failed  2025-01-01T00:00:00Z" in lines
    assert "ValueError: no such table (sales.py:18)" in lines
    assert '- xcom sales.load.return_value: {"rows":3} -> nothing  2025-01-01T00:00:00Z' in lines
    assert lines[-1].startswith("✗ different: states (4 changed), xcoms (1 added, 1 removed)")
    assert lines.index("states  runs and task instances that are not in both, or ended in another state") == 3


def test_for_programs(march):
    answer = march("diff", "january", "march", "--format", "json")
    told = json.loads(answer.out)
    assert faults("diff", told) == []
    assert (answer.code, told["alike"], told["areas"][0]["area"]) == (1, False, "states")
    assert told["first_event"]["a"]["kind"] != "header"


def test_what_is_alike(march):
    march("simulate", "--since", "2025-01-01", "--until", "2d", "--keep", "again")
    answer = march("diff", "january", "again", "-o", "told.txt")
    assert (answer.code, answer.out, answer.err) == (0, "", "")
    assert (march.folder / "told.txt").read_text().endswith("✓ alike: 3 runs compared\n")


def test_the_data_that_services_hold(stock):
    answer = stock("diff", "monday", "tuesday")
    assert answer.code == 1, answer.err
    lines = [line.strip() for line in answer.out.splitlines()]
    assert '~ row warehouse.daily.amount: 3.0 -> 4.0  day "2025-01-02"' in lines
    assert lines[-1] == "✗ different: data (1 changed)"
    assert stock("diff", "monday", "tuesday", "--ignore", "warehouse.daily.amount").code == 0


def test_settings_of_the_project(stock):
    settings = '[tool.airflow-harness.diff]\nignore = ["warehouse.daily.amount"]\n'
    file = stock.write("pyproject.toml", settings)
    try:
        answer = stock("diff", "monday", "tuesday")
    finally:
        file.unlink()
    assert (answer.code, "not looked at: warehouse.daily.amount" in answer.out) == (0, True), answer.err


def test_data_is_kept_without_secrets_and_the_same_each_time(stock):
    kept = (stock.folder / "monday" / "data" / "warehouse" / "daily.jsonl").read_text()
    assert [json.loads(line)["by"] for line in kept.splitlines()] == ["***"] * 3
    journals = [(stock.folder / name / "journal.jsonl").read_bytes() for name in ("monday", "again")]
    assert journals[0] == journals[1]
    records = [json.loads(line) for line in journals[0].splitlines()]
    assert [record["rows"] for record in records if record["kind"] == "contents"] == [3]
    assert [problem for record in records for problem in faults("journal", record)] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("january", "january/."), "are the same ledger"),
        (("january", "febuary"), "there is no ledger 'febuary'"),
        (("january", "dags"), "'dags' is a folder, and no ledger"),
        (("january", "march", "--dag", "sale"), "did you mean 'sales'"),
        (("january", "march", "--ignore", "xcom:a.b.c"), "speaks of nothing that is compared"),
        (("january", "march", "--key", "warehouse.daily"), "names no key"),
        (("january", "march", "--key", "warehouse.daily=day"), "neither ledger holds such a table"),
    ],
)
def test_what_cannot_be_compared(march, arguments, said):
    answer = march("diff", *arguments)
    assert answer.code == 2
    assert said in answer.err
