"""``airflow-harness replay``: a backfill of one Dag or several, on this machine."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from harness.cli import inputs
from harness.cli import options as option
from harness.cli.commands.simulate import FolderArguments, FolderSimulation, SimulateFolder
from harness.cli.terminal import Job, Terminal
from harness.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from harness.kernel.instant import Instant
    from harness.simulation import Rehearsal

PASSES = 4
"""Of a check whether it may run again; what is left out of them ends it earlier."""

REPROCESS = ("none", "failed", "completed")


@dataclass(frozen=True)
class ReplayArguments(FolderArguments):
    """The command line of ``replay``, as typed."""

    dag_ids: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    reverse: bool = False
    max_active_runs: int = 10
    reprocess: str = "none"
    run_on_latest: bool = False
    fail_fast: bool = False
    dry_run: bool = False
    check: str | None = None
    resume: bool = False
    jobs: int = 1
    engine: str | None = None
    start: str | None = None
    horizon: str | None = None
    from_ledger: str | None = None
    run_id: str | None = None
    own_outcomes: bool = False


class ReplayBackfills(SimulateFolder):
    """The job of one ``replay`` command."""

    stem = "replay"

    def __init__(self, arguments: ReplayArguments) -> None:
        super().__init__(arguments)
        self.typed = arguments

    def resuming(self, ledger: Path) -> list[str] | None:
        """The options that go on with this ledger, beside those given; None where no replay can go on."""
        if self.typed.check is not None:
            return None
        named = [] if self.typed.keep is not None else ["--ledger", str(ledger)]
        return named if self.typed.resume else [*named, "--resume"]

    def __call__(self, terminal: Terminal) -> int:
        """Replay the backfills and show them, with what the ledger tells of them.

        Returns: 0 when no run failed and nothing was found that is an error, else 1.
        Raises: HarnessError: whatever keeps them from being replayed.
        """
        asked_for = self._checked()
        if self.typed.resume and self.typed.keep is None:
            raise UsageError("--resume goes on with a ledger", fix="name its folder with --ledger")
        if self.typed.dry_run and self.typed.report is not None:
            raise UsageError("--dry-run runs nothing, of which there could be a page", fix="leave out --report")

        def planned(rehearsal: Rehearsal) -> FolderSimulation:
            from harness.simulation.replays.replaying import ReplayOptions

            options = ReplayOptions(**asked_for)
            passes = PASSES if options.idempotent else 1
            runs = rehearsal.replay_of(options).runs * passes
            return FolderSimulation(options, runs, spills=not options.idempotent)  # XComs of the passes are compared

        result = self.simulated(terminal, planned)
        for note in result.notes:
            terminal.note(note)
        if result.ledger is not None and not terminal.as_json and not self.typed.dry_run:
            from harness.report.ledger_terminal import show_figures

            show_figures(terminal.console, result.ledger)
        return self.verdict(result, terminal)

    def _checked(self) -> dict[str, Any]:
        """The fields of `ReplayOptions`, read before the second that Airflow's import takes."""
        from harness.kernel.instant import to_datetime

        typed = self.typed
        if typed.run_id is not None or typed.own_outcomes:
            raise UsageError(
                "--run and --own-outcomes go with --from-ledger", fix="name a ledger: --from-ledger LEDGER"
            )
        if not typed.since or not typed.until:
            raise UsageError("a replay has no dates", fix="write --since 2025-01-01 --until 30d")
        since, until = dates_of(typed.since, typed.until)
        start, horizon = inputs.instant("--start", typed.start), inputs.span("--horizon", typed.horizon)
        asked_for = {
            "dag_ids": tuple(dict.fromkeys(typed.dag_ids)),
            "since": to_datetime(since),
            "until": to_datetime(until),
            "reverse": typed.reverse,
            "max_active_runs": typed.max_active_runs,
            "reprocess": typed.reprocess,
            "run_on_latest": True if typed.run_on_latest else None,
            "conf": inputs.conf(typed.conf),
            "fail_fast": typed.fail_fast,
            "dry_run": typed.dry_run,
            "idempotent": typed.check is not None,
            "resume": typed.resume,
            "jobs": typed.jobs,
            "engine": typed.engine,
            "keep": typed.keep,
            "start": None if start is None else to_datetime(start),
            "seed": typed.seed,
        }
        return asked_for if horizon is None else {**asked_for, "horizon": timedelta(microseconds=horizon)}


def dates_of(since_text: str, until_text: str) -> tuple[Instant, Instant]:
    """The first and the last logical date that may be meant; a span of days ends before its last instant.

    ``--until 2025-01-07`` means the seventh too, as in Airflow, and ``--until 7d`` seven days.
    Raises: UsageError: no dates, or in the wrong order.
    """
    from harness.kernel.instant import later
    from harness.world.duration import is_duration

    since = inputs.instant("--since", since_text)
    assert since is not None
    if is_duration(until_text):
        until = later(since, (inputs.span("--until", until_text) or 0) - 1)
    else:
        found = inputs.instant("--until", until_text)
        assert found is not None
        until = found
    if until < since and is_duration(until_text):
        raise UsageError(f"--until {until_text!r} is no span in which a date may lie", fix="write --until 7d")
    if until < since:
        raise UsageError(f"--until {until_text!r} lies before --since {since_text!r}", fix="exchange them")
    return since, until


