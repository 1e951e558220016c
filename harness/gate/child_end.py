"""How a child that parsed a file ended: with a report of the right form, or else with what is said in its place."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any

from harness.checks.loading.top_level_io import FIX, said
from harness.checks.registry import CHECKS
from harness.gate.check_result import UsedName
from harness.results.finding import Problem
from harness.world.secrets import Mask

_FILES = frozenset({"path", "depends", "libraries", "imported", "names"})
"""Keys of reports that name files and modules, by which they are found again."""


@dataclass
class ChildEnd:
    """How a child ended.

    Attributes:
        outcome: ``report``; ``exited`` or ``signalled`` without one; ``timeout``; ``processes`` or ``memory``: too
            much of it; ``abandoned``: our own end came first.
        code: exit code or signal number.
        phase: ``importing`` or ``checking``.
        crash: what `faulthandler` wrote.
        events: what the file did, one dict each, where there is no report.
    """

    outcome: str
    code: int = 0
    phase: str = "importing"
    crash: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    report: dict[str, Any] | None = None

    def masked(self, mask: Mask) -> ChildEnd:
        """The same without secrets, before anybody sees or keeps it; names of files and modules stay."""
        return replace(
            self,
            crash=mask.text(self.crash),
            events=mask.value(self.events, _FILES),
            report=None if self.report is None else mask.value(self.report, _FILES),
        )


_PROBLEM = {one.name for one in fields(Problem)}
_NAME = {one.name for one in fields(UsedName)}
_LISTS = {"first": ("problems", "dags", "names", "imported", "notes"), "second": ("dag_ids", "imported", "notes")}


def misshapen(report: Any, second: bool) -> str | None:
    """What of a report has another form than `harness.gate.examine` gives it; None for nothing."""
    if not isinstance(report, dict):
        return "it is no object"
    for name in _LISTS["second" if second else "first"]:
        if not isinstance(report.get(name), list):
            return f"{name} is no list"
    if not isinstance(report.get("seconds"), (int, float)) or not isinstance(report.get("failed"), (str, type(None))):
        return "seconds or failed"
    if any(not _is_note(one) for one in report["notes"]):
        return "a note"
    if second:
        return None if all(isinstance(one, str) for one in report["dag_ids"]) else "a Dag's id"
    if any(not _is_name(one) for one in report["names"]):
        return "a name"
    if any(not _is_problem(one) for one in report["problems"]):
        return "a problem"
    return None if all(_is_dag(one) for one in report["dags"]) else "a Dag"


def _is_note(note: Any) -> bool:
    return isinstance(note, list) and len(note) == 4 and note[0] in CHECKS and isinstance(note[1], str)


def _is_name(name: Any) -> bool:
    if not isinstance(name, dict) or name.keys() != _NAME:
        return False
    return isinstance(name["line"], int) and all(isinstance(name[key], str) for key in _NAME - {"line"})


def _is_problem(problem: Any) -> bool:
    if not (isinstance(problem, list) and len(problem) == 2 and isinstance(problem[1], dict)):
        return False
    return isinstance(problem[0], str) and problem[1].keys() <= _PROBLEM and isinstance(problem[1].get("message"), str)


def _is_dag(dag: Any) -> bool:
    return isinstance(dag, dict) and isinstance(dag.get("dag_id"), str) and isinstance(dag.get("tasks"), int)


_FRAME = re.compile(r'File "([^"]+)", line (\d+) in (.+)')


def problems_of(path: str, verdict: ChildEnd, timeout_s: float) -> Iterator[tuple[str, Problem]]:
    """The findings of a child that left no report: (check id, problem), one at least."""
    line = _line(path, verdict)
    if verdict.report is not None:
        fact = f"the checks of this file failed: {verdict.report['fault']}"
        yield "check-failed", Problem(fact, line=line, ours="theirs" not in verdict.report)
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
