"""Why runs were made and by when they were to end, as Airflow's tables have it: asset events, backfills, deadlines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from airflow.models.asset import AssetEvent, AssetModel, association_table
from airflow.models.backfill import Backfill, BackfillDagRun
from airflow.models.serialized_dag import SerializedDagModel
from sqlalchemy import select

from harness.bridge.ui.history import LedgerHistory, Run, RunDeadline
from harness.bridge.ui.rows import Row, insert_rows, moment
from harness.bridge.versions.names import deadline_tables

RunKey = tuple[str, str]
"""Dag id and run id."""

_SOURCE = ("dag_id", "run_id", "task_id")
_OVER = ("success", "failed")
_CALLBACK: Row = {"type": "triggerer", "fetch_method": "import_path", "data": {}, "priority_weight": 1}
"""What nobody is shown of the callback of a deadline."""


def write_asset_events(session: Any, history: LedgerHistory, numbers: Mapping[RunKey, int]) -> int:
    """Write the events, and which runs each of them made.

    Args:
        numbers: the runs' rows.
    Returns: how many events.
    """
    assets = _Assets(session)
    events: list[Row] = []
    ids: dict[tuple[Any, ...], list[int]] = {}

    def add(told: Mapping[str, Any]) -> int:
        index = told.get("map_index")
        source = {f"source_{name}": told[name] for name in _SOURCE}
        events.append(
            {
                "id": len(events) + 1,
                "asset_id": assets.id_of(told["asset"], told["uri"]),
                "extra": told["extra"] or {},
                **source,
                "source_map_index": -1 if index is None else index,
                "timestamp": moment(told["at"]),
            }
        )
        ids.setdefault(_event_key(told), []).append(len(events))
        return len(events)

    for record in history.asset_events:
        add(record)
    made: list[Row] = []
    for key, run in history.runs.items():
        taken: dict[tuple[Any, ...], int] = {}
        for told in run.told.get("consumed") or ():
            which = _event_key(told)
            place = taken[which] = taken.get(which, -1) + 1  # a task may emit two that differ in nothing else
            same = ids.get(which, [])
            number = same[place] if place < len(same) else add(told)  # nobody's task emitted it
            made.append({"dag_run_id": numbers[key], "event_id": number})
    count = insert_rows(session, AssetEvent.__table__, events)
    insert_rows(session, association_table, made)
    return count


def _event_key(told: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells an asset event from others."""
    extra = json.dumps(told["extra"] or {}, sort_keys=True)
    return (*(told[name] for name in ("asset", "uri", "at", *_SOURCE)), told.get("map_index"), extra)


class _Assets:
    """The ids of assets; one that no Dag declares, as an alias emits, is made."""

    def __init__(self, session: Any) -> None:
        self.session = session
        rows = session.execute(select(AssetModel.name, AssetModel.uri, AssetModel.id))
        self.known = {(name, uri): number for name, uri, number in rows}

    def id_of(self, name: str, uri: str) -> int:
        """Of an asset, by its name and URI."""
        if (name, uri) not in self.known:
            model = AssetModel(name=name, uri=uri)
            self.session.add(model)
            self.session.flush()
            self.known[name, uri] = model.id
        return int(self.known[name, uri])


def write_backfills(session: Any, history: LedgerHistory) -> None:
    """Write the backfills that people asked for, whose ids are their numbers; runs name them."""
    insert_rows(session, Backfill.__table__, _backfills(history))


def write_backfill_dates(session: Any, history: LedgerHistory, numbers: Mapping[RunKey, int]) -> None:
    """Write what became of each date of the backfills.

    Source: ``_create_backfill_dag_run_non_partitioned`` (3.3.2).
    """
    rows = (
        {
            "backfill_id": number,
            "dag_run_id": numbers.get((one["dag_id"], date["run_id"])) if date["reason"] is None else None,
            "exception_reason": date["reason"],
            "logical_date": moment(date["logical_date"]),
            "sort_ordinal": ordinal,
        }
        for number, one in enumerate(history.backfills, start=1)
        for ordinal, date in enumerate(one["dates"], start=1)
    )
    insert_rows(session, BackfillDagRun.__table__, rows)


def _backfills(history: LedgerHistory) -> Iterator[Row]:
    for number, one in enumerate(history.backfills, start=1):
        yield {
            "id": number,
            "dag_id": one["dag_id"],
            "from_date": moment(one["from"]),
            "to_date": moment(one["to"]),
            "dag_run_conf": {},
            "is_paused": False,
            "reprocess_behavior": one["reprocess"],
            "max_active_runs": one["max_active_runs"],
            "created_at": moment(one["at"]),
            "updated_at": moment(one["at"]),
            "completed_at": moment(_completed(history, number, one)),
        }


def _completed(history: LedgerHistory, number: int, backfill: Mapping[str, Any]) -> str | None:
    """When the last of its runs ended; None while one is left. Source: ``_mark_backfills_complete`` (3.3.2)."""
    runs = [run for run in history.runs.values() if run.backfill == number]
    if any(run.state not in _OVER for run in runs):
        return None
    at: str = backfill["at"]
    return max([at, *(run.end for run in runs if run.end is not None)])


def write_deadlines(session: Any, history: LedgerHistory, numbers: Mapping[RunKey, int]) -> None:
    """Write the deadlines that are pending or missed, with their callbacks: of one that was met, Airflow keeps nothing.

    None in a version whose UI does not show them. Source: ``Deadline.prune_deadlines`` (3.3.2).
    """
    tables = deadline_tables()
    if tables is None:
        return
    of_deadlines, of_callbacks = tables
    alerts: dict[str, list[UUID]] = {}
    deadlines: list[Row] = []
    callbacks: list[Row] = []
    for (dag_id, run_id), run in history.runs.items():
        for one in _kept(run):
            if dag_id not in alerts:
                alerts[dag_id] = _alerts(session, dag_id)
            of_dag = alerts[dag_id]
            callbacks.append({**_CALLBACK, "id": _new_id(of_callbacks), **_told_of_callback(one)})
            deadlines.append(
                {
                    "id": _new_id(of_deadlines),
                    "dagrun_id": numbers[dag_id, run_id],
                    "deadline_time": moment(one.due),
                    "missed": one.state == "missed",
                    "created_at": moment(one.made),
                    "last_updated_at": moment(one.changed),
                    "deadline_alert_id": of_dag[one.place] if one.place < len(of_dag) else None,
                    "callback_id": callbacks[-1]["id"],
                }
            )
    insert_rows(session, of_callbacks, callbacks)
    insert_rows(session, of_deadlines, deadlines)


def _new_id(table: Any) -> Any:
    return table.c.id.default.arg(None)


def _told_of_callback(one: RunDeadline) -> Row:
    return {"state": one.callback_state or "scheduled", "output": one.output, "created_at": moment(one.made)}


def _kept(run: Run) -> list[RunDeadline]:
    return [one for one in run.deadlines.values() if one.due is not None and one.state != "met"]


def _alerts(session: Any, dag_id: str) -> list[UUID]:
    """The alerts of a Dag by their places. Source: ``SerializedDagModel.write_dag`` (3.3.2)."""
    stored = SerializedDagModel.get(dag_id, session=session)
    return [UUID(one) for one in (stored.data["dag"].get("deadline") or () if stored is not None else ())]
