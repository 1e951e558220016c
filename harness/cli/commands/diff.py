"""``airflow-harness diff``: what became of the same runs in two ledgers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import options as option
from harness.cli.terminal import Job, Terminal
from harness.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from harness.ledger.comparison.result import Comparison

FORMATS = ("text", "json")


@dataclass(frozen=True)
class DiffArguments:
    """The command line of ``diff``, as typed."""

    a: str
    b: str
    form: str = "text"
    output: Path | None = None
    dag_ids: tuple[str, ...] = ()
    tolerance: float = 0.0
    ignore: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    verbose: bool = False


@dataclass(frozen=True)
class Diff:
    """The job of one ``diff`` command."""

    arguments: DiffArguments
    loads_dags = False

    def __call__(self, terminal: Terminal) -> int:
        """Compare, and show it.

        Returns: 0 where nothing differs, else 1.
        Raises: HarnessError: whatever keeps the two from being compared.
        """
        from harness.cli.ledgers import ledgers_home
        from harness.ledger.comparison.compare import compared
        from harness.ledger.comparison.rules import Rules
        from harness.ledger.reading import found

        asked = self.arguments
        rules = Rules(asked.tolerance, asked.ignore, keys_of(asked.keys))
        a, b = (found(name, ledgers_home()) for name in (asked.a, asked.b))
        result = compared(a, b, rules, asked.dag_ids, (asked.a, asked.b))
        self._show(result, terminal)
        return ExitCode.CLEAN if result.alike else ExitCode.FOUND

    def _show(self, result: Comparison, terminal: Terminal) -> None:
        import json

        from rich.text import Text

        from harness.report.diff_text import lines
        from harness.report.style import glyphs

        form, output = self.arguments.form, self.arguments.output
        if form == "json" and output is None:
            terminal.document(result.to_json())
            return
        shown = list(lines(result, glyphs(terminal.console.encoding), self.arguments.verbose))
        if output is None:
            for line in shown:
                terminal.console.print(Text.assemble(*line), soft_wrap=True)
            return
        plain = "".join("".join(part for part, _ in line) + "\n" for line in shown)
        text = json.dumps(result.to_json(), indent=2, allow_nan=False) + "\n" if form == "json" else plain
        output.write_text(text, encoding="utf-8")


def keys_of(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """``warehouse.daily=day,shop``, taken apart. Raises: UsageError."""
    keys = {}
    for text in texts:
        table, sign, columns = text.partition("=")
        names = tuple(name.strip() for name in columns.split(","))
        if not sign or "." not in table or not all(names):
            raise UsageError(f"--key {text!r} names no key", fix="write CONNECTION.TABLE=COLUMN,COLUMN")
        keys[table.strip()] = names
    return keys


@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@option.texts("--dag", "dag_ids", metavar="DAG_ID", help="Only this Dag; may be repeated.  [default: all]")
@option.text(
    "--tolerance",
    metavar="X",
    type=float,
    default=0.0,
    show_default=True,
    help="Numbers are equal that differ by at most X, or by that part of the larger one, as 1e-9.",
)
@option.texts(
    "--ignore",
    metavar="NAME",
    help="Do not look at it: CONNECTION.TABLE.COLUMN, xcoms:DAG.TASK.KEY, rendered_fields:DAG.TASK.FIELD, or an area, "
    "as durations; * stands for anything; may be repeated.",
)
@option.texts(
    "--key",
    "keys",
    metavar="CONNECTION.TABLE=COLUMNS",
    help="What tells one row from another, as warehouse.daily=day,shop; may be repeated.  [default: its primary key]",
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="Of the answer.")
@click.option("-o", "--output", metavar="FILE", type=option.PATH, help="Write it there.  [default: stdout]")
@click.option("-v", "--verbose", is_flag=True, help="All samples of each change.")
def diff(**arguments: Any) -> Job:
    """Compare two ledgers: A, what was, with B, what is now.

    Runs are the same run by their logical date, those without one by their run id. What differs is told the most
    important first: states, data, schedule, XComs, rendered fields, tries, durations, findings. Exit code 1 where
    anything does.

    \b
    Examples:
      airflow-harness diff january february
      airflow-harness diff january last --tolerance 1e-9 --ignore xcoms:*.*.started_at
    """
    return Diff(DiffArguments(**arguments))
