"""Ledgers made by hand, of which pages are written, and what is in a page."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from harness.ledger.journal import FileJournal

BEGAN = datetime(2025, 1, 1, tzinfo=timezone.utc)
TASKS = ("extract", "load", "report")


def iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def kept(
    folder: Path,
    runs: int,
    tasks: int = len(TASKS),
    log: str = "",
    failing: int | None = None,
    mapped: int = 0,
    **more: Any,
) -> Path:
    """A ledger of a Dag ``shop`` whose tasks follow each other, ten minutes each, the first a minute late.

    Args:
        log: of each try; ``{}`` is its number.
        failing: number of the run whose last task fails.
        mapped: instances of the last task; 0 where it is not mapped.
        more: XCom of the first task, by key.
    """
    names = [TASKS[number] if tasks == len(TASKS) else f"task_{number:03}" for number in range(tasks)]
    with FileJournal(folder, {"of": "calendar", "airflow": "3.3.2", "seed": 0}) as journal:
        pools = [{"pool": "etl", "slots": 1, "include_deferred": False}]
        journal.write({"at": iso(BEGAN), "kind": "simulation", "seed": 0, "parallelism": 4, "pools": pools})
        told = [_task(name, names[number + 1 : number + 2]) for number, name in enumerate(names)]
        journal.write({"at": iso(BEGAN), "kind": "dag", "dag_id": "shop", "tasks": told})
        instances = [(name, -1) for name in names]
        if mapped:
            instances[-1:] = [(names[-1], index) for index in range(mapped)]
        for number in range(runs):
            _run(journal, number, instances, log, number == failing, more)
    return folder


def _task(name: str, downstream: list[str]) -> dict[str, Any]:
    of: dict[str, Any] = {"operator": "PythonOperator", "trigger_rule": "all_success", "retries": 0, "queue": "default"}
    of |= {"max_active_tasks": 16, "max_active_tis_per_dag": None, "max_active_tis_per_dagrun": None}
    return {"task_id": name, "downstream": downstream, "pool": "etl", "pool_slots": 1, "executor": None, **of}


def _run(
    journal: FileJournal, number: int, instances: list[tuple[str, int]], log: str, fails: bool, xcoms: dict[str, Any]
) -> None:
    at = BEGAN + timedelta(days=number)
    of = {"dag_id": "shop", "run_id": f"scheduled__{iso(at)}"}
    dates = dict.fromkeys(("logical_date", "data_interval_start", "data_interval_end", "run_after"), iso(at))
    journal.write({"at": iso(at), "kind": "run-created", **of, "run_type": "scheduled", **dates, "conf": {}})
    journal.write({"at": iso(at), "kind": "run-state", **of, "state": "running", "reason": None})
    for place, (name, index) in enumerate(instances):
        whose = {**of, "task_id": name, "map_index": index, "try_number": 1}
        state = "failed" if fails and place == len(instances) - 1 else "success"
        moved = {"kind": "ti-state", **whose, "reason": None, "due": None}
        journal.write({"at": iso(at), **moved, "state": "scheduled"})
        began = at = at + timedelta(minutes=1) if place == 0 else at
        for before in ("queued", "running"):
            journal.write({"at": iso(at), **moved, "state": before})
        at += timedelta(minutes=10)
        for key, value in (xcoms if place == 0 else {}).items():
            journal.write({"at": iso(at), "kind": "xcom", **whose, "key": key, "value": value})
        line = journal.keep_log({**whose, "text": log.replace("{}", f"{number}-{place}")}) if log else None
        error = {"type": "ValueError", "message": "no rows", "where": "shop.py:9", "hint": None}
        lasted = {"start": iso(began), "end": iso(at), "state": state, "reason": None, "log": line}
        told = error if state == "failed" else None
        journal.write({"at": iso(at), "kind": "attempt", **whose, **lasted, "error": told})
        journal.write({"at": iso(at), **moved, "state": state})
    ended = "failed" if fails else "success"
    journal.write({"at": iso(at), "kind": "run-state", **of, "state": ended, "reason": None})


class Page(HTMLParser):
    """A page as a browser's parser takes it apart.

    Attributes:
        tags: all that were opened.
        inside: tag -> texts of the elements script and style.
        policy: its content security policy.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}
        self.policy = ""
        self._open: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        named = dict(attrs)
        if named.get("http-equiv") == "Content-Security-Policy":
            self.policy = named["content"] or ""
        if tag in self.inside:
            self.inside[tag].append("")
            self._open = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._open:
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self.inside[self._open][-1] += data

    @property
    def data(self) -> dict[str, Any]:
        """What its script reads."""
        found: dict[str, Any] = json.loads(self.inside["script"][0])
        return found
