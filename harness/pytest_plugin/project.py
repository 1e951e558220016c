"""Where the project under test keeps its Dags, and Airflow kept away from its owner's home. No Airflow import."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.project.config import Config

SECRETS = ("AIRFLOW_CONN_", "AIRFLOW_VAR_")


@dataclass
class Project:
    """What the options and ``[tool.airflow-harness]`` say.

    Attributes:
        settings: the table, before the options.
        dags: Dag folders and files; empty in a project that has none.
        world: the world file, None when there is none.
        isolated: Airflow's environment points at the sandbox.
        former: what stood in the environment in its place.
        secrets: ``AIRFLOW_CONN_*`` and ``AIRFLOW_VAR_*`` as they were at the start: the owner's, not a test's.
    """

    settings: Config
    dags: list[Path] = field(default_factory=list)
    world: Path | None = None
    isolated: bool = False
    former: dict[str, str | None] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)


PROJECT = pytest.StashKey[Project]()


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
        help="collect no Dag files: fixtures only (setting: pytest_checks = false)",
    )
    group.addoption(
        "--airflow-world",
        default=None,
        metavar="FILE",
        help="world file: connections, variables, pools and stubs that every test starts from",
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Before any conftest or test module can import Airflow: give it a home of its own, if there are Dags."""
    if project_of(early_config).dags:
        isolate(early_config)
    return (yield)


def project_of(config: pytest.Config) -> Project:
    """The project under test, looked up once a session.

    Raises: pytest.UsageError: a path that does not exist, or settings that cannot be read.
    """
    found = config.stash.get(PROJECT, None)
    if found is None:
        found = config.stash[PROJECT] = _read(config)
    return found


def isolate(config: pytest.Config) -> None:
    """Point Airflow's environment at the sandbox until pytest ends; a second call does nothing."""
    project = project_of(config)
    if project.isolated:
        return
    from harness.bridge import sandbox

    project.isolated = True
    project.former = sandbox.enter()
    config.add_cleanup(lambda: sandbox.leave(project.former))


@contextmanager
def as_the_owner(config: pytest.Config) -> Iterator[None]:
    """The environment as it was before `isolate`, for processes that isolate themselves."""
    from harness.bridge import sandbox

    former = project_of(config).former
    ours = {name: os.environ.get(name) for name in former}
    sandbox.leave(former)
    try:
        yield
    finally:
        sandbox.leave(ours)


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
