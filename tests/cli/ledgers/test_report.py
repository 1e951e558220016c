"""``report``: what a user is told of the page of a ledger, and where it lies."""

from pathlib import Path

from tests.unit.report.page_ledgers import Page


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


def test_no_such_ledger(shop):
    answer = shop("report", "janury")
    assert answer.code == 2
    assert "there is no ledger 'janury'" in answer.err
