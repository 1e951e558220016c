"""What is said of a file that never came to an end of its own."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.checks.loading.top_level_io import FIX, said
from harness.results.finding import Problem

if TYPE_CHECKING:
    from harness.gate.fork_server import ChildEnd

_FRAME = re.compile(r'File "([^"]+)", line (\d+) in (.+)')


def problems_of(path: str, verdict: ChildEnd, timeout_s: float) -> Iterator[tuple[str, Problem]]:
    """The findings of a child that left no report: (check id, problem), one at least."""
    line = _line(path, verdict)
    if verdict.report is not None:
        said = f"the checks of this file failed: {verdict.report['fault']}"
        yield "check-failed", Problem(said, line=line, ours="theirs" not in verdict.report)
    elif verdict.phase == "checking":
        yield "check-failed", Problem(f"the checks of this file did not end: {_how(verdict, timeout_s)}", line=line)
    elif verdict.outcome == "timeout" and (tries := _tries(verdict)):
        yield from tries
    else:
        yield "import-error", Problem(_how(verdict, timeout_s), line=line, fix=_fix(verdict))


def _tries(verdict: ChildEnd) -> list[tuple[str, Problem]]:
    """What a file did not give up to try, and was not let: then its time ran out through us, and it may be sound."""
    refused = {(one["path"], one["line"], one["kind"], one["detail"]) for one in verdict.events if one["refused"]}
    return [
        ("top-level-io", Problem(f"{said(kind, detail)}, and tries again when it fails", path=path, line=line, fix=FIX))
        for path, line, kind, detail in sorted(refused)
    ]


def _how(verdict: ChildEnd, timeout_s: float) -> str:
    code = verdict.code
    return {
        "exited": f"the file ends its process (exit code {code}) while it is imported",
        "signalled": f"the file's process was killed by {_signal(code)} while it was imported",
        "timeout": f"the import does not end within {timeout_s:g} s",
        "processes": "the file starts more and more processes while it is imported",
        "memory": "the file takes more and more memory while it is imported",
        "vanished": "the file ends or stops the process that started it",
        "abandoned": "the check was interrupted",
    }[verdict.outcome]


def _fix(verdict: ChildEnd) -> str:
    if verdict.outcome == "timeout":
        return "Airflow gives up after core.dagbag_import_timeout (30 s): do the work in a task"
    return "a Dag file only says what there is to run: do the work in a task"


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _line(path: str, verdict: ChildEnd) -> int | None:
    """The innermost line of the file itself, as the crash or the last event tells it."""
    for name, line, _ in _FRAME.findall(verdict.crash):
        if name == path:
            return int(line)
    places = [event["line"] for event in verdict.events if event.get("path") == path]
    return places[-1] if places else None
