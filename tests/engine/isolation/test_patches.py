"""Every patch of the table stands while a task runs, and what it replaced stands there again afterwards."""

import functools
import importlib
import sys
from datetime import datetime, timezone

import pytest

from harness.bridge.patches import ABSENT
from harness.bridge.patches.inventory.table import PATCHES
from harness.bridge.patches.shortcuts import VARIABLE, shortcuts
from harness.project.installed import airflow_version

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
OURS = [one for one in PATCHES if one.during == "simulation" and one.targets and one.fits(airflow_version())]
TARGETS = [(one.name, target) for one in OURS for target in one.targets]
SPEED = {target for one in OURS if one.kind == "speed" for target in one.targets}

seen: list[dict[str, object]] = []


def holder_of(target: str) -> tuple[object, str]:
    """What has the attribute that a dotted name ends with; ``()`` calls what stands before it."""
    *way, last = target.split(".")
    length = next(n for n in range(len(way), 0, -1) if is_module(".".join(way[:n])))
    found = importlib.import_module(".".join(way[:length]))
    for part in way[length:]:
        found = getattr(found, part.removesuffix("()"))
        found = found() if part.endswith("()") else found
    return found, last


def is_module(name: str) -> bool:
    if "()" in name:
        return False
    try:
        return importlib.import_module(name) is not None
    except ModuleNotFoundError:
        return False


HOLDERS: dict[str, tuple[object, str]] = {}


def standing() -> dict[str, object]:
    """What stands at each target now."""
    return {target: vars(holder).get(name, ABSENT) for target, (holder, name) in HOLDERS.items()}


def looks() -> None:
    seen.append(standing())


@pytest.fixture
def owners(monkeypatch):
    """Somebody collects, remembers and has configured Sentry: what is only replaced where it is there."""
    from airflow import settings
    from airflow.sdk.execution_time import cache, task_runner

    HOLDERS.update({target: holder_of(target) for _, target in TARGETS})
    monkeypatch.setattr(cache.SecretCache, "_cache", {})
    for name in ("airflow", "airflow.sdk"):
        metrics = sys.modules.get(f"{name}._shared.observability.metrics.stats")
        if metrics is not None and hasattr(metrics, "_backend"):
            monkeypatch.setattr(metrics, "_factory", metrics.NoStatsLogger)
            monkeypatch.setattr(metrics, "_backend", metrics.NoStatsLogger())
    for name in (
        "airflow.stats",
        *(f"{name}._shared.observability.metrics.stats" for name in ("airflow", "airflow.sdk")),
    ):
        named = vars(sys.modules[name]) if name in sys.modules else {}
        if "Stats" in named and "NoStatsLogger" in named:  # a class, before 3.3
            monkeypatch.setattr(named["Stats"], "factory", lambda: None, raising=False)
            monkeypatch.setattr(named["Stats"], "instance", object(), raising=False)
    for name in ("engine", "async_engine", "AsyncSession"):
        monkeypatch.setattr(settings, name, None, raising=False)

    @functools.wraps(task_runner.run)
    def run(*args, **kwargs):
        raise AssertionError("Sentry hears of no task")

    monkeypatch.setattr(task_runner, "Sentry", type("ConfiguredSentry", (), {})(), raising=False)
    monkeypatch.setattr(task_runner, "run", run)


def a_full_disk():
    """A world with all that only stands in a run whose world asks for it."""
    from harness.world import World

    world = World()
    world.fault("disk-full", "looks", on_try=9)
    return world


@pytest.fixture
def planted(rehearse, owners):
    """What stood at each target before a run, in its task, and after it."""
    from airflow.sdk import DAG, task

    with DAG("looks", schedule="@daily", start_date=START) as dag:
        task(looks)()
    seen.clear()
    before = standing()
    result = rehearse(dag, a_full_disk())
    assert result.state == "success", result.errors
    return before, seen[0], standing()


def test_each_stands_in_a_task_and_is_gone_afterwards(planted):
    before, within, after = planted
    assert [target for target in within if within[target] is before[target]] == []
    assert [target for target in after if after[target] is not before[target]] == []


def test_speed_is_left_out_where_nobody_wants_it(rehearse, owners, monkeypatch):
    from airflow.sdk import DAG, task

    monkeypatch.setenv(VARIABLE, "off")
    with DAG("looks", schedule="@daily", start_date=START) as dag:
        task(looks)()
    seen.clear()
    before = standing()
    assert rehearse(dag, a_full_disk()).state == "success"
    changed = {target for target in before if seen[0][target] is not before[target]}
    assert changed == set(before) - SPEED


def test_the_shortcuts_are_those_of_the_table(owners):
    table = {(id(holder), name) for target, (holder, name) in HOLDERS.items() if target in SPEED}
    made = {(id(holder), name): f"{holder!r} {name}" for holder, name, _ in shortcuts()}
    assert [text for key, text in made.items() if key not in table] == []
    assert len(made) == len(table)


def test_nothing_is_replaced_that_the_table_does_not_tell(rehearse, owners, monkeypatch):
    from airflow.sdk import DAG, task

    from harness.bridge import patches as place
    from harness.kernel import patches as kernels

    table = {(id(holder), name) for holder, name in HOLDERS.values()}
    there = set(map(id, standing().values()))
    put, replace, told = place._put, kernels._replace, []

    def note(holder, name, value, *more):
        by_name = (id(holder), name) not in table and id(vars(holder).get(name)) in there  # ``from time import sleep``
        by_name = by_name or getattr(holder, "__name__", "").startswith("tests.")  # what other tests here imported
        told.extend([] if by_name else [(holder, name)])
        return (replace if more else put)(holder, name, value, *more)

    monkeypatch.setattr(place, "_put", note)
    monkeypatch.setattr(kernels, "_replace", note)
    with DAG("looks", schedule="@daily", start_date=START) as dag:
        task(looks)()
    assert rehearse(dag).state == "success"
    assert len(told) > 50
    untold = {f"{holder!r} {name}" for holder, name in told if (id(holder), name) not in table}
    assert untold == set()
