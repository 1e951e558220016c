"""What services hold at the end of a simulation, written into its ledger: rows without secrets, in a fixed order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from harness.project.sensitive import is_sensitive
from harness.world.secrets import MASK

if TYPE_CHECKING:
    from harness.ledger.journal import Journal

MOST_ROWS = 1_000_000
MOST_BYTES = 128 << 20
"""Of one table or bucket: one with more is told by its digest alone."""
_BATCH = 1000


@dataclass(frozen=True)
class HeldPart:
    """One table, bucket or the like with all that is in it, to be kept.

    Attributes:
        name: of the part.
        kind: what it is, singular: ``table``, ``bucket``.
        row: what it holds, singular.
        columns: of a row.
        keys: those columns that tell one row from another; empty where only whole rows do.
        rows: each a JSON object in a line of text, in any order; to be taken once, before the next part is.
    """

    name: str
    kind: str
    row: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    rows: Iterable[str]


def keep(
    journal: Journal, conn_id: str, service: str, parts: Iterable[HeldPart], masked: Callable[[str], str] = str
) -> Iterator[dict[str, Any]]:
    """Keep the parts of one lease; the record of each.

    The digest is of the rows in any order: a server gives them in another one each time.

    Args:
        masked: takes the secrets out of a text.
    """
    for part in parts:
        kept, size, count, digest = list[str](), 0, 0, 0
        for row in _without_secrets(part, masked):
            count += 1
            digest += int.from_bytes(hashlib.sha256(row.encode(errors="backslashreplace")).digest()[:16], "big")
            if count <= MOST_ROWS and size <= MOST_BYTES:
                kept.append(row)
                size += len(row)
        whole = count == len(kept) and size <= MOST_BYTES
        yield {
            "kind": "contents",
            "conn_id": conn_id,
            "service": service,
            "part": part.name,
            "part_kind": part.kind,
            "row": part.row,
            "columns": list(part.columns),
            "keys": list(part.keys),
            "rows": count,
            "digest": f"{digest % (1 << 128):032x}",
            "file": journal.keep_rows(conn_id, part.name, sorted(kept)) if whole else None,
        }


def _without_secrets(part: HeldPart, masked: Callable[[str], str]) -> Iterator[str]:
    """The rows, masked: secrets wherever they stand, and columns whose name says that they hold one."""
    secret = [column for column in part.columns if is_sensitive(column)]
    rows = iter(part.rows)
    while batch := list(islice(rows, _BATCH)):
        text = masked("\n".join(batch if not secret else (_hidden(row, secret) for row in batch)))
        yield from text.split("\n")


def _hidden(row: str, columns: list[str]) -> str:
    values = json.loads(row)
    hidden = {column: MASK for column in columns if values[column] is not None}
    return json.dumps({**values, **hidden}, ensure_ascii=False)
