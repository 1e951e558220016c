"""Rows for the tables of a metadata database, many at a time. The installed version may lack some of their columns."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import insert

from harness.bridge.ui.history import batches

Row = dict[str, Any]

AT_A_TIME = 2000
"""Rows of one statement."""


def insert_rows(session: Any, table: Any, rows: Iterable[Row]) -> int:
    """Insert rows, of which a version's table may lack some columns. Returns: how many."""
    count, columns = 0, set(table.c.keys())
    for batch in batches(rows, AT_A_TIME):
        fitting = [{name: value for name, value in row.items() if name in columns} for row in batch]
        session.execute(insert(table), fitting)
        count += len(batch)
    return count


@lru_cache(maxsize=1 << 14)
def _parsed(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def moment(text: str | None) -> datetime | None:
    """An instant of the journal as a date of the database."""
    return None if text is None else _parsed(text)
