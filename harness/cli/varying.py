"""``simulate --vary``: one calendar in every world of a grid, as a table, a document or CSV."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.terminal import Terminal
from harness.errors import ExitCode, HarnessError, UsageError

if TYPE_CHECKING:
    from harness.results.what_if import WhatIf
    from harness.simulation import CalendarOptions, Rehearsal
    from harness.simulation.what_if.variations import Variation
    from harness.world import World

FORMATS = ("text", "json", "csv")


@dataclass(frozen=True, slots=True)
class Varying:
    """A sweep as the command line asks for it.

    Attributes:
        texts: of ``--vary``, as typed.
        form: one of `FORMATS`.
        jobs, engine: who shares the worlds.
        of_one: whether something was asked for that is of one simulation alone: its ledger, trace, UI, debugger.
        record: whether the cassette of the world is to record.
        report: the file of its page, where one is asked for.
    """

    texts: tuple[str, ...]
    form: str = FORMATS[0]
    jobs: int = 1
    engine: str | None = None
    of_one: bool = False
    record: bool = False
    report: Path | None = None

    def variations(self) -> list[Variation]:
        """The variations, read before anything is loaded; none where a calendar is simulated in one world.

        Raises: UsageError: one that means nothing, a grid too large, or options that do not go together.
        """
        from harness.simulation.what_if.variations import grid, read_variation

        shared = self.jobs > 1 or self.engine is not None
        if self.form == "csv" and not self.texts:
            raise UsageError("--format csv has a line for each world of --vary", fix="give --vary, or take --json")
        if shared and not self.texts:
            fact = "-j and --engine share the worlds of --vary, and there is one calendar in one world"
            raise UsageError(fact, fix="give --vary, or leave them out")
        if self.texts and self.of_one:
            fact = "--keep, --trace, --ui and --pdb are of one simulation, and --vary makes several"
            raise UsageError(fact, fix="leave them out, or simulate the world that is chosen once more")
        if shared and self.record:
            fact = "--record writes one cassette, and processes that share worlds would write it at once"
            raise UsageError(fact, fix="record it in one world, and then vary")
        found = [read_variation(text) for text in self.texts]
        grid(found)
        return found

    def simulated(
        self,
        rehearsal: Rehearsal,
        options: CalendarOptions,
        world: World | None,
        variations: Sequence[Variation],
        terminal: Terminal,
    ) -> int:
        """Simulate in every world and show what came of it; also of an end before its time.

        Returns: 0, or 1 where something was found that is an error.
        """
        from harness.cli.sweep_progress import SweepProgress
        from harness.simulation.what_if.sweep import Sweep

        with terminal.collecting():
            sweep = Sweep(rehearsal, options, world, variations)
            try:
                with SweepProgress(terminal.console, terminal.live, terminal.err) as progress:
                    found = sweep.simulate(self.jobs, self.engine, progress)
            except BaseException:
                so_far = sweep.answers()
                if so_far.rows:
                    terminal.unfinished = so_far
                    with suppress(HarnessError):  # what ended it is the error to be told
                        self._write_page(so_far)
                raise
        terminal.show_collected()
        if self.form == "json":
            terminal.document(found.to_json())
        else:
            terminal.report(found)
        self._write_page(found)
        return ExitCode.FOUND if any(one.severity == "error" for one in found.findings) else ExitCode.CLEAN

    def _write_page(self, found: WhatIf) -> None:
        """The page of ``--report``. Raises: UsageError, MachineError: it cannot be written."""
        if self.report is not None:
            from harness.cli.faults import write_output
            from harness.report.page.what_if import what_if_page

            write_output(self.report, what_if_page(found), f"--report {str(self.report)!r}")
