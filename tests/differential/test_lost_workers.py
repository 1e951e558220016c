"""A worker that is lost, in the simulator and in the installed Airflow: when it is found, and who is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.bridge.environment import sandbox
from tests.differential.case import Act, Case, DagCase, ManualRun, TaskCase
from tests.differential.oracle.client import Oracle

_former = sandbox.enter()
MIDNIGHT = "2025-01-01T00:00:00+00:00"
FILE = """
import time
from datetime import datetime, timedelta, timezone

from airflow.sdk import DAG, BaseOperator

TOLD = []


class Sleeps(BaseOperator):
    def execute(self, context):
        time.sleep(3600)


def told(name):
    return lambda context: TOLD.append(name)


with DAG("lost", schedule=None, start_date=datetime(2020, 1, 1, tzinfo=timezone.utc)) as dag:
    Sleeps(
        task_id="first", retries=RETRIES, retry_delay=timedelta(minutes=5),
        on_retry_callback=told("up_for_retry"), on_failure_callback=told("failed"),
    )
"""


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    with Oracle() as started:
        yield started


def simulated(died_s: int, retries: int) -> dict[str, Any]:
    from harness.simulation import Rehearsal, RunOptions
    from harness.world import World

    made: dict[str, Any] = {"RETRIES": retries}
    exec(FILE, made)
    rehearsal, world = Rehearsal(), World()
    rehearsal.folder.dags["lost"] = made["dag"]
    world.fault("lost", "lost.first", on_try=1, when=died_s)
    result = rehearsal.run("lost", world, RunOptions(manual=True, logical_date=datetime.fromisoformat(MIDNIGHT)))
    first = result.task("first").attempts[0]
    return {"found": first.end_date - first.start_date, "state": first.state, "callbacks": made["TOLD"]}


@pytest.mark.parametrize("retries", [0, 1])
@pytest.mark.parametrize("died_s", [0, 3, 5, 603, 610, 617])
def test_it_is_found_as_airflow_finds_it(oracle: Oracle, tmp_path: Path, died_s: int, retries: int) -> None:
    (tmp_path / "lost.py").write_text(FILE.replace("RETRIES", str(retries)))
    task = TaskCase("first", acts=(Act(duration_s=3600),), retries=retries)
    dag = DagCase("lost", (task,), schedule=None)
    case = Case((dag,), MIDNIGHT, "2025-01-01T02:00:00+00:00", manual_runs=(ManualRun(MIDNIGHT, "lost", "by_hand"),))
    real = oracle.lost(tmp_path, case, died_s)
    ours = simulated(died_s, retries)
    assert datetime.fromisoformat(real["found"]) - datetime.fromisoformat(MIDNIGHT) == ours["found"]
    assert ours["found"] >= timedelta(seconds=died_s + 295)
    assert real["state"] == ours["state"]
    assert [name.rpartition(".")[2].lower() for name in real["callbacks"]] == ours["callbacks"]
