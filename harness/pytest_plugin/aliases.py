"""Every fixture under a second name, ``airflow_run_dag`` and so on, for suites where another plugin owns the first one.

They do not need the short names, ``world`` least of all: who overrides ``airflow_world`` changes what these see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from harness.pytest_plugin.calendars import calendar_of
from harness.pytest_plugin.clock import FrozenTime, standing_still
from harness.pytest_plugin.dags import DagBag, bag_of
from harness.pytest_plugin.explorations import explorer_of
from harness.pytest_plugin.runs import Runner

if TYPE_CHECKING:
    from harness.exploration.result import Exploration
    from harness.pytest_plugin.database import LazyDatabases, Postgres
    from harness.results.calendar import CalendarResult
    from harness.results.run import RunResult, TaskResult
    from harness.simulation import Rehearsal
    from harness.world import World


@pytest.fixture
def airflow_world(_airflow_world: World) -> World:
    """The fixture ``world``: connections, variables, pools and stubs of this test's runs."""
    return _airflow_world


@pytest.fixture
def _airflow_prefixed_runner(
    _airflow_rehearsal: Rehearsal,
    pytestconfig: pytest.Config,
    airflow_world: World,
    _airflow_connect: Callable[[World], World],
) -> Runner:
    return Runner(_airflow_rehearsal, pytestconfig, airflow_world, _airflow_connect)


@pytest.fixture
def airflow_run_dag(_airflow_prefixed_runner: Runner) -> Callable[..., RunResult]:
    """The fixture ``run_dag``: simulate one run."""
    return _airflow_prefixed_runner.run_dag


@pytest.fixture
def airflow_run_task(_airflow_prefixed_runner: Runner) -> Callable[..., TaskResult]:
    """The fixture ``run_task``: run one task with given upstream XComs."""
    return _airflow_prefixed_runner.run_task


@pytest.fixture
def airflow_render_task(_airflow_prefixed_runner: Runner) -> Callable[..., dict[str, Any]]:
    """The fixture ``render_task``: rendered template fields without executing."""
    return _airflow_prefixed_runner.render_task


@pytest.fixture
def airflow_simulate(_airflow_prefixed_runner: Runner) -> Callable[..., CalendarResult]:
    """The fixture ``simulate``: what schedules ask for over a stretch of virtual time."""
    return calendar_of(_airflow_prefixed_runner)


@pytest.fixture
def airflow_explore(_airflow_rehearsal: Rehearsal) -> Callable[..., Exploration]:
    """The fixture ``explore``: the combinations of a Dag's outcomes."""
    return explorer_of(_airflow_rehearsal)


@pytest.fixture(scope="session")
def airflow_dag_bag(_airflow_rehearsal: Rehearsal) -> DagBag:
    """The fixture ``dag_bag``: the project's Dags by id."""
    return bag_of(_airflow_rehearsal)


@pytest.fixture
def airflow_frozen_time() -> Iterator[FrozenTime]:
    """The fixture ``frozen_time``: time stands still in the test."""
    with standing_still() as frozen:
        yield frozen


@pytest.fixture
def airflow_postgres(_airflow_database: LazyDatabases) -> Postgres:
    """The fixture ``postgres``: a real PostgreSQL database of this test."""
    return _airflow_database.get()
