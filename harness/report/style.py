"""How each state looks: a colour and a sign that says the same without colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

NO_STATUS = "no status"

_COLOURS = {
    "success": "green",
    "failed": "bold red",
    "upstream_failed": "dark_orange",
    "skipped": "magenta",
    "up_for_retry": "yellow",
    "up_for_reschedule": "cyan",
    "deferred": "cyan",
    "scheduled": "yellow",
    "queued": "yellow",
    "running": "bright_green",
}


@dataclass(frozen=True)
class Glyphs:
    """The signs a terminal can show.

    Attributes:
        ok, bad, other: how an attempt ended.
        bar, retry, hold, instant, failure: of the Gantt chart.
    """

    ok: str
    bad: str
    other: str
    bar: str
    retry: str
    hold: str
    instant: str
    failure: str
    ellipsis: str

    def of(self, state: str | None) -> str:
        """The sign before a state."""
        return self.ok if state == "success" else self.bad if state in ("failed", "upstream_failed") else self.other


UNICODE = Glyphs("✓", "✗", "·", "█", "▒", "·", "▏", "✗", "…")
ASCII = Glyphs("+", "x", "-", "#", "%", ".", "|", "x", "~")


def glyphs(encoding: str | None) -> Glyphs:
    """The signs for a stream's encoding."""
    try:
        "".join(vars(UNICODE).values()).encode(encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return ASCII
    return UNICODE


def colour(state: str | None) -> str:
    """The rich style of a state."""
    return _COLOURS.get(state or "", "dim")


def state_text(state: str | None) -> str:
    """A state as reports print it."""
    return state if state is not None else NO_STATUS


@dataclass(frozen=True)
class ConsoleReport:
    """What writes a result for people.

    Args:
        console: where to; its width and colours hold.
        verbose: everything, however long.
    """

    console: Console
    verbose: bool = False

    @property
    def signs(self) -> Glyphs:
        """The signs the console can show."""
        return glyphs(self.console.encoding)
