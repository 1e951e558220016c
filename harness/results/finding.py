"""What a check or a run has to say: one class for every finding of the harness."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a user should look at.

    Attributes:
        check: id of the check, kebab-case.
        severity: ``error`` or ``warning``.
        message: one sentence, the offender first.
        path, line: where, as precisely as is known.
        fix: one remedy.
        ours: a fault of the harness itself.
    """

    check: str
    severity: str
    message: str
    path: str | None = None
    line: int | None = None
    dag_id: str | None = None
    task_id: str | None = None
    fix: str | None = None
    ours: bool = False

    def to_json(self) -> dict[str, Any]:
        """The finding as documents hold it."""
        names = ("check", "severity", "path", "line", "dag_id", "task_id", "message", "fix")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Problem:
    """What a check's function yields: a `Finding` before it is known whose it is and how severe.

    Attributes:
        task_id: the task it is about; its line is found from it where ``line`` is None.
        path: another file than the Dag's own: a helper module, a YAML file.
        of: the parsed file that the finding belongs to, of a ``repository`` check whose ``path`` is another one.
        ours: a fault of the harness itself.
    """

    message: str
    task_id: str | None = None
    line: int | None = None
    path: str | None = None
    fix: str | None = None
    dag_id: str | None = None
    of: str | None = None
    ours: bool = False

    def to_json(self) -> dict[str, Any]:
        """The problem as it crosses from process to process."""
        return asdict(self)


def finding_of(problem: Problem, check: str, severity: str, path: str) -> Finding:
    """What a check's problem is to whoever reads it.

    Args:
        path: the file that the check looked at.
    """
    said = {name: getattr(problem, name) for name in _SAID}
    return Finding(check, severity, path=problem.path or path, line=problem.line or 1, **said)


_SAID = {one.name for one in fields(Finding)} & {one.name for one in fields(Problem)} - {"path", "line"}
