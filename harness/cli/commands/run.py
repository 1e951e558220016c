"""``airflow-harness run``: one Dag from end to end."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli import inputs
from harness.cli import options as option
from harness.cli.folders import configured, note_clocks, note_failures, note_found, world_of
from harness.cli.terminal import Job, Terminal
from harness.errors import ExitCode, UsageError
from harness.project.config import Config, config_for

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from harness.ledger.past_run import PastRun
    from harness.results.run import RunResult
    from harness.simulation.options import RunOptions
    from harness.simulation.rehearsal import Rehearsal
    from harness.world import World


@dataclass(frozen=True)
class RunArguments(option.OneRunArguments):
    """The command line of ``run``, as typed."""

    only: tuple[str, ...] = ()
    from_task: str | None = None
    from_ledger: str | None = None
    run_id: str | None = None
    seed: int = 0
    start: str | None = None
    horizon: str | None = None
    manual: bool = False
    alone: bool = False
    as_json: bool = False
    keep: Path | None = None
    trace: Path | None = None
    report: Path | None = None
    ui: bool = False
    pdb: bool = False
    verbose: bool = False
    record: bool = False
    memory: bool = False


class Rehearse:
    """The job of one ``run`` command."""

    def __init__(self, arguments: RunArguments) -> None:
        self.arguments = arguments

    def __call__(self, terminal: Terminal) -> int:
        """Simulate the run and show it.

        Returns: 0 when it succeeded and nothing was found that is an error, else 1.
        Raises: HarnessError: whatever keeps it from running or from ending.
        """
        from harness.bridge.environment.sandbox import enter
        from harness.project.installed import airflow_version

        file = self.arguments.file
        config = config_for(self.arguments.dags or ([file] if file else []), Path.cwd())
        fields, paths = self._checked(), self._paths(config)
        world = world_of(
            self.arguments.world or config.world, (*config.network, *self.arguments.network), self.arguments.record
        )
        drivers = inputs.drivers(self.arguments.drivers, config)
        airflow_version()
        enter()
        with terminal.collecting():
            rehearsal, dag = self._loaded(paths, config, world)
            rehearsal.drivers = drivers
            terminal.begin()
        _notes(rehearsal, dag, terminal)
        note_clocks(world, drivers, terminal)
        from harness.simulation.options import RunOptions

        result = self._run(rehearsal, dag, world, RunOptions(**fields), terminal)
        self._show(result, terminal)
        if self.arguments.ui and result.ledger is not None:
            from harness.cli.ledger_ui import show_ledger

            show_ledger(terminal, result.ledger, lambda: rehearsal)
        return ExitCode.CLEAN if result.ok else ExitCode.FOUND

    # -- what was given ----------------------------------------------------------------------------------------------

    def _checked(self) -> dict[str, Any]:
        """The fields of `RunOptions`, read before the second that Airflow's import takes."""
        arguments = self.arguments
        if arguments.only and arguments.from_task:
            raise UsageError(
                "--only and --from-task exclude each other", fix="name every task with --only, or leave it out"
            )
        inputs.one_reader_of_stdout(arguments.pdb, arguments.as_json)
        fields: dict[str, Any] = {
            "logical_date": inputs.instant("--logical-date", arguments.logical_date),
            "manual": arguments.manual,
            "conf": inputs.conf(arguments.conf),
            "params": inputs.params(arguments.param),
            "only": inputs.names("--only", arguments.only),
            "from_task": arguments.from_task,
            "seed": arguments.seed,
            "start": inputs.instant("--start", arguments.start),
            "companions": not arguments.alone,
            "debug": arguments.pdb,
        }
        if arguments.run_id is not None and arguments.from_ledger is None:
            raise UsageError("--run names a run of a ledger", fix="name that too: --from-ledger LEDGER")
        if arguments.from_ledger is not None:
            fields["past"] = self._past(arguments.from_ledger)
        horizon = inputs.span("--horizon", arguments.horizon)
        return fields if horizon is None else {**fields, "horizon": horizon}

    def _past(self, ledger: str) -> PastRun:
        """The run of a ledger that is run again. Raises: LedgerError. UsageError: what cannot stand beside it."""
        from harness.cli.ledgers import past_ledger
        from harness.ledger.past_run import past_run

        if self.arguments.file is not None or self.arguments.manual:
            fix = "name the Dag by its id, and leave --manual out: the ledger says what run it was"
            raise UsageError("--from-ledger takes the id of a Dag, and the run as it was", fix=fix)
        typed = self.arguments
        return past_run(past_ledger(ledger, typed.keep), typed.dag_id, typed.logical_date, typed.run_id)

    def _paths(self, config: Config) -> list[Path]:
        """What to load: as given, else as configured, else the file alone when a file names the Dag."""
        dags, file = self.arguments.dags, self.arguments.file
        if file is not None and not file.is_file():
            raise UsageError(f"there is no file {file}", fix="correct the path, or give a Dag id")
        if dags:
            return list(dags)
        if file is not None:
            around = [path for path in config.dags if path.resolve() in file.resolve().parents]
            return around or [file]
        return configured(config)

    def _loaded(self, paths: list[Path], config: Config, world: World | None) -> tuple[Rehearsal, DAG]:
        from harness.gate.settings import xcom_bytes
        from harness.simulation.rehearsal import Rehearsal

        rehearsal, file = Rehearsal.of_paths(paths, xcom_bytes(config), world), self.arguments.file
        folder = rehearsal.folder
        if file is not None and file.resolve() not in map(Path.resolve, folder.files):  # ignored there, asked for here
            rehearsal.load_file(file.resolve(), world)
        return rehearsal, folder.dag(self.arguments.dag_id)

    # -- the run -----------------------------------------------------------------------------------------------------

    def _run(
        self, rehearsal: Rehearsal, dag: DAG, world: World | None, options: RunOptions, terminal: Terminal
    ) -> RunResult:
        from dataclasses import replace

        from harness.cli.ledgers import ledger_folder
        from harness.cli.masking import masked_run, unfinished_masked
        from harness.cli.pages import page_of_unfinished
        from harness.cli.progress import Progress
        from harness.kernel.footprint import measured_memory

        with rehearsal.surroundings.entered():
            plan = rehearsal.plan(dag, options)
        debugging = self.arguments.pdb
        live = terminal.live and not debugging
        progress = Progress(terminal.console, dag.dag_id, plan.run_id, live, None if debugging else terminal.err)
        if debugging:
            from harness.cli.debugger import post_mortem

            options = replace(options, on_error=post_mortem)

        def has_result() -> bool:
            return rehearsal.unfinished is not None

        with (
            ledger_folder(self.arguments.keep, dag.dag_id, has_result) as folder,
            page_of_unfinished(folder, self.arguments.report, has_result),
        ):
            options = replace(options, keep=folder)
            with (
                unfinished_masked(terminal, rehearsal),
                nullcontext() if debugging else terminal.collecting(),
                measured_memory() if self.arguments.memory else nullcontext(),
            ):
                progress.begin()
                try:
                    result = rehearsal.run(dag, world, options, progress)
                finally:
                    progress.end()
            return masked_run(result)

    def _show(self, result: RunResult, terminal: Terminal) -> None:
        terminal.show(result, self.arguments.trace, self.arguments.report)


