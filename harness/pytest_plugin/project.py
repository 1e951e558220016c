"""Where the project under test keeps its Dags. No Airflow import."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.project.declarations import SECRETS

if TYPE_CHECKING:
    from harness.project.config import Config


@dataclass
class Project:
    """What the options and ``[tool.airflow-harness]`` say.

    Attributes:
        settings: the table, before the options.
        dags: Dag folders and files; empty in a project that has none.
        world: the world file, None when there is none.
        secrets: ``AIRFLOW_CONN_*`` and ``AIRFLOW_VAR_*`` as they were at the start: the owner's, not a test's.
    """

    settings: Config
    dags: list[Path] = field(default_factory=list)
    world: Path | None = None
    secrets: dict[str, str] = field(default_factory=dict)


PROJECT = pytest.StashKey[Project]()


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Lines where Airflow is newer than what the harness was tested with, or something of the shell is set aside."""
    from harness.project.declarations import set_aside
    from harness.project.installed import newer_than_tested

    project = project_of(config)
    notes = [newer_than_tested(), set_aside(project.secrets) if project.dags else None]
    return [f"airflow-harness: {line}" for line in notes if line is not None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The plugin's options."""
    group = parser.getgroup("airflow", "airflow-harness")
    group.addoption(
        "--airflow-dags",
        action="append",
        default=[],
        metavar="PATH",
        help="Dag folder or file, repeatable; its files are checked, and fixtures find its Dags "
        "(default: dags of [tool.airflow-harness], else the folder dags/)",
    )
    group.addoption(
        "--no-airflow-checks",
        action="store_true",
        dest="airflow_no_checks",
        help="collect no Dag files: fixtures only (setting: pytest-checks = false)",
    )
    group.addoption(
        "--airflow-network",
        action="append",
        default=[],
        metavar="HOST",
        help="let tasks connect to it, repeatable, as network: {allow: […]} of the world file "
        "(host, host:port, *.example.com, address, CIDR range; default: this machine alone)",
    )
    group.addoption(
        "--airflow-world",
        default=None,
        metavar="FILE",
        help="world file: connections, variables, pools and stubs that every test starts from",
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Read the settings, and note the owner's secrets, before any conftest sets some on purpose."""
    project_of(early_config)
    return (yield)


def project_of(config: pytest.Config) -> Project:
    """The project under test, looked up once a session.

    Raises: pytest.UsageError: a path that does not exist, or settings that cannot be read.
    """
    found = config.stash.get(PROJECT, None)
    if found is None:
        found = config.stash[PROJECT] = _read(config)
    return found


def _read(config: pytest.Config) -> Project:
    from harness.errors import UsageError
    from harness.project.config import read_config

    options = config.known_args_namespace
    try:
        settings = read_config(config.rootpath)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    here = config.invocation_params.dir
    dags = [_existing(here / given, "--airflow-dags") for given in options.airflow_dags] or settings.dags
    world = options.airflow_world
    return Project(
        settings=settings,
        dags=dags,
        world=_existing(here / world, "--airflow-world") if world is not None else settings.world,
        secrets={name: value for name, value in os.environ.items() if name.startswith(SECRETS)},
    )


def _existing(path: Path, option: str) -> Path:
    if not path.exists():
        raise pytest.UsageError(f"{option} names {path}, which does not exist")
    return path
