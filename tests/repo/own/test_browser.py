"""What looks at pages in a browser takes packages that nobody else needs: without them the other tests run."""

from __future__ import annotations

import runpy
import sys

import pytest

from tests.repo.sources import ROOT


def test_without_playwright_the_other_tests_can_be_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("playwright", "playwright.sync_api"):
        monkeypatch.setitem(sys.modules, module, None)
    assert runpy.run_path(str(ROOT / "tests" / "browser" / "conftest.py"))["collect_ignore_glob"] == ["test_*.py"]
