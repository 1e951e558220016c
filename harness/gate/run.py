"""The gate: Dag files go in, findings come out. It serves the command line and pytest, and imports no Airflow."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.checks import catalogue
from harness.checks.context import CheckSelection, Judgement, Note
from harness.checks.registry import CHECKS
from harness.checks.upkeep import CHECK_FAILED
from harness.gate.cache import Cache, digest_of, question_of
from harness.gate.check_result import FileResult, GateResult, UsedName
from harness.gate.child_end import misshapen, problems_of
from harness.gate.options import GateOptions
from harness.gate.present import below, path_of
from harness.project.discovery import FoundFile
from harness.project.importers import refuse_hidden
from harness.project.libraries import libraries_of
from harness.project.repository import Repository, repository_of
from harness.results.finding import Finding, Problem, finding_of
from harness.world.model import World
from harness.world.secrets import Mask, secrets_of

if TYPE_CHECKING:
    from harness.gate.child_end import ChildEnd
    from harness.gate.examine import Report
    from harness.gate.worker_pool import Request


Problems = Iterable[tuple[str, Problem]]


def run_gate(files: list[FoundFile], options: GateOptions, repository: Repository | None = None) -> GateResult:
    """Parse every file that has changed since the last run, and run the checks on all of them.

    Args:
        files: see `harness.project.discovery.dag_files`.
        repository: what surrounds their folder; None: the gate looks for it.
    Raises:
        AirflowUnusable: Airflow does not import here.
        WorkerLost: a process of ours was ended while no file was at work in it.
    """
    began = time.monotonic()
    catalogue.load()
    run = _Run(files, _in_repository(files, options, repository))
    run.take_cached()

    def result() -> GateResult:
        return GateResult(
            tuple(run.results.values()), dict(options.parse.selection.severities), time.monotonic() - began
        )

    if run.rest:
        try:
            run.parse()
        except (KeyboardInterrupt, SystemExit):
            run.leave_out_the_rest()
            options.on_stop(result())
            raise
    run.judge()
    return result()


def _in_repository(files: list[FoundFile], options: GateOptions, repository: Repository | None) -> GateOptions:
    """The options with what the repository's own files declare; the world goes first."""
    repository = repository or (repository_of(files[0].root) if files else Repository())
    refuse_hidden(files, repository)
    declared, world = options.parse.declared, options.parse.world
    if world.from_environment:
        from harness.world.sources import taken_from

        world = taken_from(world, {**repository.environment, **os.environ}, required=False)
    parse = replace(
        options.parse,
        repository=replace(repository, environment={**repository.environment, **world.env}),
        declared=replace(
            declared,
            pools={**repository.pools, **declared.pools},
            connections=declared.connections | repository.connections,
            variables=declared.variables | frozenset(repository.variables),
        ),
        world=replace(world, variables={**repository.values, **world.variables}),
    )
    return replace(options, parse=parse)


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
        self.options, self._parse, self._repository = options, options.parse, options.parse.repository
        self.results = {str(file.path): FileResult(str(file.path)) for file in files}
        self.rest = {str(file.path): str(file.root) for file in files}
        self._parsed: set[str] = set()
        environment = self._repository.process_environment(os.environ)
        self._mask = Mask(secrets_of(self._parse.world, environment))
        self._gathered = Gathered(self._parse.selection.severities)
        around = below([self._repository.plugins]) if self._repository.plugins else {}
        parse = self._parse
        more = (parse.timeout_s, asdict(parse.repository), asdict(parse.own), _shown(parse.world), around)
        question = question_of(parse.selection, parse.declared, *more, *_files_of(self._repository))
        self._cache = Cache(options.cache, question, environment)

    def take_cached(self) -> None:
        """Answer what is known from the last runs."""
        for path in list(self.rest):
            entry = self._cache.find(path)
            if entry is None or (entry.second_parses is None and entry.report["dags"] and self._gathered.parses_twice):
                continue
            del self.rest[path]
            self._fill(path, {**entry.report, "depends": entry.depends})
            self._note(path, cached=True)
            self._hold(path, ((check, Problem(**problem)) for check, problem in entry.second_parses or ()))

    def parse(self) -> None:
        """Parse the rest, once and where it is asked for a second time."""
        from harness.gate.preload import is_preloaded
        from harness.gate.worker_pool import Request, WorkerPool

        def shared_libraries(paths: Iterable[str]) -> tuple[str, ...]:
            return tuple(name for name in libraries_of(map(Path, paths), self._tops()) if not is_preloaded(name))

        requests = [Request(path, root) for path, root in self.rest.items()]
        options = replace(self._parse, shared=shared_libraries(self.rest))
        worker_pool = WorkerPool(options, self.options.jobs, self._gathered.parses_twice, shared_libraries)
        worker_pool.run(requests, self._take)
        self._cache.brought(worker_pool.libraries)
        self._cache.write()

    def leave_out_the_rest(self) -> None:
        """Be about the files that were looked at until now, and judge those."""
        waiting = self.rest.keys() - self._parsed
        self.results = {path: result for path, result in self.results.items() if path not in waiting}
        self.options = replace(self.options, partial=True)
        if self.results:
            self.judge()

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
            problems = list(problems_of(path, verdict, self._parse.timeout_s))
            self._note(path, failed=problems[0][1].message)
            self._cache.forget(path)
            self._hold(path, problems)
        else:
            report["notes"] = self._fill(path, report)
            self._cache.keep(path, report, bool(report["dags"]) and self._gathered.parses_twice)
        self._parsed.add(path)
        self.options.on_file(len(self._parsed), len(self.rest), path)

    def _fill(self, path: str, report: Report) -> list[list[Any]]:
        named = (path for key in report["depends"] for path in path_of(key))
        self._note(
            path,
            dag_ids=tuple(sorted(dag["dag_id"] for dag in report["dags"])),
            tasks=sum(dag["tasks"] for dag in report["dags"]),
            failed=report["failed"],
            imported=tuple(report["imported"]),
            names=tuple(UsedName(**name) for name in report["names"]),
            seconds=report["seconds"],
            depends=frozenset((*named, *report["imported"])),
        )
        self._hold(path, ((check, Problem(**problem)) for check, problem in report["problems"]))
        return self._gathered.add(path, report["notes"])

    def _compared(self, path: str, verdict: ChildEnd) -> Problems:
        """Compare the two parses of a file. That the second failed and the first did not is a finding, too."""
        result, report = self.results[path], verdict.report
        if report is None or "fault" in report:
            problems: Problems = problems_of(path, verdict, self._parse.timeout_s)
        else:
            yield from self._gathered.second(path, report["notes"])
            self._note(path, seconds=min(result.seconds, report["seconds"]))
            same = tuple(sorted(report["dag_ids"])) == result.dag_ids
            if result.failed is not None or (report["failed"] is None and same):
                return
            lost = ", ".join(sorted(set(result.dag_ids) ^ set(report["dag_ids"])))
            problems = [("import-error", Problem(report["failed"] or f"other Dags: {lost}"))]
        for check, problem in problems:
            message = f"parsed again, a day later and with another hash seed: {problem.message}"
            self._note(path, failed=self.results[path].failed or message)
            yield check, replace(problem, message=message)

    def _hold(self, path: str, problems: Problems) -> None:
        made = (finding(check, problem, path, self._parse.selection) for check, problem in problems)
        more = [one for one in made if one is not None]
        self._note(path, findings=(*self.results[path].findings, *more))

    def _note(self, path: str, **found: Any) -> None:
        """What a file came to, as far as it is known by now."""
        self.results[path] = replace(self.results[path], **found)

    def judge(self) -> None:
        """Run the checks of the whole repository on the notes, and sort each finding to the file that it is about."""
        for check, problem in self._gathered.problems(self._judgement()):
            path = problem.of or problem.path or ""
            self._hold(path if path in self.results else next(iter(self.results)), [(check, problem)])

    def _judgement(self) -> Judgement:
        results, requirements = self.results.values(), self._repository.requirements
        return Judgement(
            dag_ids=frozenset(dag_id for result in results for dag_id in result.dag_ids),
            declared=self._parse.declared,
            selection=self._parse.selection,
            partial=self.options.partial or any(result.failed for result in results),
            failed=tuple(result.path for result in results if result.failed),
            seconds={result.path: result.seconds for result in results if not result.failed},
            imported={result.path: result.imported for result in results},
            requirements=str(requirements) if requirements else None,
            world=self._parse.world,
        )


