"""What happens around the Dags of a world and not through them, as plain data: events, and what goes wrong.

Events happen at an instant of virtual time; `harness.simulation.agenda` has them happen. Faults are of a task's try, or
of a service for a stretch of time; `harness.simulation.faults` has them strike. Reading both from a file is in
`harness.world.reading_around`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timezone
from types import FrameType
from typing import Literal

from harness.kernel.instant import BEGINNING, SECOND, Instant, Microseconds, iso, later, to_instant
from harness.world.distribution import dice_of
from harness.world.duration import duration
from harness.world.pattern import Subject, pattern
from harness.world.problem import EntryError, WorldProblem, kind

FORM = 'write "+1h42m" for a span after the beginning, or a date such as 2025-01-03T05:00Z'

TASK_KINDS = {
    "fails": "its code raises",
    "lost": "its worker is gone without a word",
    "slow": "it takes longer",
    "xcom-error": "the store of XComs answers with an error",
    "disk-full": "no space is left on its disk",
}
SERVICE_KINDS = {
    "down": "connections break, and new ones are refused",
    "resets": "connections are reset",
    "errors": "it answers with an error of its own",
    "throttles": "it has too much to do",
}

Point = Literal["start", "end"] | Microseconds
"""When in a try: before its code, after it, or so long after its beginning."""


@dataclass(frozen=True)
class When:
    """An instant, or a span after the beginning of whichever simulation it is read in.

    Attributes:
        at: the instant, or how long after the beginning.
        is_after_start: which of the two.
    """

    at: Microseconds
    is_after_start: bool

    def of(self, start: Instant) -> Instant:
        """The instant in a simulation that begins at ``start``."""
        return later(start, self.at) if self.is_after_start else Instant(self.at)

    def __str__(self) -> str:
        return f"+{self.at / SECOND:g}s" if self.is_after_start else iso(Instant(self.at))


def read_when(value: object) -> When:
    """Read when something happens.

    Args:
        value: ``"+1h42m"``, seconds or a ``timedelta`` after the beginning; ISO text, a ``datetime`` or a ``date``, UTC
            where no zone is named.
    Raises: EntryError: none of these.
    """
    try:
        if isinstance(value, str) and not value.startswith("+"):
            return When(_instant(datetime.fromisoformat(value.replace("Z", "+00:00"))), False)
        if isinstance(value, date):
            return When(_instant(value), False)
        return When(duration(value[1:] if isinstance(value, str) else value), True)
    except (ValueError, OverflowError):
        raise EntryError(WorldProblem(f"at must be a time, not {_shown(value)}", ("at",), fix=FORM)) from None


def _instant(value: date) -> Instant:
    dated = value if isinstance(value, datetime) else datetime.combine(value, time())
    found = to_instant(dated if dated.tzinfo is not None else dated.replace(tzinfo=timezone.utc))
    if found < BEGINNING:
        raise ValueError("before the beginning of the epoch")
    return found


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str) else kind(value)


@dataclass(frozen=True)
class Called:
    """A function of a test's is called."""

    function: Callable[[], object]


@dataclass(frozen=True)
class OfService:
    """Something in a service of the world: an object arrives, a row is written, an API answers otherwise.

    Attributes:
        service: its name.
        settings: what stands below that in the entry; the service itself reads it.
    """

    service: str
    settings: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True)
class VariablesChange:
    """Variables get other values; None takes one away."""

    values: Mapping[str, str | None] = field(repr=False)


@dataclass(frozen=True)
class AssetUpdated:
    """An asset event comes from outside, as by the REST API; the asset is named by name or URI."""

    name: str | None
    uri: str | None
    extra: Mapping[str, object] = field(default_factory=dict)


Effect = Called | OfService | VariablesChange | AssetUpdated


