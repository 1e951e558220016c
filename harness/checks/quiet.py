"""Which findings are told: not those of ignored paths, not those waived with a reason, not those of the baseline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.checks.baseline import Baseline, Entry
from harness.checks.finding import Finding
from harness.checks.gate import FileResult, GateResult, in_order
from harness.checks.ignores import PathIgnores
from harness.checks.registry import CHECKS
from harness.checks.upkeep import CHECK_FAILED, WAIVER
from harness.checks.waivers import Waiver, Waivers
from harness.errors import nearest

UNSTEADY = {"parse-time"}
"""Checks that find something on one machine and nothing on the next: their waivers are never called needless."""
_WHOLE = {"repository", "gate"}
"""Levels that say nothing for certain when only a part of the repository was looked at."""


@dataclass
class Quiet:
    """One run's findings, made quiet step by step.

    Args:
        ignores: what is ignored where.
        partial: the project has files that were not looked at.
    Attributes:
        result: what is left.
        waived, known: how many were left out as waived, as known to the baseline.
        gone: entries of the baseline that no longer occur.
    """

    result: GateResult
    root: Path
    ignores: PathIgnores
    partial: bool
    waived: int = 0
    known: int = 0
    gone: Baseline = field(default_factory=Baseline)
    _waivers: dict[str, Waivers] = field(default_factory=dict)
    _used: set[tuple[Waiver, str]] = field(default_factory=set)
    _failed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Apply the ignored paths and the waivers."""
        self._failed = {file.path for file in self.result.files if any(map(_unjudged, file.findings))}
        waived: set[Finding] = set()
        kept = {file.path: list(self._not_waived(file, waived)) for file in self.result.files}
        self.waived = len(waived)
        if WAIVER in self.result.checks:
            for finding in self._of_waivers():
                path = finding.path if finding.path in kept else next(iter(kept))
                assert path is not None
                kept[path].append(finding)
        self._keep(kept)

    def subtract(self, baseline: Baseline) -> None:
        """Leave out what a baseline knows."""
        before = _distinct(self.result.files)
        told = set(baseline.unknown(before, self.root))
        self.gone = baseline.gone(before, self.root, self.was_judged)
        self.known = len(before) - len(told)
        self._keep({file.path: [one for one in file.findings if one in told] for file in self.result.files})

    def as_baseline(self, former: Baseline) -> Baseline:
        """What is left as a baseline, with what a former one says of files and checks that were not looked at."""
        found = Baseline.of(_distinct(self.result.files), self.root)
        for entry, count in former.entries.items():
            if not self.was_judged(entry):
                found.entries[entry] = max(found.entries[entry], count)
        return found

    def was_judged(self, entry: Entry) -> bool:
        """Whether a finding like this would have been found, were it there."""
        check, path = entry[0], str(self.root / entry[1])
        if not Path(path).exists():
            return not self.partial
        return self._was_judged(check, path)

    def _was_judged(self, check: str, path: str) -> bool:
        looked_at = any(file.path == path for file in self.result.files) or not self.partial
        certain = not self.partial or (check in CHECKS and CHECKS[check].level not in _WHOLE)
        return check in self.result.checks and looked_at and certain and path not in self._failed

    def _not_waived(self, file: FileResult, waived: set[Finding]) -> Iterator[Finding]:
        for finding in file.findings:
            path = finding.path or file.path
            if finding.check != CHECK_FAILED:
                if finding.check in self.ignores.of(path) | self.ignores.of(file.path):
                    continue
                holding = self._waivers_of(path).of_line(finding.line or 1)
                used = [one for one in holding if one.reason and finding.check in one.checks]
                if used:
                    self._used |= {(one, finding.check) for one in used}
                    waived.add(finding)
                    continue
            yield finding

    def _waivers_of(self, path: str) -> Waivers:
        if path not in self._waivers:
            self._waivers[path] = Waivers.of(path)
        return self._waivers[path]

    def _of_waivers(self) -> Iterator[Finding]:
        for file in self.result.files:
            self._waivers_of(file.path)
        for path, waivers in sorted(self._waivers.items()):
            if WAIVER not in self.ignores.of(path):
                for waiver in waivers.every:
                    for message, fix in self._wrong(waiver):
                        severity = self.result.checks[WAIVER]
                        yield Finding(WAIVER, severity, message, path, waiver.line, fix=fix)

    def _wrong(self, waiver: Waiver) -> Iterator[tuple[str, str]]:
        example = f"# harness: ignore[{', '.join(waiver.checks) or 'check-id'}] the reason"
        if not waiver.checks:
            yield "the waiver names no check", f"write {example}"
        elif not waiver.reason:
            yield f"the waiver of {_listed(waiver.checks)} gives no reason, so it does not count", f"write {example}"
        for check in waiver.checks:
            if check not in CHECKS:
                close = nearest(check, CHECKS)
                fix = f"write {close[0]}" if close else "see airflow-harness check --list"
                yield f"the waiver names {check!r}, which is no check", fix
            elif waiver.reason and self._is_needless(waiver, check):
                yield f"the waiver of {check!r} waives nothing: there is no such finding here", "take it out"

    def _is_needless(self, waiver: Waiver, check: str) -> bool:
        if (waiver, check) in self._used or check in UNSTEADY or check in self.ignores.of(waiver.path):
            return False
        return self._was_judged(check, waiver.path)

    def _keep(self, findings: dict[str, list[Finding]]) -> None:
        files = [replace(file, findings=findings[file.path]) for file in self.result.files]
        self.result = replace(self.result, files=files)


def _unjudged(finding: Finding) -> bool:
    return finding.check in ("import-error", CHECK_FAILED)


def _distinct(files: Iterable[FileResult]) -> list[Finding]:
    """Several files may meet in one line of a module they share."""
    found = dict.fromkeys(finding for file in files for finding in file.findings)
    return sorted(found, key=in_order)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)
