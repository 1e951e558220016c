"""What it takes to look at a ledger: as a page, its size, to write it and to be there in a browser; in Airflow's UI,
to fill the database and to be up.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from harness.bridge.environment.surroundings import Surroundings
from harness.bridge.reference.home import default_cache, template
from harness.report.page.page import page
from harness.ui.served import checked, listening_on, served
from tests.unit.report.page_ledgers import kept

TASKS = 20
RUNS = (5, 50, 500)
LOG = "\n".join(f"INFO    {{}} line {number} of what a task said" for number in range(20))


def figures(repetitions: int) -> dict[str, float]:
    """Of 100, 1,000 and 10,000 task instances: bytes of a page, seconds to write it, milliseconds until a browser has
    it; seconds until the UI answers, and the processor's of them that went into its database and logs.

    Without Chromium or Playwright what a browser is needed for is left out.
    """
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        ledgers = {runs * TASKS: _ledger(Path(folder), runs) for runs in RUNS}
        pages = {instances: _page(ledger, instances, found) for instances, ledger in ledgers.items()}
        for instances, ledger in ledgers.items():
            found |= _in_ui(ledger, instances, repetitions)
        for instances, loaded_ms in _loaded(pages, repetitions).items():
            found[f"report_{instances}_loaded_ms"] = loaded_ms
    return found


def _ledger(folder: Path, runs: int) -> Path:
    return kept(folder / f"ledger_{runs}", runs=runs, tasks=TASKS, log=LOG, rows=list(range(20)))


def _page(ledger: Path, instances: int, found: dict[str, float]) -> Path:
    file = ledger.with_suffix(".html")
    began = time.perf_counter()
    file.write_text(page([("ledger", ledger)]).text, encoding="utf-8")
    found[f"report_{instances}_s"] = time.perf_counter() - began
    found[f"report_{instances}_bytes"] = float(file.stat().st_size)
    return file


def _in_ui(ledger: Path, instances: int, repetitions: int) -> dict[str, float]:
    """Medians of a server that shows a ledger, with the Dags that are drawn from it."""
    template(default_cache())  # once for each user and version of Airflow
    up, loaded = [], []
    for _ in range(repetitions):
        began = time.perf_counter()
        with listening_on(0) as listening, served(checked(ledger), {}, Surroundings(), listening) as shown:
            up.append(time.perf_counter() - began)
            loaded.append(shown.written.processor_s)
    return {f"ui_{instances}_up_s": statistics.median(up), f"ui_{instances}_loaded_s": statistics.median(loaded)}


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
    measured = [runs * TASKS for runs in RUNS if f"ui_{runs * TASKS}_up_s" in figures]
    return [*(_page_row(figures, instances) for instances in measured), *(_ui_row(figures, one) for one in measured)]


def _page_row(figures: dict[str, Any], instances: int) -> tuple[str, str, str, str]:
    loaded = figures.get(f"report_{instances}_loaded_ms")
    return (
        f"a page of {instances:,} task instances",
        f"{figures[f'report_{instances}_s']:.1f} s to write, {figures[f'report_{instances}_bytes'] / 1e6:.1f} MB",
        "" if loaded is None else f"{loaded:.0f} ms until it answers in Chromium",
        "",
    )


def _ui_row(figures: dict[str, Any], instances: int) -> tuple[str, str, str, str]:
    return (
        f"{instances:,} task instances in Airflow's own UI",
        f"{figures[f'ui_{instances}_up_s']:.1f} s until it answers",
        f"of those {figures[f'ui_{instances}_loaded_s']:.1f} s of the processor for its database and logs",
        "",
    )
