"""Lines below what is printed, which say what a simulation does now; on a terminal, drawn anew four times a second."""

from __future__ import annotations

import _thread
from collections.abc import Callable, Iterable
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from harness.bridge.masking import masked
from harness.text import one_line

if TYPE_CHECKING:
    from harness.scheduler.model import TaskInstance
    from harness.simulation.stuck import WaitReasons

LONGEST = 300
FIRST_S, EVERY_S = 0.3, 0.25
"""Real seconds until the lines are there, and between two drawings: what is over sooner does not flicker."""

NAMED, REASONS, LOOKED_AT = 4, 4, 200
"""Tasks that a line names, reasons to wait that have a line, and waiting tasks that are asked for theirs."""


class LiveLines:
    """Draws them in a thread of its own, so that also a task that computes for a minute is seen, and its clock goes on.

    The thread is none of ``threading``'s and imports nothing, as `harness.cli.heartbeat.Heartbeat`, which see. It reads
    and draws; whatever it asks must change nothing.

    Args:
        lines: what to draw, from the real seconds since the beginning.
    """

    def __init__(self, console: Console, lines: Callable[[float], Iterable[Text]]) -> None:
        self._console, self._lines = console, lines
        self._began = perf_counter()
        self._over, self._drawing = _thread.allocate_lock(), _thread.allocate_lock()
        self._live: Live | None = None

    def begin(self) -> None:
        """Start the thread."""
        self._began = perf_counter()
        self._over.acquire()
        _thread.start_new_thread(self._draw, ())

    def print(self, text: Text) -> None:
        """A line that stays, above the others."""
        # Rich composes and writes in two steps: a drawing in between would leave a copy of the lines on the screen.
        with self._drawing:
            self._console.print(text, soft_wrap=True)

    def end(self) -> None:
        """Take the lines back."""
        with suppress(RuntimeError):  # it never began, or is over
            self._over.release()
        with self._drawing:
            if self._live is not None:
                self._live.stop()
                self._live = None

    def _draw(self) -> None:
        wait_s = FIRST_S
        while not self._over.acquire(timeout=wait_s):
            wait_s = EVERY_S
            # The simulation goes on meanwhile: a table that changes while it is read leaves the lines as they were.
            with suppress(Exception), self._drawing:
                if not self._over.locked():
                    break
                self._show(list(self._lines(perf_counter() - self._began)))
        with suppress(RuntimeError):
            self._over.release()

    def _show(self, lines: list[Text]) -> None:
        for line in lines:
            line.no_wrap, line.overflow = True, "ellipsis"
        if self._live is None:
            self._live = Live(
                Group(*lines),
                console=self._console,
                auto_refresh=False,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start(refresh=True)
        else:
            self._live.update(Group(*lines), refresh=True)


class Waits:
    """Who waits and why.

    Asked when a task begins to run, and not by the thread that draws: what holds a task back is found by the rules of
    the scheduler, which nobody else may be in meanwhile. Of a large world that takes milliseconds: it has a tenth of
    the time.
    """

    def __init__(self, name: Callable[[TaskInstance], str]) -> None:
        self._name = name
        self._waiting: dict[TaskInstance, None] = {}
        self._reasons: Callable[[], WaitReasons] | None = None
        self._next = 0.0
        self._lines: list[str] = []

    def begin(self, reasons: Callable[[], WaitReasons]) -> None:
        """The simulation that is looked at, from here on."""
        self._reasons = reasons
        self._waiting.clear()
        self._lines = []

    def changed(self, ti: TaskInstance, waits: bool) -> None:
        """A task instance has a new state."""
        if waits:
            self._waiting[ti] = None
        else:
            self._waiting.pop(ti, None)
        now = perf_counter()
        if ti.state == "running" and now >= self._next and self._reasons is not None:
            self._lines = self._told(self._reasons())
            ended = perf_counter()
            self._next = ended + 10 * (ended - now)

    def lines(self) -> list[Text]:
        """A line for each reason."""
        return labelled("waits", self._lines)

    def _told(self, reasons: WaitReasons) -> list[str]:
        alike: dict[str, list[str]] = {}
        for ti in list(self._waiting)[:LOOKED_AT]:
            if ti.state is not None:
                alike.setdefault(reasons.of(ti), []).append(self._name(ti))
        told = [_sentence(names, reason) for reason, names in list(alike.items())[:REASONS]]
        more = len(self._waiting) - LOOKED_AT
        return [*told, *([f"and {more} more"] if more > 0 else [])]


def _sentence(names: list[str], reason: str) -> str:
    held_back = reason.removeprefix("is scheduled, held back")
    return one_line(str(masked(f"{some(names)}{held_back if held_back != reason else f' {reason}'}")), LONGEST)


def some(names: list[str]) -> str:
    """The first few, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"


def labelled(label: str, lines: Iterable[str]) -> list[Text]:
    """The lines, the first one with its label."""
    return [Text.assemble((f"  {label if not number else '':<9}", "dim"), line) for number, line in enumerate(lines)]
