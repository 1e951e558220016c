"""The gate in pytest: run once a session, before collection; its findings become items, shared with xdist's workers."""

from __future__ import annotations

import json
import os
import shlex
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.pytest_plugin.project import project_of
from harness.pytest_plugin.services import open_server_process
from harness.pytest_plugin.worlds import MARKER_LINE

if TYPE_CHECKING:
    from harness.gate.check_result import CheckResult, FileResult
    from harness.project.config import Config
    from harness.results.finding import Finding


@dataclass(frozen=True)
class ReportedFinding:
    """A finding, ready to be shown.

    Attributes:
        finding: its message has paths as they are shown, its own path is absolute.
        text: the block in the house style.
    """

    finding: Finding
    text: str


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
        from harness.results.finding import Finding

        def reported(row: dict[str, Any]) -> ReportedFinding:
            return ReportedFinding(Finding(**row["finding"]), row["text"])

        files = {
            path: [Planned(**{**row, "findings": tuple(map(reported, row["findings"]))}) for row in rows]
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
    from harness.report.check_documents import items

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
    return ReportedFinding(replace(shown, path=finding.path), text)


MARK = "airflow_check"


class CheckWarning(pytest.PytestWarning):
    """A finding of severity warning. ``-W error::harness.pytest_plugin.checks.CheckWarning`` makes it an error."""

    __module__ = "harness.pytest_plugin.checks"


class CheckFailed(Exception):
    """Findings of severity error: what an item fails with."""

    def __init__(self, findings: list[ReportedFinding]) -> None:
        super().__init__(findings[0].finding.message)
        self.findings = findings


class DagFile(pytest.File):
    """A Dag file."""

    planned: list[Planned]

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """Its own checks, then its Dags."""
        yield from _items(self, None, self.planned)
        for dag_id in dict.fromkeys(one.dag_id for one in self.planned):
            if dag_id is not None:
                node = DagNode.from_parent(self, name=dag_id)
                node.planned = self.planned
                yield node


class DagNode(pytest.Collector):
    """A Dag of a file."""

    planned: list[Planned]

    def collect(self) -> Iterator[pytest.Item]:
        """Its checks."""
        yield from _items(self, self.name, self.planned)


class CheckItem(pytest.Item):
    """A check on a file or on a Dag: fails with its errors, warns of its warnings."""

    planned: Planned

    def runtest(self) -> None:
        """Tell what was found. Raises: CheckFailed."""
        for reported in self.planned.findings:
            if reported.finding.severity != "error":
                self.warn(CheckWarning(reported.text))
        errors = [reported for reported in self.planned.findings if reported.finding.severity == "error"]
        if errors:
            raise CheckFailed(errors)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The findings in the house style, without a traceback."""
        if isinstance(excinfo.value, CheckFailed):
            findings = excinfo.value.findings
        elif isinstance(excinfo.value, CheckWarning):
            findings = list(self.planned.findings)
        else:
            return super().repr_failure(excinfo, style)
        shown: Any = excinfo.getrepr(style="native")
        again = f"  again   pytest {shlex.quote(self._again())}\n"
        (entry,) = shown.reprtraceback.reprentries = shown.reprtraceback.reprentries[-1:]
        entry.lines[:] = ["\n\n".join(one.text for one in findings) + "\n", again]
        first = findings[0].finding
        shown.reprcrash.path, shown.reprcrash.lineno = first.path or "", first.line or 1
        shown.reprcrash.message = f"{self.planned.check}: {first.message}"
        return shown

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it stands: the line of its first finding, the first one where that is in another file."""
        first = self.planned.findings[0].finding if self.planned.findings else None
        line = (first.line or 1) - 1 if first is not None and first.path == str(self.path) else 0
        return self.path, line, "::".join(self.nodeid.split("::")[1:])

    def _again(self) -> str:
        here = os.path.relpath(self.path, self.config.invocation_params.dir)
        return "::".join([Path(here).as_posix(), *self.nodeid.split("::")[1:]])


def file_node(parent: pytest.Collector, path: Path, planned: list[Planned]) -> DagFile:
    """The node of a Dag file."""
    node: DagFile = DagFile.from_parent(parent, path=path)
    node.planned = planned
    return node


def _items(parent: pytest.Collector, dag_id: str | None, planned: Iterable[Planned]) -> Iterator[CheckItem]:
    for one in planned:
        if one.dag_id == dag_id:
            item: CheckItem = CheckItem.from_parent(parent, name=one.name)
            item.planned = one
            item.extra_keyword_matches.update((one.check, one.family))
            item.add_marker(MARK)
            yield item


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """A worker is about to start; pytest-xdist calls this in the controller."""
    open_server_process(node)
    hand_over(node)


INPUT = "airflow_harness_plan"
PLAN = pytest.StashKey["Plan | None"]()
FOLDERS = pytest.StashKey[set[Path]]()
OPTION = "--airflow-dags"


def pytest_configure(config: pytest.Config) -> None:
    """Collect the Dag folders too, where pytest is run without paths, or is told of them on the command line."""
    config.addinivalue_line("markers", "airflow_check: a check on a Dag file, made by airflow-harness")
    config.addinivalue_line("markers", MARKER_LINE)
    if not _is_on(config):
        return
    everything = config.args_source != config.ArgsSource.ARGS and config.invocation_params.dir == config.rootpath
    if everything or _named(config):
        there = _given(config)
        for folder in project_of(config).dags:
            if not any(folder.resolve() == path or path in folder.resolve().parents for path in there):
                config.args.append(str(folder))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Run the gate in the controller, or take what it found there.

    Raises: pytest.UsageError: settings or a world file that cannot mean anything, no Dag file in a folder named.
    """
    config = session.config
    plan = getattr(config, "workerinput", {}).get(INPUT)
    if plan is not None:
        config.stash[PLAN] = Plan.of_json(json.loads(plan))
    elif _is_on(config) and not hasattr(config, "workerinput"):
        config.stash[PLAN] = _made(config)
    plan = config.stash.get(PLAN, None)
    if plan is not None:
        config.stash[FOLDERS] = {folder for path in plan.files for folder in Path(path).parents}


def hand_over(node: Any) -> None:
    """Give a new worker of pytest-xdist what the controller found."""
    plan = node.config.stash.get(PLAN, None)
    if plan is not None:
        node.workerinput[INPUT] = json.dumps(plan.to_json())


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The node of a Dag file."""
    plan = parent.config.stash.get(PLAN, None)
    if plan is None:
        return None
    found = next((str(path) for path in (file_path, file_path.resolve()) if str(path) in plan.files), None)
    if found is None:
        return None

    return file_node(parent, file_path, plan.files[found])


@pytest.hookimpl(tryfirst=True)
def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A folder with Dag files is no package: pytest would import its ``__init__.py``, here and now."""
    if path in parent.config.stash.get(FOLDERS, ()) and (path / "__init__.py").is_file():
        return pytest.Dir.from_parent(parent, path=path)
    return None


@pytest.hookimpl(wrapper=True)
def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> Iterator[None]:
    """``norecursedirs`` (``build``, ``dist``, …) is about tests: a Dag folder of that name is collected."""
    ignored: bool | None = yield
    if ignored and collection_path in config.stash.get(FOLDERS, ()):
        patterns = config.getini("norecursedirs")
        ignored_paths = [config.invocation_params.dir / path for path in config.getoption("ignore") or ()]
        if collection_path not in ignored_paths and any(fnmatch(collection_path.name, pattern) for pattern in patterns):
            return False  # type: ignore[return-value]
    return ignored  # type: ignore[return-value]


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """How many Dag files, how long it took, and what should be known of them."""
    plan = config.stash.get(PLAN, None)
    if plan is None or not plan.files:
        return []
    count = len(plan.files)
    line = f"airflow-harness: {count} Dag file{'' if count == 1 else 's'} checked in {plan.seconds:.2f} s"
    return [line, *(f"airflow-harness: note: {note}" for note in plan.notes)]


def _is_on(config: pytest.Config) -> bool:
    option = config.option
    if getattr(option, "airflow_no_checks", False) or getattr(option, "showfixtures", False):
        return False
    project = project_of(config)
    return bool(project.dags) and project.settings.pytest_checks


def _named(config: pytest.Config) -> bool:
    """Whether Dag folders were named on the command line; not in ``addopts``."""
    return any(str(arg).partition("=")[0] == OPTION for arg in config.invocation_params.args)


def _given(config: pytest.Config) -> list[Path]:
    """The paths that pytest collects."""
    here = config.invocation_params.dir
    return [(here / arg.partition("::")[0]).resolve() for arg in config.args]


def _made(config: pytest.Config) -> Plan | None:
    from harness.errors import HarnessError
    from harness.project.discovery import dag_files

    project = project_of(config)
    settings: Config = replace(project.settings, dags=project.dags, world=project.world)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # other people's, while pyproject.toml says error
            there, every = _given(config), [file.path for file in dag_files(settings.dags)]
            selected = [path for path in every if any(path == one or one in path.parents for one in there)]
            if selected or _named(config):
                return _looked_at(config, settings, selected, every)
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from None
    return None


def _looked_at(config: pytest.Config, settings: Config, selected: list[Path], every: list[Path]) -> Plan:
    from harness.gate.inspection import CheckOptions, inspect, see_a_dag
    from harness.project.installed import airflow_version

    airflow_version()
    paths = () if len(selected) == len(every) else tuple(selected)
    reporter: Any = config.pluginmanager.getplugin("terminalreporter")
    live = reporter is not None and reporter.isatty and reporter.verbosity >= 0

    def on_file(done: int, of: int, file: str) -> None:
        if live:
            reporter.rewrite(f"checking Dag files: {done} of {of}, {os.path.basename(file)}", erase=True)  # noqa: PTH119

    found = inspect(settings, CheckOptions(paths=paths, on_file=on_file))
    if live:
        reporter.rewrite("", erase=True)
    if not paths:
        see_a_dag(found)
    return made(settings, selected, found, config.invocation_params.dir)
