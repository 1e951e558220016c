"""What came of a look at a project, which every report of the gate is made from.

Findings of each file, those of one cause put together, under paths as people know them.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.checks.upkeep import CHECK_FAILED
from harness.results.finding import Finding


@dataclass(frozen=True)
class CheckResult:
    """What checking a project came to, ready for any report.

    Attributes:
        result: with absolute paths, until `seen_from`.
        root: the project.
        waived, known: how many findings are not reported: waived by a comment, known to the baseline.
        notes: what else the reader should know.
        base: folder that paths are relative to.
    """

    result: GateResult
    root: Path
    waived: int = 0
    known: int = 0
    notes: tuple[str, ...] = ()
    base: Path = Path("/")

    @property
    def exit_code(self) -> int:
        """0 clean, 1 findings of severity error, 70 a check of ours failed."""
        errors = [finding for finding in self.result.findings if finding.severity == "error"]
        ours = any(finding.check == CHECK_FAILED and finding.ours for finding in errors)
        return 70 if ours else 1 if errors else 0

    def seen_from(self, base: Path) -> CheckResult:
        """The same with paths as `shown` has them from a folder."""
        return replace(self, result=shown_result(self.result, base, self.root), base=base)


def shown_result(result: GateResult, base: Path, root: Path) -> GateResult:
    """A copy with its paths relative to a folder."""
    files = tuple(
        replace(
            file,
            path=shown(file.path, base, root),
            findings=tuple(shown_finding(finding, base, root) for finding in file.findings),
        )
        for file in result.files
    )
    return replace(result, files=files)


def shown(path: str, base: Path, root: Path) -> str:
    """One path, relative to a folder if it lies in it or in the project."""
    if os.path.isabs(path) and (Path(path).is_relative_to(base) or Path(path).is_relative_to(root)):  # noqa: PTH117
        return Path(os.path.relpath(path, base)).as_posix()
    return path


def shown_finding(finding: Finding, base: Path, root: Path) -> Finding:
    """A finding with all its paths as `shown` has them, also those in its text."""
    path = finding.path and shown(finding.path, base, root)
    fix = finding.fix and _shown_in(finding.fix, base, root)
    return replace(finding, path=path, message=_shown_in(finding.message, base, root), fix=fix)


def _shown_in(text: str, base: Path, root: Path) -> str:
    for folder in sorted({base, root}, key=lambda one: -len(one.parts)):
        if len(folder.parts) > 1:
            here = Path(os.path.relpath(folder, base)).as_posix()
            text = re.sub(rf"(?<![\w./-]){re.escape(str(folder))}/", "" if here == "." else f"{here}/", text)
    return text


SCHEMA = "airflow-harness/check/1"


@dataclass(frozen=True)
class FileResult:
    """What one file came to.

    Attributes:
        dag_ids: of the Dags it holds, sorted.
        findings: of the file and of its Dags.
        failed: why Airflow does not take the file or a Dag of it; a file that fails alike may have the finding.
        imported: files of the repository that it imported.
        seconds: of its import, the faster one where it was parsed twice.
        names: what it names, only where that is asked for.
        depends: files and folders that parsing it depended on.
    """

    path: str
    dag_ids: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    failed: str | None = None
    tasks: int = 0
    imported: tuple[str, ...] = ()
    seconds: float = 0.0
    names: tuple[UsedName, ...] = ()
    cached: bool = False
    depends: frozenset[str] = frozenset()


def in_order(finding: Finding) -> tuple[str, int, str, str, str, str]:
    """Findings by file, line and check; those that say the same by Dag and task."""
    ids = finding.dag_id or "", finding.task_id or ""
    return finding.path or "", finding.line or 0, finding.check, finding.message, *ids


@dataclass(frozen=True)
class GateResult:
    """What all files of a repository came to.

    Attributes:
        files: in order of their paths.
        seconds: real time of the whole.
    """

    files: tuple[FileResult, ...]
    checks: Mapping[str, str]
    seconds: float = 0.0

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings by file, line and check, each once: several files may lead to one line of a module."""
        found = {finding for file in self.files for finding in file.findings}
        return tuple(sorted(found, key=in_order))

    def count(self, severity: str) -> int:
        """How many findings of a severity."""
        return sum(finding.severity == severity for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """The document ``airflow-harness/check/1``."""
        summary = {
            "files": len(self.files),
            "dags": sum(len(file.dag_ids) for file in self.files),
            "tasks": sum(file.tasks for file in self.files),
            "errors": self.count("error"),
            "warnings": self.count("warning"),
            "seconds": round(self.seconds, 3),
            "cached": sum(file.cached for file in self.files),
        }
        groups = grouped(self.findings)
        summary["causes"] = len(groups)
        of = {finding: group for group in groups for finding in group.findings}
        rows = [one.to_json() | {"group": of[one].id, "alike": len(of[one].findings)} for one in self.findings]
        return {"schema": SCHEMA, "findings": rows, "summary": summary}


FEW = 3
"""Findings that say the same at different places are told one by one up to here: each may be its own."""


@dataclass(frozen=True)
class Group:
    """Findings of one check that say the same, but for the Dag and the task.

    Attributes:
        findings: the first one stands for all; one at least.
    """

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The one that is told."""
        return self.findings[0]

    @property
    def id(self) -> str:
        """Of what it says: the same from run to run, wherever lines move to."""
        return hashlib.sha256("\0".join(_said(self.first)).encode("utf-8", "replace")).hexdigest()[:12]

    @property
    def files(self) -> tuple[str, ...]:
        """Where it is found."""
        return tuple(dict.fromkeys(one.path for one in self.findings if one.path))

    @property
    def places(self) -> tuple[str, ...]:
        """``path:line`` of all of them, each once."""
        return tuple(dict.fromkeys(f"{one.path}:{one.line}" if one.line else str(one.path) for one in self.findings))


def grouped(findings: Iterable[Finding]) -> list[Group]:
    """All findings in groups, in the order of their first ones."""
    alike: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        alike.setdefault(_said(finding), []).append(finding)
    groups = [group for found in alike.values() for group in _of_places(found)]
    return sorted(groups, key=lambda group: (group.first.path or "", group.first.line or 0, group.first.check))


def _of_places(found: list[Finding]) -> list[Group]:
    """One group; or one a place, where there are few places."""
    places: dict[tuple[str | None, int | None], list[Finding]] = {}
    for finding in found:
        places.setdefault((finding.path, finding.line), []).append(finding)
    if len(places) > FEW:
        return [Group(tuple(found))]
    return [Group(tuple(one)) for one in places.values()]


def _said(finding: Finding) -> tuple[str, ...]:
    """What a finding says, without the names of its Dag and task."""
    texts = [finding.message, finding.fix or ""]
    for name in filter(None, (finding.task_id, finding.dag_id)):
        texts = [re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "…", text) for text in texts]
    return (finding.check, finding.severity, *texts)


@dataclass(frozen=True)
class UsedName:
    """A name, and where it is used.

    Attributes:
        section: ``pools``, ``connections``, ``variables``, or ``stubs`` of a task that cannot run here.
        by: who uses it, in words.
        hint: of a pool the slots that one of its tasks takes, of a connection its type as its use tells it,
            of a variable that the file needs to be parsed a value that it can be parsed with, of one that is read as
            JSON an empty object, of a stub what the task needs.
    """

    section: str
    name: str
    by: str
    path: str
    line: int
    hint: str = ""
