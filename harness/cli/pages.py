"""The page of ``--report``, written where somebody said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.faults import write_output
from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.ledger.comparison.result import Comparison


def write_page(
    ledgers: Sequence[tuple[str, Path]], file: Path, what: str, comparison: Comparison | None = None
) -> str | None:
    """Write the page of a ledger, or of two that were compared.

    Args:
        ledgers: what each is called, and its folder.
        what: the file in an error, with the option that named it.
    Returns: what somebody should know of it: that it has no room for all.
    Raises: LedgerError: one of them is none of ours. UsageError, MachineError: the file cannot be written.
    """
    from harness.report.page.page import page

    made = page(ledgers, comparison)
    write_output(file, made.text, what)
    return made.note


def write_page_of(ledger: Path, file: Path) -> str | None:
    """Write that of ``--report``. Returns, raises: as `write_page`."""
    return write_page([(ledger.resolve().name, ledger)], file, f"--report {str(file)!r}")


@contextmanager
def page_of_unfinished(ledger: Path, file: Path | None, has_result: Callable[[], bool]) -> Iterator[None]:
    """Where the block ends with an error of ours, as that a run is stuck: write the page of what ran until then.

    Args:
        file: of ``--report``, None where nobody asked for it.
        has_result: whether anything ran.
    """
    try:
        yield
    except HarnessError:
        if file is not None and has_result():
            with suppress(HarnessError):  # that error is the one to be told
                write_page_of(ledger, file)
        raise
