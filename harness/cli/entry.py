"""From arguments to an exit code: parse, do, and tell every error in one way.

A command's function only parses: it returns a `Job`, which is done outside the parser, so that no exception of a run
is taken for one of the command line.
"""

from __future__ import annotations

import os
import shlex
import traceback
from collections.abc import Sequence
from contextlib import redirect_stdout
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from harness.cli.faults import machines_refusal, refuse_a_vanished_folder
from harness.cli.terminal import Job, Terminal
from harness.errors import ExitCode, HarnessError, Interrupted, MachineError, OurFault, Terminated, UsageError
from harness.project.declarations import set_aside
from harness.project.installed import newer_than_tested

if TYPE_CHECKING:
    from harness.gate.check_result import GateResult
    from harness.results.calendar import CalendarResult
    from harness.results.run import RunResult
    from harness.results.what_if import WhatIf

PROGRAM = "airflow-harness"
ERROR_SCHEMA = "airflow-harness/error/1"


def command_line(arguments: Sequence[str]) -> int:
    """Run one command.

    Args:
        arguments: without the program's name.
    Returns: the exit code, as documented in ``--help``.
    """
    terminal = Terminal(_wants_document(arguments), "-v" in arguments or "--verbose" in arguments)
    code = _done(terminal, arguments)
    lost = terminal.lost()
    if lost is None or code > 1:
        return code
    tell(terminal, lost, str(lost))
    return lost.exit_code


def _done(terminal: Terminal, arguments: Sequence[str]) -> int:
    job: Job | int | None = None
    try:
        with redirect_stdout(terminal.out):  # of the parser: --help, --version
            job = parsed(arguments)
        if isinstance(job, int):
            return job
        refuse_a_vanished_folder()
        newer = newer_than_tested()
        if newer is not None:
            print(f"warning: {newer}", file=terminal.err)
        aside = set_aside(os.environ) if getattr(job, "loads_dags", True) else None
        if aside is not None:
            print(f"note: {aside}", file=terminal.err)
        return job(terminal)
    except (KeyboardInterrupt, SystemExit) as stop:
        ended: HarnessError = Interrupted("interrupted")
        if isinstance(stop, SystemExit):
            if stop.code != ExitCode.TERMINATED:
                raise
            ended = Terminated("terminated")
        ended.again = _resumption(job, terminal, arguments)
        going_on = "" if ended.again is None else f"\n  go on   {ended.again}"
        tell(terminal, ended, f"{PROGRAM}: {ended.fact}{going_on}")
        return ended.exit_code
    except HarnessError as error:
        if isinstance(error, MachineError):  # the ledger may be what could not be written: repeated, it began anew
            error.again = error.again or _resumption(job, terminal, arguments)
        error.again = error.again or _again(arguments)
        tell(terminal, error, str(error))
        return error.exit_code
    except Exception as error:
        refused = machines_refusal(error)
        if refused is not None:
            refused.again = _again(arguments)
            tell(terminal, refused, str(refused))
            if terminal.verbose:
                print(traceback.format_exc(), file=terminal.err)
            return refused.exit_code
        ours = OurFault(f"{type(error).__name__}: {error}", fix="please report this, with the output of -v")
        tell(terminal, ours, f"{ours.id}: a fault of airflow-harness itself: {ours.fact}; {ours.fix}")
        if terminal.verbose:
            print(traceback.format_exc(), file=terminal.err)
        return ours.exit_code


def _resumption(job: Job | int | None, terminal: Terminal, arguments: Sequence[str]) -> str | None:
    """The command that goes on with what was stopped; None where nothing can."""
    ledger = getattr(terminal.unfinished, "ledger", None)
    resuming = getattr(job, "resuming", None)
    further = None if ledger is None or resuming is None else resuming(ledger)
    return None if further is None else _again([*arguments, *further])


def report(error: HarnessError, arguments: Sequence[str]) -> int:
    """Tell of an error that happened outside of `command_line`; its exit code."""
    error.again = error.again or _again(arguments)
    tell(Terminal(_wants_document(arguments), verbose=False), error, str(error))
    return error.exit_code


def parsed(arguments: Sequence[str]) -> Job | int:
    """The job that arguments ask for; an exit code when they were answered already (``--help``).

    Raises: UsageError: they cannot be understood.
    """
    import click

    from harness.cli.app import app

    try:
        found: Job | int | None = app(list(arguments), prog_name=PROGRAM, standalone_mode=False)
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        raise _usage_error(error) from None
    return 0 if found is None else found


def tell(terminal: Terminal, error: HarnessError, text: str) -> None:
    """An error for people on stderr, and with ``--json`` as the one document on stdout."""
    run = terminal.unfinished
    if terminal.verbose:
        terminal.show_collected()
    if run is not None and not terminal.as_json:
        terminal.report(run)
        terminal.console.print()
    terminal.error(text, error.user_traceback)
    if terminal.as_json:
        terminal.document(error_document(error, run or terminal.unfinished_check))


def error_document(error: HarnessError, run: RunResult | CalendarResult | WhatIf | GateResult | None) -> dict[str, Any]:
    """The error as ``--json`` gives it; the unfinished run, calendar, sweep or check too, when there is one."""
    names = ("where", "known", "why", "fix", "again")
    fields = {"id": error.id, "message": error.fact, **{name: getattr(error, name) for name in names}}
    if error.user_traceback is not None:
        fields["traceback"] = error.user_traceback
    document: dict[str, Any] = {"schema": ERROR_SCHEMA, "error": fields}
    if run is not None:
        told_of = run.to_json()
        document[told_of["schema"].split("/")[1]] = told_of
    return document


def _usage_error(error: Any) -> UsageError:
    """The parser's complaint in the house style."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else PROGRAM
    text = error.format_message().strip()
    return UsageError(
        text.removesuffix(".") or "a command is missing", fix=f"see {path} --help", again=f"{path} --help"
    )


def _wants_document(arguments: Sequence[str]) -> bool:
    """Whether stdout is for one JSON document: ``--json``, and ``--format json`` of ``check``."""
    formats = {after for option, after in pairwise(arguments) if option == "--format"}
    return "--json" in arguments or "--format=json" in arguments or ("json" in formats and "--output" not in arguments)


def _again(arguments: Sequence[str]) -> str:
    return shlex.join([PROGRAM, *arguments])
