"""The page of a sweep: what it holds, and what it must not; `tests/browser` looks at it."""

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from harness.bridge.masking import mask
from harness.report.page.what_if import LEAST_STEPS, what_if_page
from harness.results.capacity import Capacity, PathStep
from harness.results.finding import Finding
from harness.results.what_if import WhatIf, WhatIfRow

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
STEPS = (
    PathStep("extract", START, 2 * MINUTE, "pool etl", 3 * MINUTE),
    PathStep("load", START, timedelta(), None, 5 * MINUTE, MINUTE),
)
CAPACITY = Capacity(
    10 * MINUTE,
    ("sales", "scheduled__1", 10 * MINUTE),
    2,
    waits={"pool etl": 2 * MINUTE},
    utilisation={"pool etl": 0.8},
    longest_chain=("report", "asset_triggered__1", 11 * MINUTE),
    critical_path=STEPS,
    slack={"extract": timedelta(), "load": MINUTE, "beside": 4 * MINUTE},
)


def swept(*rows, findings=()):
    return WhatIf(START, START + timedelta(days=1), rows, False, findings, asked_for=3)


def data_of(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])


def test_what_it_holds_of_a_world():
    data = data_of(what_if_page(swept(WhatIfRow({"pools.etl": "1"}, CAPACITY, {"failed": 1}))))
    assert (data["keys"], data["causes"], data["shares"]) == (["pools.etl"], ["pool etl"], ["pool etl"])
    assert data["facts"][1:] == ["by the rules alone", "1 of 3 worlds: it was stopped"]
    assert data["worlds"] == [
        {
            "settings": ["1"],
            "makespan": 600_000,
            "longest": ["sales", "scheduled__1", 600_000],
            "chain": ["report", "asset_triggered__1", 660_000],
            "instances": 2,
            "unfinished": 0,
            "missed": 0,
            "failed": 1,
            "waits": {"pool etl": 120_000},
            "used": {"pool etl": 0.8},
            "path": [["extract", 120_000, "pool etl", 180_000, 0, 0], ["load", 0, None, 300_000, 60_000, 300_000]],
            "left_out": 0,
            "nearest": ["beside", 240_000],
        }
    ]


def test_secrets_are_masked_and_nothing_breaks_out():
    mask("hunter2-of-sweeps", "password")
    hostile = "</script><script>hunter2-of-sweeps"
    steps = (replace(STEPS[0], name=hostile, because=f"pool {hostile}"),)
    capacity = replace(CAPACITY, critical_path=steps, waits={f"pool {hostile}": MINUTE}, slack={hostile: MINUTE})
    finding = Finding("x", "warning", hostile, fix=hostile)
    page = what_if_page(swept(WhatIfRow({"pools.etl": "1"}, capacity, {}), findings=(finding,)))
    assert "hunter2" not in page
    assert page.count("<script") == 2
    assert data_of(page)["worlds"][0]["path"][0][0] == "</script><script>***"


def test_of_a_path_too_long_the_longest_steps_are_kept(monkeypatch):
    steps = tuple(replace(STEPS[1], name=f"t{number}", lasted=(number % 10) * MINUTE) for number in range(20))
    row = WhatIfRow({"pools.etl": "1"}, replace(CAPACITY, critical_path=steps), {})
    monkeypatch.setattr("harness.report.page.what_if.MOST_STEPS", 10)
    told = data_of(what_if_page(swept(row, row)))["worlds"]
    assert [step[0] for step in told[0]["path"]] == ["t7", "t8", "t9", "t18", "t19"]
    assert [len(one["path"]) + one["left_out"] for one in told] == [20, 20]
    assert len(told[0]["path"]) == LEAST_STEPS
    assert told[0]["path"][-1][-1] == 81 * 60_000, "where it stands in time, whatever is left out before it"
