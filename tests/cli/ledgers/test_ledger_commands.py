"""``ledger ls|show|verify|prune|export``: which there are, what is in them, whether they are whole."""

import json
import shutil

import pytest

from tests.repo.schemas import faults


def test_the_newest_is_called_last_and_listed_first(shop):
    shop("run", "sales")
    document = json.loads(shop("ledger", "ls", "--json").out)
    listed = document["ledgers"]
    assert faults("ledgers", document) == []
    assert [one["dags"] for one in listed] == [["sales"]]
    assert (listed[0]["runs"], listed[0]["failed"], listed[0]["is_whole"]) == (1, 0, True)
    assert shop("sql", "last", "--format", "csv", "select run_type from runs").out == "run_type\nscheduled\n"


def test_what_is_in_one(shop):
    out = shop("ledger", "show", "january").out
    assert ["sales", "3", "1", "1", "1"] in [line.split()[:5] for line in out.splitlines()]
    assert "Slowest" in out
    assert ["etl", "1", "2", "0"] in [line.split() for line in out.splitlines()]


def test_a_whole_one_and_an_altered_one(shop):
    altered = shop.folder / "altered"
    shutil.copytree(shop.folder / "january", altered)
    journal = altered / "journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join([*lines[:7], lines[7].replace("sales", "salts"), *lines[8:]]))
    answer = shop("ledger", "verify", "january", "altered")
    assert answer.code == 1
    assert "january: " in answer.out
    assert "altered/journal.jsonl:8: the record does not follow from the one before" in answer.err
    assert "record 7" in answer.err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text[: len(text) // 2], "is cut off: the run ended while it was written"),
        (lambda text: text[: text.rindex("\n", 0, -1) + 1], "no footer, the run was cut off after"),
        (lambda text: text.replace("journal/2", "journal/99", 1), "the record does not follow"),
        (lambda text: "", "the journal is empty"),
        (lambda text: "id,name\n1,a\n", "its first line is no record of a journal"),
    ],
)
def test_what_is_wrong_with_one(shop, change, said):
    broken = shop.folder / "broken"
    broken.mkdir(exist_ok=True)
    (broken / "journal.jsonl").write_text(change((shop.folder / "january" / "journal.jsonl").read_text()))
    answer = shop("ledger", "verify", "broken")
    assert answer.code == 1
    assert said in answer.err


def test_one_that_was_cut_off_still_answers(shop):
    cut = shop.folder / "cut"
    cut.mkdir()
    (cut / "journal.jsonl").write_text((shop.folder / "january" / "journal.jsonl").read_text()[:-300])
    answer = shop("sql", "cut", "--format", "csv", "select count(*) as runs from runs")
    assert answer.out == "runs\n3\n"
    assert "the ledger has no footer" in shop("ledger", "show", "cut").out


def test_a_newer_one_is_refused(shop):
    newer = shop.folder / "newer"
    newer.mkdir()
    (newer / "journal.jsonl").write_text('{"kind": "header", "n": 0, "schema": "airflow-harness/journal/99"}\n')
    answer = shop("sql", "newer", "select 1")
    assert answer.code == 2
    assert "is of a newer version" in answer.err
    assert "record 0" in answer.err


def test_every_table_as_parquet(shop):
    answer = shop("ledger", "export", "january", "tables")
    assert answer.code == 0, answer.err
    assert {path.name for path in (shop.folder / "tables").iterdir()} >= {"runs.parquet", "xcoms.parquet"}


def test_old_ones_go(shop):
    kept = shop.folder / "kept"
    for name in ("one", "two", "three"):
        shutil.copytree(shop.folder / "january", kept / name)
        (kept / name / "journal.jsonl").touch()
    answer = shop("ledger", "prune", "kept", "--keep", "1")
    assert answer.out.splitlines()[-1] == "2 removed, the newest 1 stay"
    assert [path.name for path in kept.iterdir()] == ["three"]
