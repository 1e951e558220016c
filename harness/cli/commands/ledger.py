"""``airflow-harness ledger``: which there are, what is in one, whether it is whole; and away with old ones."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from harness.cli import options as option
from harness.cli.terminal import Job, Terminal
from harness.errors import ExitCode, HarnessError, LedgerError, UsageError

SUMMARY = """
select dag_id, count(*) as runs, count(*) filter (where state = 'success') as success,
       count(*) filter (where state = 'failed') as failed,
       count(*) filter (where state not in ('success', 'failed')) as unfinished,
       min(logical_date) as first, max(logical_date) as last
from runs group by dag_id order by dag_id
"""
SCHEMA = "airflow-harness/ledgers/1"


@dataclass(frozen=True)
class Work:
    """What one command of ``ledger`` does; it loads no Dag."""

    do: Callable[[Terminal], int]
    loads_dags = False

    def __call__(self, terminal: Terminal) -> int:
        """Do it; the exit code."""
        return self.do(terminal)


def _home(folder: Path | None) -> Path:
    from harness.cli.ledgers import ledgers_home

    return ledgers_home() if folder is None else folder


def _found(name: str) -> Path:
    from harness.ledger.reading import found

    return found(name, _home(None))


def _facts(folder: Path) -> dict[str, Any]:
    """A ledger in a line: when it was written, how large it is, how its runs ended, whether it is whole."""
    from harness.ledger.journal import JOURNAL
    from harness.ledger.questions import asked
    from harness.ledger.reading import ended

    journal = (folder / JOURNAL).stat()
    facts: dict[str, Any] = {
        "ledger": folder.name,
        "written": datetime.fromtimestamp(journal.st_mtime).astimezone().isoformat(timespec="seconds"),
        "bytes": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
    }
    try:
        dags = asked([folder], SUMMARY).fetchall()
        whole = ended(folder)
    except HarnessError as error:
        problem = error.fact.removeprefix(str(folder / JOURNAL)).lstrip(": ")
        return {**facts, "dags": [], "runs": None, "failed": None, "is_whole": False, "problem": problem}
    return {
        **facts,
        "dags": [dag[0] for dag in dags],
        "runs": sum(dag[1] for dag in dags),
        "failed": sum(dag[3] for dag in dags),
        "is_whole": whole,
        "problem": None if whole else "cut off: it has no footer",
    }


def _size(number: int) -> str:
    return f"{number / 1e6:,.1f} MB" if number >= 1e5 else f"{number / 1e3:,.1f} kB"


@click.group(no_args_is_help=False)
def ledger() -> None:
    """Look after ledgers: the records that run, simulate and replay keep, in the folder of --keep or among the newest.

    \b
    Examples:
      airflow-harness ledger ls
      airflow-harness ledger show last
      airflow-harness ledger verify march
      airflow-harness ledger export march answers
      airflow-harness ledger prune --keep 5
    """


@click.argument("folder", metavar="[FOLDER]", type=option.PATH, required=False)
@option.as_json
def ls(folder: Path | None, as_json: bool) -> Job:
    """List the ledgers in a folder, the newest first.  [default: those that were kept without --keep]"""

    def do(terminal: Terminal) -> int:
        from harness.ledger.reading import in_folder

        home = _home(folder)
        if folder is not None and not home.is_dir():
            raise UsageError(f"there is no folder {str(folder)!r}", fix="leave it out, or correct it")
        facts = [_facts(one) for one in in_folder(home)]
        if as_json:
            terminal.document({"schema": SCHEMA, "folder": str(home), "ledgers": facts})
        elif not facts:
            terminal.console.print(f"no ledger in {home}", soft_wrap=True)
        else:
            from harness.report.ledger_terminal import show_rows

            show_rows(
                terminal.console,
                ("ledger", "written", "size", "Dags", "runs", "failed", ""),
                (
                    (one["ledger"], one["written"], _size(one["bytes"]), ", ".join(one["dags"]), one["runs"],
                     one["failed"], one["problem"])
                    for one in facts
                ),
            )  # fmt: skip
        return ExitCode.CLEAN

    return Work(do)


@click.argument("name", metavar="LEDGER")
def show(name: str) -> Job:
    """Say what is in a ledger: Dags, runs, findings, what services came to hold."""

    def do(terminal: Terminal) -> int:
        from harness.ledger.questions import asked
        from harness.ledger.reading import ended, header
        from harness.report.ledger_terminal import show_figures, show_rows

        folder = _found(name)
        said = {key: value for key, value in header(folder).items() if key not in ("kind", "n", "hash", "schema")}
        for key, value in said.items():
            terminal.console.print(f"{key:<9} {value}", soft_wrap=True)
        rows = asked([folder], SUMMARY).fetchall()
        columns = ("Dag", "runs", "success", "failed", "unfinished", "first date", "last date")
        show_rows(terminal.console, columns, rows)
        show_figures(terminal.console, folder)
        if not ended(folder):
            terminal.console.print("\nthe run was cut off: the ledger has no footer", style="yellow")
        return ExitCode.CLEAN

    return Work(do)


@click.argument("names", metavar="LEDGER...", nargs=-1, required=True)
def verify(names: tuple[str, ...]) -> Job:
    """Check that ledgers are whole: each record follows from the one before, and the last says how many there are.

    Exit code 1 where one is not.
    """

    def do(terminal: Terminal) -> int:
        from harness.ledger.journal import JOURNAL
        from harness.ledger.reading import verify as verified

        broken = False
        for name in names:
            folder = _found(name)
            try:
                count = verified(folder / JOURNAL)
            except LedgerError as error:
                broken = True
                terminal.error(str(error))
            else:
                terminal.console.print(f"{folder.name}: {count:,} records, whole", soft_wrap=True)
        return ExitCode.FOUND if broken else ExitCode.CLEAN

    return Work(do)


@option.text("--keep", metavar="N", type=click.IntRange(0), default=20, show_default=True, help="Leave the newest N.")
@click.argument("folder", metavar="[FOLDER]", type=option.PATH, required=False)
def prune(folder: Path | None, keep: int) -> Job:
    """Remove all but the newest ledgers of a folder.  [default: those that were kept without --keep]"""

    def do(terminal: Terminal) -> int:
        from harness.ledger.reading import in_folder

        old = in_folder(_home(folder))[keep:]
        for one in old:
            shutil.rmtree(one)
            terminal.console.print(f"removed {one.name}", soft_wrap=True)
        terminal.console.print(f"{len(old)} removed, the newest {keep} stay" if old else "nothing to remove")
        return ExitCode.CLEAN

    return Work(do)


@click.argument("name", metavar="LEDGER")
@click.argument("folder", metavar="FOLDER", type=option.PATH)
def export(name: str, folder: Path) -> Job:
    """Write every table of a ledger into a folder, as Parquet."""

    def do(terminal: Terminal) -> int:
        from harness.ledger.questions import asked
        from harness.ledger.views import VIEWS

        ledger_folder = _found(name)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for view in VIEWS:
            asked([ledger_folder], f"select * from {view}", folder / f"{view}.parquet")
        terminal.console.print(f"{len(VIEWS)} tables in {folder}", soft_wrap=True)
        return ExitCode.CLEAN

    return Work(do)


for command in (ls, show, verify, prune, export):
    ledger.command()(command)
