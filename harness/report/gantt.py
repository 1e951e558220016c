"""A small Gantt chart over virtual time, for a terminal of any width, with or without colour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.text import Text

from harness.kernel.instant import BEGINNING, SECOND, Instant, Microseconds, iso, later, to_datetime, to_instant
from harness.report.style import UNICODE, Glyphs, colour
from harness.report.tables import ran
from harness.results.run import Attempt, RunResult, TaskResult
from harness.text import span_text

MOST_LANES = 40
NARROWEST_CHART = 10
_LASTED = 8
_MS = SECOND // 1000
_HOUR = 3_600 * SECOND
_STEPS = (
    *(_MS * n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(SECOND * n for n in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800)),
    *(_HOUR * n for n in (1, 2, 3, 6, 12, 24, 48, 168, 336, 720, 2160, 8760)),
)
_INTERRUPTED = ("up_for_reschedule", "deferred")


@dataclass(frozen=True)
class Lane:
    """One row: a task instance from when it was first scheduled to when it last ended."""

    task: TaskResult
    begin: Instant
    end: Instant

    @property
    def name(self) -> str:
        """The task instance's name."""
        return self.task.name


def gantt(run: RunResult, width: int, signs: Glyphs = UNICODE) -> list[Text]:
    """The chart as lines no wider than ``width``: an axis, a lane for each task instance that ran, a legend.

    A run in which no virtual time passed, or that a terminal is too narrow for, is told in one line instead.
    """
    lanes = _lanes(run)
    if not lanes:
        return []
    origin = min(lane.begin for lane in lanes) if run.start_date is None else to_instant(run.start_date)
    end = max([*(lane.end for lane in lanes), origin if run.end_date is None else to_instant(run.end_date)])
    if end == origin:
        return [
            Text(f"no virtual time passed: everything ran at {iso(origin)}"),
            Text("(declare durations: in the world file to see how long a run takes)", style="dim"),
        ]
    shown, left_out = _longest(lanes)
    columns = _columns([lane.name for lane in shown], width)
    if columns is None:
        return [Text(f"{width} columns are too narrow for a chart")]
    names, cells, with_lasted = columns
    scale = _Scale(origin, end - origin, cells)
    lines = [_axis(scale, names)]
    for lane in shown:
        lines.append(_line(lane, scale, names, with_lasted, signs))
    if left_out:
        lines.append(Text(f"and {left_out} more, none longer than these", style="dim"))
    lines.append(_legend(shown, signs, width))
    return lines


