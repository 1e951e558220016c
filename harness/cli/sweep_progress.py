"""A sweep of worlds, or of samples, while it goes on: how many are done, how fast, and how long the others take."""

from __future__ import annotations

from types import TracebackType
from typing import IO

from rich.console import Console
from rich.text import Text

from harness.cli.heartbeat import Heartbeat, so_far
from harness.cli.live import LiveLines


class SweepProgress:
    """Shown for a block; it is called with how many worlds, or whatever else, of how many are done.

    Args:
        live: a line that comes and goes on a terminal.
        err: where a line goes from time to time when it is not live.
        what: is counted.
    """

    def __init__(self, console: Console, live: bool, err: IO[str], what: str = "worlds") -> None:
        self._what = what
        self._done = self._of = 0
        self._shown: LiveLines | Heartbeat = LiveLines(console, self._lines) if live else Heartbeat(err, self.line)

    def __call__(self, done: int, of: int) -> None:
        """So many worlds are done."""
        self._done, self._of = done, of

    def __enter__(self) -> SweepProgress:
        """Begin."""
        self._shown.begin()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """It is over."""
        self._shown.end()

    def line(self, elapsed_s: float) -> str:
        """How far it is after so many real seconds."""
        far = f"{self._done:,} of {self._of:,} {self._what}"
        if self._done and elapsed_s:
            rate = self._done / elapsed_s
            far += f", {rate:.1f} a second" if rate >= 1 else f", {1 / rate:.1f} s each"
        return f"{far}, {so_far(elapsed_s, self._done / self._of if self._of else None)}"

    def _lines(self, elapsed_s: float) -> list[Text]:
        return [Text(f"  {self.line(elapsed_s)}")]
