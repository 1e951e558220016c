"""When the runs of a Dag are ready, on a terminal: a row a run."""

from __future__ import annotations

from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from harness.kernel.instant import iso
from harness.report.style import ConsoleReport, colour
from harness.report.terminal import finding_lines
from harness.results.when import NEVER, NEVER_AT, Readiness, ReadyRun, after_text
from harness.text import clean


@dataclass(frozen=True)
class ReadinessReport(ConsoleReport):
    """Writes when runs are ready, for people.

    Args:
        again: the command that simulates one sample, up to its seed; None where there is none.
    """

    again: str | None = None

    def show(self, found: Readiness) -> None:
        """The whole report."""
        number = f"{found.samples:,} sample{'' if found.samples == 1 else 's'}"
        stretch = f"due {iso(found.since)} until {iso(found.until)}"
        self.console.print(Text(f"{clean(found.name)}, {stretch}, {number}, by the rules alone"), soft_wrap=True)
        if found.runs:
            self.console.print(self._table(found))
            told = "after: the run was due; what fails or does not end counts as never ready; missed: a deadline"
            self.console.print(Text(told, style="dim"), soft_wrap=True)
            self._sure(found)
            self._repeated(found)
        if found.findings:
            self.console.print(Text("\nFindings", style="bold"))
            for line in (line for finding in found.findings for line in finding_lines(finding)):
                self.console.print(line, soft_wrap=True)
        self.console.print(Text(f"({found.real_seconds:.2f} s real)", style="dim"))

    def _table(self, found: Readiness) -> Table:
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("run", no_wrap=True)
        for quantile in found.quantiles:
            table.add_column(f"p{100 * quantile:g} after", justify="right")
            table.add_column("at", no_wrap=True)
        states = sorted({state for run in found.runs for state in run.states} - {"success"})
        for heading in (*states, "missed"):
            table.add_column(heading.replace("_", " "), justify="right")
        for run in found.runs:
            table.add_row(*self._cells(run, found, states))
        return table

    def _cells(self, run: ReadyRun, found: Readiness, states: list[str]) -> list[Text]:
        cells = [Text(clean(_named(run)))]
        for quantile in found.quantiles:
            at = run.at(quantile)
            cells += [
                Text(after_text(run.quantile(quantile))),
                Text("" if at == NEVER_AT else iso(at.replace(microsecond=0)), style="dim"),
            ]
        counts = [(run.states.get(state, 0), colour(state)) for state in states]
        for number, style in (*counts, (run.missed_deadlines, colour("failed"))):
            cells.append(Text(f"{number / len(run.samples):.1%}" if number else "-", style=style if number else "dim"))
        if len(run.samples) < found.samples:
            cells[0].append(f" (in {len(run.samples)} samples)", "dim")
        return cells

    def _sure(self, found: Readiness) -> None:
        """How far the answer may be off with so many samples."""
        run = found.slowest
        low, high = run.between(found.asked)
        if len(run.samples) > 1 and low != NEVER:
            most = (
                f"between {after_text(low)} and {after_text(high)}" if high != NEVER else f"{after_text(low)} or more"
            )
            told = (
                f"p{100 * found.asked:g} of {_named(run)}: {most}, as sure as {len(run.samples):,} samples are (95 %)"
            )
            self.console.print(Text(clean(told), style="dim"), soft_wrap=True)

    def _repeated(self, found: Readiness) -> None:
        """How to see the sample that the answer is of."""
        sample = found.slowest.sample_at(found.asked)
        if self.again is not None and sample.ready is not None:
            line = (
                f"\np{100 * found.asked:g} of {_named(found.slowest)}, as it came:  {self.again} --seed {sample.seed}"
            )
            self.console.print(Text(clean(line)), soft_wrap=True)


def _named(run: ReadyRun) -> str:
    return run.name if run.logical_date is None else iso(run.logical_date)
