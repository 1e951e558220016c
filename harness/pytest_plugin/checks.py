"""The gate in pytest: run once a session, before collection; its findings become items (see `collect`)."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.pytest_plugin.project import project_of

if TYPE_CHECKING:
    from harness.project.config import Config
    from harness.pytest_plugin.plan import Plan

INPUT = "airflow_harness_plan"
PLAN = pytest.StashKey["Plan | None"]()
FOLDERS = pytest.StashKey[set[Path]]()
OPTION = "--airflow-dags"


def pytest_configure(config: pytest.Config) -> None:
    """Collect the Dag folders too, where pytest is run without paths, or is told of them on the command line."""
    config.addinivalue_line("markers", "airflow_check: a check on a Dag file, made by airflow-harness")
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
        from harness.pytest_plugin.plan import Plan

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
    from harness.pytest_plugin.collect import file_node

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
        asked = [config.invocation_params.dir / path for path in config.getoption("ignore") or ()]
        if collection_path not in asked and any(fnmatch(collection_path.name, pattern) for pattern in patterns):
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
            wanted = [path for path in every if any(path == one or one in path.parents for one in there)]
            if wanted or _named(config):
                return _looked_at(config, settings, wanted, every)
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from None
    return None


def _looked_at(config: pytest.Config, settings: Config, wanted: list[Path], every: list[Path]) -> Plan:
    from harness.bridge.environment.sandbox import airflow_version
    from harness.gate.inspection import inspect, see_a_dag
    from harness.gate.options import CheckOptions
    from harness.pytest_plugin.plan import made

    airflow_version()
    paths = () if len(wanted) == len(every) else tuple(wanted)
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
    return made(settings, wanted, found, config.invocation_params.dir)
