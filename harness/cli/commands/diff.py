"""``airflow-harness diff``: what became of the same runs in two ledgers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import options as option
from harness.cli.terminal import Job, Terminal
from harness.errors import ExitCode, UsageError
from harness.project.config import config_for

if TYPE_CHECKING:
    from harness.cli.airflow2 import SideRuns
    from harness.cli.sides import Program
    from harness.ledger.comparison.result import Comparison

FORMATS = ("text", "json", "markdown")


@dataclass(frozen=True)
class DiffArguments:
    """The command line of ``diff``, as typed."""

    a: str
    b: str | None
    form: str = "text"
    output: Path | None = None
    dag_ids: tuple[str, ...] = ()
    tolerance: float | None = None
    ignore: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    is_replay: bool = False
    dags: tuple[Path, ...] = ()
    world: Path | None = None
    network: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()
    conf: str | None = None
    seed: int = 0
    python: Path | None = None
    keep: Path | None = None
    report: Path | None = None
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
        from harness.cli.pages import write_page
        from harness.cli.sides import made
        from harness.ledger.comparison.compare import compared
        from harness.ledger.comparison.rules import Rules

        asked = self.arguments
        settings = config_for(asked.dags, Path.cwd()).diff
        tolerance = settings.tolerance if asked.tolerance is None else asked.tolerance
        usual = keys_of(settings.keys)
        keys = {**usual, **keys_of(asked.keys)}
        with made(self._names(), self._program(), asked.keep, ledgers_home(), terminal.err) as (a, b):
            ignore = dict.fromkeys((*settings.ignore, *asked.ignore, *a.lacks, *b.lacks))
            rules = Rules(tolerance, tuple(ignore), keys, frozenset(usual))
            result = compared(a.folder, b.folder, rules, asked.dag_ids, (a.name, b.name))
            result = replace(result, notes=(*a.notes, *b.notes, *result.notes))
            if asked.report is not None:
                sides = [(one.name, one.folder) for one in (a, b)]
                note = write_page(sides, asked.report, f"--report {str(asked.report)!r}", result)
                result = replace(result, notes=(*result.notes, *([] if note is None else [note])))
        self._show(result, terminal)
        return ExitCode.CLEAN if result.alike else ExitCode.FOUND

    def _names(self) -> tuple[str, str]:
        asked = self.arguments
        if asked.b is None and asked.python is None:
            raise UsageError("diff takes two: ledgers, revisions, or . for the working tree", fix="diff main .")
        return asked.a, asked.a if asked.b is None else asked.b

    def _program(self) -> Program | None:
        """What is run on a side that is no ledger; None where nothing says what.

        Raises: UsageError: the half of it.
        """
        from harness.cli.sides import Program

        asked = self.arguments
        more = (asked.until, asked.is_replay, asked.dags, asked.world, asked.network, asked.drivers, asked.conf)
        if asked.since is None and not any((*more, asked.python, asked.keep)):
            return None
        if asked.since is None or asked.until is None:
            raise UsageError("what is run has no dates", fix="write --since 2025-01-01 --until 7d")
        if asked.is_replay and not asked.dag_ids:
            raise UsageError("--replay names no Dag", fix="name one: --dag sales")
        command = ["replay", *asked.dag_ids] if asked.is_replay else ["simulate"]
        command += ["--since", asked.since, "--until", asked.until, "--seed", str(asked.seed)]
        if not asked.is_replay:
            command += [word for dag_id in asked.dag_ids for word in ("--dag", dag_id)]
        command += [word for path in asked.dags for word in ("--dags", str(_below_here(path)))]
        command += [word for host in asked.network for word in ("--network", host)]
        command += [word for driver in asked.drivers for word in ("--driver", driver)]
        command += [] if asked.world is None else ["--world", str(asked.world.absolute())]
        command += [] if asked.conf is None else ["--conf", asked.conf]
        return Program(tuple(command), self._asked(asked.since, asked.until), asked.python)

    def _asked(self, since_text: str, until_text: str) -> SideRuns:
        """What is run, as an Airflow 2 is told it."""
        from harness.cli.airflow2 import SideRuns
        from harness.cli.commands.replay import dates_of
        from harness.cli.commands.simulate import period_of
        from harness.kernel.instant import to_datetime

        asked = self.arguments
        instants = (dates_of if asked.is_replay else period_of)(since_text, until_text)
        since, until = (to_datetime(at).isoformat() for at in instants)
        dags = tuple(_below_here(path) for path in asked.dags)
        world = None if asked.world is None else asked.world.absolute()
        given = (asked.is_replay, asked.dag_ids, dags, world, asked.network, asked.drivers, asked.conf)
        return SideRuns(since, until, *given)

    def _show(self, result: Comparison, terminal: Terminal) -> None:
        from rich.text import Text

        form, output = self.arguments.form, self.arguments.output
        if form == "json" and output is None:
            terminal.document(result.to_json())
        elif output is not None:
            output.write_text(self._written(result), encoding="utf-8")
        elif form == "markdown":
            terminal.out.write(self._written(result))
        else:
            from harness.report.diff_text import lines
            from harness.report.style import glyphs

            for line in lines(result, glyphs(terminal.console.encoding), self.arguments.verbose):
                terminal.console.print(Text.assemble(*line), soft_wrap=True)

    def _written(self, result: Comparison) -> str:
        """As a file holds it."""
        import json

        from harness.report.diff_markdown import markdown
        from harness.report.diff_text import lines
        from harness.report.style import UNICODE

        if self.arguments.form == "json":
            return json.dumps(result.to_json(), indent=2, allow_nan=False) + "\n"
        if self.arguments.form == "markdown":
            return markdown(result)
        shown = lines(result, UNICODE, self.arguments.verbose)
        return "".join("".join(part for part, _ in line) + "\n" for line in shown)


def _below_here(path: Path) -> Path:
    """A path as each revision has it: seen from the working directory."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_absolute() and path.is_relative_to(here) else path


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
@click.argument("b", metavar="B", required=False)
@option.texts("--dag", "dag_ids", metavar="DAG_ID", help="Only this Dag; may be repeated.  [default: all]")
@option.text(
    "--tolerance",
    metavar="X",
    type=float,
    help="Numbers are equal that differ by at most X, or by that part of the larger one, as 1e-9.  [default: 0]",
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
@option.text("--since", metavar="ISO", help="What is run of a revision: virtual time to begin at, as of simulate.")
@option.text("--until", metavar="ISO", help="And to end at, or a span, as 7d.")
@option.flag("--replay", "is_replay", help="Replay the Dags of --dag as a backfill, instead of their calendar.")
@option.dags
@option.world
@option.network
@option.driver
@option.text("--conf", metavar="JSON", help="The conf of the runs, a JSON object.")
@option.seed
@option.text(
    "--python",
    metavar="PATH",
    type=option.PATH,
    help="Simulate B with this interpreter and its Airflow; A, where that is an Airflow 2.",
)
@option.text("--keep", metavar="DIR", type=option.PATH, help="Keep the ledgers that are made, as DIR/a and DIR/b.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="Of the answer.")
@click.option("-o", "--output", metavar="FILE", type=option.PATH, help="Write it there.  [default: stdout]")
@option.report
@click.option("-v", "--verbose", is_flag=True, help="All samples of each change.")
def diff(**arguments: Any) -> Job:
    """Compare A, what was, with B, what is now: runs, tasks, XComs and data.

    Each is a ledger (a folder, a name, last), a revision of git (rev:NAME where a ledger is called so too), or . for
    the working tree. Revisions are checked out beside it, and simulated with the same dates, seed and --world.

    Runs are the same run by their logical date, those without one by their run id. What differs is told the most
    important first: states, data, schedule, XComs, rendered fields, tries, durations, findings. Exit code 1 where
    anything does.

    \b
    Examples:
      airflow-harness diff january february
      airflow-harness diff january last --tolerance 1e-9 --ignore xcoms:*.*.started_at
      airflow-harness diff main . --since 2025-01-01 --until 7d --dag sales
      airflow-harness diff . --python /opt/airflow-3.4/bin/python --since 2025-01-01 --until 7d
      airflow-harness diff main . --python /opt/airflow-2.11/bin/python --since 2025-01-01 --until 7d
    """
    return Diff(DiffArguments(**arguments))
