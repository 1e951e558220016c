"""The oracle at run level: `harness.bridge.reference.run`, its API called without a web server."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from unittest.mock import patch

from airflow.sdk.execution_time.supervisor import InProcessTestSupervisor

from harness.bridge.reference import DagToRun, RunHistory
from harness.bridge.reference.clock import VirtualClock
from harness.bridge.reference.run import tested
from tests.differential.oracle.api import DirectTransport, client


def run_dag(folder: Path, dag_id: str, logical_date: str, now: str, conf: dict[str, Any] | None) -> RunHistory:
    """Run one Dag of a folder on a fresh database.

    Args:
        now: virtual instant at which the run begins.
    Raises: DagFilesError: no such Dag.
    """
    with VirtualClock(dt.datetime.fromisoformat(now)) as clock:
        transport = DirectTransport()

        def made(dag: Any = None, attempt_id: Any = None) -> Any:
            return client(transport, attempt_id)

        with patch.object(InProcessTestSupervisor, "_api_client", staticmethod(made)):
            return tested(folder, DagToRun(dag_id), dt.datetime.fromisoformat(logical_date), conf, clock)
