"""Chromium, which is started once, and pages in it that see no network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

if find_spec("playwright") is None:  # the group browser, beside test: without it a quick suite could not be collected
    collect_ignore_glob = ["test_*.py"]


class Opened:
    """Pages of one test.

    Attributes:
        problems: what the browser complained of, and what was asked for beside the file.
    """

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.problems: list[str] = []

    def __call__(self, file: Path, where: str = "", **context: object) -> Page:
        """A file as it opens, at the place that the part behind ``#`` names."""
        made = self.browser.new_context(viewport={"width": 1400, "height": 900}, offline=True, **context)
        page = made.new_page()
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda said: self.problems.append(said.text) if said.type in ("error", "warning") else None)
        page.on("dialog", lambda dialog: self.problems.append(f"dialog {dialog.message}"))
        page.on(
            "request",
            lambda request: None if request.url.startswith(("file:", "data:")) else self.problems.append(request.url),
        )
        page.goto(f"file://{file}#{where}")
        page.wait_for_selector("html[data-ready]")
        return page


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser. Not Playwright's own build, which its package does not bring."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    assert program is not None, "there is no program chromium: tests/browser/chromium installs Debian's"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Browser) -> Iterator[Opened]:
    """``opened(file)``: a page of it. A page that complains, or that asks for anything, fails the test."""
    pages = Opened(chromium)
    yield pages
    for context in chromium.contexts:
        context.close()
    assert pages.problems == []
