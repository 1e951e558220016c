"""A table's rows as they are compared: values are digests, since rows may be large."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence


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
