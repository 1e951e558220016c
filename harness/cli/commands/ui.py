"""``airflow-harness ui``: a ledger in Airflow's own web UI."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli import options as option
from harness.cli.folders import note_failures, note_found, world_of
from harness.cli.terminal import Job, Terminal
from harness.errors import ExitCode, HarnessError
from harness.project.config import config_for

if TYPE_CHECKING:
    from harness.simulation.rehearsal import Rehearsal


@dataclass(frozen=True)
class ShowInUi:
    """The job of one ``ui`` command, as typed."""

    ledger: str
    dags: tuple[Path, ...]
    world: Path | None
    port: int | None
    opens: bool
    verbose: bool = False

    def __call__(self, terminal: Terminal) -> int:
        """Show the ledger until Ctrl-C or SIGTERM.

        Raises: LedgerError: there is none, or it is damaged. UsageError, UiUnavailable: see `show_ledger`.
        """
        from harness.cli.ledger_ui import show_ledger
        from harness.cli.ledgers import ledgers_home
        from harness.ledger.reading import found
        from harness.project.installed import airflow_version

        ledger = found(self.ledger, ledgers_home())
        airflow_version()
        show_ledger(terminal, ledger, lambda: self._loaded(terminal), self.port, self.opens)
        return ExitCode.CLEAN

    def _loaded(self, terminal: Terminal) -> Rehearsal | None:
        """The project's Dags; None where there is no folder of them, or none that was named and can be loaded."""
        from harness.bridge.environment.sandbox import enter

        config = config_for(self.dags, Path.cwd())
        paths = list(self.dags) or config.dags
        enter()
        if not paths:
            return None
        try:
            world = world_of(self.world or config.world, config.network)
            with terminal.collecting():
                from harness.simulation import Rehearsal

                rehearsal = Rehearsal.of_paths(paths, world=world)
                terminal.begin()
        except HarnessError as error:
            if self.dags or self.world:
                raise
            terminal.note(f"the project's Dags are not loaded: {error.fact}")
            return None
        note_found(rehearsal.folder, terminal)
        note_failures(rehearsal.folder, terminal)
        return rehearsal


@click.argument("ledger", metavar="[LEDGER]", default="last")
@option.dags
@option.world
@option.text("--port", metavar="N", type=click.IntRange(1, 65535), help="Of 127.0.0.1.  [default: one that is free]")
@option.flag("--open", "opens", help="Open it in the browser.")
@option.verbose
def ui(ledger: str, dags: tuple[Path, ...], world: Path | None, port: int | None, opens: bool, verbose: bool) -> Job:
    """Look at a ledger in Airflow's own web UI: grid, graph, Gantt, calendar, durations, logs, XComs, code.

    What happened is written into a throw-away metadata database, which the installed Airflow's API server shows on this
    machine alone, until Ctrl-C; then all of it is gone. It is read only: nothing can be triggered, cleared or changed.
    Dags are shown as the project has them where they are still what ran, else as the ledger knows them.

    LEDGER is a folder of --keep, the name of one among those that are kept for you (airflow-harness ledger ls), or
    last, the newest of them.  [default: last]

    \b
    Examples:
      airflow-harness ui
      airflow-harness ui january --open
      airflow-harness ui january --port 8081
      airflow-harness ui incident --dags dags
    """
    return ShowInUi(ledger, dags, world, port, opens, verbose)
