"""The work of ``airflow-harness replay --from-ledger``: one run as it was, and what comes out otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.commands.run import Rehearse, RunArguments
from harness.cli.terminal import Terminal
from harness.errors import ExitCode

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from harness.ledger.comparison.result import Comparison
    from harness.ledger.past_run import PastRun
    from harness.results.run import RunResult
    from harness.simulation.options import RunOptions
    from harness.simulation.rehearsal import Rehearsal
    from harness.world import World

NOT_IMPORTED = ("data", "durations", "findings")
"""What the ledger of a deployed Airflow does not have, or has of its scheduler's pace too."""


@dataclass(frozen=True)
class IncidentArguments(RunArguments):
    """The command line of ``replay --from-ledger``.

    Attributes:
        own_outcomes: tries end as the code has them end, also those that failed then.
    """

    own_outcomes: bool = False


class ReplayIncident(Rehearse):
    """The job of one ``replay --from-ledger``."""

    def __init__(self, arguments: IncidentArguments) -> None:
        super().__init__(arguments)
        self.typed = arguments
        self._found: Comparison | None = None

    def __call__(self, terminal: Terminal) -> int:
        """Run it again, show it, and what of it is not as it was.

        Returns: 0 when all came out as the ledger has it, else 1: also a run that failed then may have to fail.
        Raises: HarnessError: whatever keeps it from running or from ending.
        """
        super().__call__(terminal)
        assert self._found is not None
        return ExitCode.CLEAN if self._found.alike else ExitCode.FOUND

    def _run(
        self, rehearsal: Rehearsal, dag: DAG, world: World | None, options: RunOptions, terminal: Terminal
    ) -> RunResult:
        from harness.ledger.past_tries import past_tries
        from harness.simulation.replays.incidents import world_as_then
        from harness.world import World as Empty

        assert options.past is not None
        folder, failures = options.past.ledger, not self.typed.own_outcomes
        then = world_as_then(options.past, past_tries(folder), dag, world or Empty(), failures)
        result = super()._run(rehearsal, dag, then, options, terminal)
        assert result.ledger is not None
        self._found = _compared(options.past, folder, result.ledger)
        return result

    def _show(self, result: RunResult, terminal: Terminal) -> None:
        from rich.text import Text

        from harness.report.diff_text import lines
        from harness.report.style import glyphs

        assert self._found is not None
        terminal.show(result, self.typed.trace, self.typed.report, self._found.to_json())
        if terminal.as_json:
            return
        terminal.console.print()
        for line in lines(self._found, glyphs(terminal.console.encoding), self.typed.verbose):
            terminal.console.print(Text.assemble(*line), soft_wrap=True)


def _compared(past: PastRun, then: Path, now: Path) -> Comparison:
    from harness.ledger.comparison.compare import compared
    from harness.ledger.comparison.rules import Rules
    from harness.ledger.reading import header

    rules = Rules(ignore=NOT_IMPORTED if "source" in header(then) else ())
    return compared(then, now, rules, (past.dag_id,), (str(then), "run again"), (past.run_id,))
