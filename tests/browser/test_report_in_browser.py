"""The page of ``--report`` as people have it: opened as a file, without network, by mouse and by keyboard."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from harness.ledger.comparison.compare import compared
from harness.report.page.page import page as page_of
from tests.browser.conftest import Opened
from tests.cli.project import Project
from tests.unit.report.page_ledgers import kept

pytestmark = pytest.mark.browser

HOSTILE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>"
SHOP = f"""
import time
from datetime import datetime, timedelta
from airflow.sdk import dag, task

@dag(schedule="@daily", start_date=datetime(2025, 1, 1), catchup=True)
def shop():
    @task
    def shops():
        return ["oslo", "lyon", "graz"]

    @task(pool="etl", retries=1, retry_delay=timedelta(minutes=5))
    def extract(shop, ti=None, ds=None):
        time.sleep(600)
        print("rows of", shop, {HOSTILE!r})
        if shop == "lyon" and ds == "2025-01-02":
            raise ValueError("the feed is empty " + {HOSTILE!r})
        return {{"shop": shop, "rows": 3}}

    @task
    def load(parts):
        time.sleep(60)
        return len(list(parts))

    @task(max_active_tis_per_dagrun=1)
    def send(shop):
        time.sleep(300)

    load(extract.expand(shop=shops())) >> send.expand(shop=["oslo", "lyon"])

