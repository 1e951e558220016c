"""The process's own stdout and stderr: no write to them raises in the middle of a run.

Lines are written from inside tasks' processes, where an error would be taken for the task's. A reader that has seen
enough (``| head``) is no error at all: the command goes on, and its exit code is the verdict. A disk that is full is
remembered, and told at the end.
"""

from __future__ import annotations

import fcntl
import io
import os
import select
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Buffer

FAR = 1000
STANDARD = {0: "stdin", 1: "stdout", 2: "stderr"}


class Descriptor(io.RawIOBase):
    """A copy of a descriptor, which swallows what cannot be written.

    Attributes:
        failure: why something was lost, None when all was written or the reader went.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self.failure: OSError | None = None
        self._lost = False
        try:
            self._copy = _far_copy(descriptor)
        except OSError:  # the process was started without it
            self._copy = os.open(os.devnull, os.O_WRONLY)

    def fileno(self) -> int:
        """The copy's."""
        return self._copy

    def isatty(self) -> bool:
        """Whether somebody looks."""
        return os.isatty(self._copy)

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: Buffer, /) -> int:
        """All of it, or what can be; the rest counts as written."""
        rest = memoryview(data).cast("B")
        size = len(rest)
        while rest and not self._lost:
            try:
                rest = rest[os.write(self._copy, rest) :]
            except BlockingIOError:  # somebody made the terminal non-blocking
                select.select([], [self._copy], [])
            except OSError as error:
                self._lost = True
                self.failure = None if isinstance(error, (BrokenPipeError, ConnectionResetError)) else error
        return size

    def close(self) -> None:
        """Close the copy."""
        if not self.closed:
            super().close()
            os.close(self._copy)


class Stream(io.TextIOWrapper):
    """Text over a `Descriptor`, line by line; what its encoding lacks is written as an escape.

    Args:
        like: the stream whose encoding it takes; None when there is none.
    """

    def __init__(self, descriptor: int, like: Any) -> None:
        self.below = Descriptor(descriptor)
        encoding = getattr(like, "encoding", None) or "utf-8"
        super().__init__(
            io.BufferedWriter(self.below), encoding=encoding, errors="backslashreplace", line_buffering=True
        )

    @property
    def failure(self) -> OSError | None:
        """Why something was lost; see `Descriptor`."""
        return self.below.failure


def stand_in_for_missing() -> None:
    """Give a process that was started without stdin, stdout or stderr the null device there.

    Else the first file it opens would be its stdout, and take what any library prints.
    """
    for number in STANDARD:  # in order: the lowest free number is the one that opens
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)
    for number, name in STANDARD.items():
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w" if number else "r", encoding="utf-8"))  # noqa: PTH123, SIM115


def _far_copy(descriptor: int) -> int:
    """A copy beyond the numbers that programs close when they become daemons (``os.closerange(3, 256)``)."""
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, FAR)
    except OSError:  # a limit below it, or no such descriptor
        return os.dup(descriptor)


def say(text: str) -> None:
    """A line on stderr where nothing else can be relied on."""
    with suppress(OSError):
        os.write(2, f"{text}\n".encode("utf-8", "backslashreplace"))
