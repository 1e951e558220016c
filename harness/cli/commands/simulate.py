"""``airflow-harness simulate``: the calendar of a whole Dag folder."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import inputs
from harness.cli import options as option
from harness.cli.folders import configured, note_clocks, note_failures, note_found, world_of
from harness.cli.terminal import Job, Terminal
from harness.cli.varying import FORMATS, Varying
from harness.errors import DagNotFound, ExitCode, UsageError
from harness.project.config import config_for

if TYPE_CHECKING:
    from harness.kernel.instant import Instant
    from harness.results.calendar import CalendarResult
    from harness.simulation import CalendarOptions, Rehearsal
    from harness.simulation.replays.replaying import ReplayOptions
    from harness.world import World


@dataclass(frozen=True)
class FolderArguments:
    """What every command takes that simulates many runs of a folder, as typed."""

    dags: tuple[Path, ...] = ()
    world: Path | None = None
    network: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()
    seed: int = 0
    as_json: bool = False
    keep: Path | None = None
    trace: Path | None = None
    report: Path | None = None
    ui: bool = False
    conf: str | None = None
    pdb: bool = False
    verbose: bool = False
    record: bool = False


@dataclass(frozen=True)
class CalendarArguments(FolderArguments):
    """The command line of ``simulate``, as typed."""

    since: str = ""
    until: str = ""
    dag_ids: tuple[str, ...] = ()
    fresh: bool = False
    actions: tuple[str, ...] = ()
    no_code: bool = False
    from_ledger: str | None = None
    vary: tuple[str, ...] = ()
    form: str = FORMATS[0]
    jobs: int = 1
    engine: str | None = None
    memory: bool = False


class SimulateFolder:
    """The job of a command that simulates many runs of a folder.

    Attributes:
        stem: how a ledger is called that nobody asked to keep.
    """

    stem = "calendar"

    def __init__(self, arguments: FolderArguments) -> None:
        self.arguments = arguments
        self._rehearsal: Rehearsal | None = None

    def simulated(self, terminal: Terminal, planned: Callable[[Rehearsal], FolderSimulation]) -> CalendarResult:
        """Load the Dags, simulate what is planned for them, and show it.

        Args:
            planned: what is simulated, asked when the Dags are loaded.
        Raises: HarnessError: whatever keeps it from being simulated.
        """
        rehearsal, world = self._loaded(terminal)
        result = self._simulated(rehearsal, planned(rehearsal), world, terminal)
        terminal.show(result, self.arguments.trace, self.arguments.report)
        return result

    def _loaded(self, terminal: Terminal) -> tuple[Rehearsal, World | None]:
        """The Dags, and the world they are to live in."""
        from harness.bridge.environment.sandbox import enter
        from harness.project.installed import airflow_version

        arguments = self.arguments
        config = config_for(arguments.dags, Path.cwd())
        inputs.one_reader_of_stdout(arguments.pdb, arguments.as_json)
        paths = list(arguments.dags) or configured(config)
        world = world_of(arguments.world or config.world, (*config.network, *arguments.network), arguments.record)
        drivers = inputs.drivers(arguments.drivers, config)
        airflow_version()
        enter()
        with terminal.collecting():
            from harness.gate.settings import xcom_bytes
            from harness.simulation import Rehearsal

            rehearsal = self._rehearsal = Rehearsal.of_paths(paths, xcom_bytes(config), world)
            rehearsal.drivers = drivers
            terminal.begin()
        note_found(rehearsal.folder, terminal)
        note_clocks(world, drivers, terminal)
        if not rehearsal.folder.dags:
            note_failures(rehearsal.folder, terminal)
            raise DagNotFound("no Dag was loaded", where=", ".join(map(str, paths)), fix="see the notes above")
        return rehearsal, world

    def verdict(self, result: CalendarResult, terminal: Terminal) -> int:
        """The exit code of a result, once somebody has seen enough of it in Airflow's UI, where that was asked for.

        Returns: 0 when no run failed and nothing was found that is an error, else 1.
        """
        if self.arguments.ui and result.ledger is not None:
            from harness.cli.ledger_ui import show_ledger

            show_ledger(terminal, result.ledger, lambda: self._rehearsal)
        return ExitCode.CLEAN if result.ok else ExitCode.FOUND

    def _simulated(
        self, rehearsal: Rehearsal, planned: FolderSimulation, world: World | None, terminal: Terminal
    ) -> CalendarResult:
        from harness.cli.ledgers import ledger_folder
        from harness.cli.masking import masked_calendar, unfinished_masked
        from harness.cli.pages import page_of_unfinished
        from harness.cli.progress import CalendarProgress
        from harness.kernel.instant import to_instant

        options: Any = planned.options
        debugging = self.arguments.pdb
        if debugging:
            from harness.cli.debugger import post_mortem

            options = replace(options, debug=True, on_error=post_mortem)
        period = to_instant(options.since), to_instant(options.until)
        live = terminal.live and not debugging
        progress = CalendarProgress(terminal.console, live, None if debugging else terminal.err, period, planned.runs)

        def has_result() -> bool:
            return rehearsal.unfinished is not None

        with (
            ledger_folder(self.arguments.keep, self.stem, has_result) as folder,
            page_of_unfinished(folder, self.arguments.report, has_result),
            unfinished_masked(terminal, rehearsal),
            nullcontext() if debugging else terminal.collecting(),
        ):
            progress.begin()
            rehearsal.spills = planned.spills and not self.arguments.as_json  # whose document has all of them
            try:
                simulate = rehearsal.simulate if planned.runs is None else rehearsal.replay
                found = simulate(replace(options, keep=folder), world, progress)
            finally:
                progress.end()
            found = replace(found, findings=(*found.findings, *rehearsal.folder.import_errors()))
            return masked_calendar(found, whole=terminal.as_json)


@dataclass(frozen=True)
class FolderSimulation:
    """What is simulated.

    Attributes:
        runs: how many there will be, of a replay.
        spills: as of `Rehearsal`.
    """

    options: CalendarOptions | ReplayOptions
    runs: int | None = None
    spills: bool = True


class SimulateCalendar(SimulateFolder):
    """The job of one ``simulate`` command."""

    def __init__(self, arguments: CalendarArguments) -> None:
        super().__init__(arguments)
        self.typed = arguments

    def __call__(self, terminal: Terminal) -> int:
        """Simulate the calendar and show it; with ``--vary`` in several worlds.

        Returns: 0 when no run failed and nothing was found that is an error, else 1. Runs that fail in several worlds
            are told, and no error.
        Raises: HarnessError: whatever keeps it from being simulated.
        """
        since, until = period_of(self.typed.since, self.typed.until)
        conf, past, typed = inputs.conf(self.arguments.conf), self._past(), self.typed
        form = "json" if typed.as_json else typed.form
        of_one = typed.ui or typed.pdb or typed.keep is not None or typed.trace is not None
        varying = Varying(typed.vary, form, typed.jobs, typed.engine, of_one, typed.record, typed.report)
        variations = varying.variations()

        if typed.memory and (typed.no_code or variations):
            raise UsageError("--memory is told of one simulation with code", fix="leave out --no-code and --vary")

        def planned(_: Rehearsal) -> FolderSimulation:
            from harness.kernel.instant import to_datetime
            from harness.simulation import CalendarOptions
            from harness.simulation.actions import parse_action

            actions = tuple(parse_action(text) for text in typed.actions)
            period = to_datetime(since), to_datetime(until)
            options = CalendarOptions(*period, typed.fresh, typed.dag_ids, actions, conf, typed.seed)
            return FolderSimulation(replace(options, code=not typed.no_code, from_ledger=past))

        terminal.as_json |= form == "json"
        terminal.as_csv = form == "csv"
        if variations:
            rehearsal, world = self._loaded(terminal)
            options: Any = planned(rehearsal).options
            return varying.simulated(rehearsal, options, world, variations, terminal)
        from harness.kernel.footprint import measured_memory

        with measured_memory() if typed.memory else nullcontext():
            result = self.simulated(terminal, planned)
        return self.verdict(result, terminal)

    def _past(self) -> Path | None:
        """The folder of the past ledger. Raises: LedgerError. UsageError: what was given beside it makes no sense."""
        if self.typed.no_code and self.arguments.pdb:
            raise UsageError("--pdb has nothing to stop in: --no-code runs no task", fix="leave one of them out")
        if self.typed.from_ledger is None:
            return None
        if not self.typed.no_code:
            fact = "--from-ledger tells what tasks come to whose code does not run"
            raise UsageError(fact, fix="give --no-code beside it")
        from harness.cli.ledgers import past_ledger

        return past_ledger(self.typed.from_ledger, self.typed.keep)


def period_of(since_text: str, until_text: str) -> tuple[Instant, Instant]:
    """The instants of ``--since`` and ``--until``; a span counts from the first. Raises: UsageError."""
    from harness.kernel.instant import later
    from harness.world.duration import is_duration

    since = inputs.instant("--since", since_text)
    assert since is not None
    if is_duration(until_text):
        until = later(since, inputs.span("--until", until_text) or 0)
    else:
        until = inputs.instant("--until", until_text) or since
    if until <= since:
        raise UsageError(f"--until {until_text!r} is not after --since {since_text!r}", fix="write --until 7d")
    return since, until


@option.text("--since", "--from", "since", metavar="ISO", required=True, help="Virtual time to begin at.")
@option.text(
    "--until",
    metavar="ISO",
    required=True,
    help="Virtual time to end at, or a span after --since, as 7d; what happens at that very instant still counts.",
)
@option.dags
@option.texts("--dag", "dag_ids", metavar="DAG_ID", help="Only this Dag; may be repeated.  [default: all]")
@option.flag("--fresh", help="Deploy the Dags at --since for the first time: catchup makes up for the past.")
@option.texts(
    "--action",
    "actions",
    metavar="'ISO VERB DAG'",
    help="trigger, pause, unpause, clear or backfill meanwhile; repeatable.",
)
@option.text("--conf", metavar="JSON", help="The conf of the runs that schedules make, a JSON object.")
@option.flag("--no-code", help="Run no task: outcomes and durations come from the world, and from --from-ledger.")
@option.text("--from-ledger", metavar="LEDGER", help="With --no-code: what tries came to in a past simulation.")
@option.texts("--vary", metavar="KEY=V,V", help="Simulate in worlds with each of these values, as pools.etl=2,5,10.")
@option.text(
    "--format",
    "form",
    metavar="FORM",
    type=click.Choice(FORMATS),
    default=FORMATS[0],
    help=f"One of {', '.join(FORMATS)}; csv has a line for each world of --vary.  [default: text]",
)
@option.jobs("Processes that share the worlds of --vary. The answers are the same.")
@option.engine
@option.memory
@option.many_runs
def simulate(**arguments: Any) -> Job:
    """Run everything the schedules of a Dag folder ask for, from one date to another, in virtual time.

    Dag runs are made as Airflow's scheduler makes them: catchup, max_active_runs, assets, end dates. They share the
    pools and the executor of the world file, so what waits for a slot here would wait in production. Tasks that
    neither sleep nor have a duration under ``durations:`` in the world file take no virtual time.

    With --no-code no task runs: what tries come to is told by stubs and durations of the world, and by a past ledger;
    what neither of them tells is taken for granted, and said.

    With --vary, which may be repeated, the calendar is simulated in each world of a grid, and told is what each of them
    comes to: makespan, what was waited for, utilisation, missed deadlines, the critical path with its slack. Keys are
    pools.NAME, executor.parallelism, executor (Sequential, Local(N), Celery(N), Kubernetes(N)), executors.NAME,
    workers, workers.NAME, durations.TASK and revision (of git; . for the working tree).
    -j has several processes share the worlds, --engine the workers of a cluster.

    \b
    Examples:
      airflow-harness simulate --since 2025-01-01 --until 7d
      airflow-harness simulate --since 2025-01-01 --until 2025-02-01 --dag sales --world fixtures/world.yaml
      airflow-harness simulate --since 2025-01-01 --until 1d --fresh
      airflow-harness simulate --since 2025-01-01 --until 30d --no-code --from-ledger january
      airflow-harness simulate --since 2025-01-01 --until 7d --vary pools.etl=2,5,10 --vary executor.parallelism=8,16
      airflow-harness simulate --since 2025-01-01 --until 7d --no-code --vary revision=main,. -j 2 --report change.html
      airflow-harness simulate --since 2025-01-01 --until 1d --no-code \\
        --vary 'executor=Sequential,Local(2),Celery(8),Kubernetes(20)'
      airflow-harness simulate --since 2025-01-01 --until 1d --action '2025-01-01T05:00Z trigger sales {"full": true}'
      airflow-harness simulate --since 2025-01-10 --until 1d \\
        --action '2025-01-10T05:00Z backfill sales {"from": "2025-01-01", "to": "2025-01-05", "max_active_runs": 2}'
    """

    return SimulateCalendar(CalendarArguments(**arguments))