shop()
"""
VIEWS = {
    "Overview": ".figure",
    "Grid": ".grid .cell",
    "Graph": ".node",
    "Gantt": ".gantt canvas",
    "Durations": ".plot rect",
    "Calendar": ".month .day",
    "XComs": ".meter",
    "Findings": ".empty",
}


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``simulate --report`` writes of three days, in a pool of two slots, the second day failing."""
    project = Project(tmp_path_factory.mktemp("week"))
    project.write("dags/shop.py", SHOP)
    project.write("fixtures/world.yaml", "pools: {etl: 2}\n")
    answer = project("simulate", "--since", "2025-01-01", "--until", "2025-01-03T23:00Z", "--report", "week.html")
    assert answer.code == 1, answer.err
    return project.folder / "week.html"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of ten thousand task instances."""
    folder = tmp_path_factory.mktemp("large")
    log = "\n".join(f"INFO    {{}} line {number} of what it said" for number in range(20))
    ledger = kept(folder / "ledger", runs=500, tasks=20, log=log, rows=[1, 2, 3])
    (folder / "large.html").write_text(page_of([("large", ledger)]).text)
    return folder / "large.html"


def test_every_view_is_drawn_offline(week: Path, opened: Opened) -> None:
    page = opened(week)
    for name, drawn in VIEWS.items():
        page.get_by_role("tab", name=name).click()
        expect(page.locator(f"#view {drawn}").first).to_be_visible()
        expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
    assert page.title().endswith("airflow-harness")


def test_a_click_on_a_task_shows_tries_error_log_fields_and_xcoms(week: Path, opened: Opened) -> None:
    page = opened(week, "view=grid&dag=shop")
    page.get_by_role("button", name="extract, 2025-01-02: failed, 3 mapped").click()
    panel = page.locator("#panel")
    panel.get_by_role("button", name="extract[1]").click()
    expect(panel.get_by_role("heading", name="extract[1]")).to_be_visible()
    expect(panel.locator(".error").last).to_contain_text(f"the feed is empty {HOSTILE}")
    assert panel.locator("pre.log").count() == 2
    expect(panel.locator("pre.log").last).to_contain_text(f"rows of lyon {HOSTILE}")
    expect(panel).to_contain_text("up for retry for 5 min")
    expect(panel).to_contain_text("op_kwargs")
    panel.get_by_role("button", name="shops", exact=True).click()
    expect(panel).to_contain_text('["oslo","lyon","graz"]')


def test_it_says_who_held_the_slots_while_a_task_waited(week: Path, opened: Opened) -> None:
    page = opened(week, "view=overview")
    page.get_by_role("button", name="shop.extract[2]").first.click()
    why = page.locator("#panel .why").filter(has_text="pool etl")
    expect(why).to_contain_text("Waited 10 min to be queued: pool etl")
    expect(why).to_contain_text("for 10 min of it the 2 slots of the pool had no room for 1")
    assert why.locator("li").all_inner_texts()[:2] == ["extract[0] success", "extract[1] success"]


def test_it_says_which_limit_was_reached(week: Path, opened: Opened) -> None:
    page = opened(week, "view=grid&dag=shop")
    page.get_by_role("button", name="send, 2025-01-03: success, 2 mapped").click()
    page.locator("#panel").get_by_role("button", name="send[1]").click()
    why = page.locator("#panel .why").filter(has_text="max_active_tis_per_dagrun")
    expect(why).to_contain_text("Waited 5 min to be queued: max_active_tis_per_dagrun of the task")
    assert why.locator("li").all_inner_texts() == ["send[0] success"]
    assert page.locator("#panel .why").filter(has_text="to be queued").count() == 1


def test_it_says_why_a_task_did_not_run(week: Path, opened: Opened) -> None:
    page = opened(week, "view=grid&dag=shop")
    page.get_by_role("button", name="load, 2025-01-02: upstream failed").click()
    why = page.locator("#panel .why").filter(has_text="It did not run: upstream failed")
    expect(why).to_contain_text("trigger rule 'all_success': upstream 'extract'[1] failed")


def test_the_keyboard_goes_everywhere(week: Path, opened: Opened) -> None:
    page = opened(week, "view=grid&dag=shop")
    focus = page.locator(":focus")
    page.locator(".grid tbody [tabindex='0']").focus()
    for key in ("Home", "ArrowRight", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
    expect(focus).to_have_attribute("aria-label", re.compile("^extract, 2025-01-02"))
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("#panel h2")).to_be_focused()
    expect(page.locator("#said")).to_have_text("shops of 2025-01-02: success")
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    expect(focus).to_have_attribute("aria-label", "shops, 2025-01-02: success")
    page.get_by_role("tab", name="Grid").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Graph")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.locator(".gantt").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#said")).to_have_text(re.compile(r"^extract\[0\], 2025-01-02, success, ran 10 min"))
    page.keyboard.press("Enter")
    expect(page.locator("#panel h2")).to_have_text("extract[0]")


def test_a_bar_of_the_gantt_chart_is_clicked(week: Path, opened: Opened) -> None:
    page = opened(week, "view=gantt&dag=shop")
    box = page.locator(".gantt canvas").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 220, box["y"] + 24 + 22 + 11)  # the second row, right of the names
    expect(page.locator("#panel h2")).to_have_text("extract[0]")


def test_a_screen_reader_is_told_what_there_is(week: Path, opened: Opened) -> None:
    told = opened(week, "view=grid&dag=shop").locator("body").aria_snapshot()
    assert 'tab "Grid" [selected]' in told
    assert 'grid "Runs and tasks of shop"' in told
    assert 'columnheader "run 2025-01-01, success"' in told
    assert 'button "extract, 2025-01-02: failed, 3 mapped"' in told


@pytest.mark.parametrize(("scheme", "names"), [("light", list(VIEWS)), ("dark", ["Overview", "Grid", "Gantt"])])
def test_nothing_keeps_people_out(week: Path, opened: Opened, scheme: str, names: list[str]) -> None:
    """The rules of axe: names, roles, landmarks, contrast."""
    page = opened(week, "view=overview", color_scheme=scheme)
    page.get_by_role("button", name="shop.extract[1]").first.click()
    for name in names:
        page.get_by_role("tab", name=name).click()
        found = Axe().run(page).response["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []


def test_dark_and_light(week: Path, opened: Opened) -> None:
    page = opened(week, color_scheme="dark")
    assert brightness(page) < 60
    page.get_by_role("button", name="Light or dark").click()
    assert brightness(page) > 200
    assert brightness(opened(week, color_scheme="light")) > 200


def brightness(page: Page) -> float:
    """Of the page's ground, 0 to 255."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red, green, blue = (int(number) for number in re.findall(r"\d+", colour)[:3])
    return (red + green + blue) / 3


