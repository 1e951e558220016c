"""Builders of results; instants are seconds after the start of the run."""

from datetime import datetime, timedelta, timezone

from harness.results.run import Attempt, RunResult, TaskResult

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def at(seconds):
    return None if seconds is None else START + timedelta(seconds=seconds)


def task(task_id, *attempts, state="success", map_index=-1, **fields):
    """A task instance; attempts are (state, start, end) or (state, start, end, reason)."""
    tries, made = 0, []
    for name, begin, end, *reason in attempts:
        if not made or made[-1].state in ("up_for_retry", "failed"):
            tries += 1
        made.append(Attempt(tries, name, at(begin), at(end), reason[0] if reason else None))
    fields = {"operator": "PythonOperator", "try_number": tries, "pool": "default_pool", **fields}
    fields.setdefault("start_date", made[-1].start_date if made else None)
    fields.setdefault("end_date", made[-1].end_date if made else None)
    return TaskResult(task_id=task_id, map_index=map_index, state=state, attempts=tuple(made), **fields)


def run(*tasks, state="success", lasts=None, **fields):
    """A run of the Dag ``sales``; it lasts until its last task ends unless told otherwise."""
    ends = [attempt.end_date for ti in tasks for attempt in ti.attempts if attempt.end_date is not None]
    end = at(lasts) if lasts is not None else max(ends, default=START)
    values = {
        "dag_id": "sales",
        "run_id": "scheduled__2025-01-01T00:00:00+00:00",
        "run_type": "scheduled",
        "logical_date": START,
        "data_interval_start": START,
        "data_interval_end": START,
        "state": state,
        "start_date": START,
        "end_date": end,
        "task_instances": tasks,
        **fields,
    }
    return RunResult(**values)
