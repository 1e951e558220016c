"""A run that a ledger holds, to be run again from one of its tasks with the XComs of the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import LedgerError, known_names
from harness.ledger.journal import JOURNAL
from harness.ledger.reading import records

Pushed = tuple[str, int, str]
"""task_id, map_index and key of an XCom."""


@dataclass(frozen=True)
class PastRun:
    """What a ledger tells of a run.

    Attributes:
        ledger: its folder.
        logical_date, data_interval_start, data_interval_end, run_after: ISO text.
        xcoms: the last value of each, as Airflow stores it.
    """

    ledger: Path
    dag_id: str
    run_id: str
    run_type: str
    logical_date: str | None
    data_interval_start: str | None
    data_interval_end: str | None
    run_after: str
    conf: Mapping[str, Any] = field(default_factory=dict)
    xcoms: Mapping[Pushed, Any] = field(default_factory=dict)


_DATES = ("logical_date", "data_interval_start", "data_interval_end", "run_after")


def past_run(folder: Path, dag_id: str, date: str | None = None, run_id: str | None = None) -> PastRun:
    """A run of a Dag in a ledger; the only one that it has there, where neither a date nor an id is given.

    Args:
        date: the beginning of its logical date, ISO.
    Raises: LedgerError: no run fits, or several; a journal that was altered.
    """
    runs: dict[str, dict[str, Any]] = {}
    xcoms: dict[str, dict[Pushed, Any]] = {}
    dags = set()
    for record in records(folder / JOURNAL):
        kind = record["kind"]
        if kind == "run-created":
            dags.add(record["dag_id"])
        if record.get("dag_id") != dag_id:
            continue
        if kind == "run-created" and _is_meant(record, date, run_id):
            runs[record["run_id"]] = record
        elif kind == "xcom" and record["run_id"] in runs:
            whose = record["task_id"], record["map_index"], record["key"]
            xcoms.setdefault(record["run_id"], {})[whose] = record["value"]
    if dag_id not in dags:
        raise LedgerError(f"the ledger {folder} has no run of {dag_id!r}", known=known_names(dag_id, dags))
    if len(runs) != 1:
        found = ", ".join(list(runs)[:8]) or "(none)"
        number = f"{len(runs)} runs" if runs else "no run"
        when = ("" if date is None else f" of {date}") + ("" if run_id is None else f" with the id {run_id!r}")
        fact = f"the ledger {folder} has {number} of {dag_id!r}{when}"
        raise LedgerError(fact, known=found, fix="name one with --run")
    (run,) = runs.values()
    dates = {name: run[name] for name in _DATES}
    found_id = run["run_id"]
    conf, pushed = run["conf"] or {}, xcoms.get(found_id, {})
    return PastRun(folder, dag_id, found_id, run["run_type"], **dates, conf=conf, xcoms=pushed)


def _is_meant(run: Mapping[str, Any], date: str | None, run_id: str | None) -> bool:
    return run_id in (None, run["run_id"]) and (date is None or str(run["logical_date"] or "").startswith(date))
