"""What a ledger tells, arranged as Airflow keeps it: runs, their task instances with every try, and what these left.

Plain data, without Airflow: `harness.bridge.ui.database` gives it the columns that the installed version has. Instants
are ISO 8601 in UTC, as the journal writes them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from harness.ledger.journal import JOURNAL
from harness.results.calendar import CLEARED, CREATED

InstanceKey = tuple[str, int]
"""Task id and map index, -1 for one that is not mapped."""

_AGAIN = ("up_for_retry", None)
"""States of a task instance whose last try is history already, though no further one has begun."""
_OVER = ("success", "failed")


@dataclass
class Try:
    """One try of a task instance.

    Attributes:
        state: the last one within it.
        scheduled, queued: when it last came to these states.
        start, end: of its stretches in a worker, the first and the last.
    """

    number: int
    state: str | None = None
    reason: str | None = None
    error: Mapping[str, Any] | None = None
    scheduled: str | None = None
    queued: str | None = None
    start: str | None = None
    end: str | None = None


@dataclass
class Instance:
    """A task instance.

    Attributes:
        rendered: template field -> value, as they were rendered last.
    """

    task_id: str
    map_index: int
    state: str | None = None
    try_number: int = 0
    tries: dict[int, Try] = field(default_factory=dict)
    rendered: Mapping[str, Any] | None = None

    def at(self, number: int) -> Try:
        """The try of this number, made where it is not there yet."""
        return self.tries.setdefault(number, Try(number))

    @property
    def present(self) -> Try:
        """The last try, which Airflow keeps with the instance itself."""
        return self.tries.get(self.try_number, Try(self.try_number))

    @property
    def past(self) -> list[Try]:
        """Tries that Airflow keeps apart.

        Source: ``TaskInstance.prepare_db_for_next_try`` (3.3.2), which the end of a try that is repeated calls.
        """
        again = self.state in _AGAIN
        return [
            one
            for number, one in sorted(self.tries.items())
            if one.start is not None and (number < self.try_number or (again and number == self.try_number))
        ]


@dataclass
class Xcom:
    """An XCom as it was pushed last."""

    value: Any
    at: str


@dataclass
class RunDeadline:
    """A deadline of a run.

    Attributes:
        place: of its alert among those of the Dag, from 0.
        due: None for one that could not be made.
        made, changed: instants of its first record and of its last.
        state: ``pending``, ``met`` or ``missed``.
        callback_state: of what is called once it is missed; None before.
        output: of that callback, where it failed.
    """

    place: int
    due: str | None
    made: str
    changed: str
    state: str = "pending"
    callback_state: str | None = None
    output: str | None = None


@dataclass
class Run:
    """A Dag run.

    Attributes:
        told: its record ``run-created``: type, dates, conf.
        state: the last one.
        start, end: of its last stretch; None before, and while it runs.
        xcoms: (task id, map index, key) -> XCom.
        findings: what was found of it, a line each.
        triggered: another run's task asked for it.
        backfill: number, from 1, of the last of the ledger's backfills that took it; None for none.
        deadlines: by the places of their alerts.
    """

    told: Mapping[str, Any]
    state: str = "queued"
    start: str | None = None
    end: str | None = None
    instances: dict[InstanceKey, Instance] = field(default_factory=dict)
    xcoms: dict[tuple[str, int, str], Xcom] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    triggered: bool = False
    backfill: int | None = None
    deadlines: dict[int, RunDeadline] = field(default_factory=dict)

    @property
    def run_type(self) -> str:
        """That of the present: a run that a backfill clears is of the backfill.

        Source: ``_handle_clear_run`` of ``airflow/models/backfill.py`` (3.3.2).
        """
        return str(self.told["run_type"]) if self.backfill is None else "backfill"

    def instance(self, task_id: str, map_index: int) -> Instance:
        """A task instance of the run, made where it is not there yet."""
        key = (task_id, map_index)
        if key not in self.instances:
            self.instances[key] = Instance(task_id, map_index)
        return self.instances[key]


@dataclass
class LedgerHistory:
    """All of a ledger that Airflow's UI has a place for.

    Attributes:
        header: the journal's first record.
        runs: (Dag id, run id) -> run, in the order in which they were made.
        tasks: Dag id -> its tasks, as the scheduler knew them.
        asset_events: their records.
        backfills: records of those that were not refused, in order.
        pools: those of the world.
        end: its last instant; None where nothing has one.
    """

    header: Mapping[str, Any] = field(default_factory=dict)
    runs: dict[tuple[str, str], Run] = field(default_factory=dict)
    tasks: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    asset_events: list[Mapping[str, Any]] = field(default_factory=list)
    backfills: list[Mapping[str, Any]] = field(default_factory=list)
    pools: list[Mapping[str, Any]] = field(default_factory=list)
    end: str | None = None

    @property
    def dag_ids(self) -> list[str]:
        """Of all Dags that ran."""
        return list(dict.fromkeys(dag_id for dag_id, _ in self.runs))

    @property
    def is_partial(self) -> bool:
        """Whether some of a Dag's tasks were left out on purpose."""
        return bool(self.header.get("only") or self.header.get("from_task"))


def told_by(folder: Path, size: int) -> LedgerHistory:
    """The history that a ledger tells.

    Args:
        size: bytes of its whole records, which somebody has checked: `harness.ledger.reading.whole_records`.
    """
    history = LedgerHistory()
    for record in _records(folder / JOURNAL, size):
        history.end = record.get("at") or history.end
        take = _TAKES.get(record["kind"])
        if take is not None:
            take(history, record)
    for dag_id in history.dag_ids:
        history.tasks.setdefault(dag_id, _tasks_seen(history, dag_id))
    if not history.is_partial:
        _expect_the_rest(history)
    return history


