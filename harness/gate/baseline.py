"""Findings that were there when an old repository began to be checked: a file that keeps them quiet.

An entry names check, file, Dag, task and message, but no line, and numbers in messages do not count, so that an edit
elsewhere in a file does not bring its findings back.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.checks.upkeep import CHECK_FAILED
from harness.errors import UsageError
from harness.project.written import write_whole
from harness.results.finding import Finding

SCHEMA = "airflow-harness/baseline/1"
NAME = "airflow-harness-baseline.json"

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_FIELDS = ("check", "path", "dag_id", "task_id", "message")

Entry = tuple[str, str, str, str, str]
"""Check, path relative to the project, Dag id, task id, message; empty where there is none."""


@dataclass
class Baseline:
    """What is known already.

    Attributes:
        entries: with how often each occurs.
    """

    entries: Counter[Entry] = field(default_factory=Counter)

    @classmethod
    def read(cls, file: Path) -> Baseline:
        """The one of a file.

        Raises: UsageError: no such file, or no baseline.
        """
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
            if document["schema"] != SCHEMA:
                raise ValueError(f"its schema is {document['schema']!r}, not {SCHEMA!r}")
            rows: list[dict[str, Any]] = document["findings"]
            return cls(Counter({_entry_of(row): int(row.get("count", 1)) for row in rows}))
        except FileNotFoundError:
            raise UsageError(f"there is no baseline {file}", fix="write it with --write-baseline") from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = f"{type(error).__name__}: {error}" if isinstance(error, KeyError) else str(error)
            fix = "write it anew with --write-baseline"
            raise UsageError(f"{file} is no baseline: {reason}", where=str(file), fix=fix) from None

    @classmethod
    def of(cls, findings: Iterable[Finding], root: Path) -> Baseline:
        """One of findings; a check that failed cannot be in it."""
        return cls(Counter(entry(finding, root) for finding in findings if finding.check != CHECK_FAILED))

    def write(self, file: Path) -> None:
        """Write it, sorted, so that it can be read and compared; whole, or the old one stays."""
        rows = []
        for one, count in sorted(self.entries.items()):
            row: dict[str, Any] = {name: value for name, value in zip(_FIELDS, one, strict=True) if value}
            rows.append(row if count == 1 else {**row, "count": count})
        document = json.dumps({"schema": SCHEMA, "findings": rows}, indent=2, ensure_ascii=False)
        write_whole(file, document + "\n")

    def unknown(self, findings: Iterable[Finding], root: Path) -> list[Finding]:
        """The findings that are not in it; of several alike, those beyond their number."""
        left = Counter(self.entries)
        found = []
        for finding in findings:
            known = entry(finding, root)
            if left[known] > 0 and finding.check != CHECK_FAILED:
                left[known] -= 1
            else:
                found.append(finding)
        return found

    def gone(self, findings: Iterable[Finding], root: Path, judged: Callable[[Entry], bool]) -> Baseline:
        """Entries that no longer occur, of those that were looked for."""
        left = self.entries - Baseline.of(findings, root).entries
        return Baseline(Counter({one: count for one, count in left.items() if judged(one)}))


def entry(finding: Finding, root: Path) -> Entry:
    """What stands for a finding, whatever line it moves to."""
    path = Path(finding.path or "")
    shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(finding.path or "")
    message = _NUMBER.sub("#", finding.message.replace(f"{root}/", ""))
    return finding.check, shown, finding.dag_id or "", finding.task_id or "", message


def _entry_of(row: dict[str, Any]) -> Entry:
    return row["check"], row["path"], row.get("dag_id", ""), row.get("task_id", ""), row["message"]
