"""The gate: files in, findings out. One engine below the command line and the pytest plugin; no Airflow import."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from harness.checks import catalogue
from harness.checks.child import Setting
from harness.checks.discovery import DagFile
from harness.checks.farm import Farm, Request
from harness.checks.finding import Finding, Problem
from harness.checks.gathered import Gathered
from harness.checks.look import Asked, Declared, Judgement
from harness.checks.verdicts import problems_of
from harness.checks.zygote import Verdict
from harness.world.model import World

SCHEMA = "airflow-harness/check/1"


@dataclass
class FileResult:
    """What one file came to.

    Attributes:
        dag_ids: of the Dags it holds, sorted.
        findings: of the file and of its Dags.
    """

    path: str
    dag_ids: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    tasks: int = 0
    imported: list[str] = field(default_factory=list)
    seconds: float = 0.0
    cached: bool = False


@dataclass
class GateResult:
    """What a repository came to.

    Attributes:
        files: in order of their paths.
        seconds: real time of the whole.
    """

    files: list[FileResult]
    checks: dict[str, str]
    seconds: float = 0.0

    @property
    def findings(self) -> list[Finding]:
        """All of them, in order of file, line and check."""
        found = (finding for file in self.files for finding in file.findings)
        return sorted(found, key=lambda one: (one.path or "", one.line or 0, one.check, one.message))

    def count(self, severity: str) -> int:
        """How many findings of a severity."""
        return sum(finding.severity == severity for file in self.files for finding in file.findings)

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
        return {"schema": SCHEMA, "findings": [one.to_json() for one in self.findings], "summary": summary}


@dataclass(frozen=True)
class GateOptions:
    """How the gate looks.

    Attributes:
        jobs: processes side by side.
        told: called with (files done, of how many, file) as it goes on.
    """

    asked: Asked
    declared: Declared = field(default_factory=Declared)
    world: World = field(default_factory=World)
    jobs: int = 2
    timeout_s: float = 30.0
    memory_mb: int = 1024
    told: Callable[[int, int, str], None] = lambda *_: None


def run_gate(files: list[DagFile], options: GateOptions) -> GateResult:
    """Parse every file and put it before the checks.

    Args:
        files: see `harness.checks.discovery.dag_files`.
    """
    began = time.monotonic()
    catalogue.load()
    results = {str(file.path): FileResult(str(file.path)) for file in files}
    gathered = Gathered(options.asked.severities)
    failed: set[str] = set()
    done = 0

    def take(request: Request, verdict: Verdict, seed: int) -> None:
        nonlocal done
        file, report = request.files[0], verdict.report
        _fill(results[file[0]], verdict, options)
        if report is None or "fault" in report:
            failed.add(file[0])
        else:
            gathered.add(file[0], report["notes"])
            if report["dags"] and gathered.wants_twins:
                gathered.parsed(file, seed)
        done += 1
        options.told(done, len(files), file[0])

    setting = Setting(options.declared, options.asked, options.world, options.timeout_s, options.memory_mb)
    with Farm(setting, options.jobs, gathered.wants_twins) as farm:
        farm.run([Request(((str(file.path), str(file.root)),)) for file in files], take)
        said = list(gathered.twins(farm))
    dag_ids = frozenset(dag_id for result in results.values() for dag_id in result.dag_ids)
    said += gathered.problems(Judgement(dag_ids, options.declared, options.asked, bool(failed)))
    _hand_out(said, results, options.asked)
    return GateResult(list(results.values()), dict(options.asked.severities), time.monotonic() - began)


def _fill(result: FileResult, verdict: Verdict, options: GateOptions) -> None:
    report = verdict.report
    if report is None or "fault" in report:
        problems = [(check, problem) for check, problem in problems_of(result.path, verdict, options.timeout_s)]
    else:
        problems = [(check, Problem(**problem)) for check, problem in report["problems"]]
        result.dag_ids = sorted(dag["dag_id"] for dag in report["dags"])
        result.tasks = sum(dag["tasks"] for dag in report["dags"])
        result.imported, result.seconds = report["imported"], report["seconds"]
    result.findings += [
        found for check, problem in problems if (found := finding(check, problem, result, options.asked))
    ]


def finding(check: str, problem: Problem, file: FileResult, asked: Asked) -> Finding | None:
    """The finding of a problem; None when its check is off."""
    severity = asked.severities.get(check, "error" if check == "check-failed" else None)
    if severity is None:
        return None
    path = problem.path or file.path
    return Finding(
        check, severity, problem.message, path, problem.line or 1, problem.dag_id, problem.task_id, problem.fix
    )


def _hand_out(said: Iterable[tuple[str, Problem]], results: dict[str, FileResult], asked: Asked) -> None:
    """Put findings of the whole repository with the files they are about."""
    for check, problem in said:
        result = results.get(problem.path or "") or next(iter(results.values()))
        found = finding(check, problem, result, asked)
        if found is not None:
            result.findings.append(found)
