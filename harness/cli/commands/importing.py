"""``airflow-harness import``: what a deployed Airflow provides, how long its tasks take, and runs of it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import options as option
from harness.cli.faults import write_output
from harness.cli.terminal import Job, Terminal
from harness.errors import ExitCode, HarnessError, UsageError
from harness.project.config import DEFAULT_WORLD, read_config

if TYPE_CHECKING:
    from harness.production.api import RestApi, SavedAnswers, Saving
    from harness.production.provided import Provided

MEDIAN = 0.5
BESIDE = "production.yaml"
"""The world that is written beside one that is there already."""
RUNS = 10
_PERCENTILE = re.compile(r"\d{1,2}(\.\d{1,3})?|100", re.ASCII)


@dataclass(frozen=True)
class ImportArguments:
    """The command line of ``import``, as typed."""

    source: str
    world: Path | None = None
    force: bool = False
    values: bool = False
    dag_ids: tuple[str, ...] = ()
    runs: int = RUNS
    quantile: float | None = None
    percentiles: str | None = None
    run: tuple[str, str] | None = None
    keep: Path | None = None
    save: Path | None = None
    token_file: Path | None = None


@dataclass(frozen=True)
class Importing:
    """The job of one ``import`` command."""

    arguments: ImportArguments
    loads_dags = False

    def __call__(self, terminal: Terminal) -> int:
        """Read, and write a world or a ledger; always 0.

        Raises: ProductionUnavailable: not reached, refused, no Airflow 3, no such run. UsageError: a file is there.
        """
        percentiles = self._percentiles()
        try:
            with self._answers() as answers:
                from harness.production.api import version

                airflow = version(answers)
                if self.arguments.run is not None:
                    self._keep_run(answers, airflow, *self.arguments.run, terminal)
                else:
                    self._write_world(answers, airflow, percentiles, terminal)
        except HarnessError as error:
            # Not as typed: an address may hold a password.
            error.again = error.again or f"airflow-harness import {shown(self.arguments.source)}"
            raise
        return ExitCode.CLEAN

    @contextmanager
    def _answers(self) -> Iterator[RestApi | SavedAnswers | Saving]:
        from harness.production.api import TOKEN, RestApi, SavedAnswers, Saving

        arguments = self.arguments
        with ExitStack() as stack:
            if arguments.source.endswith(".json") and "://" not in arguments.source:
                found: RestApi | SavedAnswers = SavedAnswers(Path(arguments.source))
            else:
                found = RestApi(arguments.source, _token(arguments.token_file) or os.environ.get(TOKEN))
            stack.enter_context(closing(found))
            yield found if arguments.save is None else stack.enter_context(Saving(found, arguments.save))

    def _percentiles(self) -> tuple[float, ...]:
        """Those of ``--percentiles``, in order; none where it was not given. Raises: UsageError: they mean nothing."""
        text = self.arguments.percentiles
        if text is None:
            return ()
        if self.arguments.quantile is not None:
            fact = "--percentiles writes a distribution, and --quantile one number"
            raise UsageError(fact, fix="give one of them")
        found = {float(part) for part in text.split(",") if _PERCENTILE.fullmatch(part.strip())}
        if len(found) < 2 or len(found) < text.count(",") + 1:
            fact = f"--percentiles {text!r} is not two different numbers from 0 to 100, or more"
            raise UsageError(fact, fix="write --percentiles 50,90,99")
        return tuple(sorted(found))

    def _write_world(
        self,
        answers: RestApi | SavedAnswers | Saving,
        airflow: str,
        percentiles: tuple[float, ...],
        terminal: Terminal,
    ) -> None:
        from harness.production.provided import add_durations, dags_of, provided
        from harness.services.registry import services_of_types
        from harness.world.file import shown_path

        arguments = self.arguments
        target, beside = self._target()
        found = provided(answers, arguments.values, services_of_types())
        dag_ids = arguments.dag_ids or _of_project(dags_of(answers), found)
        quantile = MEDIAN if arguments.quantile is None else arguments.quantile
        add_durations(found, answers, dag_ids, arguments.runs, quantile, percentiles)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_output(target, found.text(answers.name, airflow), f"the world file {str(target)!r}")
        terminal.console.print(f"wrote {shown_path(target)}: {found.counted()}", soft_wrap=True)
        if beside is not None:
            line = f"include: [{{world: {target.name}}}]"
            terminal.console.print(f"take it into {shown_path(beside)} by its line  {line}", soft_wrap=True)
        for note in found.notes:
            terminal.note(note)

    def _target(self) -> tuple[Path, Path | None]:
        """Where to write, and the world that is there already beside which it stands.

        Raises: UsageError: it is there, and --force is not given.
        """
        config = read_config(Path.cwd())
        world = config.world or config.root / DEFAULT_WORLD
        beside = world if self.arguments.world is None and world.exists() else None
        target = self.arguments.world or (world if beside is None else world.with_name(BESIDE))
        if target.exists() and not self.arguments.force:
            fix = "overwrite it with --force, or name another with --world"
            raise UsageError(f"{target} is there already", fix=fix)
        return target, beside

    def _keep_run(
        self, answers: RestApi | SavedAnswers | Saving, airflow: str, dag_id: str, run_id: str, terminal: Terminal
    ) -> None:
        from harness.cli.ledgers import ledger_folder
        from harness.production.runs import keep_run

        with ledger_folder(self.arguments.keep, f"{dag_id}-imported", lambda: False) as folder:
            counts = keep_run(answers, airflow, dag_id, run_id, folder)
        told = f"{counts['task_instances']} task instances, {counts['xcoms']} XComs"
        terminal.console.print(f"wrote {run_id} of {dag_id}: {told}", soft_wrap=True)
        terminal.console.print(f"ledger  {folder}", soft_wrap=True)
        again = f"airflow-harness run {dag_id} --from-ledger {folder} --from-task TASK"
        terminal.console.print(f"run it again from a task:  {again}", soft_wrap=True)
        whole = f"airflow-harness replay {dag_id} --from-ledger {folder}"
        terminal.console.print(f"replay it as it was:  {whole}", soft_wrap=True)


def shown(source: str) -> str:
    """A source without user, password and query."""
    before, mark, after = source.partition("://")
    return f"{before}://{after.rpartition('@')[2].partition('?')[0]}" if mark else source


def _of_project(dag_ids: list[str], found: Provided) -> list[str]:
    """Those that the project's Dag files name: a world that speaks of others is refused by a run."""
    from harness.project.discovery import dag_files

    folders = read_config(Path.cwd()).dags
    texts = [one.path.read_text(encoding="utf-8", errors="replace") for one in dag_files(folders)] if folders else None
    if texts is None:
        return dag_ids
    own = [dag_id for dag_id in dag_ids if any(dag_id in text for text in texts)]
    if len(own) < len(dag_ids):
        left = len(dag_ids) - len(own)
        found.notes.append(f"no Dag file here names {left} of its Dags: their durations are left out, --dag takes them")
    return own


