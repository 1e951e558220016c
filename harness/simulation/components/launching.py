"""How admitted task instances come to their workers, and what the scheduler does where no worker takes one in time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from harness.kernel import SECOND
from harness.kernel.instant import later
from harness.kernel.simulation import LATE
from harness.scheduler.executors import requeue_stuck
from harness.scheduler.model import FAILED, QUEUED, TaskInstance
from harness.scheduler.ready import set_state
from harness.simulation.components.executors import Begun, Workload, Workloads
from harness.simulation.components.ports import WorkersLoop
from harness.simulation.history import history


class Launcher:
    """Gives task instances to their executors.

    Args:
        start: has a worker begin with one.
        failed: told of one that failed because no worker took it.
    Attributes:
        workloads: the way to the executors' workers.
    """

    def __init__(
        self,
        driver: WorkersLoop,
        start: Callable[[TaskInstance], Begun],
        failed: Callable[[TaskInstance], None],
    ) -> None:
        self._driver, self._start, self._failed = driver, start, failed
        self.workloads = Workloads(driver.limits)

    def launch(self, ti: TaskInstance) -> None:
        """Give an admitted task instance to its executor."""
        ti.state = QUEUED
        self._driver.recorder.ti_state(ti)
        if not self.workloads.are_taken:
            self._start(ti)
            return
        workload = history(ti).workload = Workload(partial(self._start, ti), ti.task.executor, ti.task.queue)
        if not self.workloads.give(workload):
            until = later(self._driver.simulation.now, self._driver.limits.task_queued_timeout)
            workload.timeout = self._driver.simulation.schedule(until, self._stuck, ti, workload, priority=LATE)

    def abandon(self, ti: TaskInstance) -> None:
        """A task instance was given a final state from outside: nobody waits for its worker any more."""
        workload = history(ti).workload
        if workload is not None:
            self.workloads.abandon(workload)

    def _stuck(self, ti: TaskInstance, workload: Workload) -> None:
        """No worker took it in time. Source: ``SchedulerJobRunner._handle_tasks_stuck_in_queued`` (3.3.2)."""
        past, limits, why = history(ti), self._driver.limits, self.workloads.why(workload)
        if not self.workloads.revoke(workload):
            return
        if requeue_stuck(ti, past.stuck, limits.num_stuck_in_queued_retries):
            past.stuck += 1
            self._driver.recorder.ti_state(ti)
            self._driver.scheduled_again(ti)
            return
        waited = f"{limits.task_queued_timeout // SECOND} s in queue, {past.stuck + 1} times"
        set_state(ti, FAILED, self._driver.simulation.now, f"stuck in queued: {waited}: {why}")
        self._driver.recorder.ti_state(ti)
        self._failed(ti)
        self._driver.ti_ended(ti)
