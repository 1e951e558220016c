"""What ``--vary`` says, and the worlds that it makes."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.simulation.what_if.variations import MOST, grid, read_variation, world_of
from harness.world import World


def made(*texts: str, world: World | None = None, pools: tuple[str, ...] = ()) -> list[World]:
    """The worlds of a grid."""
    return [world_of(world or World(), each, pools) for each in grid(map(read_variation, texts))]


def test_every_combination_is_a_world_and_the_given_one_stays() -> None:
    world = World()
    world.set_pool("etl", 1, include_deferred=True)
    found = made("pools.etl=2,5", "executor.parallelism=8,16", world=world)
    assert [(one.pools["etl"].slots, one.executor.parallelism) for one in found] == [(2, 8), (2, 16), (5, 8), (5, 16)]
    assert all(one.pools["etl"].include_deferred for one in found)
    assert world.pools["etl"].slots == 1


def test_a_pool_that_only_tasks_name_may_be_varied() -> None:
    assert [one.pools["etl"].slots for one in made("pools.etl=-1,3", pools=("etl",))] == [-1, 3]


@pytest.mark.parametrize(
    ("text", "parallelism", "executor", "workers"),
    [
        ("Sequential", 1, "LocalExecutor", []),
        ("Local(2)", 2, "LocalExecutor", []),
        ("LocalExecutor", 32, "LocalExecutor", []),
        ("Celery(8)", 32, "CeleryExecutor", [8]),
        ("CeleryExecutor(64)", 64, "CeleryExecutor", [64]),
        ("Kubernetes(20)", 20, "KubernetesExecutor", []),
    ],
)
def test_an_executor_by_its_name(text: str, parallelism: int, executor: str, workers: list[int]) -> None:
    (world,) = made(f"executor={text}")
    assert (world.executor.parallelism, list(world.executor.executors)) == (parallelism, [executor])
    assert [one.concurrency for one in world.executor.workers.values()] == workers


def test_slots_of_executors_and_workers_that_the_world_declares() -> None:
    world = World()
    world.set_executor(executors={"CeleryExecutor": 8}, workers={"big": {"concurrency": 4, "queues": ["heavy"]}})
    (found,) = made("executors.CeleryExecutor=2", "workers.big=1", world=world)
    assert found.executor.executors == {"CeleryExecutor": 2}
    assert (found.executor.workers["big"].concurrency, found.executor.workers["big"].queues) == (1, ("heavy",))
    assert [len(one.executor.workers) for one in made("workers=1,3", world=world)] == [1, 3]


def test_how_long_a_task_takes() -> None:
    assert [one.duration_of("sales", "load") for one in made("durations.sales.load=1m,2m")] == [60_000_000, 120_000_000]


def test_a_distribution_is_one_of_the_values() -> None:
    found = made("durations.load={p50: 1m, p90: 2m},5m,{low: 1m, likely: 2m, high: 3m}")
    asked = []
    for takes in ({"p50": "1m", "p90": "2m"}, "5m", {"low": "1m", "likely": "2m", "high": "3m"}):
        world = World()
        world.set_duration("load", takes)
        asked.append(world.durations)
    assert [one.durations for one in found] == asked


def test_a_comma_in_parentheses_parts_no_values() -> None:
    assert read_variation("durations.load=normal(5m, 1m),10m").values == ("normal(5m, 1m)", "10m")


def test_a_revision_leaves_the_world_as_it_is() -> None:
    one, other = made("revision=main,.")
    assert (one.pools, one.executor) == (other.pools, other.executor) == (World().pools, World().executor)


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("pools.etl", "is not KEY=VALUE,VALUE"),
        ("=2", "is not KEY=VALUE,VALUE"),
        ("pools.etl=2,", "is not KEY=VALUE,VALUE"),
        ("pools.etl=2,2", "has a value twice"),
        ("pool.etl=2", "knows no 'pool.etl'"),
        ("pools=2", "knows no 'pools'"),
        ("pools.elt=2", "there is no pool 'elt'"),
        ("pools.etl=many", "'many' is no whole number"),
        ("pools.etl=-5", "slots"),
        ("executor=Nomad(3)", "no such executor"),
        ("executor.parallelism=0", "parallelism"),
        ("workers=0", "1 to 10,000 workers"),
        ("workers=-1", "1 to 10,000 workers"),
        ("workers=10001", "1 to 10,000 workers"),
        ("workers.small=2", "the world declares no 'small'"),
        ("executors.Celery=2", "the world declares no 'Celery'"),
        ("durations.load=soon", "is not a duration"),
        ("durations.load={p50: 1m, p50: 2m}", "is given twice"),
        ("durations.load={p50: 2m, p90: 1m}", "p90 is less than p50"),
        ("durations.load={p50: [, p90: 1m}", "is no distribution"),
        ("executor=Local(0)", "would run nothing"),
        ("executor=Celery(0)", "would run nothing"),
        ("executor=Kubernetes(00)", "would run nothing"),
    ],
)
def test_what_means_nothing_is_one_clear_error(text: str, fact: str) -> None:
    with pytest.raises(UsageError) as caught:
        made(text, pools=("etl",))
    assert fact in caught.value.fact
    assert caught.value.fix


def test_a_key_twice_and_a_grid_too_large_are_refused() -> None:
    with pytest.raises(UsageError, match="is given twice"):
        made("pools.etl=1", "pools.etl=2", pools=("etl",))
    many = ",".join(map(str, range(1, 102)))
    with pytest.raises(UsageError, match=rf"asks for 10,201 worlds \(101 × 101\), more than {MOST:,}"):
        grid([read_variation(f"pools.a={many}"), read_variation(f"pools.b={many}")])