def _notes(rehearsal: Rehearsal, dag: DAG, terminal: Terminal) -> None:
    """Files beside the Dag's own that did not import, and other Dags of its name: a run does not hide them."""
    folder = rehearsal.folder
    note_found(folder, terminal)
    note_failures(folder, terminal)
    for dag_id, taken, other in folder.duplicates:
        if dag_id == dag.dag_id:
            terminal.note(f"{other} also defines {dag_id!r}; this is the one of {taken}")


@option.one_run
@option.texts("--only", metavar="TASK", help="Run these tasks alone; repeated, or with commas.")
@option.text("--from-task", metavar="TASK", help="Run this task and those downstream of it.")
@option.text(
    "--from-ledger",
    metavar="LEDGER",
    help="Run a run of this ledger again: its dates and conf, and the XComs of tasks that are left out.",
)
@option.run_of_ledger
@option.former("--from", "--from-task", "from_task")
@option.record
@option.seed
@option.text("--start", metavar="ISO", help="Virtual time to begin at.  [default: when the run is due]")
@option.text("--horizon", metavar="DURATION", help="Stop after so much virtual time, as 12h.  [default: 30d]")
@option.flag("--manual", help="A run as a person triggers it, on any date.")
@option.flag("--alone", help="Leave out the Dags that sensors wait for.")
@option.as_json
@option.keep
@option.trace
@option.report
@option.ui
@option.memory
@option.pdb
@option.verbose
def run(**arguments: Any) -> Job:
    """Run one Dag from end to end: the real task code, in virtual time, on this machine only.

    A sleep, a sensor or a retry delay of hours costs nothing. Connections, variables and pools are those of the world
    file; the machine's own Airflow, its home and its database are neither read nor written.

    Runs of other Dags that its tasks trigger are run too; one that fails and that nobody waits for is an error, though
    the task that triggered it succeeds, as in Airflow. So is a connection that was refused, though the task went on.

    DAG_ID is that of a Dag, or a .py file that holds one.

    \b
    Examples:
      airflow-harness run weather_etl --logical-date 2025-01-01
      airflow-harness run dags/weather_etl.py --param city=Oslo --param days=3
      airflow-harness run weather_etl --conf '{"city": "Oslo"}' --manual
      airflow-harness run weather_etl --world fixtures/world.yaml --from-task load --pdb
      airflow-harness run weather_etl --from-ledger last --from-task load
      airflow-harness run weather_etl --only extract,load --json | jq .state
      airflow-harness run weather_etl --keep ledgers/today && less ledgers/today/journal.jsonl
    """

    return Rehearse(RunArguments(**arguments))
