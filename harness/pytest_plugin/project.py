"""The project that pytest runs in: where its Dags are, what they find around them, ``dag_bag``, what is kept secret.

Nothing here imports Airflow before a test asks for it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.project.declarations import SECRETS
from harness.project.drivers import DriverOptions, read_driver_option

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from harness.bridge.loader import Folder
    from harness.project.config import Config
    from harness.simulation import Rehearsal


OURS = __name__.rpartition(".")[0]
NEEDS_DAGS = "_airflow_rehearsal"
LIVES_IN_A_WORLD = "_airflow_world"
RUNS_DAGS = frozenset({NEEDS_DAGS, "_airflow_runner", "_airflow_prefixed_runner"})
SCOPE = pytest.StashKey["AirflowScope"]()


class AirflowScope:
    """Whether Airflow is ours at present.

    Attributes:
        path: what the Dags' files need on ``sys.path``, and nobody else does.
    """

    def __init__(self) -> None:
        self.path: list[str] = []
        self._former: dict[str, str | None] | None = None

    @property
    def entered(self) -> bool:
        """Whether it is."""
        return self._former is not None

    def enter(self) -> None:
        """Make it so."""
        if self.entered:
            return
        from harness.bridge.environment import sandbox
        from harness.bridge.environment.aside import ASIDE

        ASIDE.back()
        self._former = {} if ASIDE.owners else sandbox.export()
        sys.path += [entry for entry in self.path if entry not in sys.path]

    def leave(self) -> None:
        """Give the process back."""
        if not self.entered:
            return
        from harness.bridge.environment import sandbox
        from harness.bridge.environment.aside import ASIDE

        sandbox.leave(self._former or {})
        self._former = None
        ASIDE.put()
        sys.path[:] = [entry for entry in sys.path if entry not in self.path]

    @contextmanager
    def left(self) -> Iterator[None]:
        """Outside for the block."""
        inside = self.entered
        self.leave()
        try:
            yield
        finally:
            if inside:
                self.enter()

    def end(self) -> None:
        """pytest ends: Airflow stays in the process, wherever it stands."""
        self.leave()
        if "harness.bridge.environment.aside" in sys.modules:
            sys.modules["harness.bridge.environment.aside"].ASIDE.back()


def scope_of(config: pytest.Config) -> AirflowScope:
    """The scope of this pytest run."""
    found = config.stash.get(SCOPE, None)
    if found is None:
        found = config.stash[SCOPE] = AirflowScope()
        config.add_cleanup(found.end)
    return found


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Enter before the first fixture of an item of ours; stay outside for what outlives it and is not ours."""
    scope = scope_of(request.config)
    ours = fixturedef.func.__module__.startswith(OURS)
    item: pytest.Item = request._pyfuncitem  # of fixtures that live longer too
    if _needs_airflow(fixturedef, ours) or (fixturedef.scope == "function" and _is_ours(item)):
        _enter_for(item, scope)
    elif not ours and fixturedef.scope != "function" and scope.entered:
        with scope.left():
            made: object = yield
            return made
    made = yield
    return made


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """An item whose fixtures were all there already."""
    if _is_ours(item):
        _enter_for(item, scope_of(item.config))
    return (yield)


def _needs_airflow(fixturedef: pytest.FixtureDef[Any], ours: bool) -> bool:
    """Whether a fixture runs Dags or has the world answer; asked for by name, it is not among the item's own."""
    return fixturedef.argname in (NEEDS_DAGS, LIVES_IN_A_WORLD) or (ours and bool(RUNS_DAGS & set(fixturedef.argnames)))


def _enter_for(item: pytest.Item, scope: AirflowScope) -> None:
    if not scope.entered:
        scope.enter()
        item.addfinalizer(scope.leave)


def _is_ours(item: pytest.Item) -> bool:
    return bool({NEEDS_DAGS, LIVES_IN_A_WORLD} & set(getattr(item, "fixturenames", ())))


NOTES = pytest.StashKey["dict[str, None]"]()
"""What is told when pytest ends."""


