"""The page of ``--report``, written where somebody said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.faults import write_output

if TYPE_CHECKING:
    from harness.ledger.comparison.result import Comparison


def write_pages(
    ledgers: Sequence[tuple[str, Path]], file: Path, what: str, comparison: Comparison | None = None
) -> None:
    """Write the page of a ledger, or of two that were compared.

    Args:
        ledgers: what each is called, and its folder.
        what: the file in an error, with the option that named it.
    Raises: LedgerError: one of them is none of ours. UsageError, MachineError: the file cannot be written.
    """
    from harness.report.page.page import page

    write_output(file, page(ledgers, comparison), what)
