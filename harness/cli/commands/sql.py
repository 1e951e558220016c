"""``airflow-harness sql``: questions to ledgers."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import options as option
from harness.cli.terminal import Job, Terminal
from harness.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FORMATS = ("table", "csv", "json", "parquet")
SHOWN = 1000
"""Rows of a table for people; CSV and JSON have all."""


@dataclass(frozen=True)
class Ask:
    """The job of one ``sql`` command.

    Attributes:
        words: names of ledgers, and at their end the question.
    """

    words: tuple[str, ...]
    form: str
    output: Path | None
    tables: bool
    loads_dags = False

    def __call__(self, terminal: Terminal) -> int:
        """Ask, and show the answer. Raises: LedgerError. UsageError: no question, or one that cannot mean anything."""
        if self.tables:
            show_tables(terminal)
            return ExitCode.CLEAN
        from harness.cli.ledgers import ledgers_home
        from harness.ledger.questions import asked
        from harness.ledger.reading import found

        folders = [found(name, ledgers_home()) for name in self.words[:-1]]
        if self.form == "parquet":
            if self.output is None:
                raise UsageError("Parquet goes to a file", fix="name one: -o answer.parquet")
            asked(folders, self._question(), self.output)
            return ExitCode.CLEAN
        answer = asked(folders, self._question())
        if self.form == "table" and self.output is None:
            _show(terminal, answer)
            return ExitCode.CLEAN
        text = {"csv": _csv, "json": _json, "table": _csv}[self.form](answer)
        if self.output is None:
            terminal.out.write(text)
        else:
            self.output.write_text(text, encoding="utf-8")
        return ExitCode.CLEAN

    def _question(self) -> str:
        if len(self.words) < 2:
            raise UsageError(
                "sql takes a ledger and a question", fix='airflow-harness sql last "select * from runs"; or --tables'
            )
        return sys.stdin.read() if self.words[-1] == "-" else self.words[-1]


def show_tables(terminal: Terminal) -> None:
    """Every table, what a row of it is, and its columns."""
    from rich.text import Text

    from harness.ledger.views import VIEWS

    for name, view in VIEWS.items():
        terminal.console.print(Text.assemble((name, "bold"), f"  {view.about}"), soft_wrap=True)
        columns = [column if not about else f"{column} ({about})" for column, about in view.columns.items()]
        terminal.console.print(Text(f"  {', '.join(columns)}"), soft_wrap=True)


def columns_of(answer: DuckDBPyConnection) -> list[str]:
    """The names of an answer's columns."""
    return [str(column[0]) for column in answer.description or ()]


def _show(terminal: Terminal, answer: DuckDBPyConnection) -> None:
    from rich.table import Table
    from rich.text import Text

    from harness.text import counted

    rows = answer.fetchmany(SHOWN + 1)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns_of(answer):
        table.add_column(name, overflow="fold")
    for row in rows[:SHOWN]:
        table.add_row(*(Text(_shown(value)) for value in row))
    terminal.console.print(table)
    more = " (the first; --format csv has all)" if len(rows) > SHOWN else ""
    terminal.console.print(Text(f"{counted(min(len(rows), SHOWN), 'row')}{more}", style="dim"))


def _shown(value: Any) -> str:
    from harness.text import clean

    return "" if value is None else clean(_plain(value))


def _plain(value: Any) -> str:
    from datetime import datetime

    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return value if isinstance(value, str) else str(value)


def _csv(answer: DuckDBPyConnection) -> str:
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(columns_of(answer))
    writer.writerows(["" if value is None else _plain(value) for value in row] for row in _rows(answer))
    return made.getvalue()


def _json(answer: DuckDBPyConnection) -> str:
    names = columns_of(answer)
    rows = [dict(zip(names, row, strict=True)) for row in _rows(answer)]
    return json.dumps(rows, indent=2, default=_plain, ensure_ascii=False) + "\n"


def _rows(answer: DuckDBPyConnection) -> Iterable[Sequence[Any]]:
    while rows := answer.fetchmany(10_000):
        yield from rows


@click.argument("words", metavar="LEDGER... QUESTION", nargs=-1)
@option.text(
    "--format",
    "form",
    metavar="FORM",
    type=click.Choice(FORMATS),
    default="table",
    help=f"One of {', '.join(FORMATS)}.",
)
@option.text("-o", "--output", metavar="FILE", type=option.PATH, help="Write the answer there.  [default: stdout]")
@option.flag("--tables", help="Say which tables and columns there are.")
def sql(words: tuple[str, ...], form: str, output: Path | None, tables: bool) -> Job:
    """Ask what happened in runs, in SQL: DuckDB over the ledgers that run, simulate and replay keep.

    A LEDGER is a folder of --keep, the name of one among those that are kept for you (airflow-harness ledger ls), or
    last. With several, the column ledger tells whose a row is. A QUESTION of - is read from stdin.

    \b
    Examples:
      airflow-harness sql last "select state, count(*) from task_instances group by all"
      airflow-harness sql march "select task_id, max(duration_s) from task_instances group by all order by 2 desc"
      airflow-harness sql march april --format csv "select ledger, avg(duration_s) from runs group by all"
      airflow-harness sql march --format parquet -o xcoms.parquet "select * from xcoms"
      airflow-harness sql --tables
    """
    return Ask(words, form, output, tables)