class DagBag(Mapping[str, "DAG"]):
    """Dags by id, sorted.

    Attributes:
        dags: the same as a ``dict``.
        import_errors: path of each file that did not import -> the traceback, from its own first frame on.
        duplicates: (dag_id, file that won, file that was left out).
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self.dags: dict[str, DAG] = dict(sorted(folder.dags.items()))
        self.import_errors = {str(failure.path): failure.traceback for failure in folder.failures}
        self.duplicates = list(folder.duplicates)

    def __getitem__(self, dag_id: str) -> DAG:
        """The Dag of this id.

        Raises: DagNotFound, with the nearest ids; DagImportError when its file did not import.
        """
        __tracebackhide__ = True
        return self.dags[dag_id] if dag_id in self.dags else self._folder.dag(dag_id)

    def __contains__(self, dag_id: object) -> bool:
        return dag_id in self.dags

    def get(self, dag_id: str, default: Any = None) -> Any:
        """The Dag of this id, or the default."""
        return self.dags.get(dag_id, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self.dags)

    def __len__(self) -> int:
        return len(self.dags)

    def __repr__(self) -> str:
        return f"<{len(self.dags)} Dags, {len(self.import_errors)} import errors>"


@pytest.fixture(scope="session")
def dag_bag(_airflow_rehearsal: Rehearsal) -> DagBag:
    """The project's Dags by id: a mapping, with ``.dags`` and ``.import_errors``.

    A file that does not import raises nothing here; it is told in ``.import_errors``, and when its Dag is asked for.
    """
    return bag_of(_airflow_rehearsal)


def bag_of(rehearsal: Rehearsal) -> DagBag:
    """The Dags that were loaded. Raises: NoDagsFolder: the project names no folder of them."""
    if not rehearsal.folder.roots:
        raise _no_folder()
    return DagBag(rehearsal.folder)


@pytest.fixture(scope="session")
def _airflow_rehearsal(pytestconfig: pytest.Config) -> Rehearsal:
    """The engine over the project's Dags; over none when the project has no Dag folder."""
    from harness.errors import AirflowUnusable
    from harness.kernel.clock import freezegun_suspended

    before = sys.path[:]
    with freezegun_suspended():  # classes made now must not be built on a frozen datetime
        try:
            rehearsal = _load(project_of(pytestconfig))
        except AirflowUnusable as error:
            pytest.fail(str(error), pytrace=False)
        if "freezegun" in sys.modules:
            _preload(rehearsal)
    pytestconfig.stash.setdefault(NOTES, {}).update(dict.fromkeys(rehearsal.set_aside))
    scope_of(pytestconfig).path = [entry for entry in sys.path if entry not in before]
    return rehearsal


def _load(project: Project) -> Rehearsal:
    from harness.gate.settings import xcom_bytes
    from harness.simulation import Rehearsal
    from harness.world import World, load

    most = xcom_bytes(project.settings)
    if not project.dags:
        return Rehearsal(xcom_bytes=most)
    world = load(project.world) if project.world else None
    if project.settings.network:
        world = world or World()
        world.allow(*project.settings.network)
    return Rehearsal.of_paths(project.dags, most, world, project.secrets)


def _preload(rehearsal: Rehearsal) -> None:
    """Have everything that a run needs imported: under freezegun Airflow does not import."""
    from harness.bridge.snapshot import one_task_dag
    from harness.bridge.stored import unstorable

    rehearsal.run(one_task_dag())
    unstorable(one_task_dag())


def _no_folder() -> Exception:
    from harness.errors import NoDagsFolder

    return NoDagsFolder(
        "this project names no Dag folder",
        known="looked for dags in [tool.airflow-harness] of pyproject.toml, and for a folder dags/",
        fix="--airflow-dags PATH, or dags = […] in pyproject.toml",
    )


@dataclass
class Project:
    """What the options and ``[tool.airflow-harness]`` say.

    Attributes:
        settings: the table, before the options.
        dags: Dag folders and files; empty in a project that has none.
        world: the world file, None when there is none.
        drivers: of services, asked for by options and settings.
        secrets: ``AIRFLOW_CONN_*`` and ``AIRFLOW_VAR_*`` as they were at the start: the owner's, not a test's.
    """

    settings: Config
    dags: list[Path] = field(default_factory=list)
    world: Path | None = None
    drivers: DriverOptions = field(default_factory=DriverOptions)
    secrets: dict[str, str] = field(default_factory=dict)


