"""The gate: files in, findings out. One engine below the command line and the pytest plugin; no Airflow import."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.checks import catalogue
from harness.checks.cache import Cache, question_of
from harness.checks.discovery import DagFile
from harness.checks.finding import Finding, Problem
from harness.checks.gathered import Gathered
from harness.checks.look import Asked, Declared, Judgement
from harness.checks.own_table import OwnChecks
from harness.checks.registry import CHECKS
from harness.checks.verdicts import problems_of
from harness.world.model import World

if TYPE_CHECKING:
    from harness.checks.examine import Report
    from harness.checks.farm import Request
    from harness.checks.zygote import Verdict

SCHEMA = "airflow-harness/check/1"


@dataclass
class FileResult:
    """What one file came to.

    Attributes:
        dag_ids: of the Dags it holds, sorted.
        findings: of the file and of its Dags.
        names: see `harness.checks.names.Name`; only where asked for.
    """

    path: str
    dag_ids: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    tasks: int = 0
    seconds: float = 0.0
    names: list[dict[str, Any]] = field(default_factory=list)
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
        partial: there are files of the repository that are not looked at: what is not seen may exist.
        cache: folder of the cache; None keeps nothing.
        own: users' own checks.
        told: called with (files parsed, of how many that must be, file) as it goes on.
    """

    asked: Asked
    declared: Declared = field(default_factory=Declared)
    world: World = field(default_factory=World)
    jobs: int = 2
    timeout_s: float = 30.0
    memory_mb: int = 1024
    partial: bool = False
    cache: Path | None = None
    own: OwnChecks = field(default_factory=OwnChecks)
    told: Callable[[int, int, str], None] = lambda *_: None


def run_gate(files: list[DagFile], options: GateOptions) -> GateResult:
    """Parse every file that has changed since the last run, and put all before the checks.

    Args:
        files: see `harness.checks.discovery.dag_files`.
    """
    began = time.monotonic()
    catalogue.load()
    run = _Run(files, options)
    run.take_cached()
    if run.rest:
        run.parse()
    run.judge()
    return GateResult(list(run.results.values()), dict(options.asked.severities), time.monotonic() - began)


class _Run:
    """One run of the gate.

    Attributes:
        rest: files that the cache does not answer for.
    """

    def __init__(self, files: list[DagFile], options: GateOptions) -> None:
        self.options = options
        self.results = {str(file.path): FileResult(str(file.path)) for file in files}
        self.rest = {str(file.path): str(file.root) for file in files}
        self._parsed = 0
        self._gathered = Gathered(options.asked.severities)
        question = question_of(options.asked, options.declared, options.timeout_s, dict(options.own.reads))
        self._cache = Cache(options.cache, question)
        self._failed: set[str] = set()
        self._said: list[tuple[str, Problem]] = []

    def take_cached(self) -> None:
        """Answer what is known from the last runs."""
        for path in list(self.rest):
            entry = self._cache.find(path)
            if entry is None or (entry.twins is None and entry.report["dags"] and self._gathered.wants_twins):
                continue
            del self.rest[path]
            self.results[path].cached = True
            self._fill(path, entry.report)
            self._said += [(check, Problem(**problem)) for check, problem in entry.twins or ()]

    def parse(self) -> None:
        """Parse the rest, once and where it is asked for a second time."""
        from harness.checks.child import Setting
        from harness.checks.farm import Farm, Request

        options = self.options
        setting = Setting(
            options.declared,
            options.asked,
            options.world,
            options.timeout_s,
            options.memory_mb,
            own=options.own.sources,
            project=options.own.root,
        )
        with Farm(setting, options.jobs, self._gathered.wants_twins) as farm:
            farm.run([Request((file,)) for file in self.rest.items()], self._take)
            for path, problems in self._gathered.twins(farm).items():
                self._said += problems
                self._cache.keep_twins(path, [[check, problem.to_json()] for check, problem in problems])
        self._cache.write()

    def _take(self, request: Request, verdict: Verdict, seed: int) -> None:
        file, report = request.files[0], verdict.report
        path = file[0]
        if report is None or "fault" in report:
            self._failed.add(path)
            self._cache.forget(path)
            self._hold(path, problems_of(path, verdict, self.options.timeout_s))
        else:
            notes = report["notes"]
            report["notes"] = [note for note in notes if CHECKS[note[0]].level != "twin"]
            self._fill(path, report)
            self._cache.keep(path, report)
            if report["dags"] and self._gathered.wants_twins:
                self._gathered.parsed(file, seed, notes)
        self._parsed += 1
        self.options.told(self._parsed, len(self.rest), path)

    def _fill(self, path: str, report: Report) -> None:
        result = self.results[path]
        result.dag_ids = sorted(dag["dag_id"] for dag in report["dags"])
        result.tasks = sum(dag["tasks"] for dag in report["dags"])
        result.seconds, result.names = report["seconds"], report["names"]
        if report["failed"]:
            self._failed.add(path)
        self._gathered.add(path, report["notes"])
        self._hold(path, ((check, Problem(**problem)) for check, problem in report["problems"]))

    def _hold(self, path: str, problems: Iterable[tuple[str, Problem]]) -> None:
        result = self.results[path]
        made = (finding(check, problem, path, self.options.asked) for check, problem in problems)
        result.findings += [one for one in made if one is not None]

    def judge(self) -> None:
        """Put what was noted before the checks of the whole repository, and findings with the files they are about."""
        options = self.options
        dag_ids = frozenset(dag_id for result in self.results.values() for dag_id in result.dag_ids)
        judgement = Judgement(dag_ids, options.declared, options.asked, options.partial or bool(self._failed))
        for check, problem in [*self._said, *self._gathered.problems(judgement)]:
            path = problem.path if problem.path in self.results else next(iter(self.results))
            assert path is not None
            self._hold(path, [(check, problem)])


def finding(check: str, problem: Problem, path: str, asked: Asked) -> Finding | None:
    """The finding of a problem; None when its check is off."""
    severity = asked.severities.get(check, "error" if check == "check-failed" else None)
    if severity is None:
        return None
    return Finding(
        check,
        severity,
        problem.message,
        problem.path or path,
        problem.line or 1,
        problem.dag_id,
        problem.task_id,
        problem.fix,
        problem.ours,
    )