def _token(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--token-file {file} cannot be read: {error}", fix="name a file with a token") from None


@click.argument("source", metavar="SOURCE")
@option.text("--world", metavar="FILE", type=option.PATH, help="Where to write.  [default: fixtures/world.yaml]")
@option.flag("--force", help="Overwrite it.")
@option.flag("--values", help="Values of variables too, unless they may be secrets.")
@option.texts("--dag", "dag_ids", metavar="DAG_ID", help="Durations of this Dag; may be repeated.  [default: all]")
@option.text(
    "--runs",
    metavar="N",
    type=click.IntRange(1, 1000),
    default=RUNS,
    show_default=True,
    help="Durations of so many successful runs of each Dag, the latest.",
)
@option.text(
    "--quantile",
    metavar="Q",
    type=click.FloatRange(0, 1),
    help="Of durations; 0.5 is the median.  [default: 0.5]",
)
@option.text("--percentiles", metavar="P,P", help="Durations as distributions, by these percentiles: 50,90,99.")
@option.text("--run", metavar="DAG_ID RUN_ID", nargs=2, help="Write this run into a ledger, and no world.")
@option.keep
@option.text("--save", metavar="FILE", type=option.PATH, help="Keep the answers too; SOURCE may be such a file, .json.")
@option.text("--token-file", metavar="FILE", type=option.PATH, help="The token.  [default: AIRFLOW_API_TOKEN]")
def import_(**arguments: Any) -> Job:
    """Read a deployed Airflow 3 over its REST API: a world like production, or a run to run again here.

    SOURCE is its address. Pools, connections (where they lead, no login, password or extra) and the keys of variables
    are written into a world file, with how long tasks lasted as its durations: one number each, or with --percentiles a
    distribution, which when draws from. A world that is there already is not
    touched: what is read stands beside it, for its include.

    With --run the conf, dates, states, tries, rendered fields and XComs of a run are written into a ledger. From it
    the run is run again on this machine, from any task on, with the XComs that the tasks before it pushed there; or
    replayed as a whole, with how long its tasks took and how they ended there.

    \b
    Examples:
      AIRFLOW_API_TOKEN=... airflow-harness import https://airflow.example.com
      airflow-harness import https://airflow.example.com --dag sales --runs 30 --quantile 0.95
      airflow-harness import https://airflow.example.com --runs 100 --percentiles 50,90,99
      airflow-harness import https://airflow.example.com --run sales scheduled__2025-01-01T00:00:00+00:00 --keep friday
      airflow-harness run sales --from-ledger friday --from-task load
      airflow-harness replay sales --from-ledger friday
      airflow-harness import https://airflow.example.com --save production.json
      airflow-harness import production.json
    """

    return Importing(ImportArguments(**arguments))