PROJECT = pytest.StashKey[Project]()


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Lines where Airflow is newer than any that was tested, the shell is set aside, or a module is hidden by us; and
    the driver of each service that the world names."""
    from harness.project.declarations import set_aside
    from harness.project.installed import newer_than_tested

    project = project_of(config)
    notes = [newer_than_tested(), set_aside(project.secrets) if project.dags else None, _hidden_by_us()]
    lines = [line for line in notes if line is not None] + _chosen_drivers(project)
    return [f"airflow-harness: {line}" for line in lines]


def _chosen_drivers(project: Project) -> list[str]:
    """A line for each service that the world file names. One that cannot be read is told of by the tests."""
    from harness.errors import HarnessError

    if project.world is None or "service" not in project.world.read_text(encoding="utf-8", errors="replace"):
        return []
    from harness.services.binding import choices  # a project without services does not import them
    from harness.world import load

    try:
        return [
            f"{name} is {chosen.text} ({chosen.reason})"
            for name, chosen in choices(load(project.world), project.drivers).items()
        ]
    except HarnessError:
        return []


def _hidden_by_us() -> str | None:
    """A module that has our package's name and comes before it on ``sys.path``: who imports it gets ours."""
    name = OURS.partition(".")[0]
    found = PathFinder.find_spec(name)
    ours = sys.modules[name].__file__
    if found is None or found.origin is None or ours is None or Path(found.origin).resolve() == Path(ours).resolve():
        return None
    return (
        f"{found.origin} is hidden by this plugin's package of that name: "
        "rename it, or leave the plugin out with -p no:airflow_harness"
    )


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
        "--airflow-driver",
        action="append",
        default=[],
        metavar="SERVICE=DRIVER",
        help="driver of a service, as s3=external, repeatable "
        "(default: AIRFLOW_HARNESS_S3_DRIVER, drivers of the settings, driver: of the world, the service's own)",
    )
    group.addoption(
        "--airflow-record-http",
        action="store_true",
        help="let requests to the hosts of the cassette out that it does not have, and keep them (not with -n)",
    )
    group.addoption(
        "--airflow-report",
        default=None,
        metavar="DIR",
        help="keep a page of the runs of every failed test there, for a browser; pytest-html and allure get it too",
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
        if not settings.dags and not options.airflow_dags:
            settings = _of_paths(config, settings)
        drivers = _drivers(options.airflow_driver, settings)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    if options.airflow_record_http and getattr(options, "numprocesses", None):
        raise pytest.UsageError("--airflow-record-http writes one file, from one process: leave out -n")
    here = config.invocation_params.dir
    dags = [_existing(here / paths, "--airflow-dags") for paths in options.airflow_dags] or settings.dags
    world = options.airflow_world
    return Project(
        settings=settings,
        dags=dags,
        world=_existing(here / world, "--airflow-world") if world is not None else settings.world,
        drivers=drivers,
        secrets={name: value for name, value in os.environ.items() if name.startswith(SECRETS)},
    )


def _drivers(texts: list[str], settings: Config) -> DriverOptions:
    """What ``--airflow-driver`` and the settings ask for. Raises: UsageError."""
    flag = "--airflow-driver"
    asked = DriverOptions(read_driver_option(flag, texts), settings.drivers, flag)
    if asked.option:
        from harness.services.drivers import refuse_unknown  # a start without does not import services

        refuse_unknown(asked)
    return asked


def _of_paths(config: pytest.Config, otherwise: Config) -> Config:
    """The settings of the project that the paths given are in, where pytest is run from above it.

    Raises: UsageError: settings that cannot be read.
    """
    from harness.project.config import read_config
    from harness.project.repository import project_of as project_around

    paths = [str(arg).partition("::")[0] for arg in config.known_args_namespace.file_or_dir]
    for path in (config.invocation_params.dir / one for one in paths):
        folder = path.resolve() if path.is_dir() else path.resolve().parent
        near = read_config(project_around(folder) or folder) if path.exists() else otherwise
        if near.dags:
            return near
    return otherwise


def _existing(path: Path, option: str) -> Path:
    if not path.exists():
        raise pytest.UsageError(f"{option} names {path}, which does not exist")
    return path
