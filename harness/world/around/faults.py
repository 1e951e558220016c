"""Faults of the world, as plain data: what goes wrong with a task's try, or with a service for a stretch of time.

Reading them is in ``reading_faults``; `harness.simulation.faults` has them strike.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal

from harness.kernel.instant import SECOND, Microseconds
from harness.world.around.events import When
from harness.world.pattern import Subject, pattern

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
class TaskFault:
    """What goes wrong with tries of tasks.

    Attributes:
        task: a pattern, as of stubs.
        kind: one of `TASK_KINDS`.
        on_try: which tries, from 1; none for every one.
        when: ``fails`` and ``lost`` strike then.
        lasts: how much longer ``slow`` takes.
        where: ``file:line`` that asks for it.
    """

    task: str
    kind: str
    on_try: tuple[int, ...] = ()
    when: Point = "start"
    lasts: Microseconds = 0
    where: str | None = field(default=None, compare=False)

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
        identity = f"{self.seed}#{subject.dag_id}#{run_id}#{subject.task_id}#{subject.map_index}#{try_number}"
        dice = hashlib.sha256(identity.encode()).digest()
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
