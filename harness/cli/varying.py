"""``simulate --vary``: one calendar in every world of a grid, as a table, a document or CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.cli.folders import import_errors
from harness.cli.terminal import Terminal
from harness.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from harness.results.what_if import WhatIf
    from harness.simulation import CalendarOptions, Rehearsal
    from harness.simulation.what_if.variations import Variation
    from harness.world import World

FORMATS = ("text", "json", "csv")


def variations_of(texts: Sequence[str], form: str, ledgers: Sequence[object]) -> list[Variation]:
    """The variations, read before anything is loaded.

    Args:
        ledgers: what was asked to be kept of a simulation.
    Raises: UsageError: one that means nothing, a grid too large, or options that are of one simulation alone.
    """
    from harness.simulation.what_if.variations import grid, read_variation

    if form == "csv" and not texts:
        raise UsageError("--format csv has a line for each world of --vary", fix="give --vary, or take --json")
    if texts and any(one is not None for one in ledgers):
        fact = "--keep, --trace, --report and --ui are of one simulation, and --vary makes several"
        raise UsageError(fact, fix="leave them out, or simulate the world that is chosen once more")
    found = [read_variation(text) for text in texts]
    grid(found)
    return found


def vary(
    rehearsal: Rehearsal,
    options: CalendarOptions,
    world: World | None,
    variations: Sequence[Variation],
    form: str,
    terminal: Terminal,
) -> int:
    """Simulate in every world and show what came of it.

    Returns: 0, or 1 where something was found that is an error.
    """
    from harness.simulation.what_if.sweep import what_if

    with terminal.collecting():
        found = what_if(rehearsal, options, world, variations)
    found = replace(found, findings=(*found.findings, *import_errors(rehearsal.folder)))
    _show(found, form, terminal)
    return ExitCode.FOUND if any(one.severity == "error" for one in found.findings) else ExitCode.CLEAN


def _show(found: WhatIf, form: str, terminal: Terminal) -> None:
    from harness.report.what_if_terminal import WhatIfReport

    terminal.show_collected()
    if form == "json":
        terminal.document(found.to_json())
    elif form == "csv":
        terminal.out.write(found.to_csv())
        terminal.out.flush()
        WhatIfReport(terminal.console, terminal.verbose).show_findings(found)
    else:
        WhatIfReport(terminal.console, terminal.verbose).show(found)
