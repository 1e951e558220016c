"""What a world file says exists, as checks are shown it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.checks.context import Declared
from harness.gate.inspection import declared_of
from harness.world import World
from harness.world.entries import Executor, Worker


def declared(tmp_path: Path, **executor: object) -> Declared:
    world = World(executor=Executor(**executor))  # type: ignore[arg-type]
    return declared_of(world, tmp_path / "world.yaml", tmp_path)


def test_without_a_file_nothing_can_be_missing(tmp_path: Path) -> None:
    world = World()
    world.set_pool("etl", 3)
    assert declared_of(world, None, tmp_path) == Declared()


def test_the_file_is_named_relative_to_the_project_it_lies_in(tmp_path: Path) -> None:
    inside, outside = tmp_path / "project" / "fixtures" / "world.yaml", tmp_path / "world.yaml"
    assert declared_of(World(), inside, tmp_path / "project").file == "fixtures/world.yaml"
    assert declared_of(World(), outside, tmp_path / "project").file == str(outside)


def test_pools_with_their_slots(tmp_path: Path) -> None:
    world = World()
    world.set_pool("etl", 3)
    assert declared_of(world, tmp_path / "w", tmp_path).pools == {"default_pool": 128, "etl": 3}


def test_connections_and_variables_may_be_variables_of_the_environment(tmp_path: Path) -> None:
    """Airflow asks the environment for the upper-case name, so that either spelling finds it."""
    world = World(env={"AIRFLOW_CONN_MY_DB": "x", "AIRFLOW_VAR_Limit": "3", "OTHER": "x"})
    world.set_variable("key", "value")
    found = declared_of(world, tmp_path / "w", tmp_path)
    assert found.connections == {"MY_DB", "my_db"}
    assert found.variables == {"key", "Limit", "limit"}


@pytest.mark.parametrize(
    ("executors", "workers", "queues"),
    [
        ({}, {}, None),
        ({"CeleryExecutor": None}, {}, None),
        ({}, {"w": Worker(("a", "b")), "v": Worker(("b", "c"))}, {"a", "b", "c"}),
        ({"CeleryExecutor": None}, {"w": Worker(("a",))}, {"a"}),
        ({"CeleryExecutor": None, "LocalExecutor": 4}, {"w": Worker(("a",))}, None),
        ({"A": None, "B": None}, {"w": Worker(("a",)), "v": Worker(("b",), executor="B")}, {"a", "b"}),
        ({"A": None, "B": None}, {"v": Worker(("b",), executor="B")}, None),
    ],
)
def test_queues_are_known_where_every_executor_has_workers(
    tmp_path: Path, executors: dict[str, int | None], workers: dict[str, Worker], queues: set[str] | None
) -> None:
    found = declared(tmp_path, executors=executors, workers=workers)
    assert found.queues == queues
    assert found.executors == (set(executors) or None)
