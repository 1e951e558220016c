"""The gate: files in, findings out. One engine below the command line and the pytest plugin; no Airflow import."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from harness.checks import catalogue
from harness.checks.child import Setting
from harness.checks.discovery import DagFile
from harness.checks.farm import Farm, Request
from harness.checks.finding import Finding, Problem
from harness.checks.look import Asked, Declared, Judgement, Note
from harness.checks.registry import CHECKS
from harness.checks.repository import Repository, repository_of
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
        failed: why Airflow does not take it or a Dag of it; its finding may stand with another file that fails alike.
        imported: files of the repository that it imported.
        seconds: of its import, the faster one where it was parsed twice.
    """

    path: str
    dag_ids: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    failed: str | None = None
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
        """All of them, in order of file, line and check, each once: several files may meet in one line of a module."""
        found = {finding for file in self.files for finding in file.findings}
        return sorted(found, key=lambda one: (one.path or "", one.line or 0, one.check, one.message))

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
        return {"schema": SCHEMA, "findings": [one.to_json() for one in self.findings], "summary": summary}


@dataclass(frozen=True)
class GateOptions:
    """How the gate looks.

    Attributes:
        repository: what surrounds the Dag folder; None looks for it.
        jobs: processes side by side.
        timeout_s: real seconds that an import may take. checking_s: and all checks of one file after it.
        memory_mb: memory that a file may use beyond what Airflow has.
        told: called with (files done, of how many, file) as it goes on.
    """

    asked: Asked
    declared: Declared = field(default_factory=Declared)
    world: World = field(default_factory=World)
    repository: Repository | None = None
    jobs: int = 2
    timeout_s: float = 30.0
    checking_s: float = 60.0
    memory_mb: int = 1024
    told: Callable[[int, int, str], None] = lambda *_: None


def run_gate(files: list[DagFile], options: GateOptions) -> GateResult:
    """Parse every file and put it before the checks.

    Args:
        files: see `harness.checks.discovery.dag_files`.
    Raises:
        AirflowUnusable: Airflow does not import here.
        WorkerLost: a process of ours was ended while no file was at work in it.
    """
    began = time.monotonic()
    catalogue.load()
    options = _in_repository(files, options)
    results = [FileResult(str(file.path)) for file in files]
    gathered = _Gathered(options.asked)
    done = 0

    def take(request: Request, verdict: Verdict) -> None:
        nonlocal done
        result = results[request.number]
        if request.twin:
            gathered.twin(request.number, verdict)
            _compare(result, verdict, options)
            return
        _fill(result, verdict, options)
        gathered.first(request.number, verdict)
        done += 1
        options.told(done, len(files), request.path)

    assert options.repository is not None
    setting = Setting(
        options.declared,
        options.asked,
        options.world,
        options.repository,
        options.timeout_s,
        options.checking_s,
        options.memory_mb,
    )
    farm = Farm(setting, options.jobs, any(CHECKS[check].level == "twin" for check in options.asked.severities))
    farm.run([Request(number, str(file.path), str(file.root)) for number, file in enumerate(files)], take)
    gathered.judge(results, options)
    return GateResult(results, dict(options.asked.severities), time.monotonic() - began)


def _in_repository(files: list[DagFile], options: GateOptions) -> GateOptions:
    """The options with what the repository's own files declare; the world goes first."""
    repository = options.repository or (repository_of(files[0].root) if files else Repository())
    declared = replace(
        options.declared,
        pools={**repository.pools, **options.declared.pools},
        connections=options.declared.connections | repository.connections,
        variables=options.declared.variables | frozenset(repository.variables),
    )
    repository = replace(repository, environment={**repository.environment, **options.world.env})
    values = {name: value for name, value in repository.variables.items() if value is not None}
    world = replace(options.world, variables={**values, **options.world.variables})
    return replace(options, repository=repository, declared=declared, world=world)


def _fill(result: FileResult, verdict: Verdict, options: GateOptions) -> None:
    report = verdict.report
    if report is None or "fault" in report:
        problems = list(problems_of(result.path, verdict, options.timeout_s))
        result.failed = problems[0][1].message
    else:
        problems = [(check, Problem(**problem)) for check, problem in report["problems"]]
        result.dag_ids = sorted(dag["dag_id"] for dag in report["dags"])
        result.tasks = sum(dag["tasks"] for dag in report["dags"])
        result.failed, result.imported, result.seconds = report["failed"], report["imported"], report["seconds"]
    result.findings += [
        found for check, problem in problems if (found := finding(check, problem, result, options.asked))
    ]


