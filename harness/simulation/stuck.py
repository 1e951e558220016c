"""Runs that do not end: what each task instance waits for, told as an error, and runs of a calendar that never can.

In production those would hang without an error.
"""

from __future__ import annotations

from functools import cached_property

from harness.bridge.supervisor.store import facts, ti_id
from harness.errors import HarnessError, HorizonReached, RunStuck
from harness.kernel import Instant, iso
from harness.kernel.instant import BEGINNING
from harness.results.finding import Finding
from harness.scheduler.dependencies.past import prev_dagrun, previous_run
from harness.scheduler.model import (
    AWAITING_INPUT,
    DEFERRED,
    FINISHED,
    OCCUPYING,
    QUEUED,
    RUNNING,
    SCHEDULED,
    UP_FOR_RESCHEDULE,
    DagRun,
    TaskInstance,
)
from harness.scheduler.queueing import never_admitted
from harness.scheduler.transitions import times_out_at
from harness.simulation.components.scheduler_loop import Driver
from harness.simulation.history import history

SHOWN = 3


def stuck_findings(driver: Driver) -> list[tuple[DagRun, Finding]]:
    """A finding for each Dag with runs that nothing can bring to an end; it belongs to the first of them.

    Only what is certain is told: a run goes on as long as one of its task instances may, or what it waits for may.
    """
    found: dict[str, list[DagRun]] = {}
    for run in _stuck(driver):
        found.setdefault(run.dag.dag_id, []).append(run)
    behind = _never_started(driver, found)
    waits = WaitReasons(driver)
    return [(runs[0], _finding(waits, runs, behind.get(dag_id, 0))) for dag_id, runs in found.items()]


def unfinished_findings(driver: Driver, main: DagRun, horizon: Instant) -> list[tuple[DagRun, Finding]]:
    """A finding for each Dag beside ``main``'s run whose runs had not ended at the horizon, or never can."""
    found = [(run, finding) for run, finding in stuck_findings(driver) if run is not main]
    named = {run.dag.dag_id for run, _ in found}
    for run in driver.active:
        dag_id = run.dag.dag_id
        if run is not main and dag_id not in named and driver.simulation.peek() is not None:
            named.add(dag_id)
            fact = f"{dag_id}: run {run.run_id} had not ended at the horizon, {iso(horizon)}"
            fix = "make the awaited thing happen, give the wait a timeout, or --horizon"
            finding = Finding("horizon-reached", "error", fact, str(facts(run).dag.fileloc), dag_id=dag_id, fix=fix)
            found.append((run, finding))
    return found


def _stuck(driver: Driver) -> list[DagRun]:
    paused = driver.limits.paused_dags
    left = [run for run in driver.active if run.dag.dag_id not in paused]
    if driver.simulation.peek() is None:
        return left
    unfinished = {run: [ti for ti in run.task_instances.values() if ti.state not in FINISHED] for run in left}
    occupied = any(_works(ti, driver) for run in driver.active for ti in run.task_instances.values())
    stuck = dict.fromkeys(run for run in left if not _goes_on(run, unfinished[run], occupied, driver))
    while True:  # a run that waits for its Dag's run before is as alive as that one
        alive = [run for run in stuck if _waits_for_a_living_run(run, unfinished[run], stuck)]
        if not alive:
            return list(stuck)
        for run in alive:
            del stuck[run]


def _goes_on(run: DagRun, unfinished: list[TaskInstance], occupied: bool, driver: Driver) -> bool:
    """Whether something is certain or possible to happen to a run by itself."""
    if times_out_at(run) is not None or (run.logical_date or 0) > driver.simulation.now:
        return True
    return any(_works(ti, driver) or _may_be_queued(ti, occupied, driver) for ti in unfinished)


def _works(ti: TaskInstance, driver: Driver) -> bool:
    """Whether a task instance runs, will run again by itself, or has a trigger or a person to wait for."""
    if ti.state in FINISHED or ti.state in (None, SCHEDULED):
        return False
    if ti.state == AWAITING_INPUT:
        return driver.attempts.answers(ti)
    if ti.state == DEFERRED:
        if ti_id(ti) in driver.store.hitl:  # 3.1, 3.2: a trigger looks for the answer again and again
            task = facts(ti.run).dag.task_dict[ti.task_id]
            limit = getattr(task, "response_timeout", None) or getattr(task, "execution_timeout", None)
            return limit is not None or driver.attempts.answers(ti)
        return driver.attempts.waits(ti)
    return True


