"""The process's real output, kept apart from what Airflow and users' code write beside it; a command is given it."""

from __future__ import annotations

import contextlib
import faulthandler
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from harness.cli.streams import Stream
from harness.errors import MachineError

if TYPE_CHECKING:
    from rich.console import Console

    from harness.gate.check_result import GateResult
    from harness.results.calendar import CalendarResult
    from harness.results.run import RunResult
    from harness.results.what_if import WhatIf


PIPE_WIDTH = 120
"""Columns of a report that goes to a file or a pipe, unless COLUMNS says otherwise."""

LEAST_WIDTH, MOST_WIDTH = 20, 10_000
"""Columns that tables are made for, whatever COLUMNS says."""

LONGEST_LINE = 2000
"""Characters of a line of an error."""

MOST_COLLECTED = 200_000
"""Characters shown of what was written outside tasks' logs; the last ones."""


def _waited_s() -> float:
    """Real seconds since this process began, its imports included: what a person waited."""
    import psutil

    began: float = psutil.Process().create_time()
    return max(time.time() - began, 0.0)


class Terminal:
    """Where a command writes.

    Args:
        as_json: one document goes to stdout, everything for people to stderr.
        verbose: also show what others wrote.
    Attributes:
        out, err: the real stdout and stderr, whatever `collecting` does to theirs.
        unfinished: the result of what ran until an error or an interruption, fit to be shown.
        unfinished_check: what a check had found until then, where that belongs into the document.
        as_csv: rows go to stdout, everything for people to stderr, errors too.
    """

    def __init__(self, as_json: bool = False, verbose: bool = False) -> None:
        self.as_json, self.verbose = as_json, verbose
        self.out, self.err = Stream(1, sys.stdout), Stream(2, sys.stderr)
        self.unfinished: RunResult | CalendarResult | WhatIf | None = None
        self.unfinished_check: GateResult | None = None
        self.as_csv = False
        self._held: IO[bytes] | None = None
        self._before = 0

    @cached_property
    def console(self) -> Console:
        """For people: stdout, or stderr when stdout is for a program; colours on a terminal, unless NO_COLOR."""
        return self._console(self._for_people)

    @property
    def _for_people(self) -> Stream:
        return self.err if self.as_json or self.as_csv else self.out

    def _console(self, stream: Stream) -> Console:
        from rich.console import Console

        columns = os.environ.get("COLUMNS", "")
        width = None if stream.isatty() else int(columns[:6]) if columns.isdecimal() else PIPE_WIDTH
        known = {**os.environ, "COLUMNS": columns[:6]}  # rich reads them as numbers, however long
        known["LINES"] = known.get("LINES", "")[:6]
        console = Console(file=stream, width=width, highlight=False, markup=False, emoji=False, _environ=known)
        console.width = min(max(console.width, LEAST_WIDTH), MOST_WIDTH)
        return console

    @property
    def live(self) -> bool:
        """Whether a line for people can be taken back and written anew."""
        return self.console.file.isatty() and not self.console.is_dumb_terminal

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Keep what anybody writes to stdout and stderr, child processes included, off the screen for the block."""
        if self._held is None:
            self._held = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        _flush()
        faulthandler.enable(self.err)  # a crash must not vanish in the collection
        os.dup2(self._held.fileno(), 1)
        os.dup2(self._held.fileno(), 2)
        try:
            yield
        finally:
            _flush()
            os.dup2(self._for_people.fileno(), 1)  # a late word must not follow the document
            os.dup2(self.err.fileno(), 2)

    def collected(self) -> str:
        """What was written during `collecting`."""
        if self._held is None:
            return ""
        try:
            size = self._held.seek(0, io.SEEK_END)
            self._held.seek(max(size - MOST_COLLECTED, 0))
            return self._held.read().decode("utf-8", "replace")
        except OSError:  # a task closed it, with all that it did not know
            return ""

    def document(self, document: dict[str, Any]) -> None:
        """The one document of ``--json``."""
        self.out.write(json.dumps(document, indent=2, allow_nan=False) + "\n")
        self.out.flush()

    def report(self, result: RunResult | CalendarResult | WhatIf) -> None:
        """A run or a calendar for people; one in several worlds also as rows for a program."""
        from harness.report.calendar_terminal import CalendarReport
        from harness.report.terminal import TerminalReport
        from harness.report.what_if_terminal import WhatIfReport
        from harness.results.calendar import CalendarResult
        from harness.results.what_if import WhatIf

        if isinstance(result, WhatIf):
            several = WhatIfReport(self.console, self.verbose)
            if not self.as_csv:
                several.show(result)
                return
            self.out.write(result.to_csv())
            self.out.flush()
            several.show_findings(result)
        elif isinstance(result, CalendarResult):
            CalendarReport(self.console, self.verbose, _waited_s()).show(result)
        else:
            TerminalReport(self.console, self.verbose, _waited_s()).show(result)

    def show(
        self,
        result: RunResult | CalendarResult,
        trace: Path | None,
        page: Path | None,
        document: dict[str, Any] | None = None,
    ) -> None:
        """A result, as it was asked for, and its trace and its page in files.

        Args:
            document: of ``--json``; None for the result's own.
        Raises: UsageError, MachineError: one of these cannot be written.
        """
        self.show_collected()
        if self.as_json:
            self.document(result.to_json() if document is None else document)
        else:
            self.report(result)
        if trace is not None:
            from harness.cli.faults import writing
            from harness.report.trace import write_trace

            try:
                write_trace(result, trace)
            except OSError as error:
                raise writing(error, f"--trace {str(trace)!r}") from None
        if page is not None and result.ledger is not None:
            from harness.cli.pages import write_page_of

            note = write_page_of(result.ledger, page)
            if note is not None:
                self.note(note)

    def note(self, text: str) -> None:
        """A line beside the run that somebody should know."""
        from rich.text import Text

        from harness.text import one_line

        self.console.print(Text.assemble(("note ", "yellow"), one_line(text, 500)), soft_wrap=True)

    def begin(self) -> None:
        """The Dags are loaded: what imports wrote (Airflow's deprecations, mostly) is shown only when asked for."""
        _flush()
        self._before = len(self.collected().strip().splitlines())

    def show_collected(self) -> None:
        """What was written outside tasks' logs when it is asked for, else only how much it is."""
        from rich.text import Text

        from harness.text import clean

        lines = clean(_masked(self.collected())).strip().splitlines()
        if not self.verbose:
            lines = lines[self._before :]
        if not lines:
            return
        if not self.verbose:
            shown = "1 line was" if len(lines) == 1 else f"{len(lines)} lines were"
            self.console.print(Text(f"({shown} written outside the tasks' logs, -v shows them)", style="dim"))
            return
        self.console.print(Text("\nWritten outside the tasks' logs", style="bold"))
        for line in lines:
            self.console.print(Text(f"  {line}"), soft_wrap=True)

    def lost(self) -> MachineError | None:
        """What of the output could not be written; a reader that went is nothing lost."""
        _flush(self.out, self.err)
        if self.out.failure is None:
            return None
        return MachineError(
            f"stdout cannot be written: {self.out.failure.strerror}", fix="see where it goes, or name a file elsewhere"
        )

    def error(self, text: str, below: str | None = None) -> None:
        """An error in the house style on stderr, ``below`` it the user's own traceback."""
        from rich.text import Text

        from harness.text import clean

        first, *rest = map(_clipped, clean(text).splitlines() or [""])
        name, mark, fact = first.partition(": ")
        console = self._console(self.err)
        console.print(Text.assemble((name + mark, "bold red"), fact), soft_wrap=True)
        rest += ["", *(f"  {line}" for line in clean(below).rstrip().splitlines())] if below else []
        for line in rest:
            console.print(Text(line), soft_wrap=True)


def _clipped(line: str) -> str:
    """A line of an error that quotes what was typed, however long that was."""
    more = len(line) - LONGEST_LINE
    return line if more <= 0 else f"{line[:LONGEST_LINE]}… ({more} more characters)"


def _flush(*streams: Any) -> None:
    for stream in streams or (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()


def _masked(text: str) -> str:
    """Without the secrets that somebody asked for; before Airflow is there, nobody has."""
    masking = sys.modules.get("harness.bridge.masking")
    return text if masking is None else str(masking.masked(text))


Job = Callable[[Terminal], int]
"""What a command does once its arguments are understood; returns the exit code."""
