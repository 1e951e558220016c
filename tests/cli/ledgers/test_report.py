"""``report``: what a user is told of the page of a ledger, and where it lies."""

from pathlib import Path

from tests.unit.report.page_ledgers import Page

CANARY = "canary-5d41aa"
SLOW = """
import time
from datetime import datetime
from airflow.sdk import Variable, dag, task

@dag(start_date=datetime(2025, 1, 1), schedule="@daily", catchup=False)
def slow():
    @task
    def first():
        print("key is", Variable.get("api_secret"))

    @task
    def second():
        time.sleep(7200)

    first() >> second()

slow()
"""


def test_the_page_of_a_ledger_lies_beside_us_under_its_name(shop):
    answer = shop("report", "january")
    assert answer.code == 0, answer.err
    assert answer.out.startswith("january.html  0.")
    [told] = Page((Path(shop.folder) / "january.html").read_text()).data["ledgers"]
    assert told["dags"][0]["id"] == "sales"
    assert told["pools"] == [["default_pool", 128, False], ["etl", 2, False]]
    assert [told["texts"][number] for number in told["errors"]["message"]].count("no such table") == 1


def test_it_is_written_where_somebody_says(shop, tmp_path):
    answer = shop("report", "january", "-o", str(tmp_path / "new" / "page.html"))
    assert answer.code == 0, answer.err
    assert (tmp_path / "new" / "page.html").read_text().startswith("<!doctype html>")


def test_where_nothing_can_be_written(shop, tmp_path):
    (tmp_path / "folder").mkdir()
    answer = shop("report", "january", "-o", str(tmp_path / "folder"))
    assert answer.code == 2
    assert "cannot be written" in answer.err


def test_one_that_was_altered_is_refused_and_one_that_was_cut_off_is_shown(shop):
    folder = Path(shop.folder)
    lines = (folder / "january" / "journal.jsonl").read_bytes().splitlines(keepends=True)
    for name, journal in (("page_altered", [*lines[:5], *lines[6:]]), ("page_cut", lines[:-5])):
        (folder / name).mkdir()
        (folder / name / "journal.jsonl").write_bytes(b"".join(journal))
    answer = shop("report", "page_altered")
    assert answer.code == 2
    assert "record 5" in answer.err
    assert not (folder / "page_altered.html").exists()
    assert shop("report", "page_cut").code == 0
    [told] = Page((folder / "page_cut.html").read_text()).data["ledgers"]
    assert not told["is_whole"]


def test_what_ran_until_a_run_did_not_end_has_a_page_without_secrets(shop):
    shop.write("slow/slow.py", SLOW)
    shop.write("slow/world.yaml", f"variables: {{api_secret: {CANARY}}}\n")
    answer = shop(
        "run", "slow", "--dags", "slow", "--world", "slow/world.yaml", "--horizon", "1h", "--report", "slow.html"
    )
    assert answer.code == 1
    assert "horizon" in answer.err
    page = (Path(shop.folder) / "slow.html").read_text()
    [told] = Page(page).data["ledgers"]
    assert [told["state_names"][state] for state in told["states"]["state"]][-1] == "running"
    assert "key is ***" in page
    assert CANARY not in page


def test_of_a_dry_run_there_is_none(shop):
    answer = shop("replay", "sales", "--since", "2025-01-01", "--until", "2d", "--dry-run", "--report", "dry.html")
    assert answer.code == 2
    assert "--dry-run runs nothing, of which there could be a page" in answer.err


def test_no_such_ledger(shop):
    answer = shop("report", "janury")
    assert answer.code == 2
    assert "there is no ledger 'janury'" in answer.err
