"""What no import contract can say: where time, chance, the environment and Airflow come in; state of modules."""

from __future__ import annotations

import ast

import pytest

from tests.repo.purity import airflow_at_run_time, impurities, kept
from tests.repo.sources import HARNESS, modules, name, tree

PURE_ROOMS = ("exploration", "kernel", "scheduler")

# Where a pure room touches the real thing all the same, and why. An entry that is no longer needed is an error.
ALLOWED = {
    ("harness/kernel/patches.py", "time.monotonic"): "the door itself: keeps the real clock, hands out the virtual one",
    ("harness/kernel/patches.py", "time.sleep"): "the door itself: keeps the real sleep, hands out the virtual one",
    ("harness/kernel/clock.py", "datetime.datetime.now"): "reads the clock that freezegun has frozen, to start there",
    (
        "harness/kernel/process.py",
        "time.perf_counter",
    ): "how long a task really computes: shown, and the watchdog's budget",
    (
        "harness/kernel/watchdog.py",
        "time.perf_counter",
    ): "a real deadline for code that never parks; gives back others' timers",
}


def test_pure_rooms_read_no_real_clock_no_random_source_no_environment() -> None:
    rooms = [path for path in modules() if path.relative_to(HARNESS).parts[0] in PURE_ROOMS]
    found = [(name(path), dotted, line) for path in rooms for line, dotted in impurities(tree(path))]
    offenders = [f"{file}:{line} {dotted}" for file, dotted, line in found if (file, dotted) not in ALLOWED]
    assert not offenders, "take it as an argument, or say in ALLOWED why not: " + ", ".join(offenders)
    stale = set(ALLOWED) - {(file, dotted) for file, dotted, _ in found}
    assert not stale, f"no longer needed in ALLOWED: {stale}"


def test_airflow_is_imported_at_run_time_in_bridge_only() -> None:
    rooms = [path for path in modules() if path.relative_to(HARNESS).parts[0] != "bridge"]
    offenders = [f"{name(path)}:{line}" for path in rooms for line in airflow_at_run_time(tree(path))]
    assert not offenders, "import Airflow in harness/bridge, or under TYPE_CHECKING: " + ", ".join(offenders)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import time\ntime.time()", ["time.time"]),
        ("import time as t\nt.monotonic()", ["time.monotonic"]),
        ("from time import sleep as nap", ["time.sleep"]),
        ("import datetime\ndatetime.datetime.now()", ["datetime.datetime.now"]),
        ("from datetime import datetime\ndatetime.now()", ["datetime.datetime.now"]),
        ("import random", ["random"]),
        ("from random import Random", ["random.Random"]),
        ("import os\nos.environ['A']", ["os.environ"]),
        ("from os import environ", ["os.environ"]),
        ("def f(time):\n    return time.time", []),
        ("import time\ntime.strftime('%Y')", []),
    ],
)
def test_impurities_are_seen_however_they_are_imported(source: str, expected: list[str]) -> None:
    assert [dotted for _, dotted in impurities(ast.parse(source))] == expected


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("from airflow.sdk import DAG", [1]),
        ("def f():\n    import airflow.models", [2]),
        ("from importlib import import_module\nimport_module('airflow.sdk')", [2]),
        ("if TYPE_CHECKING:\n    from airflow.sdk import DAG\nelse:\n    from airflow import DAG", [4]),
        ("import airflow_client", []),
    ],
)
def test_imports_of_airflow_are_seen_unless_for_the_type_checker(source: str, lines: list[int]) -> None:
    assert list(airflow_at_run_time(ast.parse(source))) == lines


def test_what_a_module_keeps_says_why_it_is_the_process_s() -> None:
    found = [(name(path), what, text) for path in modules() for what, text in kept(tree(path))]
    assert len(found) > 5, "no module can be that free of state"
    silent = [f"{file}: {what}" for file, what, text in found if "process" not in text]
    assert not silent, "make it state of an object, or say below it why it is the process's: " + ", ".join(silent)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("_made = {}", [("_made", "")]),
        ("_made: list[int] = []\n'''Of the process.'''", [("_made", "Of the process.")]),
        ("_made = weakref.WeakKeyDictionary()\n_more = set()", [("_made", ""), ("_more", "")]),
        ("_one: int | None = None\ndef f():\n    global _one\n    _one = 1", [("_one", "")]),
        ("_names = {'a': 1}\n_none = ()\n_of = set(_names)\ndef f():\n    made = {}", []),
    ],
)
def test_state_is_seen(source: str, expected: list[tuple[str, str]]) -> None:
    assert list(kept(ast.parse(source))) == expected
