"""What every report of the gate is made from: its findings, under paths as people know them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.checks.finding import Finding
from harness.checks.gate import GateResult


@dataclass(frozen=True)
class CheckResult:
    """A result to be told.

    Attributes:
        result: paths are relative to `base`, with slashes; absolute where they lie outside of the project.
        base: folder that paths are relative to.
        root: the project.
        waived, known: findings that are not told: waived in place, in the baseline.
        notes: what somebody should know beside it.
    """

    result: GateResult
    base: Path
    root: Path
    waived: int = 0
    known: int = 0
    notes: list[str] = field(default_factory=list)


def below(result: GateResult, base: Path, root: Path) -> GateResult:
    """A copy with its paths relative to a folder."""
    files = [
        replace(
            file,
            path=shown(file.path, base, root),
            findings=[_finding(finding, base, root) for finding in file.findings],
        )
        for file in result.files
    ]
    return replace(result, files=files)


def shown(path: str, base: Path, root: Path) -> str:
    """One path, relative to a folder if it lies in it or in the project."""
    if os.path.isabs(path) and (Path(path).is_relative_to(base) or Path(path).is_relative_to(root)):  # noqa: PTH117
        return Path(os.path.relpath(path, base)).as_posix()
    return path


def _finding(finding: Finding, base: Path, root: Path) -> Finding:
    return finding if finding.path is None else replace(finding, path=shown(finding.path, base, root))
