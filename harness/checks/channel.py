"""Memory of the zygote's that a child writes to: no descriptor leads to it that a Dag file could close or write to."""

from __future__ import annotations

import builtins
import mmap

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
