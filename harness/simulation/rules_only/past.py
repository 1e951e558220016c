"""The past ledger of simulations by the rules alone, which many worlds go by and which is read once for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.ledger.past_tries import PastTries, past_tries

_kept: dict[Path, PastTries] = {}
"""What was read and is kept, by folder. A process that is forked meanwhile has it too."""


def past_of(folder: Path | None) -> PastTries | None:
    """The tries of a ledger; None without one. Raises: LedgerError: it cannot be read."""
    if folder is None:
        return None
    kept = _kept.get(folder)
    return past_tries(folder) if kept is None else kept


def keep_past(folder: Path | None) -> None:
    """Read a ledger now, and not again in this process. Raises: LedgerError."""
    found = past_of(folder)
    if found is not None:
        _kept[found.folder] = found


@contextmanager
def kept_past(folder: Path | None) -> Iterator[None]:
    """The same for a block. Raises: LedgerError."""
    before = dict(_kept)
    keep_past(folder)
    try:
        yield
    finally:
        _kept.clear()
        _kept.update(before)
