"""The command line: ``airflow-harness``."""

from __future__ import annotations

import sys

from harness.errors import ExitCode
from harness.kernel import stops


def main() -> None:
    """The entry point; ends the process with the exit code of the command."""
    from harness.cli.witness import COMMANDS, witnessed

    runs_tasks = len(sys.argv) > 1 and sys.argv[1] in COMMANDS
    code = witnessed(_done) if runs_tasks else _done()
    if not isinstance(code, int):
        from harness.cli.entry import report

        code = report(code, sys.argv[1:])
    sys.exit(code)


def _done() -> int:
    """The exit code of the command, whatever becomes of it."""
    from harness.cli.streams import say, stand_in_for_missing

    stops.listen()
    try:
        stand_in_for_missing()
        from harness.cli.entry import command_line

        code = command_line(sys.argv[1:])
    except KeyboardInterrupt:  # before there is anything to clean up
        say("airflow-harness: interrupted")
        code = ExitCode.INTERRUPTED
    except OSError as error:  # not even a descriptor or a byte to begin with
        say(f"machine: airflow-harness cannot begin: {error.strerror or error}")
        code = ExitCode.MACHINE
    except Exception:  # told by `command_line`, unless telling failed
        import traceback

        say(traceback.format_exc())
        code = ExitCode.OUR_FAULT
    struck = stops.struck()
    code = code if struck is None else stops.exit_code(struck)
    if "harness.bridge.patches.exits" in sys.modules:  # else no task has run
        from harness.bridge.patches.exits import verdict_stands

        verdict_stands(code)
    return code
