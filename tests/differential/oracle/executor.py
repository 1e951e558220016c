"""The executors of the oracle: real `BaseExecutor`s whose workers are the case's acts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from airflow.executors import executor_loader
from airflow.executors.base_executor import BaseExecutor
from airflow.executors.executor_loader import ExecutorName

from tests.differential.case import Case


class ScriptedExecutor(BaseExecutor):
    """Collects workloads in the order the scheduler hands them over; the scheduler counts its slots as usual.

    Args:
        beside: another one, which keeps what both collect.
    """

    def __init__(self, parallelism: int, alias: str = "oracle", beside: ScriptedExecutor | None = None) -> None:
        super().__init__(parallelism=parallelism)
        self.name = ExecutorName(module_path=_module(alias), alias=alias)
        self.queued: list[Any] = [] if beside is None else beside.queued
        self.taken: list[Any] = [] if beside is None else beside.taken

    def queue_workload(self, workload: Any, session: Any) -> None:
        super().queue_workload(workload, session)
        self.queued.append(workload)

    def _process_workloads(self, workloads: Sequence[Any]) -> None:
        for workload in workloads:
            if workload.ti.queue != "default":
                continue  # no worker serves it
            self.queued_tasks.pop(workload.ti.key)
            self.running.add(workload.ti.key)
            self.taken.append(workload)

    def take(self) -> tuple[list[Any], list[Any]]:
        """What was queued and what was given to a worker since the last call, each in its order."""
        queued, taken = [*self.queued], [*self.taken]
        self.queued.clear()
        self.taken.clear()
        return queued, taken

    def revoke_task(self, *, ti: Any) -> None:
        """As Celery's executor: what no worker has taken is forgotten."""
        self.queued_tasks.pop(ti.key, None)

    def send_callback(self, request: Any) -> None:
        """Callbacks would go to the Dag processor, which the oracle does without."""

    def sync(self) -> None:
        """Nothing to ask: `change_state` is called when a stretch ends."""

    def end(self) -> None:
        """No processes to wait for."""

    def terminate(self) -> None:
        """No processes to end."""


def executors_of(case: Case) -> list[ScriptedExecutor]:
    """The case's executors, the default one first."""
    if not case.executors:
        return [ScriptedExecutor(case.parallelism)]
    found: list[ScriptedExecutor] = []
    for alias, slots in case.executors.items():
        found.append(ScriptedExecutor(slots, alias, found[0] if found else None))
    return found


def configure(case: Case) -> None:
    """Name the case's executors in Airflow's configuration, where the parser of Dags looks, and forget former ones."""
    named = [f"{alias}:{_module(alias)}" for alias in case.executors]
    os.environ["AIRFLOW__CORE__EXECUTOR"] = ",".join(named) or "LocalExecutor"
    for name, known in vars(executor_loader).items():
        if name.startswith("_") and name.endswith(("_executors", "_executor_names", "_per_team")):
            known.clear()


def _module(alias: str) -> str:
    return f"oracle.{alias}.Executor"
