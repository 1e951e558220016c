"""Pages that are a table of the code's say what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.repo.docs.tables import PAGES


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_page_is_the_table(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == PAGES[path](), "python -m tests.repo.docs.tables --write"
