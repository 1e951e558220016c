"""Task instances whose worker is gone: the scheduler does not know, until it misses their heartbeats."""

from __future__ import annotations

from collections.abc import Callable

from harness.bridge.callbacks import run_failure_callbacks
from harness.bridge.supervisor.store import facts
from harness.bridge.versions.scheduling import heartbeat_rules
from harness.kernel import SECOND, Instant, iso
from harness.scheduler.model import FAILED, RUNNING, UP_FOR_RETRY, TaskInstance
from harness.scheduler.ready import set_state
from harness.scheduler.retries import may_retry, next_retry_at
from harness.scheduler.transitions import fail_fast, number_next
from harness.simulation.components.ports import WorkersLoop
from harness.simulation.history import AttemptSlice, history


class LostWorkers:
    """Finds them as Airflow's scheduler does, at its own timeout.

    Until then they run, for all that anybody can see: they hold their slots of pools and executors.

    Args:
        stop: ends what still works for a task instance that ``fail_fast`` stops.
    """

    def __init__(self, driver: WorkersLoop, stop: Callable[[TaskInstance], None]) -> None:
        self.driver, self.simulation, self.recorder, self._stop = driver, driver.simulation, driver.recorder, stop

    def lose(self, ti: TaskInstance) -> None:
        """Its worker is gone at this instant; its process ends by itself."""
        began, died = history(ti).running_since, self.simulation.now
        at = Instant(heartbeat_rules().found_at(self.simulation.start, began, died))
        self.simulation.schedule(at, self._found, ti, ti.try_number, began, died)

    def _found(self, ti: TaskInstance, try_number: int, began: Instant, died: Instant) -> None:
        """Source: see `harness.bridge.versions.scheduling.heartbeat_rules`; ``TaskInstance.handle_failure`` (3.3.2)."""
        past, now = history(ti), self.simulation.now
        if ti.state != RUNNING or ti.try_number != try_number or past.running_since != began:
            return  # somebody gave it another state meanwhile, or had it run again
        rules, retried = heartbeat_rules(), may_retry(ti)
        reason = f"no heartbeat for {rules.timeout // SECOND} s: its worker was lost at {iso(died)}"
        past.process = past.resume = None
        ti.end = now
        set_state(ti, UP_FOR_RETRY if retried else FAILED, now, reason)
        ti.reason = reason
        past.attempts.append(AttemptSlice(try_number, str(ti.state), began, now, reason))
        self.recorder.ti_state(ti)
        self._tell(ti, rules.callbacks(retried))
        if retried:
            ti.retry_delay_override = None
            ti.due = next_retry_at(ti)
            self.simulation.schedule(ti.due, self.driver.mark, ti.run)
            number_next(ti)
        elif ti.run.dag.fail_fast:
            for other in fail_fast(ti.run, ti, now):
                self._stop(other)
                self.recorder.ti_state(other)
        self.driver.ti_ended(ti)

    def _tell(self, ti: TaskInstance, names: tuple[str, ...]) -> None:
        """Have the Dag processor call the callbacks; the executor's event asks only where the task has any."""
        task = facts(ti.run).dag.task_dict[ti.task_id]
        if not (task.on_retry_callback or task.on_failure_callback):
            return
        for name in names:
            failed = self.recorder.callback_failed
            self.simulation.spawn(run_failure_callbacks, ti, failed, name, name="task callback")
