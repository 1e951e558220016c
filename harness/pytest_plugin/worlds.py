"""The worlds of tests: that of one test, and those that live as long as a module or the session.

Layers, each over the one before: the world file; the marker ``airflow_world`` of the module, the class, the function;
what the test or its fixtures change.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.pytest_plugin.masking import lived_in, lives
from harness.pytest_plugin.project import project_of

if TYPE_CHECKING:
    from harness.services.binding import Leases, Services
    from harness.world import World

MARKER = "airflow_world"
MARKER_LINE = (
    "airflow_world(*files, **sections): entries over those of the world file, for a test, a class or a module; "
    "sections are connections, variables, pools and so on, each as the file has them"
)
WIDER = {name: {name, f"airflow_{name}"} for name in ("module_world", "session_world")}
"""Fixture of a world that lives longer than a test -> its names; the narrower first."""


@pytest.fixture(scope="session")
def _airflow_world_file(pytestconfig: pytest.Config) -> World:
    from harness.world import World, load

    file = project_of(pytestconfig).world
    world = World() if file is None else load(file)
    world.allow(*project_of(pytestconfig).settings.network, *pytestconfig.option.airflow_network)
    if pytestconfig.option.airflow_record_http:
        world.network = world.network.recording()
    return _with_known_services(world)


@pytest.fixture(scope="session")
def session_world(
    request: pytest.FixtureRequest, _airflow_world_file: World, _airflow_services: Services
) -> Iterator[World]:
    """A world of the whole run: the file's. Its services live as long, and tests that use it share them."""
    with _living(request, _airflow_world_file, _airflow_services) as world:
        yield world


@pytest.fixture(scope="session")
def airflow_session_world(session_world: World) -> World:
    """The fixture ``session_world``: a world of the whole run."""
    return session_world


@pytest.fixture(scope="module")
def module_world(
    request: pytest.FixtureRequest, _airflow_world_file: World, _airflow_services: Services
) -> Iterator[World]:
    """A world of this module: the file's, and the module's marker. Its services live as long.

    ``world`` of a test that uses it starts from it: connections that are the same lead to the same services, for all
    tests of the module. What a test changes is the test's.
    """
    with _living(request, _airflow_world_file, _airflow_services) as world:
        yield world


@pytest.fixture(scope="module")
def airflow_module_world(module_world: World) -> World:
    """The fixture ``module_world``: a world of this module."""
    return module_world


@contextmanager
def _living(request: pytest.FixtureRequest, file: World, services: Services) -> Iterator[World]:
    from harness.services.binding import Leases
    from harness.services.views import WorldServices

    world = with_environment(request.config, marked(file, request.node))
    leases = Leases(services, Path(request.node.name).stem or "session")
    world.services = WorldServices(leases)
    with lives(request.config, world):
        try:
            yield world
        finally:
            leases.end()


@pytest.fixture
def _airflow_wider_world(request: pytest.FixtureRequest) -> World | None:
    """The world of the module or the session that the test uses; the narrower where it uses both."""
    name = _wider_used(request)
    return None if name is None else request.getfixturevalue(name)


def _wider_used(request: pytest.FixtureRequest) -> str | None:
    return next((name for name, names in WIDER.items() if not names.isdisjoint(request.fixturenames)), None)


@pytest.fixture
def _airflow_world(
    request: pytest.FixtureRequest,
    _airflow_world_file: World,
    _airflow_wider_world: World | None,
    _airflow_leases: Leases,
) -> Iterator[World]:
    from harness.bridge.environment.in_tests import answered_in_test
    from harness.services.views import WorldServices

    config, base = request.config, _airflow_wider_world or _airflow_world_file
    has_the_modules = _wider_used(request) == "module_world"
    own = marked(base, request.node, beyond=request.node.getparent(pytest.Module) if has_the_modules else None)
    own = with_environment(config, own)
    own.services = WorldServices(_airflow_leases)
    lived_in(config, own)
    with answered_in_test(present_of(own, _airflow_leases), project_of(config).secrets):
        yield own


@pytest.fixture
def world(_airflow_world: World) -> World:
    """Connections, variables, pools and stubs of this test's runs; starts from the configured world file.

    ``world.set_connection("crm", uri="http://…")``, ``world.set_variable("region", "eu")``,
    ``world.set_pool("etl", 2)``, ``world.stub("sales.load", returns=3)``. What tasks set stands in it afterwards. The
    marker ``airflow_world`` gives a test, a class or a module entries of its own.
    """
    return _airflow_world


@pytest.fixture
def airflow_world(_airflow_world: World) -> World:
    """The fixture ``world``: connections, variables, pools and stubs of this test's runs."""
    return _airflow_world


def marked(world: World, node: pytest.Item | pytest.Collector, beyond: pytest.Collector | None = None) -> World:
    """The world with what the markers of a test, and of what holds it, say over it: the nearest goes before.

    Args:
        beyond: a module whose own markers are in the world already.
    Raises: WorldError: an entry that cannot be read, with the test's line. UsageError: what is no file.
    """
    from harness.errors import HarnessError
    from harness.pytest_plugin.runs import world_path
    from harness.world.file import laid_over, shown_path, with_sections

    known = set() if beyond is None else set(beyond.listchain())
    made = world.copy()
    for holder, mark in reversed(list(node.iter_markers_with_node(MARKER))):
        if holder in known:
            continue
        where = shown_path(holder.path), _line(holder)
        try:
            for file in mark.args:
                made = laid_over(made, world_path(file, f"the marker {MARKER}: "))
        except HarnessError as error:  # a file that is not there has no line of its own
            error.where = error.where or "{}:{}".format(*where)
            raise
        if mark.kwargs:
            made = with_sections(made, mark.kwargs, holder.path.parent, *where)
    return _with_known_services(made)


def with_environment(config: pytest.Config, world: World) -> World:
    """The world with what it takes from the environment, as far as that is there: a run refuses to begin without."""
    if not world.from_environment:
        return world
    from harness.project.declarations import SECRETS, dot_env
    from harness.world.sources import taken_from

    project = project_of(config)
    present = {name: value for name, value in os.environ.items() if name.startswith(SECRETS)}
    return taken_from(world, {**dot_env(project.settings.root / ".env"), **project.secrets, **present}, required=False)


def _line(node: object) -> int:
    line = node.reportinfo()[1] if isinstance(node, (pytest.Item, pytest.Class)) else None
    return 1 if line is None else line + 1


def _with_known_services(world: World) -> World:
    """Raises: WorldError: it names a service that there is not, or one with what that does not take."""
    from harness.world.model import needs_services

    if needs_services(world):
        from harness.services.binding import refuse_unknown

        refuse_unknown(world)
    return world


def present_of(world: World, leases: Leases) -> Callable[[str | None], World]:
    """What code in a test finds of the world: a connection that names a service leads there."""
    from harness.errors import HarnessError

    def present(conn_id: str | None) -> World:
        connection = None if conn_id is None else world.connections.get(conn_id)
        if conn_id is None or connection is None or connection.service is None:
            return world
        try:
            return replace(world, connections={conn_id: leases.connection(conn_id, world)})
        except HarnessError as error:
            # Airflow takes an exception of a backend for "there is no such connection"; this one passes by.
            pytest.fail(str(error), pytrace=False)

    return present
