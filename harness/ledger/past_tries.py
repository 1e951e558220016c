"""What the tries of a whole ledger came to, for a simulation in which no task code runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from harness.kernel.instant import BEGINNING, Instant, Microseconds, to_instant
from harness.ledger.journal import JOURNAL
from harness.ledger.reading import records

InstanceKey = tuple[str, str, str, int]
"""dag_id, run_id, task_id, map_index."""

EmittedEvent = tuple[str, str, Mapping[str, Any]]
"""Name, uri and extra of an asset event."""

_WAITING = frozenset({"up_for_reschedule", "deferred", "awaiting_input"})
_CUT_OFF = ("fail_fast: ", "dagrun_timeout: ")
"""How the reason begins of an instance that the scheduler ended: left alone it would have lasted longer."""
_RETURNED, _DECIDED, _TUPLE = "return_value", "skipmixin_key", "builtins.tuple"


@dataclass(frozen=True, slots=True)
class PastSlice:
    """A slice of a try in a worker.

    Attributes:
        ends: the state it ended in.
        waits: until it went on, after a state that waits; ``turn`` orders those that went on at one instant.
        ends_late: it took no time, and yet others began or ended before it did.
        was_cut_off: it did not end by itself: ``lasts`` is the least.
        trigger_gives: the state that a trigger ended it with.
    """

    lasts: Microseconds
    ends: str
    waits: Microseconds = 0
    turn: int = 0
    ends_late: bool = False
    was_cut_off: bool = False
    trigger_gives: str | None = None


@dataclass(frozen=True, slots=True)
class PastTry:
    """A try.

    Attributes:
        begins_deferred: it waited so long for a trigger before a worker had it.
        decided: what it left for others: ``followed`` or ``skipped`` -> task ids.
        length: of the list or mapping that it returned.
        events: name, uri and extra of the asset events it emitted.
        triggered: (dag_id, run_id) of the runs it triggered.
        for_good: it failed although tries were left.
    """

    slices: tuple[PastSlice, ...] = ()
    begins_deferred: Microseconds | None = None
    decided: Mapping[str, tuple[str, ...]] | None = None
    returned: bool = False
    length: int | None = None
    events: tuple[EmittedEvent, ...] = ()
    triggered: tuple[tuple[str, str], ...] = ()
    reason: str | None = None
    for_good: bool = False

    @property
    def waited(self) -> bool:
        """Whether it waited outside of a worker: for a trigger, a person, or its next turn."""
        return self.begins_deferred is not None or any(one.ends in _WAITING for one in self.slices)

    @property
    def state(self) -> str | None:
        """In which it ended; None where the ledger ends before."""
        last = self.slices[-1] if self.slices else None
        return None if last is None else last.trigger_gives or last.ends


@dataclass(frozen=True, slots=True)
class PastDates:
    """When a run was, and its conf."""

    logical_date: Instant | None
    run_after: Instant
    conf: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PastTries:
    """All tries of a ledger.

    Attributes:
        tries: by instance, then by number.
        lasted: (dag_id, task_id) -> how long each try took that succeeded, its longest slice, in order.
        latest: (dag_id, task_id) -> the last try that succeeded.
    """

    folder: Path
    tries: Mapping[InstanceKey, Mapping[int, PastTry]]
    runs: Mapping[tuple[str, str], PastDates]
    lasted: Mapping[tuple[str, str], Sequence[Microseconds]]
    latest: Mapping[tuple[str, str], PastTry]

    def typical(self, dag_id: str, task_id: str) -> Microseconds | None:
        """The median of how long the task took; None where it never succeeded."""
        spans = self.lasted.get((dag_id, task_id))
        return None if not spans else round(median(spans))


def past_tries(folder: Path) -> PastTries:
    """Read a ledger. Raises: LedgerError: a journal that was altered, cut off within, or is none of ours."""
    reader = _Reader()
    for record in records(folder / JOURNAL):
        take = reader.takes.get(record["kind"])
        if take is not None:
            take(record)
    return reader.whole(folder)


class _OpenTry:
    """A try of which more may be told."""

    __slots__ = ("fields", "key", "number", "slices", "triggered")

    def __init__(self, key: InstanceKey, number: int) -> None:
        self.key, self.number = key, number
        self.slices: list[PastSlice] = []
        self.triggered: list[tuple[str, str]] = []
        self.fields: dict[str, Any] = {}

    def waits(self, waits: Microseconds, turn: int = 0) -> None:
        """It waited for a trigger or a person."""
        if self.slices:
            self.slices[-1] = replace(self.slices[-1], waits=waits, turn=turn)
        else:
            self.fields["begins_deferred"] = waits

    def closed(self) -> PastTry:
        """The whole of it."""
        return PastTry(tuple(self.slices), triggered=tuple(self.triggered), **self.fields)


class _Reader:
    """Puts the records of a journal together."""

    def __init__(self) -> None:
        self.takes = {
            "header": self._header,
            "run-created": self._run,
            "dag": self._dag,
            "ti-state": self._state,
            "attempt": self._attempt,
            "deferred": self._deferred,
            "resumed": self._resumed,
            "xcom": self._xcom,
            "asset-event": self._event,
            "triggered": self._triggered,
        }
        self._tries: dict[InstanceKey, dict[int, _OpenTry]] = {}
        self._succeeded: list[_OpenTry] = []
        self._runs: dict[tuple[str, str], PastDates] = {}
        self._retries: dict[tuple[str, str], int] = {}
        self._running: dict[InstanceKey, tuple[Instant, int]] = {}
        self._waits_since: dict[InstanceKey, Instant] = {}
        self._number: dict[InstanceKey, int] = {}
        self._emitted: dict[tuple[str, str, str, int | None], list[EmittedEvent]] = {}
        self._changes = 0
        self._is_imported = False
        self._until = BEGINNING

    def whole(self, folder: Path) -> PastTries:
        """All that was told, when there is no more."""
        for key, (began, _) in self._running.items():  # its worker had it still when the ledger ends
            lasts = max(self._until - began, 0)
            self._tries[key][self._number[key]].slices.append(PastSlice(lasts, "success", was_cut_off=True))
        for key, since in self._waits_since.items():
            self._tries[key][self._number[key]].waits(self._until - since + 1)
        if self._is_imported:
            self._tell_retries()
        tries = {key: {number: one.closed() for number, one in each.items()} for key, each in self._tries.items()}
        lasted: dict[tuple[str, str], list[Microseconds]] = {}
        latest: dict[tuple[str, str], PastTry] = {}
        for one in self._succeeded:
            task, closed = (one.key[0], one.key[2]), tries[one.key][one.number]
            lasted.setdefault(task, []).append(max(part.lasts for part in closed.slices))
            latest[task] = closed
        return PastTries(folder, tries, self._runs, lasted, latest)

    def _tell_retries(self) -> None:
        """In the ledger of a deployed Airflow a try that is followed by another may have ``failed``, too."""
        for (dag_id, _, task_id, _), tries in self._tries.items():
            for number, tried in tries.items():
                left = number <= self._retries.get((dag_id, task_id), 0)
                if not left or number + 1 in tries:
                    tried.fields["for_good"] = False

    def _header(self, record: dict[str, Any]) -> None:
        self._is_imported = "source" in record
        self._until = _instant(record.get("until")) or BEGINNING

    def _run(self, record: dict[str, Any]) -> None:
        date, after = _instant(record["logical_date"]), _instant(record["run_after"])
        assert after is not None
        self._runs[record["dag_id"], record["run_id"]] = PastDates(date, after, record["conf"] or {})

    def _dag(self, record: dict[str, Any]) -> None:
        for task in record["tasks"]:
            self._retries[record["dag_id"], task["task_id"]] = task["retries"]

    def _try(self, record: dict[str, Any]) -> _OpenTry:
        """The present try of the instance that a record is of."""
        key = _key(record)
        number = self._number[key] = record.get("try_number", self._number.get(key, 1))
        tries = self._tries.setdefault(key, {})
        if number not in tries:
            tries[number] = _OpenTry(key, number)
        return tries[number]

    def _state(self, record: dict[str, Any]) -> None:
        key, state = _key(record), record["state"]
        if state == "running":
            self._try(record)
            self._changes += 1
            self._running[key] = _at(record), self._changes
        elif state == "up_for_reschedule" and record["due"] is not None:
            tried, due = self._try(record), _instant(record["due"])
            if tried.slices and due is not None:
                tried.waits(due - _at(record))
        elif state == "awaiting_input":
            self._waits_since[key] = _at(record)

    def _attempt(self, record: dict[str, Any]) -> None:
        key, tried, state = _key(record), self._try(record), record["state"]
        running = self._running.pop(key, None)
        if running is None and tried.slices and tried.slices[-1].ends == "deferred":
            tried.slices[-1] = replace(tried.slices[-1], trigger_gives=state)
            self._ended(tried, record)
            return
        start, end = _instant(record["start"]), _instant(record["end"])
        assert start is not None
        assert end is not None
        began = start if running is None else running[0]
        late = running is not None and end == began and self._changes > running[1]
        self._changes += 1
        cut = state == "None" or (record["reason"] or "").startswith(_CUT_OFF)
        tried.slices.append(PastSlice(end - began, state, ends_late=late, was_cut_off=cut))
        if state not in _WAITING:
            self._ended(tried, record)

    def _ended(self, tried: _OpenTry, record: dict[str, Any]) -> None:
        events = [event for index in (tried.key[3], None) for event in self._emitted.pop((*tried.key[:3], index), [])]
        tried.fields |= {"reason": record["reason"], "events": tuple(events), "for_good": record["state"] == "failed"}
        if record["state"] == "success":
            self._succeeded.append(tried)

    def _deferred(self, record: dict[str, Any]) -> None:
        key, tried = _key(record), self._try(record)
        self._waits_since[key] = _at(record)
        if key not in self._running:
            tried.fields["begins_deferred"] = 0

    def _resumed(self, record: dict[str, Any]) -> None:
        since = self._waits_since.pop(_key(record), None)
        if since is not None:
            self._try(record).waits(_at(record) - since, record["n"])

    def _xcom(self, record: dict[str, Any]) -> None:
        fields, value = self._try(record).fields, record["value"]
        if record["key"] == _RETURNED:
            fields |= {"returned": True, "length": stored_length(value)}
        elif record["key"] == _DECIDED and isinstance(value, dict):
            fields["decided"] = {name: tuple(ids) for name, ids in value.items() if isinstance(ids, list)}

    def _event(self, record: dict[str, Any]) -> None:
        """Ledgers of before do not say which of a mapped task's instances it was: the one whose end is told next."""
        event = record["asset"], record["uri"], record["extra"] or {}
        key = record["dag_id"], record["run_id"], record["task_id"], record.get("map_index")
        self._emitted.setdefault(key, []).append(event)

    def _triggered(self, record: dict[str, Any]) -> None:
        run, whose = (record["triggered_dag_id"], record["triggered_run_id"]), _key(record)
        if "map_index" in record:
            self._try(record).triggered.append(run)
            return
        for instance in reversed(self._running):  # of before: of a mapped task's instances the one that began last
            if instance[:3] == whose[:3]:
                self._tries[instance][self._number[instance]].triggered.append(run)
                return


def stored_length(value: Any) -> int | None:
    """How many instances a task has that is mapped over a stored value; None over none. Source: ``TaskMap`` (3.3.2)."""
    if isinstance(value, dict) and "__classname__" in value:
        return len(value["__data__"]) if value["__classname__"] == _TUPLE else None
    return len(value) if isinstance(value, (list, dict)) else None


def _key(record: dict[str, Any]) -> InstanceKey:
    return record["dag_id"], record["run_id"], record["task_id"], record.get("map_index", -1)


def _at(record: dict[str, Any]) -> Instant:
    found = _instant(record["at"])
    assert found is not None
    return found


def _instant(text: str | None) -> Instant | None:
    return None if text is None else to_instant(datetime.fromisoformat(text.replace("Z", "+00:00")))
