"""The page of a ledger: what is in it, how large it becomes, and that nothing of a task's breaks out of it."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from harness.errors import LedgerError
from harness.ledger.journal import JOURNAL, FileJournal
from harness.ledger.recorded import begin, events_of, write_run
from harness.report.page.columns import columns_of
from harness.report.page.layers import placed
from harness.report.page.page import ASSETS, SCRIPTS, page
from harness.report.page.rows import read_rows
from harness.report.page.what_if import SCRIPTS as OF_SWEEPS
from tests.unit.report.page_ledgers import BEGAN, Page, iso, kept

HOSTILE = '</script><script>document.title="owned"</script><!-- <script> \u2028 & \' " </style><img src=x>'


def read(folder: Path) -> Page:
    return Page(page([("january", folder)]).text.encode("utf-8", "backslashreplace").decode())


def test_states_and_values_come_back_as_they_were(tmp_path: Path) -> None:
    [told] = read(kept(tmp_path / "a", runs=2, log="INFO    {}", failing=1, rows=[1, 2])).data["ledgers"]
    texts, names = told["texts"], told["state_names"]
    assert told["name"] == "january"
    assert told["facts"]["airflow"] == "3.3.2"
    assert (told["is_whole"], told["parallelism"], told["pools"]) == (True, 4, [["etl", 1, False]])
    assert [names[state] for state in told["runs"]["state"]] == ["success", "failed"]
    assert told["runs"]["instances"] == [3, 3]
    assert told["instances"]["states"] == [4] * 6
    assert [names[state] for state in told["states"]["state"][:4]] == ["scheduled", "queued", "running", "success"]
    assert told["states"]["after"][:8] == [0, 60_000, 0, 600_000, 660_000, 0, 0, 600_000]
    [shop] = told["dags"]
    assert shop["tasks"]["id"] == ["extract", "load", "report"]
    assert (shop["tasks"]["below"], shop["tasks"]["layer"]) == ([[1], [2], []], [0, 1, 2])
    assert (shop["tasks"]["of_run"], shop["tasks"]["of_task"]) == ([16] * 3, [None] * 3)
    assert [texts[number] for number in told["values"]["value"]] == ["[1,2]", "[1,2]"]
    assert told["values"]["bytes"] == [5, 5]
    assert [texts[line] for lines in told["logs"]["lines"] for line in lines][:2] == ["INFO    0-0", "INFO    0-1"]
    assert [texts[number] for number in told["errors"]["message"]] == ["no rows"]
    assert told["errors"]["instance"] == [5]


def test_what_a_task_wrote_does_not_break_out(tmp_path: Path) -> None:
    shown = read(kept(tmp_path / "a", runs=1, log=HOSTILE, rows=HOSTILE))
    assert shown.tags.count("script") == 2
    assert "img" not in shown.tags
    [told] = shown.data["ledgers"]
    assert told["texts"][told["logs"]["lines"][0][0]] == HOSTILE
    [value] = (told["texts"][number] for number in told["values"]["value"])
    assert '</script><script>document.title=\\"owned\\"' in value


def test_the_name_of_a_ledger_does_not_break_out(tmp_path: Path) -> None:
    shown = Page(page([("</title><script>alert(1)</script>", kept(tmp_path / "a", runs=1))]).text)
    assert shown.tags.count("script") == 2


def test_only_our_script_and_style_are_permitted(tmp_path: Path) -> None:
    shown = read(kept(tmp_path / "a", runs=1))
    _, script = shown.inside["script"]
    [style] = shown.inside["style"]

    def hashed(text: str) -> str:
        return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    assert f"script-src '{hashed(script)}'" in shown.policy
    assert f"style-src '{hashed(style)}'" in shown.policy
    assert "default-src 'none'" in shown.policy


def test_the_page_names_no_other_place(tmp_path: Path) -> None:
    text = page([("a", kept(tmp_path / "a", runs=1))]).text
    assert re.findall(r"\bhttps?://[^\s\"'`]+", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"\b(src|href)=[\"'](?!data:|#)", text)


def test_no_part_of_the_script_is_left_out_and_none_parses_html() -> None:
    names = {file.relative_to(ASSETS).with_suffix("").as_posix() for file in ASSETS.rglob("*.js")}
    assert names == {*SCRIPTS, *OF_SWEEPS}
    for file in ASSETS.rglob("*.js"):
        text = file.read_text(encoding="utf-8")
        forbidden = (
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|\bfetch\(|XMLHttp|import\("
        )
        assert not re.search(forbidden, text), file.name
        assert len(text.splitlines()) <= 250, file.name


def test_ten_thousand_task_instances_fit_and_what_is_cut_says_so(tmp_path: Path) -> None:
    log = "\n".join(f"INFO    {{}} line {number} of what the task said" for number in range(40))
    folder = kept(tmp_path / "big", runs=500, tasks=20, log=log, failing=499, rows=list(range(3000)))
    text = page([("big", folder)]).text
    assert len(text.encode()) <= 3_000_000
    [told] = Page(text).data["ledgers"]
    assert sum(told["runs"]["instances"]) == 10_000
    logs = told["logs"]
    assert len(logs["lines"]) == 10_000
    assert logs["cut"][0] > 1000
    assert told["texts"][logs["lines"][0][-1]] == "INFO    0-0 line 39 of what the task said"
    failed = logs["instance"].index(9_999)
    assert len(logs["lines"][failed]) > 4 * len(logs["lines"][0])


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    """A page has room for a tenth of what it has."""
    most = 300_000
    monkeypatch.setattr("harness.report.page.page.MOST_BYTES", most)
    return most


def test_of_a_larger_ledger_what_failed_and_the_newest_runs_are_whole(tmp_path: Path, small: int) -> None:
    log = "\n".join(f"INFO    {{}} line {number} of what the task said" for number in range(5))
    made = page([("big", kept(tmp_path / "big", runs=300, tasks=20, log=log, failing=7, rows=[1, 2, 3]))])
    assert len(made.text.encode()) <= small
    [told] = Page(made.text).data["ledgers"]
    whole = [number for number, count in enumerate(told["runs"]["instances"]) if count]
    assert len(told["runs"]["id"]) == 300
    assert (whole[0], whole[-1]) == (7, 299)
    assert whole[1:] == list(range(whole[1], 300))
    assert len(whole) > 50
    left_out = told["left_out"]
    assert [count + there for count, there in zip(left_out["instances"], told["runs"]["instances"], strict=True)] == (
        [20] * 300
    )
    states = {told["state_names"][state]: count for state, count in left_out["states"]}
    assert states == {"success": 5_999, "failed": 1}
    assert made.note is not None
    assert f"leaves out {6_000 - 20 * len(whole):,} of 6,000 task instances" in made.note


def test_of_very_many_runs_the_failed_and_the_newest_are_there(tmp_path: Path, small: int) -> None:
    made = page([("big", kept(tmp_path / "big", runs=2_500, tasks=1, failing=7))])
    assert len(made.text.encode()) <= small
    [told] = Page(made.text).data["ledgers"]
    runs = told["runs"]["id"]
    assert 500 < len(runs) < 2_500
    assert runs[0] == f"scheduled__{iso(BEGAN + timedelta(days=7))}"
    assert runs[-1] == f"scheduled__{iso(BEGAN + timedelta(days=2_499))}"
    assert sum(count for _, count in told["left_out"]["runs"]) == 2_500
    assert made.note is not None
    assert f"leaves out {2_500 - len(runs):,} of 2,500 runs and " in made.note


def test_of_one_run_that_is_too_large_what_failed_comes_first(tmp_path: Path, small: int) -> None:
    made = page([("big", kept(tmp_path / "big", runs=1, mapped=5_000, failing=0))])
    assert len(made.text.encode()) <= small
    [told] = Page(made.text).data["ledgers"]
    [count] = told["runs"]["instances"]
    assert 500 < count < 5_002
    assert told["left_out"]["instances"] == [5_002 - count]
    assert told["state_names"].index("failed") in told["states"]["state"]


@pytest.mark.parametrize("mapped", [2_000, 2_500, 3_000])
def test_where_there_is_room_for_one_run_it_is_that_which_failed(tmp_path: Path, small: int, mapped: int) -> None:
    [told] = Page(page([("big", kept(tmp_path / "big", runs=2, mapped=mapped, failing=0))]).text).data["ledgers"]
    assert told["runs"]["instances"][0] > 1_000
    assert told["runs"]["instances"][1] == 0


def test_of_two_ledgers_the_same_runs_are_whole(tmp_path: Path, small: int) -> None:
    a, b = kept(tmp_path / "a", runs=200, tasks=20), kept(tmp_path / "b", runs=200, tasks=20, failing=3)
    made = page([("a", a), ("b", b)])
    assert len(made.text.encode()) <= small
    one, other = Page(made.text).data["ledgers"]
    assert one["runs"]["instances"] == other["runs"]["instances"]
    assert (one["runs"]["instances"][3], one["runs"]["instances"][4]) == (20, 0)


def test_what_is_said_of_a_failure_is_shortened(tmp_path: Path) -> None:
    folder = kept(tmp_path / "a", runs=2, failing=1)
    journal = folder / JOURNAL
    journal.write_text(journal.read_text().replace("no rows", "no rows " + "x" * 5_000_000))
    text = page([("a", folder)]).text
    assert len(text.encode()) < 500_000
    [told] = Page(text).data["ledgers"]
    [message] = (told["texts"][number] for number in told["errors"]["message"])
    assert message.endswith("x… 4,995,912 more characters in the ledger")


def test_a_run_that_was_made_twice_is_one(tmp_path: Path) -> None:
    folder = kept(tmp_path / "a", runs=2)
    lines = (folder / JOURNAL).read_text().splitlines(keepends=True)
    again = [line for line in lines if '"kind":"run-created"' in line]
    (folder / JOURNAL).write_text("".join([*lines, *again]))
    [told] = read(folder).data["ledgers"]
    assert told["runs"]["instances"] == [3, 3]
    assert len(told["instances"]["task"]) == 6


def test_small_ledgers_are_whole(tmp_path: Path) -> None:
    log = "\n".join(f"INFO    line {number}" for number in range(1000))
    [told] = read(kept(tmp_path / "a", runs=2, log=log)).data["ledgers"]
    assert set(told["logs"]["cut"]) == {0}
    assert [len(lines) for lines in told["logs"]["lines"]] == [1000] * 6


def test_one_that_was_cut_off_is_shown_and_says_so(tmp_path: Path) -> None:
    folder = kept(tmp_path / "a", runs=3)
    journal = folder / JOURNAL
    journal.write_bytes(journal.read_bytes()[: journal.stat().st_size // 2])
    [told] = read(folder).data["ledgers"]
    assert not told["is_whole"]
    assert 0 < len(told["runs"]["id"]) <= 3


def test_what_is_no_ledger_is_refused_and_nothing_written(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / JOURNAL).write_text('{"kind":"header","schema":"other/1"}\n')
    with pytest.raises(LedgerError, match="no journal of airflow-harness"):
        page([("a", folder)])


def test_the_same_ledger_gives_the_same_page(tmp_path: Path) -> None:
    folder = kept(tmp_path / "a", runs=5, log="INFO    {}")
    assert page([("a", folder)]) == page([("a", folder)])


def test_xcoms_stand_in_order_of_their_runs_and_names(tmp_path: Path) -> None:
    values = read_rows(kept(tmp_path / "a", runs=20, size=3, rows=1, file=2), "a").values
    assert [row[4] for row in values] == ["file", "rows", "size"] * 20
    assert [row[1] for row in values] == sorted(row[1] for row in values)


def test_a_graph_stands_in_layers_without_crossings() -> None:
    #   0 -> 1 -> 3 -> 5, 0 -> 2 -> 4 -> 5, and 0 -> 5 past them
    found = placed([[1, 2, 5], [3], [4], [5], [5], []])
    assert list(found.layers) == [0, 1, 1, 2, 2, 3]
    assert (found.rows[1] < found.rows[2]) == (found.rows[3] < found.rows[4])
    assert len(found.bends[0, 5]) == 2
    for layer in ({1, 2}, {3, 4}):
        rows = sorted([*(found.rows[node] for node in layer), found.bends[0, 5][min(layer) // 3]])
        assert all(after - before >= 1 for before, after in pairwise(rows))


def test_crossed_names_are_uncrossed() -> None:
    found = placed([[3], [2], [], []])
    assert (found.rows[0] < found.rows[1]) == (found.rows[3] < found.rows[2])


def test_a_graph_of_nothing() -> None:
    assert placed([]).layers == []


def test_values_are_cut_at_their_end(tmp_path: Path) -> None:
    folder = kept(tmp_path / "a", runs=3, **{f"key_{number}": "x" * number + "y" * 30_000 for number in range(200)})
    text = page([("a", folder)]).text
    assert len(text.encode()) <= 3_000_000
    [told] = Page(text).data["ledgers"]
    values = told["values"]
    assert min(values["cut"]) > 10_000
    assert told["texts"][values["value"][0]].startswith('"')
    assert max(values["bytes"]) > 30_000


def test_of_a_run_that_an_airflow_made_its_tries_are_there(tmp_path):
    def at(minute):
        return f"2025-01-01T00:{minute:02}:00Z"

    whose = {"dag_id": "shop", "run_id": "scheduled__1"}
    first = {"try_number": 1, "state": "failed", "start_date": at(1), "end_date": at(3)}
    second = {"try_number": 2, "state": "success", "start_date": at(8), "end_date": at(9)}
    dates = dict.fromkeys(("logical_date", "data_interval_start", "data_interval_end", "run_after"), at(0))
    run = {**whose, "run_type": "scheduled", **dates, "conf": {}, "state": "success"}
    with FileJournal(tmp_path / "friday", {"source": "production", "airflow": "3.3.2"}) as journal:
        begin(journal, at(0))
        events = events_of({"task_id": "load", "map_index": -1, **second}, [first, second], {}, whose)
        write_run(journal, {**run, "start_date": at(1), "end_date": at(9)}, events)
    told = columns_of(read_rows(tmp_path / "friday", "friday")).columns
    states = [told["state_names"][number] for number in told["states"]["state"]]
    minutes = [after // 60_000 for after in told["states"]["after"]]
    assert list(zip(states, told["states"]["try"], minutes, strict=True)) == [
        ("running", 1, 1),
        ("up_for_retry", 1, 2),
        ("running", 2, 5),
        ("success", 2, 1),
    ]
    assert (told["runs"]["start"], told["runs"]["end"]) == ([60_000], [540_000])