def test_it_is_printed_without_what_paper_cannot_do(week: Path, opened: Opened) -> None:
    page = opened(week, "view=grid&dag=shop", color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.locator("#tabs")).to_be_hidden()
    expect(page.locator(".grid")).to_be_visible()
    assert brightness(page) == 255
    assert page.pdf().startswith(b"%PDF")


def test_a_place_in_it_is_a_link(week: Path, opened: Opened) -> None:
    page = opened(week, "view=grid&dag=shop")
    page.get_by_role("button", name="load, 2025-01-03: success").click()
    where = page.url.partition("#")[2]
    expect(opened(week, where).locator("#panel h2")).to_have_text("load")


def test_ten_thousand_task_instances_are_there_within_a_second(large: Path, opened: Opened) -> None:
    assert large.stat().st_size <= 3_000_000
    took = [opened(large).evaluate("performance.getEntriesByName('ready')[0].startTime") for _ in range(3)]
    assert min(took) <= 1000, took
    page = opened(large, "view=grid")
    for name in VIEWS:
        page.get_by_role("tab", name=name).click()
    page.get_by_role("tab", name="Grid").click()
    page.get_by_role("button", name="← earlier").click()
    expect(page.locator(".grid tbody tr")).to_have_count(20)


def test_a_page_says_what_it_leaves_out(tmp_path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.report.page.page.MOST_BYTES", 300_000)
    made = page_of([("large", kept(tmp_path / "ledger", runs=300, tasks=20, failing=7))])
    (tmp_path / "large.html").write_text(made.text)
    page = opened(tmp_path / "large.html", "view=overview")
    expect(page.locator(".left-out")).to_contain_text(re.compile(r": \d,\d+ of 6,000 task instances are left out"))
    expect(page.locator("#view")).to_contain_text("5,999 success")
    page.get_by_role("tab", name="Grid").click()
    page.get_by_role("button", name="task_019, 2025-01-08: failed").click()
    expect(page.locator("#panel .error")).to_contain_text("no rows")
    page.get_by_role("button", name="task_019, 2025-01-09: left out").click()
    expect(page.locator("#panel")).to_contain_text("20 task instances of this run are left out of the page")
    assert [one["id"] for one in Axe().run(page).response["violations"]] == []
    for view in ("Graph", "Gantt"):
        page.get_by_role("tab", name=view).click()
        page.locator(".pager select").last.select_option(label="✓ 2025-01-09")
        expect(page.locator("#view")).to_contain_text("20 task instances of this run are left out of the page")


def test_two_ledgers_beside_each_other(tmp_path: Path, opened: Opened) -> None:
    a, b = (
        kept(tmp_path / "a", runs=3, log="INFO    as it was"),
        kept(tmp_path / "b", runs=3, failing=1, log="INFO    new"),
    )
    (tmp_path / "both.html").write_text(page_of([("main", a), ("branch", b)], compared(a, b)).text)
    page = opened(tmp_path / "both.html")
    expect(page.get_by_role("tab", name="Differences")).to_have_attribute("aria-selected", "true")
    page.locator("#beside").get_by_role("button", name="≠ report").click()
    panel = page.locator("#panel")
    expect(panel.locator("tr", has_text="state")).to_have_text("statesuccessfailed")
    expect(panel).to_contain_text("as it was")
    expect(panel).to_contain_text("INFO    new")
    page.get_by_label("Ledger").select_option(label="B branch")
    page.get_by_role("tab", name="Grid").click()
    expect(page.locator(".grid .cell.state-failed")).to_have_count(1)
