"""What pytest is to collect of the Dag files: made once a run, from what the gate found, and handed to xdist's workers.

Plain data, so that a worker needs neither the gate nor Airflow to make its items, and all make the same ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.gate.check_result import CheckResult
    from harness.gate.run import FileResult
    from harness.project.config import Config
    from harness.results.finding import Finding


@dataclass(frozen=True)
class ReportedFinding:
    """A finding, ready to be shown.

    Attributes:
        text: the block in the house style.
    """

    severity: str
    message: str
    text: str
    path: str
    line: int


@dataclass(frozen=True)
class Planned:
    """One item: a check on a file, or on one of its Dags.

    Attributes:
        name: the last part of its node id.
        check, family: of the catalogue.
        dag_id: None for a check of the file.
    """

    name: str
    check: str
    family: str
    dag_id: str | None
    findings: tuple[ReportedFinding, ...] = ()


@dataclass(frozen=True)
class Plan:
    """All of them, by absolute path of their file.

    Attributes:
        seconds: real time that the gate took.
        notes: what somebody should know of how the files were found.
    """

    files: dict[str, list[Planned]]
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As workers are given it."""
        return asdict(self)

    @classmethod
    def of_json(cls, document: dict[str, Any]) -> Plan:
        """The plan a worker was given."""
        files = {
            path: [
                Planned(**{**row, "findings": tuple(ReportedFinding(**one) for one in row["findings"])}) for row in rows
            ]
            for path, rows in document["files"].items()
        }
        return cls(files, document["seconds"], tuple(document["notes"]))


def made(config: Config, files: Iterable[Path], found: CheckResult, base: Path) -> Plan:
    """The plan for some Dag files.

    Args:
        base: folder that shown paths are relative to.
    """
    from harness.gate.suppressions import PathSuppressions

    ignores = PathSuppressions(config.per_path_ignores, config.root)
    results = {file.path: file for file in found.result.files}
    planned = {
        str(path): _of_file(results[str(path)], set(found.result.checks) - ignores.of(str(path)), base, config.root)
        for path in files
        if str(path) in results
    }
    return Plan(planned, found.result.seconds, tuple(found.notes))


def _of_file(file: FileResult, on: set[str], base: Path, root: Path) -> list[Planned]:
    from harness.checks.registry import CHECKS
    from harness.report.check_items import items

    return [
        Planned(
            item.name,
            item.check,
            CHECKS[item.check].family,
            item.dag_id,
            tuple(_reported(finding, base, root) for finding in item.findings),
        )
        for item in items(file, on)
    ]


def _reported(finding: Finding, base: Path, root: Path) -> ReportedFinding:
    from harness.gate.check_result import shown_finding
    from harness.report.check_text import block

    shown = shown_finding(finding, base, root)
    lines = block(shown, repeat=False)
    text = "\n".join("".join(part for part, _ in line) for line in lines)
    return ReportedFinding(finding.severity, shown.message, text, finding.path or "", finding.line or 1)
