"""Secrets out of a result before it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.bridge.masking import masked, masked_finding
from harness.cli.terminal import Terminal
from harness.results.calendar import CalendarResult
from harness.results.read_back import each
from harness.results.run import Attempt, Failure, RunResult, TaskResult
from harness.results.schedule import FolderSchedule
from harness.results.services import ServiceUse

if TYPE_CHECKING:
    from harness.simulation.rehearsal import Rehearsal


@contextmanager
def unfinished_masked(terminal: Terminal, rehearsal: Rehearsal) -> Iterator[None]:
    """The result so far, of a simulation that ends with an error or is interrupted, made fit to be shown."""
    try:
        yield
    except BaseException:
        unfinished = rehearsal.unfinished
        if isinstance(unfinished, RunResult):
            terminal.unfinished = masked_run(unfinished)
        elif unfinished is not None:
            terminal.unfinished = masked_calendar(unfinished, whole=terminal.as_json)
        raise


def masked_run(run: RunResult, whole: bool = True) -> RunResult:
    """A copy of the result in which Airflow's masker has replaced every secret it knows.

    Args:
        whole: with fields, XComs and logs of its task instances; else they have none, and need no masking.
    """
    return replace(
        run,
        reason=masked(run.reason),
        task_instances=each(run.task_instances, lambda ti: _task(ti, whole)),
        findings=tuple(map(masked_finding, run.findings)),
        deadlines=tuple(replace(deadline, reason=masked(deadline.reason)) for deadline in run.deadlines),
        services=tuple(map(_use, run.services)),
        companions=tuple(masked_run(other, whole) for other in run.companions),
    )


def masked_schedule(found: FolderSchedule) -> FolderSchedule:
    """The same for what the schedules of a folder say."""
    dags = tuple(replace(dag, why=masked(dag.why), schedule=masked(dag.schedule)) for dag in found.dags)
    return replace(found, dags=dags, findings=tuple(map(masked_finding, found.findings)))


def masked_calendar(calendar: CalendarResult, whole: bool) -> CalendarResult:
    """The same for the runs and findings of a calendar."""
    return replace(
        calendar,
        runs=tuple(masked_run(run, whole) for run in calendar.runs),
        findings=tuple(map(masked_finding, calendar.findings)),
        waiting=tuple(map(masked, calendar.waiting)),
        services=tuple(map(_use, calendar.services)),
    )


def _use(use: ServiceUse) -> ServiceUse:
    return replace(
        use,
        changes=tuple(replace(change, part=masked(change.part)) for change in use.changes),
        heard=tuple(replace(one, about=masked(one.about)) for one in use.heard),
    )


def _task(ti: TaskResult, whole: bool) -> TaskResult:
    return replace(
        ti,
        rendered=masked(ti.rendered) if whole else {},
        xcoms={key: masked(value, key) for key, value in ti.xcoms.items()} if whole else {},
        error=None if ti.error is None else _failure(ti.error),
        attempts=tuple(map(_attempt, ti.attempts)),
        reason=masked(ti.reason),
        log=masked(ti.log) if whole else "",
    )


def _failure(error: Failure) -> Failure:
    return replace(error, message=masked(error.message), traceback=masked(error.traceback))


def _attempt(attempt: Attempt) -> Attempt:
    return attempt if attempt.reason is None else replace(attempt, reason=masked(attempt.reason))
