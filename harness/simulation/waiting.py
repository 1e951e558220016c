"""A simulation that did not end: who waits for what, told as an error."""

from __future__ import annotations

from functools import cached_property

from harness.errors import HarnessError, HorizonReached, RunStuck
from harness.kernel import Instant, iso
from harness.kernel.instant import BEGINNING
from harness.scheduler.model import AWAITING_INPUT, DEFERRED, QUEUED, RUNNING, UP_FOR_RESCHEDULE, DagRun, TaskInstance
from harness.simulation.components.scheduler_loop import Driver
from harness.simulation.history import history


def unfinished_error(driver: Driver, run: DagRun, horizon: Instant) -> HarnessError | None:
    """The error for a run that has not ended, None when it has."""
    if run.state not in ("running", "queued"):
        return None
    waits = WaitReasons(driver)
    waiting = [f"'{ti.name}' {waits.of(ti)}" for ti in driver.unfinished() if ti.state is not None]
    blocked = sorted({ti.name for ti in driver.unfinished() if ti.state is None})
    if blocked:
        waiting.append(f"behind them: {', '.join(blocked[:8])}{' …' if len(blocked) > 8 else ''}")
    known = "\n          ".join(waiting) or "the run never started (max_active_runs)"
    if driver.simulation.peek() is not None:
        return HorizonReached(
            f"the run of {run.dag.dag_id!r} had not ended at the horizon, {iso(horizon)}",
            known=known,
            why="a simulation stops at its horizon, so that a wait without end is an answer and not a hang",
            fix="make the awaited thing happen (a stub, an XCom, another Dag), give the wait a timeout, or --horizon",
        )
    return RunStuck(
        f"nothing is left to happen and the run of {run.dag.dag_id!r} has not ended",
        known=known,
        why="in production these task instances would wait for ever, without an error",
        fix="see what each waits for; a pool is declared under pools: in the world file",
    )


class WaitReasons:
    """What unfinished task instances wait for, at one instant; what holds them all back is found once."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    @cached_property
    def _held(self) -> dict[TaskInstance, str]:
        return dict(self.driver.held())

    def of(self, ti: TaskInstance) -> str:
        """In words, after its name."""
        driver = self.driver
        if ti in driver.waiting:
            return f"is scheduled, held back: {self._held[ti]}"
        process, given = history(ti).process, history(ti).workload
        if ti.state == QUEUED and given is not None:
            return f"is queued: {driver.attempts.workloads.why(given)}"
        if ti.state == RUNNING and process is not None:
            return f"runs since {iso(ti.start or BEGINNING)}, in {process.waiting_for or 'its own code'}"
        if ti.state == UP_FOR_RESCHEDULE:
            return f"pokes again and again ({ti.task.operator}), since {iso(ti.start or BEGINNING)}"
        if ti.state == DEFERRED:
            return f"is deferred ({ti.reason or 'its trigger has not fired'})"
        if ti.state == AWAITING_INPUT:
            return f"{ti.reason or 'waits for a person'}"
        return f"is {ti.state}"
