"""Findings without a gate: what is made quiet can be tried in no time."""

from __future__ import annotations

from pathlib import Path

from harness.checks import catalogue
from harness.gate.check_result import FileResult, GateResult
from harness.gate.settings import SeverityRules
from harness.gate.suppressions import PathSuppressions, Suppressions
from harness.results.finding import Finding


def found(path: Path, line: int, check: str = "pool-missing", message: str = "no such pool", **more: object) -> Finding:
    return Finding(check, "error", message, str(path), line, **more)  # type: ignore[arg-type]


def quiet(root: Path, *findings: Finding, files: tuple[Path, ...] = (), **more: object) -> Suppressions:
    """A project's findings, made quiet: every check of the defaults was on.

    Args:
        more: ``select``, ``partial``, ``ignores``.
    """
    catalogue.load()
    paths = sorted({*(str(finding.path) for finding in findings), *map(str, files)})
    results = tuple(FileResult(path, findings=tuple(one for one in findings if one.path == path)) for path in paths)
    checks = SeverityRules({}, more.get("select", ())).severities()  # type: ignore[arg-type]
    ignores = PathSuppressions(more.get("ignores", {}), root)  # type: ignore[arg-type]
    return Suppressions(GateResult(results, checks), root, ignores, bool(more.get("partial")))


def told(made: Suppressions) -> list[tuple[str, int | None, str]]:
    return [(finding.check, finding.line, finding.message) for finding in made.result.findings]
