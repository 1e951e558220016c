"""The page of ``simulate --vary --report`` as people have it: by mouse and by keyboard, read aloud, light and dark."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from harness.report.page.what_if import MOST_STEPS, what_if_page
from harness.results.capacity import Capacity, PathStep
from harness.results.finding import Finding
from harness.results.what_if import WhatIf, WhatIfRow
from tests.browser.conftest import Opened

pytestmark = pytest.mark.browser

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
HOSTILE = "</script><script>alert(1)</script>"


def world(minutes: int, failed: int = 0, **settings: str) -> WhatIfRow:
    """A world of this makespan, the half of which was waited for the pool."""
    steps = (
        PathStep("extract[2]", START, minutes * MINUTE / 2, "pool etl", 10 * MINUTE),
        PathStep(f"load {HOSTILE}", START, timedelta(), None, 5 * MINUTE, 2 * MINUTE),
    )
    capacity = Capacity(
        makespan=minutes * MINUTE,
        longest_run=("sales", "scheduled__2025-01-01T00:00:00+00:00", minutes * MINUTE),
        task_instances=4,
        waits={"pool etl": minutes * MINUTE / 2, "dependency": MINUTE},
        utilisation={"executor": 0.25, "pool etl": 1 / minutes},
        missed_deadlines=int(minutes > 20),
        longest_chain=("report", "asset_triggered__2025-01-01T00:00:00+00:00", (minutes + 1) * MINUTE),
        critical_path=steps,
        slack={step.name: step.slack for step in steps} | {"prices": 17 * MINUTE},
    )
    return WhatIfRow({key.replace("_", "."): value for key, value in settings.items()}, capacity, {"failed": failed})


def swept(*rows: WhatIfRow, asked_for: int = 0) -> WhatIf:
    finding = Finding("no-code", "warning", f"tasks take no time {HOSTILE}", fix="say it under durations:")
    return WhatIf(START, START + timedelta(days=1), rows, False, (finding,), 1.5, asked_for)


ONE = [world(30, pools_etl="1"), world(18, pools_etl="2"), world(18, failed=1, pools_etl="5")]
TWO = [world(10 * a + b, pools_etl=str(a), workers=str(b)) for a in (1, 2, 3) for b in (4, 8)]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``one.html``, ``two.html`` and ``three.html``: of so many things that are varied."""
    folder = tmp_path_factory.mktemp("sweeps")
    three = [replace(row, settings={"executor": kind, **row.settings}) for kind in ("Local", "Celery") for row in TWO]
    for name, rows in (("one", ONE), ("two", TWO), ("three", three)):
        (folder / f"{name}.html").write_text(what_if_page(swept(*rows, asked_for=7 if name == "one" else 0)))
    return folder


def test_one_thing_that_is_varied_has_a_bar_for_each_value(pages: Path, opened: Opened) -> None:
    page = opened(pages / "one.html")
    expect(page.locator("h1")).to_have_text("What if: pools.etl")
    expect(page.locator("#facts")).to_contain_text("3 of 7 worlds: it was stopped")
    widths = page.locator(".bars-of-worlds tr td:nth-child(2) .part").evaluate_all(
        "all => all.map(one => one.style.width)"
    )
    assert widths == ["100%", "60%", "60%"]
    waits = page.locator(".bars-of-worlds tr").nth(1).get_by_role("img")
    expect(waits).to_have_attribute("aria-label", "pool etl 15 min, dependency 1 min")
    expect(page.locator(".paths h2").first).to_have_text("Critical path of the fastest: pools.etl=2")
    expect(page.locator(".paths")).to_contain_text("report asset_triggered__2025-01-01T00:00:00+00:00, 19 min")
    expect(page.locator(".paths")).to_contain_text("15 min for pool etl")
    expect(page.locator(".paths").get_by_text("prices, 17 min of slack").first).to_be_visible()


