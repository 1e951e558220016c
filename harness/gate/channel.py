"""Memory that a fork server shares with a child: no descriptor leads to it that a Dag file could close or write to."""

from __future__ import annotations

import builtins
import json
import mmap
import os
import secrets
import sys
import tempfile
from dataclasses import dataclass, field
from hashlib import blake2b
from json import encoder
from typing import Any

globals()["__builtins__"] = dict(vars(builtins))  # ours: it writes while a Dag file is at work

_SIZE, _HEAD = 8, 9


class Channel:
    """Bytes that are appended to, shared with whatever is forked after it was made.

    Args:
        most: bytes it holds; what is too much for the rest of them is left out.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._map = mmap.mmap(-1, _HEAD + most)  # anonymous and shared; pages are taken as they are written to

    def write(self, data: bytes) -> None:
        """Append, from a child."""
        begin = self.size()
        end = begin + len(data)
        if end > self._most:
            self._map[_SIZE] = 1
            return
        self._map[_HEAD + begin : _HEAD + end] = data
        self._map[:_SIZE] = end.to_bytes(_SIZE, "little")

    @property
    def full(self) -> bool:
        """Whether there was no room for something."""
        return self._map[_SIZE] != 0

    def size(self) -> int:
        """Bytes that were written so far."""
        return int.from_bytes(self._map[:_SIZE], "little")

    def read(self) -> bytes:
        """What was written, from its begin."""
        return self._map[_HEAD : _HEAD + min(self.size(), self._most)]

    def close(self) -> None:
        """Let go of it, in the process that made it."""
        self._map.close()


globals()["__builtins__"] = dict(vars(builtins))

Document = dict[str, Any]

MOST_BYTES = 64 * 1024 * 1024
MOST_EVENT_BYTES = 1 << 20
SPOILT = "the file writes into what its checks report"


def _text(value: Any) -> str:
    return str(value)


# Written in C, and made before any file is at work: whatever a file does to the module json, it does not do here.
_make: Any = vars(encoder)["c_make_encoder"]
_encode = _make(None, _text, encoder.encode_basestring_ascii, None, ": ", ", ", False, False, True)


class ChildReports:
    """The reports of a child's files: `phase` and `report` are called in it, `of_files` in the fork server."""

    def __init__(self) -> None:
        self._channel = Channel(MOST_BYTES)
        self._key = secrets.token_bytes(32)
        self._number = 0

    def phase(self, name: str) -> None:
        """Say what becomes of the file that is at work."""
        self._tell({"file": self._number, "phase": name})

    def report(self, report: Document, aliases: tuple[tuple[str, str], ...] = ()) -> None:
        """Give the report of a file, after which the next one is at work.

        Args:
            aliases: (text, what stands for it in the report).
        """
        self._tell({"file": self._number, "report": report}, aliases)
        self._number += 1

    def _tell(self, document: Document, aliases: tuple[tuple[str, str], ...] = ()) -> None:
        text = "".join(_encode(document, 0))
        for name, alias in aliases:
            text = text.replace(name, alias) if name else text
        line = text.encode()
        self._channel.write(b"\n" + self._sealed(line) + line)

    def _sealed(self, line: bytes) -> bytes:
        return blake2b(line, digest_size=32, key=self._key).hexdigest().encode()

    def of_files(self) -> list[Document]:
        """What came of each file so far: ``report``, or else ``phase``; the last one may be at work still.

        A file that wrote here itself has a report that says so.
        """
        found: list[Document] = [{}]
        spoilt = False
        for line in self._channel.read().split(b"\n")[1:]:
            document = self._opened(line, len(found) - 1)
            spoilt = spoilt or document is None
            if document is not None:
                found[-1] = document
            if "report" in found[-1]:
                if spoilt:
                    found[-1] = {"report": {"fault": SPOILT, "theirs": True}}
                found.append({})
                spoilt = False
        if spoilt:
            found[-1] = {"report": {"fault": SPOILT, "theirs": True}}
        return found if found[-1] else found[:-1]

    def _opened(self, line: bytes, number: int) -> Document | None:
        if not secrets.compare_digest(line[:64], self._sealed(line[64:])):
            return None
        document: Document = json.loads(line[64:])
        return document if document["file"] == number else None

    def size(self) -> int:
        """Bytes written so far."""
        return self._channel.size()

    @property
    def full(self) -> bool:
        """Whether a report was too long."""
        return self._channel.full

    def close(self) -> None:
        """Let go of it, in the fork server."""
        self._channel.close()


@dataclass(frozen=True)
class Channels:
    """What a child writes to.

    Attributes:
        event_lines: events, as they happen.
        crash: the descriptor for tracebacks of `faulthandler`.
    """

    reports: ChildReports = field(default_factory=ChildReports)
    event_lines: Channel = field(default_factory=lambda: Channel(MOST_EVENT_BYTES))
    crash: int = field(default_factory=lambda: _nameless("crash"))

    def said_in_crash(self) -> str:
        """What `faulthandler` wrote."""
        return os.pread(self.crash, MOST_EVENT_BYTES, 0).decode(errors="replace")

    def events(self) -> list[Document]:
        """Events that were written, as far as they are whole."""
        found = []
        for line in self.event_lines.read().splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and {"kind", "detail", "path", "line", "refused"} <= event.keys():
                found.append(event)
        return found

    def close(self) -> None:
        """Let go of all, in the process that made them."""
        self.reports.close()
        self.event_lines.close()
        os.close(self.crash)


def _nameless(name: str) -> int:
    """A file that has no name."""
    if sys.platform == "linux":
        return os.memfd_create(name)
    made, path = tempfile.mkstemp(prefix=f"airflow-harness-{name}-")
    os.unlink(path)  # noqa: PTH108
    return made
