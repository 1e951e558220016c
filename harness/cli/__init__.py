"""The command line: ``airflow-harness``."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """The entry point; ends the process with the exit code of the command."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as an exception, so that everything is cleaned up
    try:
        from harness.cli.entry import command_line

        code = command_line(sys.argv[1:])
    except KeyboardInterrupt:  # before there is anything to clean up
        print("airflow-harness: interrupted", file=sys.stderr)  # noqa: T201
        code = 130
    except Exception:  # told by `command_line`, unless telling failed
        import traceback

        traceback.print_exc()
        code = 70
    sys.exit(code)
