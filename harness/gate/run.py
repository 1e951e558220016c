"""The gate: Dag files go in, findings come out. It serves the command line and pytest, and imports no Airflow."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.checks import catalogue
from harness.checks.context import CheckSelection, Declared, Judgement
from harness.gate.cache import Cache, digest_of, question_of
from harness.gate.gathered import Gathered
from harness.gate.grouping import grouped
from harness.gate.own_table import OwnChecks
from harness.gate.present import below, path_of
from harness.gate.report_form import misshapen
from harness.gate.verdicts import problems_of
from harness.project.discovery import FoundFile
from harness.project.hidden import refuse_hidden
from harness.project.libraries import libraries_of
from harness.project.repository import Repository, repository_of
from harness.results.finding import Finding, Problem
from harness.world.model import World
from harness.world.secrets import Mask, secrets_of

if TYPE_CHECKING:
    from harness.gate.examine import Report
    from harness.gate.fork_server import ChildEnd
    from harness.gate.worker_pool import Request

Problems = Iterable[tuple[str, Problem]]
SCHEMA = "airflow-harness/check/1"


@dataclass
class FileResult:
    """What one file came to.

    Attributes:
        dag_ids: of the Dags it holds, sorted.
        findings: of the file and of its Dags.
        failed: why Airflow does not take the file or a Dag of it; a file that fails alike may have the finding.
        imported: files of the repository that it imported.
        seconds: of its import, the faster one where it was parsed twice.
        names: see `harness.gate.names.UsedName`; only where asked for.
        depends: files and folders that parsing it depended on.
    """

    path: str
    dag_ids: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    failed: str | None = None
    tasks: int = 0
    imported: list[str] = field(default_factory=list)
    seconds: float = 0.0
    names: list[dict[str, Any]] = field(default_factory=list)
    cached: bool = False
    depends: frozenset[str] = frozenset()


def in_order(finding: Finding) -> tuple[str, int, str, str, str, str]:
    """Findings by file, line and check; those that say the same by Dag and task."""
    ids = finding.dag_id or "", finding.task_id or ""
    return finding.path or "", finding.line or 0, finding.check, finding.message, *ids


@dataclass
class GateResult:
    """What all files of a repository came to.

    Attributes:
        files: in order of their paths.
        seconds: real time of the whole.
    """

    files: list[FileResult]
    checks: dict[str, str]
    seconds: float = 0.0

    @property
    def findings(self) -> list[Finding]:
        """All findings by file, line and check, each once: several files may lead to one line of a module."""
        found = {finding for file in self.files for finding in file.findings}
        return sorted(found, key=in_order)

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


@dataclass(frozen=True)
class GateOptions:
    """How the gate does its work.

    Attributes:
        repository: what surrounds the Dag folder; None: the gate looks for it.
        partial: some files of the repository are not checked, so what is not seen may still exist.
        cache: folder of the cache; None: nothing is kept.
        jobs: how many processes work side by side.
        timeout_s: real seconds that an import may take. checking_s: real seconds for all checks of one file after it.
        memory_mb: memory that a file may use beyond what Airflow has.
        own: users' own checks.
        on_file: called for each file that was parsed, with (how many so far, how many in all, its path).
    """

    selection: CheckSelection
    declared: Declared = field(default_factory=Declared)
    world: World = field(default_factory=World)
    repository: Repository | None = None
    cache: Path | None = None
    jobs: int = 2
    timeout_s: float = 30.0
    checking_s: float = 60.0
    memory_mb: int = 1024
    partial: bool = False
    own: OwnChecks = field(default_factory=OwnChecks)
    on_file: Callable[[int, int, str], None] = lambda *_: None


def run_gate(files: list[FoundFile], options: GateOptions) -> GateResult:
    """Parse every file that has changed since the last run, and run the checks on all of them.

    Args:
        files: see `harness.project.discovery.dag_files`.
    Raises:
        AirflowUnusable: Airflow does not import here.
        WorkerLost: a process of ours was ended while no file was at work in it.
    """
    began = time.monotonic()
    catalogue.load()
    run = _Run(files, _in_repository(files, options))
    run.take_cached()
    if run.rest:
        run.parse()
    run.judge()
    return GateResult(list(run.results.values()), dict(options.selection.severities), time.monotonic() - began)


def _in_repository(files: list[FoundFile], options: GateOptions) -> GateOptions:
    """The options with what the repository's own files declare; the world goes first."""
    repository = options.repository or (repository_of(files[0].root) if files else Repository())
    refuse_hidden(files, repository)
    declared = replace(
        options.declared,
        pools={**repository.pools, **options.declared.pools},
        connections=options.declared.connections | repository.connections,
        variables=options.declared.variables | frozenset(repository.variables),
    )
    repository = replace(repository, environment={**repository.environment, **options.world.env})
    world = replace(options.world, variables={**repository.values, **options.world.variables})
    return replace(options, repository=repository, declared=declared, world=world)


