"""A file of the zygote's that a child writes to, found again when a Dag file has closed all descriptors."""

from __future__ import annotations

import builtins
import os
import sys
import tempfile

globals()["__builtins__"] = dict(vars(builtins))  # ours: it writes while a Dag file is at work


class Channel:
    """A file without a name, made before the fork.

    Attributes:
        descriptor: as it was made; a child that lost it opens the file anew, through its parent (Linux).
    """

    def __init__(self, name: str) -> None:
        if sys.platform == "linux":
            self.descriptor = os.memfd_create(name)
        else:
            made, path = tempfile.mkstemp(prefix=f"airflow-harness-{name}-")
            os.unlink(path)  # noqa: PTH108
            self.descriptor = made
        self._again = f"/proc/{os.getpid()}/fd/{self.descriptor}"
        self._own = self._identity(self.descriptor)
        self._writing = self.descriptor
        self._write, self._open = os.write, os.open

    def write(self, data: bytes) -> None:
        """Append, from a child; nothing when the file cannot be reached any more."""
        rest = memoryview(data)
        try:
            if self._identity(self._writing) != self._own:
                self._writing = self._open(self._again, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
            while rest:
                rest = rest[self._write(self._writing, rest) :]
        except OSError:
            return

    def size(self) -> int:
        """Bytes that were written so far."""
        return os.fstat(self.descriptor).st_size

    def read(self, most: int) -> bytes:
        """What was written, from its begin; by the process that made it."""
        return os.pread(self.descriptor, most, 0)

    def close(self) -> None:
        """Let go of it, in the process that made it."""
        os.close(self.descriptor)

    def _identity(self, descriptor: int, _fstat: object = os.fstat) -> tuple[int, int] | None:
        try:
            found = _fstat(descriptor)  # type: ignore[operator]
        except OSError:
            return None
        return found.st_dev, found.st_ino
