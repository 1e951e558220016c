"""What came of a look at a project: what every report of the gate is made from, under paths as people know them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.checks.upkeep import CHECK_FAILED
from harness.gate.run import GateResult
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
    notes: list[str] = field(default_factory=list)
    base: Path = Path("/")

    @property
    def exit_code(self) -> int:
        """0 clean, 1 findings of severity error, 70 a check of ours failed."""
        errors = [finding for finding in self.result.findings if finding.severity == "error"]
        ours = any(finding.check == CHECK_FAILED and finding.ours for finding in errors)
        return 70 if ours else 1 if errors else 0

    def seen_from(self, base: Path) -> CheckResult:
        """The same with paths as `shown` has them from a folder."""
        return replace(self, result=below(self.result, base, self.root), base=base)


def below(result: GateResult, base: Path, root: Path) -> GateResult:
    """A copy with its paths relative to a folder."""
    files = [
        replace(
            file,
            path=shown(file.path, base, root),
            findings=[shown_finding(finding, base, root) for finding in file.findings],
        )
        for file in result.files
    ]
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
