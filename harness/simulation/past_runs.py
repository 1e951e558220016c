"""A run of a ledger, run again: its dates and conf, and the XComs of the tasks that are left out."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from harness.bridge.supervisor.handlers.xcom import RETURN_KEY, keep
from harness.bridge.timetables import RunPlan
from harness.kernel.instant import Instant, to_instant
from harness.ledger.past_run import PastRun
from harness.ledger.past_tries import stored_length
from harness.scheduler.model import DagRun


def plan_of(past: PastRun) -> RunPlan:
    """The run as it was made then."""
    run_after = _instant(past.run_after)
    assert run_after is not None
    start, end = _instant(past.data_interval_start), _instant(past.data_interval_end)
    return RunPlan(past.run_id, past.run_type, _instant(past.logical_date), start, end, run_after)


def _instant(text: str | None) -> Instant | None:
    return None if text is None else to_instant(datetime.fromisoformat(text.replace("Z", "+00:00")))


def give_past(run: DagRun, past: PastRun, kept: Collection[str] | None) -> None:
    """Give a run the XComs of the tasks that it leaves out, as they were stored then; also what mapping looks at.

    Args:
        kept: task ids that run; None for all, so that nothing is given.
    """
    if kept is None:
        return
    for (task_id, index, key), value in past.xcoms.items():
        if task_id in kept:
            continue
        keep(run, task_id, index, key, value)
        length = stored_length(value) if key == RETURN_KEY and index < 0 else None
        if length is not None:
            run.lengths[task_id] = length
