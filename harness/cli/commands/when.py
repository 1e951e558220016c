"""``airflow-harness when``: when is the report ready?"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import click

from harness.cli import options as option
from harness.cli.commands.simulate import FolderArguments, SimulateFolder, period_of
from harness.cli.terminal import Job, Terminal
from harness.errors import ExitCode
from harness.results.when import MOST_SAMPLES, QUANTILE, SAMPLES

if TYPE_CHECKING:
    from harness.results.when import Readiness
    from harness.simulation.what_if.when import WhenOptions

STRETCH = "1d"


@dataclass(frozen=True)
class WhenArguments(FolderArguments):
    """The command line of ``when``, as typed."""

    since: str | None = None
    until: str = STRETCH
    dag_id: str = ""
    task_id: str | None = None
    quantile: float = QUANTILE
    samples: int = SAMPLES
    from_ledger: str | None = None
    jobs: int = 1


class AskWhen(SimulateFolder):
    """The job of one ``when`` command."""

    def __init__(self, arguments: WhenArguments) -> None:
        super().__init__(arguments)
        self.typed = arguments

    def __call__(self, terminal: Terminal) -> int:
        """Simulate as often as asked, and show when the runs are ready.

        Returns: 0, or 1 where something was found that is an error.
        Raises: HarnessError: whatever keeps it from being known.
        """
        options = self._options()
        rehearsal, world = self._loaded(terminal)
        from harness.cli.sweep_progress import SweepProgress
        from harness.simulation.what_if.when import when

        with (
            terminal.collecting(),
            SweepProgress(terminal.console, terminal.live, terminal.err, "samples") as progress,
        ):
            found = when(rehearsal, options, world, progress, self.typed.jobs)
        found = replace(found, findings=(*found.findings, *rehearsal.folder.import_errors()))
        self._show(found, options, terminal)
        return ExitCode.FOUND if any(one.severity == "error" for one in found.findings) else ExitCode.CLEAN

    def _options(self) -> WhenOptions:
        """What is asked, before anything is loaded. Raises: UsageError, LedgerError."""
        from harness.cli.ledgers import past_ledger
        from harness.kernel.instant import to_datetime
        from harness.simulation.what_if.when import WhenOptions

        typed = self.typed
        since, until = period_of(typed.since or f"{datetime.now(timezone.utc):%Y-%m-%d}", typed.until)
        past = None if typed.from_ledger is None else past_ledger(typed.from_ledger, None)
        asked = (typed.dag_id, typed.task_id, typed.quantile, typed.samples, typed.seed, past)
        return WhenOptions(to_datetime(since), to_datetime(until), *asked)

    def _show(self, found: Readiness, options: WhenOptions, terminal: Terminal) -> None:
        from harness.report.when_terminal import ReadinessReport

        terminal.show_collected()
        if terminal.as_json:
            terminal.document(found.to_json())
        else:
            ReadinessReport(terminal.console, terminal.verbose, self._again(options)).show(found)

    def _again(self, options: WhenOptions) -> str | None:
        """The command that simulates one sample, without its seed. None goes with a ledger that is drawn from."""
        from harness.kernel.instant import iso

        if options.from_ledger is not None:
            return None
        words = ["airflow-harness", "simulate", "--no-code", "--since", iso(options.since)]
        words += ["--until", iso(options.until + options.grace)]
        words += [word for path in self.typed.dags for word in ("--dags", str(path))]
        words += [] if self.typed.world is None else ["--world", str(self.typed.world)]
        return shlex.join(words)


@option.text("--dag", "dag_id", metavar="DAG_ID", required=True, help="Whose runs; the other Dags run beside it.")
@option.text("--task", "task_id", metavar="TASK_ID", help="When this task of it has succeeded.  [default: the run]")
@option.text("--since", metavar="ISO", help="Of runs that are due from then on.  [default: today, 00:00 UTC]")
@option.text("--until", metavar="ISO", default=STRETCH, show_default=True, help="Until then, or a span after --since.")
@option.dags
@option.text(
    "--quantile",
    metavar="Q",
    type=click.FloatRange(0, 1),
    default=QUANTILE,
    show_default=True,
    help="Beside the median; 0.95: ready by then in 95 of 100 samples.",
)
@option.text(
    "--samples",
    metavar="N",
    type=click.IntRange(1, MOST_SAMPLES),
    default=SAMPLES,
    show_default=True,
    help="So many simulations.",
)
@option.text("--from-ledger", metavar="LEDGER", help="Draw what the world does not say from how long tasks took there.")
@option.world
@option.text("--seed", metavar="N", type=int, default=0, show_default=True, help="Of the draws.")
@option.jobs("Processes that share the samples. The answer is the same.")
@option.as_json
@option.verbose
def when(**arguments: Any) -> Job:
    """Say when the runs of a Dag are ready, where tasks do not always take the same time.

    The folder's calendar is simulated again and again by the scheduler's rules alone, as simulate --no-code does; each
    time the durations that the world gives as distributions ({p50: 5m, p95: 9m}, or {low: 4m, likely: 5m, high: 12m})
    are drawn anew. Told is for each run that is due in the stretch of time how long after that, and at which instant,
    it had succeeded in half of the samples and in so many as --quantile says; how often it failed, did not end within a
    day after the stretch, or missed a deadline. The same seed gives the same answer.

    With --from-ledger, what the world does not say is drawn from how long tasks took in past runs.

    \b
    Examples:
      airflow-harness when --dag report --quantile 0.95
      airflow-harness when --dag report --since 2025-01-01 --until 7d --world fixtures/world.yaml --samples 1000 -j 4
      airflow-harness when --dag report --task publish --from-ledger january --json
    """

    return AskWhen(WhenArguments(**arguments))
