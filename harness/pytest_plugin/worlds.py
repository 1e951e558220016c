"""The ``world`` fixture: what production would provide, one a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.pytest_plugin.discretion import lived_in
from harness.pytest_plugin.project import project_of

if TYPE_CHECKING:
    from harness.world import World


@pytest.fixture(scope="session")
def _airflow_world_file(pytestconfig: pytest.Config) -> World:
    from harness.world import World, load

    file = project_of(pytestconfig).world
    world = World() if file is None else load(file)
    world.allow(*project_of(pytestconfig).settings.network, *pytestconfig.option.airflow_network)
    return world


@pytest.fixture
def _airflow_world(_airflow_world_file: World, pytestconfig: pytest.Config) -> World:
    own = _airflow_world_file.copy()
    lived_in(pytestconfig, own)
    return own


@pytest.fixture
def world(_airflow_world: World) -> World:
    """Connections, variables, pools and stubs of this test's runs; starts from the configured world file.

    ``world.set_connection("crm", uri="http://…")``, ``world.set_variable("region", "eu")``,
    ``world.set_pool("etl", 2)``, ``world.stub("sales.load", returns=3)``. What tasks set stands in it afterwards.
    """
    return _airflow_world
