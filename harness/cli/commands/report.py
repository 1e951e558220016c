"""``airflow-harness report``: a ledger as a page to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from harness.cli import options as option
from harness.cli.terminal import Job, Terminal
from harness.errors import ExitCode


@dataclass(frozen=True)
class Report:
    """The job of one ``report`` command."""

    name: str
    output: Path | None
    loads_dags = False

    def __call__(self, terminal: Terminal) -> int:
        """Write the page, and say where.

        Raises: LedgerError: there is no such ledger. UsageError, MachineError: the page cannot be written.
        """
        from harness.cli.ledgers import ledgers_home
        from harness.cli.pages import write_page
        from harness.ledger.journal import JOURNAL
        from harness.ledger.reading import found, whole_records

        folder = found(self.name, ledgers_home())
        whole_records(folder / JOURNAL)  # one that was cut off is shown, one that was altered is not
        name = folder.resolve().name
        file = Path(f"{name}.html") if self.output is None else self.output
        note = write_page([(name, folder)], file, f"-o {str(file)!r}")
        terminal.console.print(f"{file}  {file.stat().st_size / 1e6:.1f} MB", soft_wrap=True)
        if note is not None:
            terminal.note(note)
        return ExitCode.CLEAN


@click.argument("name", metavar="LEDGER")
@click.option("-o", "--output", metavar="FILE", type=option.PATH, help="The page.  [default: the ledger's name, .html]")
def report(**arguments: Any) -> Job:
    """Write what is in a ledger as a page: one HTML file, for a browser, that needs no network.

    It has the grid of runs and tasks, the graph, the Gantt chart over virtual time with the slots of pools and of the
    executor, durations, the calendar, XComs and findings; of each task instance its tries, log, rendered fields and
    XComs, and why it waited or did not run.

    \b
    Examples:
      airflow-harness report last
      airflow-harness report march -o march.html
      airflow-harness simulate --since 2025-01-01 --until 7d --report week.html
      airflow-harness diff march april --report both.html
    """
    return Report(**arguments)