def finding(check: str, problem: Problem, path: str, selection: CheckSelection) -> Finding | None:
    """The finding of a problem; None when its check is off."""
    severity = selection.severities.get(check, "error" if check == CHECK_FAILED else None)
    return None if severity is None else finding_of(problem, check, severity, path)


Notes = list[list[Any]]


class Gathered:
    """What children noted, by path.

    Args:
        on: ids of the checks that are on.
    """

    def __init__(self, on: Iterable[str]) -> None:
        self._checks = [CHECKS[check_id] for check_id in CHECKS if check_id in set(on)]
        self._notes: dict[str, Notes] = {}
        self._firsts: dict[str, Notes] = {}

    @property
    def parses_twice(self) -> bool:
        """Whether a check looks at Dags twice."""
        return any(check.level == "parses" for check in self._checks)

    def add(self, path: str, notes: Notes) -> Notes:
        """Keep what one file's child noted; returns what is worth keeping beyond this run."""
        self._firsts[path] = [note for note in notes if CHECKS[note[0]].level == "parses"]
        self._notes[path] = [note for note in notes if CHECKS[note[0]].level != "parses"]
        return self._notes[path]

    def second(self, path: str, notes: Notes) -> Iterator[tuple[str, Problem]]:
        """What the checks say of a file's notes and those of its second parse."""
        firsts = {(check, dag_id): Note(path, dag_id, line, value) for check, dag_id, line, value in self._firsts[path]}
        for check_id, dag_id, _, value in notes:
            first = firsts.get((check_id, dag_id))
            if first is not None:
                for problem in CHECKS[check_id].function(first, Note(path, dag_id, first.line, value)):
                    yield check_id, problem

    def problems(self, judgement: Judgement) -> Iterator[tuple[str, Problem]]:
        """What the checks of the repository say: (check id, problem)."""
        for check in self._checks:
            if check.level == "repository":
                yield from ((check.id, problem) for problem in check.function(self._of(check.id), judgement))

    def _of(self, check_id: str) -> list[Note]:
        return [
            Note(path, dag_id, line, value)
            for path, notes in sorted(self._notes.items())
            for check, dag_id, line, value in notes
            if check == check_id
        ]
