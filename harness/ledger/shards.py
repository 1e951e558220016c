"""The records of a part of a simulation, made in another process, and how they join a journal.

Records are numbered through the whole journal, and so are logs. A part does not know how many stand before it: it
counts from `FAR` on, and whoever joins it writes the true number in the place of that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from harness.ledger.journal import FileJournal, Journal, body_of

FAR = 7_000_000_000_000_000
"""No ledger has so many records, and all numbers behind it have as many digits: one is never the beginning of another.
It is less than 2**53, so any JSON reader keeps it whole."""


@dataclass(frozen=True, slots=True)
class ShardRecords:
    """What a part of a simulation wrote.

    Attributes:
        bodies: of its records, without their hashes.
        logs: of its tasks.
        logged: place of a record -> that of the log which it names.
    """

    bodies: list[bytes] = field(default_factory=list)
    logs: list[bytes] = field(default_factory=list)
    logged: dict[int, int] = field(default_factory=dict)

    def join(self, journal: Journal) -> None:
        """Append them to a journal, under its own numbers; nothing where there is no file."""
        if not isinstance(journal, FileJournal):
            return
        first = journal.logs_kept
        for line in self.logs:
            journal.keep_line(line)
        for place, body in enumerate(self.bodies):
            numbers = {"n": (FAR + place, journal.records_kept)}
            if place in self.logged:
                numbers["log"] = (FAR + self.logged[place], first + self.logged[place])
            journal.append(_renumbered(body, numbers))
        journal.flush()


def _renumbered(body: bytes, numbers: dict[str, tuple[int, int]]) -> bytes:
    """A record with other numbers: key -> what stands there, what is to stand there.

    Where a value of the user's happens to read like ours, it is read and written anew, which takes ten times as long.
    """
    found = body
    for key, (was, number) in numbers.items():
        text = b'"%b":%d' % (key.encode(), was)
        if body.count(text) != 1:
            return body_of(json.loads(body) | {each: now for each, (_, now) in numbers.items()})
        found = found.replace(text, b'"%b":%d' % (key.encode(), number))
    return found


class ShardJournal:
    """Keeps the records of a part in memory, for `ShardRecords.join`.

    Attributes:
        records: so far.
        mute: what comes now is told by whoever simulates the other parts; nothing is kept, until a part begins.
    """

    differs = False

    def __init__(self) -> None:
        self.records = ShardRecords()
        self.mute = True

    def write(self, record: dict[str, Any]) -> None:
        """Keep one record."""
        if self.mute:
            return
        if record["kind"] == "attempt" and record["log"] is not None:
            self.records.logged[len(self.records.bodies)] = record["log"] - FAR
        self.records.bodies.append(body_of({"n": FAR + len(self.records.bodies), **record}))

    def keep_log(self, record: dict[str, Any]) -> int | None:
        """Keep a task's log. Returns: its place among the logs, counted from `FAR` on."""
        self.records.logs.append(body_of({"kind": "log", **record}) + b"\n")
        return FAR + len(self.records.logs) - 1

    def keep_rows(self, conn_id: str, part: str, rows: Iterable[str]) -> str | None:
        """Never asked: services are nothing that parts share."""
        raise NotImplementedError("a part of a simulation has no services")

    def flush(self, patience_s: float = 0.0) -> None:
        """There is no file."""
