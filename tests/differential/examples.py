"""Airflow's own example Dags, one file after the other through both sides.

``python -m tests.differential.examples [-k PART] [--every N] [-j N]``; exit code 1 when another than those listed here
differs.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.world import World
from tests.differential.simulator_run import run_differences, simulated_run
from tests.differential.soak import beside_airflow, processes

PACKAGES = ("airflow.example_dags", "airflow.providers.standard.example_dags")
AT = "2025-01-01T00:00:00+00:00"
LIMIT_S = 240

RANDOM, PLUGIN = "chooses at random", "needs a plugin that Airflow ships unregistered"
LEFT_OUT = {
    "example_bash_decorator": "prints its AIRFLOW_HOME",
    "example_bash_operator": "prints its AIRFLOW_HOME",
    "example_branch_operator": RANDOM,
    "example_branch_python_operator_decorator": RANDOM,
    "example_custom_weight": PLUGIN,
    "example_external_task": "waits for a Dag that dag.test() does not run, and so for ever",
    "example_hitl_operator": "dag.test() has no scheduler that ends the wait for an answer",
    "example_params_ui_tutorial": "has params that only a person can give",
    "example_sensors": "computes what it waits for from the clock when it is parsed, which is real time here",
    "example_workday_timetable": PLUGIN,
    "segment_region_stats_rollup": "waits for partitions, which dag.test() does not make",
    "tutorial": "its shell reads the machine's clock",
}
"""dag_id -> why it is not compared."""


@dataclass(frozen=True)
class Told:
    """What became of one Dag: its differences, or why there is none to tell."""

    dag_id: str
    file: str
    differences: list[str]
    left_out: str | None = None


def example_files() -> Iterator[Path]:
    """The files of all example packages that are installed."""
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        for place in spec.submodule_search_locations if spec is not None and spec.submodule_search_locations else ():
            yield from (path for path in sorted(Path(place).glob("*.py")) if "dag" in path.read_text().lower())


def compared(wanted: str, jobs: int, every: int = 1) -> Iterator[Told]:
    """Each Dag of each file whose name or dag_id contains ``wanted``, several at a time: many wait in real time.

    Args:
        wanted: a part of the name; empty for all.
        jobs: processes.
        every: of those that are compared, the first of so many.
    """
    found = [(file, dag_id) for file in example_files() for dag_id in _dag_ids(file)]
    asked = [(file, dag_id) for file, dag_id in found if wanted in f"{file.name} {dag_id}"]
    yield from (Told(dag_id, file.name, [], LEFT_OUT[dag_id]) for file, dag_id in asked if dag_id in LEFT_OUT)
    compare = [(file, dag_id) for file, dag_id in asked if dag_id not in LEFT_OUT][::every]
    with processes(jobs) as pool:
        yield from pool.map(_one, *zip(*compare, strict=True)) if compare else ()


@contextlib.contextmanager
def _alone(file: Path) -> Iterator[Path]:
    """A folder that holds this file only."""
    with tempfile.TemporaryDirectory(prefix="airflow-harness-example-") as place:
        shutil.copy(file, place)
        yield Path(place)


def _dag_ids(file: Path) -> list[str]:
    from harness.simulation import Rehearsal

    with _alone(file) as folder:
        return list(Rehearsal.of_paths([folder]).folder.dags)


def _one(file: Path, dag_id: str) -> Told:
    from harness.bridge.environment import sandbox

    sandbox.enter()
    with _alone(file) as folder:

        def differences(oracle: Any) -> list[str]:
            world = World()
            world.allow("*")  # one of them has pip fill a virtual environment
            return run_differences(simulated_run(folder, dag_id, AT, world=world), oracle.run(folder, dag_id, AT))

        return Told(dag_id, file.name, beside_airflow(differences, LIMIT_S))


def main(arguments: list[str]) -> int:
    """Compare, and tell each Dag in a line."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential.examples")
    parser.add_argument("-k", default="", metavar="PART", help="only names that contain this")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="a sample: the first of each N")
    parser.add_argument("--jobs", "-j", type=int, default=4, help="processes")
    asked = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    differing = alike = left_out = 0
    answers = sys.stdout
    from harness.bridge.environment import sandbox

    sandbox.enter()  # before the packages of the examples are looked up, which imports Airflow
    with contextlib.redirect_stdout(sys.stderr):
        for told in compared(asked.k, asked.jobs, asked.every):
            state = f"left out: {told.left_out}" if told.left_out else "differs" if told.differences else "alike"
            print(
                f"{told.dag_id} ({told.file}): {state}", *told.differences[:6], sep="\n    ", file=answers, flush=True
            )
            differing += bool(told.differences)
            left_out += told.left_out is not None
            alike += not told.differences and told.left_out is None
    print(f"{alike} alike, {left_out} left out, {differing} differ", file=answers)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