def test_two_are_a_map_whose_cells_tell_of_their_worlds(pages: Path, opened: Opened) -> None:
    page = opened(pages / "two.html")
    page.get_by_role("button", name="pools.etl=3, workers=8: Makespan 38 min").click()
    panel = page.locator("#panel")
    expect(panel.get_by_role("heading", name="pools.etl=3, workers=8")).to_be_focused()
    expect(panel).to_contain_text("Used of pool etl3 %")
    expect(panel).to_contain_text(f"load {HOSTILE}")
    expect(panel).to_contain_text("nearest beside it: prices, 17 min of slack")
    page.get_by_label("Shown").select_option("Missed deadlines")
    expect(page.get_by_role("button", name="pools.etl=1, workers=4: Missed deadlines 0")).to_be_visible()
    heat = page.locator(".heat").evaluate_all("all => all.map(one => one.style.getPropertyValue('--heat'))")
    assert heat == ["6%", "6%", "50%", "50%", "50%", "50%"]


def test_three_are_a_map_for_each_value_of_the_first(pages: Path, opened: Opened) -> None:
    page = opened(pages / "three.html")
    assert page.locator("#view > h2").all_inner_texts() == ["executor=Local", "executor=Celery"]
    expect(page.locator(".map")).to_have_count(2)
    expect(page.locator(".heat")).to_have_count(12)


def test_the_keyboard_goes_everywhere(pages: Path, opened: Opened) -> None:
    page = opened(pages / "two.html")
    focus = page.locator(":focus")
    page.locator(".heat[tabindex='0']").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowRight", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    expect(focus).to_have_attribute("aria-label", "pools.etl=3, workers=4: Makespan 34 min")
    page.keyboard.press("Enter")
    expect(page.locator("#panel h2")).to_be_focused()
    expect(page.locator("#said")).to_have_text("pools.etl=3, workers=4: makespan 34 min")
    page.keyboard.press("Escape")
    expect(focus).to_have_attribute("aria-label", re.compile("^pools.etl=3, workers=4"))
    page.get_by_role("tab", name="Picture").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Used: pool etl").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="Used: pool etl")).to_have_attribute("aria-sort", "ascending")
    expect(page.locator(".worlds tbody th").first).to_have_text("pools.etl=3, workers=8")
    expect(page.locator("#said")).to_have_text("Sorted by Used: pool etl, the least first")


def test_a_screen_reader_is_told_what_there_is(pages: Path, opened: Opened) -> None:
    told = opened(pages / "two.html").locator("body").aria_snapshot()
    assert 'tab "Picture" [selected]' in told
    assert 'table "Makespan"' in told
    assert 'rowheader "2"' in told
    assert 'button "pools.etl=2, workers=8: Makespan 28 min"' in told


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["one", "two"])
def test_nothing_keeps_people_out(pages: Path, opened: Opened, name: str, scheme: str) -> None:
    """The rules of axe: names, roles, landmarks, contrast."""
    page = opened(pages / f"{name}.html", color_scheme=scheme)
    page.get_by_role("button", name=re.compile("pools.etl=1")).first.click()
    for view in ("Picture", "Worlds", "Findings"):
        page.get_by_role("tab", name=view).click()
        found = Axe().run(page).response["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []


def test_a_place_in_it_is_a_link_and_it_can_be_printed(pages: Path, opened: Opened) -> None:
    page = opened(pages / "two.html", "view=worlds&world=3")
    expect(page.locator("#panel h2")).to_have_text("pools.etl=2, workers=8")
    page.emulate_media(media="print")
    expect(page.locator("#tabs")).to_be_hidden()
    assert page.pdf().startswith(b"%PDF")


def test_a_thousand_worlds_with_long_paths_are_there_within_a_second(tmp_path: Path, opened: Opened) -> None:
    long = tuple(PathStep(f"task_{number}", START, timedelta(), None, number * MINUTE) for number in range(200))
    row = replace(ONE[0], capacity=replace(ONE[0].capacity, critical_path=long))
    rows = [replace(row, settings={"pools.a": str(at // 40), "pools.b": str(at % 40)}) for at in range(1000)]
    (tmp_path / "large.html").write_text(what_if_page(swept(*rows)))
    assert (tmp_path / "large.html").stat().st_size <= 3_000_000
    pages = [opened(tmp_path / "large.html") for _ in range(3)]
    assert min(one.evaluate("performance.getEntriesByName('ready')[0].startTime") for one in pages) <= 1000
    expect(pages[0].locator(".heat")).to_have_count(1000)
    assert pages[0].locator(".path").first.locator("tbody tr").count() <= MOST_STEPS // 1000
    expect(pages[0].locator(".paths")).to_contain_text("short steps left out")
