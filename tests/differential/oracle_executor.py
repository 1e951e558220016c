"""The executor of the oracle: a real `BaseExecutor` whose workers are the case's acts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.executors.base_executor import BaseExecutor
from airflow.executors.executor_loader import ExecutorName


class ScriptedExecutor(BaseExecutor):
    """Collects workloads in the order the scheduler hands them over; the scheduler counts its slots as usual."""

    def __init__(self, parallelism: int) -> None:
        super().__init__(parallelism=parallelism)
        self.name = ExecutorName(module_path="oracle", alias="oracle")
        self.queued: list[Any] = []
        self.taken: list[Any] = []

    def queue_workload(self, workload: Any, session: Any) -> None:
        super().queue_workload(workload, session)
        self.queued.append(workload)

    def _process_workloads(self, workloads: Sequence[Any]) -> None:
        for workload in workloads:
            self.queued_tasks.pop(workload.ti.key)
            self.running.add(workload.ti.key)
            self.taken.append(workload)

    def take(self) -> tuple[list[Any], list[Any]]:
        """What was queued and what was given to a worker since the last call, each in its order."""
        queued, taken = self.queued, self.taken
        self.queued, self.taken = [], []
        return queued, taken

    def send_callback(self, request: Any) -> None:
        """Callbacks would go to the Dag processor, which the oracle does without."""

    def sync(self) -> None:
        """Nothing to ask: `change_state` is called when a stretch ends."""

    def end(self) -> None:
        """No processes to wait for."""

    def terminate(self) -> None:
        """No processes to end."""
