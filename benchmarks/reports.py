"""How large pages of ledgers are, how long they take to write, and to be there in a browser."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from harness.report.page.page import page
from tests.unit.report.page_ledgers import kept

TASKS = 20
RUNS = (5, 50, 500)
LOG = "\n".join(f"INFO    {{}} line {number} of what a task said" for number in range(20))


def figures(repetitions: int) -> dict[str, float]:
    """Of 100, 1,000 and 10,000 task instances: bytes, seconds to write, milliseconds until a browser answers.

    Without Chromium or Playwright the last ones are left out.
    """
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        pages = {runs * TASKS: _page(Path(folder), runs, found) for runs in RUNS}
        for instances, loaded_ms in _loaded(pages, repetitions).items():
            found[f"report_{instances}_loaded_ms"] = loaded_ms
    return found


def _page(folder: Path, runs: int, found: dict[str, float]) -> Path:
    ledger = kept(folder / f"ledger_{runs}", runs=runs, tasks=TASKS, log=LOG, rows=list(range(20)))
    file = folder / f"{runs}.html"
    began = time.perf_counter()
    file.write_text(page([("ledger", ledger)]).text, encoding="utf-8")
    found[f"report_{runs * TASKS}_s"] = time.perf_counter() - began
    found[f"report_{runs * TASKS}_bytes"] = float(file.stat().st_size)
    return file


def _loaded(pages: dict[int, Path], repetitions: int) -> dict[int, float]:
    program = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        program = None
    if program is None:
        print("not measured: pages in a browser, which need chromium and pip install playwright")
        return {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        found = {}
        for instances, file in pages.items():
            took = []
            for _ in range(repetitions + 1):
                page = browser.new_page()
                page.goto(f"file://{file}")
                page.wait_for_selector("html[data-ready]")
                took.append(page.evaluate("performance.getEntriesByName('ready')[0].startTime"))
                page.close()
            found[instances] = statistics.median(took[1:])
        browser.close()
    return found


def rows(figures: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """What the table says of it; nothing where it was not measured."""
    return [
        (
            f"a page of {instances:,} task instances",
            f"{figures[f'report_{instances}_s']:.1f} s to write, {figures[f'report_{instances}_bytes'] / 1e6:.1f} MB",
            "" if loaded is None else f"{loaded:.0f} ms until it answers in Chromium",
            "",
        )
        for instances in (runs * TASKS for runs in RUNS)
        if f"report_{instances}_s" in figures
        for loaded in [figures.get(f"report_{instances}_loaded_ms")]
    ]
