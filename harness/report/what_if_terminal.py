"""A calendar in several worlds, on a terminal: a row a world with a bar of its makespan, and what made it as long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from rich.table import Table
from rich.text import Text

from harness.kernel.instant import iso
from harness.report.style import ConsoleReport
from harness.report.terminal import finding_lines
from harness.results.capacity import Capacity, PathStep
from harness.results.what_if import WhatIf, WhatIfRow
from harness.text import clean, span_text

BAR, PATHS, STEPS = 8, 3, 12
"""Columns of a bar; worlds with a critical path and steps of one that are shown unless all are asked for."""

_OTHERS, _CAUSE = 60, 10
"""Columns of a terminal that the rest of the table takes, and that a cause of waiting takes."""


@dataclass(frozen=True)
class WhatIfReport(ConsoleReport):
    """Writes what-if answers for people."""

    def show(self, found: WhatIf) -> None:
        """The whole report."""
        stretch = f"{iso(found.since)} until {iso(found.until)}"
        code = "" if found.code else ", by the rules alone"
        asked_for = max(found.asked_for, len(found.rows))
        part = f"{len(found.rows)} of " if len(found.rows) < asked_for else ""
        number = f"{part}{asked_for} world{'' if asked_for == 1 else 's'}"
        self.console.print(Text(f"{number}, {stretch}{code}"), soft_wrap=True)
        self.console.print(self._table(found))
        told = "longest: run; used: share of the executor's slots; missed: deadlines; then waits, of all instances"
        self.console.print(Text(told, style="dim"), soft_wrap=True)
        for row in self._paths(found.rows):
            self._path(row)
        if found.findings:
            self.console.print(Text("\nFindings", style="bold"))
            self.show_findings(found)
        each = found.real_seconds / max(len(found.rows), 1)
        self.console.print(Text(f"({found.real_seconds:.2f} s real, {each:.2f} s a world)", style="dim"))

    def show_findings(self, found: WhatIf) -> None:
        """What was found, which rows of CSV have no place for."""
        for line in (line for finding in found.findings for line in finding_lines(finding)):
            self.console.print(line, soft_wrap=True)

    def _table(self, found: WhatIf) -> Table:
        fit = max((self.console.width - _OTHERS) // _CAUSE, 1)
        causes = found.causes if self.verbose else found.causes[:fit]
        shares = found.shares if self.verbose else ("executor",)
        longest = max((row.capacity.makespan for row in found.rows), default=timedelta())
        table = Table(box=None, pad_edge=False, header_style="dim")
        for key in found.rows[0].settings if found.rows else ():
            table.add_column(clean(key), no_wrap=True)
        table.add_column("makespan", justify="right")
        table.add_column("", width=BAR)
        used = ["used" if name == "executor" else f"used {clean(name)}" for name in shares]
        for heading in ("longest", *used, "missed", *map(clean, causes)):
            table.add_column(heading, justify="right")
        for row in found.rows:
            table.add_row(*self._cells(row, causes, shares, longest))
        return table

    def _cells(self, row: WhatIfRow, causes: Sequence[str], shares: Sequence[str], longest: timedelta) -> list[Text]:
        found = row.capacity
        failed = row.states.get("failed", 0)
        unfinished = f" ({found.unfinished} left)" if found.unfinished else ""
        run = "" if found.longest_run is None else span_text(found.longest_run[2])
        cells = [run, *(f"{found.utilisation.get(name, 0):.0%}" for name in shares), str(found.missed_deadlines)]
        cells += [span_text(found.waits[cause]) if cause in found.waits else "-" for cause in causes]
        bar = self.signs.bar * round(BAR * (found.makespan / longest if longest else 0))
        first = [*row.settings.values(), span_text(found.makespan) + unfinished]
        drawn = Text(bar, style="red" if failed else "cyan")
        return [*(Text(clean(cell)) for cell in first), drawn, *map(Text, cells)]

    def _paths(self, rows: Sequence[WhatIfRow]) -> list[WhatIfRow]:
        """Worlds whose critical path is told: the fastest, the slowest; all of a few."""
        told = [row for row in rows if row.capacity.critical_path]
        if self.verbose or len(told) <= PATHS:
            return told
        ranked = sorted(told, key=_length)
        return [ranked[0], ranked[-1]]

    def _path(self, row: WhatIfRow) -> None:
        found = row.capacity
        assert found.longest_chain is not None
        dag_id, run_id, lasted = found.longest_chain
        with_these = ", ".join(f"{key}={value}" for key, value in row.settings.items())
        self.console.print(Text(f"\nCritical path with {clean(with_these)}", style="bold"), soft_wrap=True)
        self.console.print(Text(f"  {clean(dag_id)} {clean(run_id)}, {span_text(lasted)}", style="dim"), soft_wrap=True)
        steps = found.critical_path
        shown = steps if self.verbose else steps[:STEPS]
        for step in shown:
            self.console.print(_step(step), soft_wrap=True)
        if len(shown) < len(steps):
            self.console.print(Text(f"  and {len(steps) - len(shown)} more (-v)", style="dim"))
        self._slack(found)

    def _slack(self, found: Capacity) -> None:
        """Which task beside the path is nearest to it."""
        if found.nearest_beside is not None:
            name, spare = found.nearest_beside
            told = f"  nearest beside it: {clean(name)}, {span_text(spare)} of slack"
            self.console.print(Text(told, style="dim"), soft_wrap=True)


def _length(row: WhatIfRow) -> tuple[timedelta, timedelta]:
    longest = row.capacity.longest_run
    return row.capacity.makespan, timedelta() if longest is None else longest[2]


def _step(step: PathStep) -> Text:
    waited = f"after {span_text(step.waited)} for {step.because}" if step.because else ""
    slack = f"  slack {span_text(step.slack)}" if step.slack else ""
    return Text(f"  {clean(step.name):<24} {span_text(step.lasted):>7}  {waited}{slack}".rstrip())