@dataclass(frozen=True)
class WorldEvent:
    """Something that happens at an instant.

    Attributes:
        what: it in a line, without values, which may be secret.
        where: ``file:line`` that asks for it.
    """

    at: When
    effect: Effect
    what: str
    where: str | None = field(default=None, compare=False)


def named(function: Callable[[], object]) -> str:
    """How a function of the user's is called in a line. Raises: EntryError: it is none."""
    if not callable(function):
        raise EntryError(WorldProblem(f"must be a function, not {kind(function)}", fix='at("+1h", lambda: …)'))
    return getattr(function, "__qualname__", None) or type(function).__name__


def caller() -> str | None:
    """``file:line`` of whoever called into the harness."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and str(frame.f_globals.get("__name__", "")).split(".")[0] == "harness":
        frame = frame.f_back
    return None if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"


@dataclass(frozen=True)
class TaskFault:
    """What goes wrong with tries of tasks.

    Attributes:
        task: a pattern, as of stubs.
        kind: one of `TASK_KINDS`.
        on_try: which tries, from 1; none for every one.
        when: ``fails`` and ``lost`` strike then.
        lasts: how much longer ``slow`` takes.
        where: ``file:line`` that asks for it.
        may_miss: nobody is told where it strikes no try, as where the code fails by itself.
    """

    task: str
    kind: str
    on_try: tuple[int, ...] = ()
    when: Point = "start"
    lasts: Microseconds = 0
    where: str | None = field(default=None, compare=False)
    may_miss: bool = False

    def strikes(self, subject: Subject, try_number: int) -> bool:
        """Whether it is of a task instance's try."""
        if self.on_try and try_number not in self.on_try:
            return False
        read = pattern(self.task)
        named = read.names(subject.dag_id, subject.task_id, subject.classes) is not None
        return self.task == f"{subject.dag_id}.{subject.task_id}" or (
            named and read.covers(subject.map_index, subject.date)
        )


@dataclass(frozen=True)
class ServiceFault:
    """What goes wrong with the service of a connection.

    Attributes:
        kind: one of `SERVICE_KINDS`.
        lasts: None until the end.
        where: as of `TaskFault`.
    """

    connection: str
    kind: str
    at: When
    lasts: Microseconds | None = None
    where: str | None = field(default=None, compare=False)


Fault = TaskFault | ServiceFault


@dataclass(frozen=True)
class Chaos:
    """Faults that are drawn: one for each try, at a rate. The same seed and the same try draw the same.

    Attributes:
        rate: of tries that something goes wrong with, 0 to 1.
        kinds: what is drawn from.
    """

    rate: float
    seed: int = 0
    kinds: tuple[str, ...] = ("fails", "lost", "slow", "xcom-error", "down")
    where: str | None = field(default=None, compare=False)

    def draw(self, run_id: str, subject: Subject, try_number: int, conn_ids: tuple[str, ...]) -> Draw | None:
        """What goes wrong with a try; None where nothing does.

        Args:
            conn_ids: of the services that may be struck.
        """
        dice = dice_of(self.seed, subject.dag_id, run_id, subject.task_id, subject.map_index, try_number)
        if int.from_bytes(dice[:6], "big") >= self.rate * 2**48:
            return None
        kinds = [kind for kind in self.kinds if kind in TASK_KINDS or conn_ids]
        if not kinds:
            return None
        kind, when = kinds[dice[6] % len(kinds)], ("start", "end")[dice[7] % 2]
        lasts = (1 + int.from_bytes(dice[8:10], "big") % 60) * 60 * SECOND
        conn_id = conn_ids[dice[10] % len(conn_ids)] if kind in SERVICE_KINDS else None
        return Draw(kind, "end" if when == "end" else "start", lasts, conn_id)


@dataclass(frozen=True)
class Draw:
    """A drawn fault, as `TaskFault` and `ServiceFault` have it; ``connection`` is None for a task's."""

    kind: str
    when: Point
    lasts: Microseconds
    connection: str | None