def _expect_the_rest(history: LedgerHistory) -> None:
    """Task instances of unfinished runs that came to no state yet: Airflow makes them with the run."""
    for (dag_id, _), run in history.runs.items():
        seen = {task_id for task_id, _ in run.instances}
        for task in history.tasks[dag_id] if run.state not in _OVER else ():
            if task["task_id"] not in seen:
                run.instance(task["task_id"], -1)


def _records(journal: Path, size: int) -> Iterator[dict[str, Any]]:
    with journal.open("rb") as file:
        while file.tell() < size:
            record: dict[str, Any] = json.loads(file.readline())
            yield record


def _tasks_seen(history: LedgerHistory, dag_id: str) -> list[Mapping[str, Any]]:
    """The tasks of a Dag that no record describes: those that were seen."""
    runs = [run for (of, _), run in history.runs.items() if of == dag_id]
    return [{"task_id": name} for name in dict.fromkeys(task_id for run in runs for task_id, _ in run.instances)]


def _of(history: LedgerHistory, record: Mapping[str, Any]) -> Run:
    return history.runs[record["dag_id"], record["run_id"]]


def _instance(history: LedgerHistory, record: Mapping[str, Any]) -> Instance:
    return _of(history, record).instance(record["task_id"], record["map_index"])


def _header(history: LedgerHistory, record: Mapping[str, Any]) -> None:
    history.header = record


def _simulation(history: LedgerHistory, record: Mapping[str, Any]) -> None:
    history.pools = record["pools"]


def _dag(history: LedgerHistory, record: Mapping[str, Any]) -> None:
    history.tasks[record["dag_id"]] = record["tasks"]


def _run_created(history: LedgerHistory, record: Mapping[str, Any]) -> None:
    history.runs[record["dag_id"], record["run_id"]] = Run(record)


def _run_state(history: LedgerHistory, record: Mapping[str, Any]) -> None:
    run = _of(history, record)
    run.state = record["state"]
    if run.state == "running":
        run.start = record["at"]
    run.end = record["at"] if run.state in _OVER else None


def _ti_state(history: LedgerHistory, record: Mapping[str, Any]) -> None:
    instance = _instance(history, record)
    state, number = record["state"], record["try_number"] or 0
    instance.state, instance.try_number = state, number
    if state is None:
        return
    one = instance.at(number)
    one.state, one.reason = state, record["reason"]
    if state == "scheduled":
        one.scheduled = record["at"]
    elif state == "queued":
        one.queued = record["at"]
    elif state == "running":
        one.start = one.start or record["at"]


def _attempt(history: LedgerHistory, record: Mapping[str, Any]) -> None:
    one = _instance(history, record).at(record["try_number"] or 0)
    one.state, one.reason, one.error = record["state"], record["reason"], record["error"]
    one.start, one.end = one.start or record["start"], record["end"]


def _rendered(history: LedgerHistory, record: Mapping[str, Any]) -> None:
    _instance(history, record).rendered = record["fields"]


def _xcom(history: LedgerHistory, record: Mapping[str, Any]) -> None:
    key = (record["task_id"], record["map_index"], record["key"])
    _of(history, record).xcoms[key] = Xcom(record["value"], record["at"])


def _asset_event(history: LedgerHistory, record: Mapping[str, Any]) -> None:
    history.asset_events.append(record)


def _backfill(history: LedgerHistory, record: Mapping[str, Any]) -> None:
    if record["dry_run"] or record["refused"] is not None:
        return
    history.backfills.append(record)
    for date in record["dates"]:
        run = history.runs.get((record["dag_id"], date["run_id"] or ""))
        if run is not None and date["outcome"] in (CREATED, CLEARED):
            run.backfill = len(history.backfills)


def _deadline(history: LedgerHistory, record: Mapping[str, Any]) -> None:
    place, at = record["place"], record["at"]
    one = _of(history, record).deadlines.setdefault(place, RunDeadline(place, record["due"], at, at))
    one.due, one.changed = record["due"], at
    what = record["kind"].removeprefix("deadline-")
    if what == "callback":
        one.callback_state, one.output = record["state"], record.get("output")
    elif what in ("met", "missed"):
        one.state = what


def _triggered(history: LedgerHistory, record: Mapping[str, Any]) -> None:
    run = history.runs.get((record["triggered_dag_id"], record["triggered_run_id"]))
    if run is not None:
        run.triggered = True


def _finding(history: LedgerHistory, record: Mapping[str, Any]) -> None:
    run = history.runs.get((record.get("dag_id") or "", record.get("run_id") or ""))
    if run is not None:
        run.findings.append(f"{record['severity']}: {record['check']}: {record['message']}")


_TAKES: dict[str, Callable[[LedgerHistory, Mapping[str, Any]], None]] = {
    "header": _header,
    "simulation": _simulation,
    "dag": _dag,
    "run-created": _run_created,
    "run-state": _run_state,
    "ti-state": _ti_state,
    "attempt": _attempt,
    "rendered": _rendered,
    "xcom": _xcom,
    "asset-event": _asset_event,
    "backfill": _backfill,
    "triggered": _triggered,
    "deadline-created": _deadline,
    "deadline-moved": _deadline,
    "deadline-met": _deadline,
    "deadline-missed": _deadline,
    "deadline-callback": _deadline,
    "finding": _finding,
}
"""Kind of record -> what is done with it; the others have no place in Airflow's tables."""


def batches(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """The rows, so many at a time."""
    rest = iter(rows)
    while batch := list(islice(rest, size)):
        yield batch