@click.argument("dag_ids", metavar="DAG_ID...", nargs=-1, required=True)
@option.text("--since", metavar="ISO", help="The first logical date.")
@option.text("--until", metavar="ISO", help="The last logical date, or a span from the first on, as 30d.")
@option.text(
    "--from-ledger",
    metavar="LEDGER",
    help="In place of dates: a run of this ledger as it was, with its conf and dates, how long tries took and "
    "which failed; then what comes out otherwise.",
)
@option.run_of_ledger
@option.flag("--own-outcomes", help="With --from-ledger: tries end as the code has them end, also those that failed.")
@option.dags
@option.flag("--reverse", help="The latest date first.")
@option.text(
    "--max-active-runs",
    metavar="N",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    help="Runs of a Dag at a time; the Dag's own limit does not count, as in Airflow.",
)
@option.text(
    "--reprocess",
    metavar="WHICH",
    type=click.Choice(REPROCESS),
    default="none",
    show_default=True,
    help=f"Runs that are there already and run again: {', '.join(REPROCESS)}. Needed where tasks depend on the past.",
)
@option.flag("--run-on-latest", help="Runs that run again take the newest version of the Dag.")
@option.text("--conf", metavar="JSON", help="The conf of the runs, a JSON object.")
@option.flag("--fail-fast", help="No further run begins once one has failed.")
@option.text(
    "--check",
    metavar="WHAT",
    type=click.Choice(["idempotent"]),
    help="idempotent: replay it again, in reverse, and with failures, and say what comes out otherwise.",
)
@option.flag("--dry-run", help="Only say which runs there would be, and why others are left out.")
@option.text(
    "--start",
    metavar="ISO",
    help="Virtual time at which the backfill is asked for.  [default: when the last run's interval is over]",
)
@option.text("--horizon", metavar="SPAN", help="Stop after so much virtual time.  [default: 366d]")
@option.jobs("Processes that share the runs, where runs are independent. The ledger is the same.")
@option.engine
@option.flag("--resume", help="Go on with the ledger of --ledger, which was cut off.")
@option.many_runs
def replay(**arguments: Any) -> Job:
    """Replay a backfill, as Airflow makes it: real task code, the world's services, in virtual time.

    Which runs there are, in which order, how many at a time, what is left out and what is refused is what
    `airflow backfill create` would do. Several Dags are backfilled at once, on one clock: sensors and assets between
    them find each other; of a Dag that waits for assets, those runs that the others' assets make. Schedules make no
    runs meanwhile. The ledger answers what happened: airflow-harness sql.

    \b
    Examples:
      airflow-harness replay sales --since 2025-01-01 --until 2025-01-31
      airflow-harness replay sales --since 2025-01-01 --until 30d --max-active-runs 1 --keep january
      airflow-harness replay feed report --since 2025-01-01 --until 7d --reverse --fail-fast
      airflow-harness replay sales --since 2025-01-01 --until 30d --dry-run
      airflow-harness replay sales --since 2025-01-01 --until 7d --check idempotent
      airflow-harness replay sales --since 2024-01-01 --until 366d -j 2
      airflow-harness replay sales --from-ledger friday
    """
    typed = ReplayArguments(**arguments)
    return ReplayBackfills(typed) if typed.from_ledger is None else incident_of(typed)


def incident_of(typed: ReplayArguments) -> Job:
    """The job of a run that a ledger has. Raises: UsageError: what belongs to a backfill beside it."""
    from harness.cli.commands.incident import IncidentArguments, ReplayIncident

    names = sorted({one.name for one in fields(ReplayArguments)} - {one.name for one in fields(IncidentArguments)})
    of_backfills = [one for one in names if one not in ("dag_ids", "since", "until")]
    usual = ReplayArguments()
    given = [name for name in of_backfills if getattr(typed, name) != getattr(usual, name)]
    given += [name for name in ("since", "until") if getattr(typed, name)]
    if given:
        option_name = given[0].replace("_", "-")
        fact = f"--{option_name} is of a backfill, and --from-ledger replays one run as it was"
        raise UsageError(fact, fix="leave it out, or --from-ledger")
    if len(typed.dag_ids) != 1:
        raise UsageError(
            "--from-ledger replays one run, so one Dag is named", fix="write replay DAG_ID --from-ledger …"
        )
    names_of_both = {one.name for one in fields(ReplayArguments)} & {one.name for one in fields(IncidentArguments)}
    same = {name: getattr(typed, name) for name in names_of_both}
    return ReplayIncident(IncidentArguments(dag_id=typed.dag_ids[0], **same))