def _may_be_queued(ti: TaskInstance, occupied: bool, driver: Driver) -> bool:
    """Whether a slot may come free for a scheduled task instance."""
    return ti.state == SCHEDULED and occupied and not never_admitted(ti, driver.limits)


def _waits_for_a_living_run(run: DagRun, unfinished: list[TaskInstance], stuck: dict[DagRun, None]) -> bool:
    before = previous_run(run)
    if before is None or before.state not in ("running", "queued") or before in stuck:
        return False
    return any(ti.state is None and not prev_dagrun(ti).met for ti in unfinished)


def _never_started(driver: Driver, stuck: dict[str, list[DagRun]]) -> dict[str, int]:
    """How many runs of each Dag wait behind those that are stuck, for ``max_active_runs``."""
    alive = {run.dag.dag_id for run in driver.active} - set(stuck)
    behind: dict[str, int] = {}
    for run in driver.waiting_runs():
        if run.dag.dag_id in stuck and run.dag.dag_id not in alive and run.run_after <= driver.simulation.now:
            behind[run.dag.dag_id] = behind.get(run.dag.dag_id, 0) + 1
    return behind


def _finding(waits: WaitReasons, runs: list[DagRun], behind: int) -> Finding:
    run = runs[0]
    waiting = [ti for ti in run.task_instances.values() if ti.state not in FINISHED and ti.state is not None]
    named = [f"{ti.name!r} {_why(ti, waits)}" for ti in waiting[:SHOWN]] or [_blocked(run)]
    if len(waiting) > SHOWN:
        named.append(f"and {len(waiting) - SHOWN} more wait")
    fact = f"{run.dag.dag_id}: run {run.run_id} can never end: {'; '.join(named)}"
    if len(runs) > 1:
        fact += f"; so it is with {len(runs) - 1} more of its runs"
    if behind:
        fact += f"; {behind} runs cannot start behind them"
    dag_id, path = run.dag.dag_id, str(facts(run).dag.fileloc)
    task_id = waiting[0].task_id if waiting else None
    return Finding("run-stuck", "error", fact, path, dag_id=dag_id, task_id=task_id, fix=_fix(waiting, waits.driver))


def _why(ti: TaskInstance, waits: WaitReasons) -> str:
    if ti.state == DEFERRED and ti_id(ti) in waits.driver.store.hitl:  # before 3.3 a trigger stands for the person
        return waits.driver.attempts.asks(ti)
    return waits.of(ti)


def _blocked(run: DagRun) -> str:
    """Why no task instance of a run was scheduled."""
    blocked = [ti for ti in run.task_instances.values() if ti.state is None]
    for ti in blocked:
        past = prev_dagrun(ti)
        if not past.met:
            return f"{ti.name!r} waits for its own past ({past.reason})"
    return f"{blocked[0].name!r} waits for tasks before it" if blocked else "no task instance is left"


def _fix(waiting: list[TaskInstance], driver: Driver) -> str:
    if any(ti.state == SCHEDULED and never_admitted(ti, driver.limits) for ti in waiting):
        return (
            "declare what it asks for in the world file (pools:, executor:), or correct pool=, pool_slots=, executor="
        )
    if any(ti.state in (AWAITING_INPUT, DEFERRED) for ti in waiting):
        return "declare who answers under answers: in the world file, or give the wait a timeout"
    if any(ti.state in OCCUPYING for ti in waiting):
        return "give the wait a timeout"
    return "clear the run that failed before it (--action 'ISO clear DAG'), or give the Dag a dagrun_timeout"


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
        process, workload = history(ti).process, history(ti).workload
        if ti.state == QUEUED and workload is not None:
            return f"is queued: {driver.attempts.workloads.why(workload)}"
        if ti.state == RUNNING and process is not None:
            return f"runs since {iso(ti.start or BEGINNING)}, in {process.waiting_for or 'its own code'}"
        if ti.state == UP_FOR_RESCHEDULE:
            return f"pokes again and again ({ti.task.operator}), since {iso(ti.start or BEGINNING)}"
        if ti.state == DEFERRED:
            return f"is deferred ({ti.reason or 'its trigger has not fired'})"
        if ti.state == AWAITING_INPUT:
            return f"{ti.reason or 'waits for a person'}"
        return f"is {ti.state}"