def _compare(result: FileResult, verdict: Verdict, options: GateOptions) -> None:
    """Take what the second parse tells of the file; that it failed where the first did not is a finding."""
    report = verdict.report
    if report is None or "fault" in report:
        problems = list(problems_of(result.path, verdict, options.timeout_s))
    else:
        result.seconds = min(result.seconds, report["seconds"])
        if result.failed is not None or (report["failed"] is None and sorted(report["dag_ids"]) == result.dag_ids):
            return
        lost = ", ".join(sorted(set(result.dag_ids) ^ set(report["dag_ids"])))
        problems = [("import-error", Problem(report["failed"] or f"other Dags: {lost}"))]
    for check, problem in problems:
        said = replace(problem, message=f"parsed again, a day later and with another hash seed: {problem.message}")
        if found := finding(check, said, result, options.asked):
            result.findings.append(found)
            result.failed = result.failed or said.message


def finding(check: str, problem: Problem, file: FileResult, asked: Asked) -> Finding | None:
    """The finding of a problem; None when its check is off."""
    severity = asked.severities.get(check, "error" if check == "check-failed" else None)
    if severity is None:
        return None
    path = problem.path or file.path
    return Finding(
        check, severity, problem.message, path, problem.line or 1, problem.dag_id, problem.task_id, problem.fix
    )


class _Gathered:
    """What was noted of the Dags, for the checks that look at all of them."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._notes: dict[int, list[list[Any]]] = {}
        self._twins: dict[int, list[list[Any]]] = {}
        self._partial = False

    def first(self, number: int, verdict: Verdict) -> None:
        if verdict.report is None or "fault" in verdict.report:
            return
        self._notes[number] = verdict.report["notes"]

    def twin(self, number: int, verdict: Verdict) -> None:
        self._twins[number] = (verdict.report or {}).get("notes", [])

    def judge(self, results: list[FileResult], options: GateOptions) -> None:
        """Put the notes before their checks, and the findings with their files."""
        judgement = self._judgement(results, options)
        for check in CHECKS.values():
            if check.id not in options.asked.severities:
                continue
            if check.level == "repository":
                problems = check.function(self._of(check.id, results), judgement)
            elif check.level == "twin":
                problems = self._twin_problems(check, results)
            else:
                continue
            _hand_out(check.id, problems, results, options.asked)

    def _judgement(self, results: list[FileResult], options: GateOptions) -> Judgement:
        requirements = options.repository.requirements if options.repository else None
        return Judgement(
            dag_ids=frozenset(dag_id for result in results for dag_id in result.dag_ids),
            declared=options.declared,
            asked=options.asked,
            partial=any(result.failed for result in results),
            failed=tuple(result.path for result in results if result.failed),
            seconds={result.path: result.seconds for result in results if not result.failed},
            imported={result.path: result.imported for result in results},
            requirements=str(requirements) if requirements else None,
        )

    def _of(self, check_id: str, results: list[FileResult]) -> list[Note]:
        return [
            Note(results[number].path, dag_id, line, value)
            for number, notes in sorted(self._notes.items())
            for check, dag_id, line, value in notes
            if check == check_id
        ]

    def _twin_problems(self, check: Any, results: list[FileResult]) -> Iterable[Problem]:
        for number, twins in sorted(self._twins.items()):
            firsts = {(c, dag_id): (line, value) for c, dag_id, line, value in self._notes.get(number, [])}
            for c, dag_id, line, value in twins:
                if c == check.id and (c, dag_id) in firsts:
                    first = Note(results[number].path, dag_id, *firsts[c, dag_id])
                    yield from check.function(first, Note(results[number].path, dag_id, line, value))


def _hand_out(check: str, problems: Iterable[Problem], results: list[FileResult], asked: Asked) -> None:
    by_path = {result.path: result for result in results}
    for problem in problems:
        result = by_path.get(problem.of or problem.path or "") or results[0]
        found = finding(check, problem, result, asked)
        if found is not None:
            result.findings.append(found)