def _files_of(repository: Repository) -> list[str]:
    """Digests of the files beside the Dags that hold for all of them; some do not exist."""
    names = ("airflow.cfg", ".env", "airflow_settings.yaml", "airflow_local_settings.py")
    folders = dict.fromkeys(folder for folder in (repository.project, *repository.config) if folder is not None)
    return [digest_of(str(folder / name)) for folder in folders for name in names]


def _shown(world: World) -> dict[str, Any]:
    """What files are parsed with."""
    shown = {name: str(asdict(found)) for name, found in world.connections.items()}
    return {"connections": shown, "variables": dict(world.variables), "env": dict(world.env)}


class _Run:
    """One run of the gate.

    Attributes:
        results: by path.
        rest: path -> root of the files that the cache does not answer for.
    """

    def __init__(self, files: list[FoundFile], options: GateOptions) -> None:
        assert options.repository is not None
        self.options, self._repository = options, options.repository
        self.results = {str(file.path): FileResult(str(file.path)) for file in files}
        self.rest = {str(file.path): str(file.root) for file in files}
        self._parsed = 0
        environment = self._repository.process_environment(os.environ)
        self._mask = Mask(secrets_of(options.world, environment))
        self._gathered = Gathered(options.selection.severities)
        around = below([self._repository.plugins]) if self._repository.plugins else {}
        more = (options.timeout_s, asdict(options.repository), asdict(options.own), _shown(options.world), around)
        question = question_of(options.selection, options.declared, *more, *_files_of(self._repository))
        self._cache = Cache(options.cache, question, environment)

    def take_cached(self) -> None:
        """Answer what is known from the last runs."""
        for path in list(self.rest):
            entry = self._cache.find(path)
            if entry is None or (entry.second_parses is None and entry.report["dags"] and self._gathered.parses_twice):
                continue
            del self.rest[path]
            self.results[path].cached = True
            self._fill(path, {**entry.report, "depends": entry.depends})
            self._hold(path, ((check, Problem(**problem)) for check, problem in entry.second_parses or ()))

    def parse(self) -> None:
        """Parse the rest, once and where it is asked for a second time."""
        from harness.gate.preload import is_preloaded
        from harness.gate.worker import Setting
        from harness.gate.worker_pool import Request, WorkerPool

        def shared_libraries(paths: Iterable[str]) -> tuple[str, ...]:
            return tuple(name for name in libraries_of(map(Path, paths), self._tops()) if not is_preloaded(name))

        given = self.options
        setting = Setting(
            given.declared,
            given.selection,
            given.world,
            self._repository,
            given.timeout_s,
            given.checking_s,
            given.memory_mb,
            own=given.own.sources,
            project=given.own.root,
            shared=shared_libraries(self.rest),
        )
        requests = [Request(path, root) for path, root in self.rest.items()]
        worker_pool = WorkerPool(setting, given.jobs, self._gathered.parses_twice, shared_libraries)
        worker_pool.run(requests, self._take)
        self._cache.brought(worker_pool.libraries)
        self._cache.write()

    def _tops(self) -> list[Path]:
        """Folders in which the files find modules of the repository."""
        folders = [folder for root in set(self.rest.values()) for folder in self._repository.search_path(root)]
        return [Path(folder) for folder in dict.fromkeys([*folders, *self._repository.path_of_airflow])]

    def _take(self, request: Request, verdict: ChildEnd) -> None:
        path, verdict = request.path, verdict.masked(self._mask)
        if verdict.report is not None and "fault" not in verdict.report:
            wrong = misshapen(verdict.report, request.second)
            fault = {"fault": f"its report has not the form of one: {wrong}", "theirs": True}
            verdict = replace(verdict, report=fault) if wrong else verdict
        report = verdict.report
        if request.second:
            problems = list(self._compared(path, verdict))
            self._hold(path, problems)
            second_parses = [[check, problem.to_json()] for check, problem in problems]
            self._cache.keep_second_parse(
                path, second_parses, (verdict.report or {}).get("depends", {"unknown:": None})
            )
            return
        if report is None or "fault" in report:
            problems = list(problems_of(path, verdict, self.options.timeout_s))
            self.results[path].failed = problems[0][1].message
            self._cache.forget(path)
            self._hold(path, problems)
        else:
            report["notes"] = self._fill(path, report)
            self._cache.keep(path, report, bool(report["dags"]) and self._gathered.parses_twice)
        self._parsed += 1
        self.options.on_file(self._parsed, len(self.rest), path)

    def _fill(self, path: str, report: Report) -> list[list[Any]]:
        result = self.results[path]
        result.dag_ids = sorted(dag["dag_id"] for dag in report["dags"])
        result.tasks = sum(dag["tasks"] for dag in report["dags"])
        result.failed, result.imported, result.names = report["failed"], report["imported"], report["names"]
        result.seconds = report["seconds"]
        named = (path for key in report["depends"] for path in path_of(key))
        result.depends = frozenset((*named, *report["imported"]))
        self._hold(path, ((check, Problem(**problem)) for check, problem in report["problems"]))
        return self._gathered.add(path, report["notes"])

    def _compared(self, path: str, verdict: ChildEnd) -> Problems:
        """Compare the two parses of a file. That the second failed and the first did not is a finding, too."""
        result, report = self.results[path], verdict.report
        if report is None or "fault" in report:
            problems: Problems = problems_of(path, verdict, self.options.timeout_s)
        else:
            yield from self._gathered.second(path, report["notes"])
            result.seconds = min(result.seconds, report["seconds"])
            if result.failed is not None or (report["failed"] is None and sorted(report["dag_ids"]) == result.dag_ids):
                return
            lost = ", ".join(sorted(set(result.dag_ids) ^ set(report["dag_ids"])))
            problems = [("import-error", Problem(report["failed"] or f"other Dags: {lost}"))]
        for check, problem in problems:
            message = f"parsed again, a day later and with another hash seed: {problem.message}"
            result.failed = result.failed or message
            yield check, replace(problem, message=message)

    def _hold(self, path: str, problems: Problems) -> None:
        result = self.results[path]
        made = (finding(check, problem, path, self.options.selection) for check, problem in problems)
        result.findings += [one for one in made if one is not None]

    def judge(self) -> None:
        """Run the checks of the whole repository on the notes, and sort each finding to the file that it is about."""
        for check, problem in self._gathered.problems(self._judgement()):
            path = problem.of or problem.path or ""
            self._hold(path if path in self.results else next(iter(self.results)), [(check, problem)])

    def _judgement(self) -> Judgement:
        results, requirements = self.results.values(), self._repository.requirements
        return Judgement(
            dag_ids=frozenset(dag_id for result in results for dag_id in result.dag_ids),
            declared=self.options.declared,
            selection=self.options.selection,
            partial=self.options.partial or any(result.failed for result in results),
            failed=tuple(result.path for result in results if result.failed),
            seconds={result.path: result.seconds for result in results if not result.failed},
            imported={result.path: result.imported for result in results},
            requirements=str(requirements) if requirements else None,
            world=self.options.world,
        )


def finding(check: str, problem: Problem, path: str, selection: CheckSelection) -> Finding | None:
    """The finding of a problem; None when its check is off."""
    severity = selection.severities.get(check, "error" if check == "check-failed" else None)
    if severity is None:
        return None
    where = problem.path or path
    return Finding(
        check,
        severity,
        problem.message,
        where,
        problem.line or 1,
        problem.dag_id,
        problem.task_id,
        problem.fix,
        problem.ours,
    )
