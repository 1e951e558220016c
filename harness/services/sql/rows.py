"""A table's rows as they are compared, by digests, since rows may be large; and as they are kept, in JSON."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from harness.text import plain

_BATCH = 10_000


def compared(rows: Iterable[Sequence[object]], key_width: int) -> dict[Hashable, Hashable]:
    """Key -> digest of the row; without a primary key, whole rows, numbered where several are equal.

    Args:
        rows: each the columns of the primary key, then the whole row.
        key_width: how many columns the primary key has; 0 for none.
    """
    found: dict[Hashable, Hashable] = {}
    seen: Counter[str] = Counter()
    for row in rows:
        digest = hashlib.sha256(repr(row[key_width:]).encode()).hexdigest()
        if key_width:
            found[tuple(map(str, row[:key_width]))] = digest
        else:
            seen[digest] += 1
            found[digest, seen[digest]] = digest
    return found


def told(cursor: Any) -> Iterator[str]:
    """The rows that a cursor of the DB API has, each a JSON object in a line."""
    names = [json.dumps(str(column[0]), ensure_ascii=False) for column in cursor.description]
    while rows := cursor.fetchmany(_BATCH):
        for row in rows:
            yield "{" + ", ".join(f"{name}: {_json(value)}" for name, value in zip(names, row, strict=True)) + "}"


def _json(value: object) -> str:
    if isinstance(value, Decimal) and value.is_finite():
        return f"{value:f}"  # a number, as exact as it is
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f'"\\\\x{bytes(value).hex()}"'
    return json.dumps(plain(value), ensure_ascii=False)
