"""``airflow-harness verify``: a Dag through the simulator and through Airflow itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import inputs
from harness.cli import options as option
from harness.cli.folders import configured, note_failures, note_found, note_plugins, world_of
from harness.cli.heartbeat import Heartbeat, so_far
from harness.cli.terminal import Job, Terminal
from harness.project.config import config_for

if TYPE_CHECKING:
    from harness.results.verification import Verification


@dataclass(frozen=True)
class VerifyArguments(option.OneRunArguments):
    """The command line of ``verify``, as typed."""

    limit_s: float = 120.0
    as_json: bool = False
    verbose: bool = False


class Verifying:
    """The job of one ``verify`` command."""

    def __init__(self, arguments: VerifyArguments) -> None:
        self.arguments = arguments

    def __call__(self, terminal: Terminal) -> int:
        """Run the Dag on both sides and show the comparison.

        Returns: 0 when they are alike, else 1.
        Raises: HarnessError: whatever keeps one side from running.
        """
        from harness.bridge.environment.sandbox import enter
        from harness.project.installed import airflow_version

        arguments = self.arguments
        date = inputs.instant("--logical-date", arguments.logical_date)
        conf = {**inputs.conf(arguments.conf), **inputs.params(arguments.param)}
        named = list(arguments.dags) or ([arguments.file] if arguments.file is not None else [])
        config = config_for(named, Path.cwd())
        paths = named or configured(config)
        world = world_of(arguments.world or config.world, (*config.network, *arguments.network))
        drivers = inputs.drivers(arguments.drivers, config)
        airflow_version()
        enter()
        from harness.cli.masking import unfinished_masked

        with terminal.collecting():
            from harness.simulation import Rehearsal
            from harness.simulation.unmatched import check_params
            from harness.simulation.verification import verify
            from harness.world import World

            rehearsal = Rehearsal.of_paths(paths, world=world)
            rehearsal.drivers = drivers
            terminal.begin()
        note_found(rehearsal.folder, terminal)
        note_failures(rehearsal.folder, terminal)
        note_plugins(rehearsal, terminal)
        dag = rehearsal.folder.dag(arguments.dag_id)
        check_params(dag, inputs.params(arguments.param))
        if terminal.console.is_terminal:
            terminal.note("running it here, then in Airflow (the first time its database is made: some seconds)")
        both = f"{dag.dag_id} runs here, then in Airflow, which may take {arguments.limit_s:g} s"
        heartbeat = Heartbeat(terminal.err, lambda elapsed_s: f"{both}; {so_far(elapsed_s, None)}")
        heartbeat.begin()
        try:
            with unfinished_masked(terminal, rehearsal), terminal.collecting():
                found = verify(rehearsal, dag, world or World(), date, conf, arguments.limit_s)
        finally:
            heartbeat.end()
        terminal.show_collected()
        self._show(found, terminal)
        return 0 if found.ok else 1

    def _show(self, found: Verification, terminal: Terminal) -> None:
        if terminal.as_json:
            terminal.document(found.to_json())
            return
        from harness.report.verification_terminal import show

        show(found, terminal.console, terminal.verbose)


class _Seconds(click.FloatRange):
    """A number that can be waited for: NaN lies beside every range."""

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        found = super().convert(value, parameter, context)
        if math.isnan(found):
            self.fail(f"{value} is no number of seconds.", parameter, context)
        return found


@option.one_run
@option.text(
    "--limit",
    "limit_s",
    metavar="SECONDS",
    type=_Seconds(0, 7 * 86400, min_open=True),
    default=120.0,
    show_default=True,
    help="Real seconds that Airflow's own run may take.",
)
@option.as_json
@option.verbose
def verify(**arguments: Any) -> Job:
    """Convince yourself: run one Dag in the simulator and in Airflow itself, and compare.

    Airflow's own dag.test() runs it in a separate process, on a throw-away SQLite database that is migrated the first
    time; only its waits are cut short. States, tries, map indexes and XComs of all tasks are compared. Exit code 0
    when they are alike, 1 when not. Stubs and commands of the world stand in on both sides, and take no time; what
    cannot run here, and for which nothing stands in, cannot be compared.

    DAG_ID is that of a Dag, or a .py file that holds one.

    \b
    Examples:
      airflow-harness verify weather_etl
      airflow-harness verify weather_etl --world fixtures/world.yaml --logical-date 2025-01-01 -v
      airflow-harness verify dags/sales.py --json | jq .alike
    """

    return Verifying(VerifyArguments(**arguments))
