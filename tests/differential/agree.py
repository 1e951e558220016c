"""One case through both sides."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.differential.case import Case
from tests.differential.compare import differences
from tests.differential.generate.backfill import with_backfills
from tests.differential.generate.cases import cases_run_level, cases_scheduler_level
from tests.differential.generate.seeded import numbered
from tests.differential.oracle.client import Oracle
from tests.differential.render.files import render, render_dag
from tests.differential.simulator import simulated
from tests.differential.simulator_run import run_differences, simulated_run

LEVELS = ("run", "scheduler")


def drawn(level: str, seed: int, number: int) -> Case:
    """The case of a level, a seed and a number."""
    if level == "run":
        return numbered(cases_run_level(), seed, number)
    return with_backfills(numbered(cases_scheduler_level(), seed, number), seed, number)


def disagreements(level: str, case: Case, oracle: Oracle) -> list[str]:
    """What the simulator and Airflow make differently of a case; empty when they agree.

    Raises: OracleError: Airflow has no answer.
    """
    with tempfile.TemporaryDirectory(prefix="airflow-harness-case-") as place:
        folder = Path(place)
        render(case, folder)
        if level == "scheduler":
            return differences(simulated(case, folder), oracle.scheduler(folder, case))
        dag_id = case.dags[0].dag_id
        return run_differences(simulated_run(folder, dag_id, case.start), oracle.run(folder, dag_id, case.start))


def smallest(case: Case, differs: Callable[[Case], bool], tries: int = 150) -> Case:
    """A smaller case that still differs: what can be taken away is, one thing after the other.

    Args:
        differs: may raise, for a case that cannot be rendered or loaded; that is then not tried further.
    """
    from tests.differential.smaller import smaller

    left = tries
    found = True
    while found and left > 0:
        found = False
        for candidate in smaller(case):
            left -= 1
            still = False
            with suppress(Exception):
                still = differs(candidate)
            if still:
                case, found = candidate, True
                break
            if left <= 0:
                break
    return case


def told(level: str, case: Case, found: list[str]) -> str:
    """A disagreement for a reader: the lines of it, then the Dag files."""
    around = f"from {case.start} until {case.until}, parallelism {case.parallelism}, pools {case.pools}"
    around += f", executors {case.executors}" if case.executors else ""
    files = [f"# {dag.dag_id}.py\n{render_dag(dag)}" for dag in case.dags]
    asked = [f"# {one}" for one in (*case.manual_runs, *case.backfills)]
    return "\n".join([f"{level} level, {around}", *asked, *found[:12], "", *files])
