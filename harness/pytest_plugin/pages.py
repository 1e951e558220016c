"""``--airflow-report DIR``: a page of what every failed test ran, which pytest-html and allure get too."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

LONGEST_NAME = 120
NAMED = "Airflow runs of this test"


@dataclass
class TestLedgers:
    """Ledgers of the present test's runs.

    Attributes:
        folder: of those that the test does not keep itself; they go when the next test begins.
        found: what each is called -> its folder.
    """

    __test__ = False
    folder: tempfile.TemporaryDirectory[str] | None = None
    found: dict[str, Path] = field(default_factory=dict)

    def clear(self) -> None:
        """Forget them, and remove what is ours."""
        self.found.clear()
        if self.folder is not None:
            self.folder.cleanup()
            self.folder = None


LEDGERS = pytest.StashKey[TestLedgers]()


def ledgers_of(config: pytest.Config) -> TestLedgers:
    """Those of the present test."""
    found = config.stash.get(LEDGERS, None)
    if found is None:
        found = config.stash[LEDGERS] = TestLedgers()
        config.add_cleanup(found.clear)
    return found


def kept(config: pytest.Config, keep: Path | None, name: str) -> Path | None:
    """Where a run's ledger is kept: where the test says, else in a folder of ours if a page may be made of it.

    Args:
        name: what it is called in the page.
    """
    if config.getoption("airflow_report") is None:
        return keep
    ledgers = ledgers_of(config)
    number = len(ledgers.found) + 1
    if keep is None:
        if ledgers.folder is None:
            ledgers.folder = tempfile.TemporaryDirectory(prefix="airflow-harness-report-")
        keep = Path(ledgers.folder.name) / str(number)
    ledgers.found[f"{number} {name}"] = keep
    return keep


def add_page(item: pytest.Item, report: Any) -> None:
    """Write the page of a failed test, and have the report name it; without any run there is none."""
    folder = item.config.getoption("airflow_report")
    ledgers = ledgers_of(item.config).found if folder is not None else {}
    file = None if folder is None else item.config.invocation_params.dir / folder / file_name(item.nodeid)
    present = [(name, ledger) for name, ledger in ledgers.items() if (ledger / "journal.jsonl").is_file()]
    if file is None or not present:
        return
    from harness.errors import HarnessError
    from harness.project.written import write_whole
    from harness.report.page.page import page

    try:
        made = page(present)
        write_whole(file, made.text)
    except (OSError, HarnessError) as error:
        report.sections.append((NAMED, f"no page could be written to {file}: {error}"))
        return
    report.sections.append((NAMED, str(file) if made.note is None else f"{file}\n{made.note}"))
    _attach(item.config, report, file)


def file_name(nodeid: str) -> str:
    """That of a test's page: readable, and of no other test."""
    readable = re.sub(r"[^\w.\-\[\]]+", "-", nodeid.replace("::", "."))[-LONGEST_NAME:].lstrip(".-")
    return f"{readable}-{crc32(nodeid.encode('utf-8', 'backslashreplace')):08x}.html"


def _attach(config: pytest.Config, report: Any, file: Path) -> None:
    """Hand the page to the reports of other plugins, where these are in use."""
    if config.pluginmanager.has_plugin("html") and config.getoption("htmlpath", None):
        from pytest_html import extras

        beside = Path(config.getoption("htmlpath")).absolute().parent
        report.extras = [*getattr(report, "extras", []), extras.url(os.path.relpath(file, beside), name=NAMED)]
    if "allure_pytest.plugin" in sys.modules and config.getoption("allure_report_dir", None):
        import allure

        allure.attach.file(str(file), name=NAMED, attachment_type=allure.attachment_type.HTML)