@dataclass(frozen=True)
class _Scale:
    origin: Instant
    total: Microseconds
    cells: int

    def cell(self, at: Instant) -> int:
        """The cell an instant falls in."""
        return min(max((at - self.origin) * self.cells // self.total, 0), self.cells - 1)


def _lanes(run: RunResult) -> list[Lane]:
    """Task instances that ran, by start; one that still runs lasts until the last thing that is known."""
    first_scheduled: dict[str, Instant] = {}
    for at, name, state in run.events:
        if state == "scheduled":
            first_scheduled.setdefault(name, to_instant(at))
    shown = [ti for ti in run.task_instances if ran(ti)]
    known = [at for at, _, _ in run.events]
    known += [at for ti in shown for a in ti.attempts for at in (a.start_date, a.end_date) if at is not None]
    last = max(map(to_instant, known)) if known else BEGINNING if run.start_date is None else to_instant(run.start_date)
    lanes = []
    for ti in shown:
        starts = [at for at in (ti.start_date, *(a.start_date for a in ti.attempts)) if at is not None]
        begin = min(map(to_instant, starts))
        begin = min(begin, first_scheduled.get(ti.name, begin))
        ends = [last if at is None else to_instant(at) for at in (ti.end_date, *(a.end_date for a in ti.attempts))]
        lanes.append(Lane(ti, begin, max([begin, *ends])))
    return sorted(lanes, key=lambda lane: lane.begin)


def _longest(lanes: list[Lane]) -> tuple[list[Lane], int]:
    if len(lanes) <= MOST_LANES:
        return lanes, 0
    longest = sorted(range(len(lanes)), key=lambda at: (lanes[at].begin - lanes[at].end, at))[:MOST_LANES]
    return [lanes[at] for at in sorted(longest)], len(lanes) - MOST_LANES


def _columns(names: list[str], width: int) -> tuple[int, int, bool] | None:
    """(characters for names, cells of the chart, whether the duration fits behind), None when nothing fits."""
    longest = max(map(len, names))
    label = min(longest, max(width // 3, 6))
    cells = width - label - 2 - _LASTED
    if cells >= 2 * NARROWEST_CHART:
        return label, cells, True
    cells = width - label - 2
    return (label, cells, False) if cells >= NARROWEST_CHART else None


def _axis(scale: _Scale, names: int) -> Text:
    """Labels at round spans after the run's start, each beginning at its cell."""
    room = max(scale.cells // 10, 1)
    step = next((step for step in _STEPS if scale.total // step <= room), _STEPS[-1] * (scale.total // _STEPS[-1] + 1))
    row = [" "] * scale.cells
    for at in range(0, scale.total + 1, step):
        cell, label = scale.cell(later(scale.origin, at)), "0" if at == 0 else span_text(at)
        cell = min(cell, scale.cells - len(label))
        if cell >= 0 and all(mark == " " for mark in row[max(cell - 1, 0) : cell + len(label)]):
            row[cell : cell + len(label)] = label
    return Text(" " * (names + 2) + "".join(row).rstrip(), style="dim")


def _line(lane: Lane, scale: _Scale, names: int, with_lasted: bool, signs: Glyphs) -> Text:
    name = lane.name if len(lane.name) <= names else lane.name[: names - 1] + signs.ellipsis
    line = Text(f"{name:<{names}}  ")
    for sign, style in _cells(lane, scale, signs):
        line.append(sign, style)
    if with_lasted:
        line.append(f" {span_text(lane.end - lane.begin):>{_LASTED - 1}}", "dim")
    line.rstrip()
    return line


def _cells(lane: Lane, scale: _Scale, signs: Glyphs) -> Iterator[tuple[str, str]]:
    row: list[tuple[str, str]] = [(" ", "")] * scale.cells
    for cell in range(scale.cell(lane.begin), scale.cell(lane.end) + 1 if lane.end > lane.begin else 0):
        row[cell] = (signs.hold, "dim")
    attempts = lane.task.attempts or [Attempt(lane.task.try_number, "running", to_datetime(lane.begin), None)]
    for attempt in sorted(attempts, key=lambda attempt: (_weight(attempt.state), attempt.start_date)):
        start = to_instant(attempt.start_date)
        end = lane.end if attempt.end_date is None else to_instant(attempt.end_date)
        first, last = scale.cell(start), scale.cell(max(later(end, -1), start))
        for cell in range(first, last + 1):
            row[cell] = (_sign(attempt, end == start, signs), colour(attempt.state))
        if attempt.state == "failed":
            row[last] = (signs.failure, colour("failed"))
    yield from row


def _weight(state: str) -> int:
    """What is painted over what: a failure is never hidden."""
    return 2 if state == "failed" else 1 if state == "up_for_retry" else 0


def _sign(attempt: Attempt, at_once: bool, signs: Glyphs) -> str:
    if attempt.state == "up_for_retry":
        return signs.retry
    return signs.instant if at_once or attempt.state in _INTERRUPTED else signs.bar


def _legend(shown: list[Lane], signs: Glyphs, width: int) -> Text:
    states = {attempt.state for lane in shown for attempt in lane.task.attempts}
    parts = [f"{signs.bar} runs", f"{signs.instant} takes no time", f"{signs.hold} waits"]
    parts += [f"{signs.retry} a try that failed"] if "up_for_retry" in states else []
    parts += [f"{signs.failure} failed"] if "failed" in states else []
    text = "   ".join(parts)
    return Text(text if len(text) <= width else "", style="dim")
