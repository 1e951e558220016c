"""Runs that an Airflow made, written into a ledger: of a deployment, or of an Airflow 2 that ran them for us."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from harness.kernel.instant import iso
from harness.ledger.journal import FileJournal

RecordedEvent = tuple[str, int, dict[str, Any]]
"""Instant, order among those of one instant, record."""

_DATES = ("logical_date", "data_interval_start", "data_interval_end", "run_after")


def begin(journal: FileJournal, at: str | None) -> None:
    """What stands before all runs: neither seed nor pools are known."""
    journal.write({"at": at, "kind": "simulation", "seed": None, "parallelism": None, "pools": []})


def write_run(journal: FileJournal, run: Mapping[str, Any], events: Iterable[RecordedEvent]) -> None:
    """Write a run and what happened in it.

    Args:
        run: as Airflow's API tells one; its ``conf`` without secrets.
    """
    begin_at, told = instant(run["run_after"]), sorted(events, key=lambda event: event[:2])
    whose = {"dag_id": run["dag_id"], "run_id": run["run_id"]}
    dates = {name: instant(run[name]) for name in _DATES}
    created = {"kind": "run-created", **whose, "run_type": run["run_type"], **dates, "conf": run["conf"] or {}}
    journal.write({"at": begin_at, **created})
    begun = instant(run["start_date"])
    if begun is not None:
        journal.write({"at": begun, "kind": "run-state", **whose, "state": "running", "reason": None})
    for at, _, record in told:
        journal.write({"at": at, **record})
    end = instant(run["end_date"]) or max([begin_at or "", *(at for at, _, _ in told)])
    journal.write({"at": end, "kind": "run-state", **whose, "state": run["state"], "reason": None})


def events_of(
    ti: Mapping[str, Any], tries: Iterable[Mapping[str, Any]], fields: Mapping[str, Any], whose: Mapping[str, Any]
) -> Iterator[RecordedEvent]:
    """What became of a task instance.

    Args:
        ti: as Airflow's API tells one.
        tries: all of them.
        fields: rendered, without secrets.
    """
    which = {**whose, "task_id": ti["task_id"], "map_index": ti["map_index"]}
    start = instant(ti["start_date"])
    if start is not None and fields:
        yield start, 0, {"kind": "rendered", **which, "fields": fields}
    for one in tries:
        begun, ended = instant(one["start_date"]), instant(one["end_date"])
        if begun is not None and ended is not None:
            told = {"try_number": one["try_number"], "state": one["state"], "start": begun, "end": ended}
            yield ended, 2, {"kind": "attempt", **which, **told, "reason": None, "error": None, "log": None}
    at = instant(ti["end_date"]) or start
    if at is not None and ti["state"] is not None:
        told = {"try_number": ti["try_number"], "state": ti["state"], "reason": None, "due": None}
        yield at, 3, {"kind": "ti-state", **which, **told}


def instant(text: str | None) -> str | None:
    """An instant of Airflow's as ledgers have it."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return iso(moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc))
