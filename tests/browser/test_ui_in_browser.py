"""A ledger in Airflow's own UI as people have it: five views, the log of a failed try, an XCom, a refused button.

Screenshots go where ``AIRFLOW_HARNESS_SCREENSHOTS`` says.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from harness.bridge.ui.read_only import REFUSED
from tests.cli.ui.shop import shown_in_ui, simulated

pytestmark = pytest.mark.browser

FOURTH = "/dags/sales/runs/scheduled__2025-01-04T00:00:00+00:00"
SECOND = "/dags/sales/runs/scheduled__2025-01-02T00:00:00+00:00"
LIMIT_MS = 60_000


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the ledger of a week is shown."""
    project = simulated(tmp_path_factory.mktemp("shop"))
    with shown_in_ui(project.folder / "january", project.folder / "dags") as found:
        yield found.url.rstrip("/")


@pytest.fixture
def at(chromium: Browser, url: str, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Page]]:
    """``at(path)``: a page of the UI, which asks nobody but its server."""
    context = chromium.new_context(viewport={"width": 1400, "height": 900}, timezone_id="UTC", locale="en-US")
    context.set_default_timeout(LIMIT_MS)
    expect.set_options(timeout=LIMIT_MS)
    page = context.new_page()
    elsewhere: list[str] = []
    page.on(
        "request", lambda asked: None if asked.url.startswith((url, "blob:", "data:")) else elsewhere.append(asked.url)
    )

    def opened(path: str) -> Page:
        page.goto(f"{url}{path}")
        return page

    yield opened
    folder = os.environ.get("AIRFLOW_HARNESS_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{request.node.name}.png")
    context.close()
    assert elsewhere == []


def test_grid(at: Callable[[str], Page]) -> None:
    page = at("/dags/sales")
    for task in ("extract", "group/shape", "wait", "load", "say"):
        expect(page.locator(f"a[href='/dags/sales/tasks/{task}']").first).to_be_visible()
        cells = page.locator(f"a[href*='/runs/scheduled__2025-01-'][href$='/tasks/{task}']")
        expect(cells.filter(has_not_text="sales")).to_have_count(8)  # one leads from an asset event to its source
    expect(page.get_by_text("Last 9 Dag Runs")).to_be_visible()


def test_graph_with_the_states_of_a_run(at: Callable[[str], Page]) -> None:
    page = at(FOURTH)
    page.get_by_label("Graph").first.click()
    nodes = page.locator(".react-flow__node")
    expect(nodes.filter(has_text="load")).to_contain_text("failed")
    expect(nodes.filter(has_text="say")).to_contain_text("upstream_failed")
    expect(nodes.filter(has_text="extract")).to_contain_text("success")


def test_gantt_with_both_tries(at: Callable[[str], Page]) -> None:
    page = at(FOURTH)
    page.get_by_label("Gantt").first.click()
    expect(page.locator("a[href*='/tasks/extract'][href*='try_number=1']").first).to_be_attached()
    expect(page.get_by_text("00:28:00").first).to_be_visible()


def test_calendar_opens_with_the_month_of_the_ledger(at: Callable[[str], Page]) -> None:
    page = at("/dags/sales/calendar")
    expect(page.get_by_text("Jan 2025")).to_be_visible()


def test_durations_of_a_task(at: Callable[[str], Page]) -> None:
    page = at("/dags/sales/tasks/extract")
    expect(page.locator("canvas").first).to_be_visible()
    expect(page.get_by_text("Last 9 Task Instances")).to_be_visible()


def test_the_log_of_a_failed_try(at: Callable[[str], Page]) -> None:
    page = at(f"{SECOND}/tasks/extract?try_number=1")
    expect(page.get_by_text("ConnectionError: feed is down")).to_be_visible()
    expect(page.get_by_text("reads the feed")).to_be_visible()


def test_an_xcom_with_what_is_masked_in_it(at: Callable[[str], Page]) -> None:
    page = at(f"{SECOND}/tasks/load/xcom")
    page.get_by_label("Expand all").first.click()
    value = page.locator(".view-lines").first
    expect(value).to_contain_text("2025-01-02")
    expect(value).to_contain_text("***")
    assert "hunter2" not in page.content()


def test_triggering_is_refused_with_a_word(at: Callable[[str], Page]) -> None:
    page = at("/dags/sales")
    page.get_by_role("button", name="Trigger").click()
    page.get_by_role("button", name="Trigger").last.click()
    expect(page.get_by_text(REFUSED)).to_be_visible()
