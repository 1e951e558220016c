"""The checks there are: a decorator, and the table it fills."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from harness.errors import UsageError, known_names
from harness.project.config import SEVERITIES

LEVELS = ("file", "dag", "repository", "twin", "gate")

OWN = "own"
"""The family of users' own checks."""

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Check:
    """A check of the catalogue, or a user's own.

    Attributes:
        id: kebab-case, stable.
        severity: default one, of `SEVERITIES`.
        level: what ``function`` is called with. ``file``: a `FileContext`; ``dag``: a `DagContext`. ``repository``:
            the list of `Note`s that ``gather`` took of every Dag in its own process, with the `Judgement` they are
            judged in.
            ``twin``: two `Note`s of one Dag, taken in two processes that differ in hash seed and clock. ``gate``: not
            called: what the gate itself says, with a page like the others.
        gather: `DagContext` -> JSON or None (nothing to note); of ``repository`` and ``twin`` checks.
        gathers: ``dag``, or ``file``: ``gather`` is called with a `FileContext`, once a file, also when it failed.
        cyclic: also asked of a Dag whose tasks form a cycle.
        family: package of the catalogue it stands in; `OWN` for a user's.
        doc: the page that ``--explain`` shows: what it catches, why it hurts, how to fix it.
    """

    id: str
    severity: str
    level: str
    function: Callable[..., Any]
    gather: Callable[..., Any] | None
    gathers: str
    cyclic: bool
    doc: str
    family: str

    @property
    def ours(self) -> bool:
        """Whether it is of the catalogue, not a user's own."""
        return self.family != OWN

    @property
    def summary(self) -> str:
        """The first sentence of its page."""
        paragraph = " ".join(self.doc.strip().partition("\n\n")[0].split())
        sentence = re.match(r".*?\.(?= |$)", paragraph)
        return sentence[0] if sentence else paragraph


CHECKS: dict[str, Check] = {}


def check(
    check_id: str,
    *,
    severity: str = "error",
    level: str = "dag",
    gather: Callable[..., Any] | None = None,
    gathers: str = "dag",
    cyclic: bool = False,
) -> Callable[[Function], Function]:
    """Make a function a check.

    Args:
        check_id: kebab-case.
        severity, level, gather, gathers, cyclic: see `Check`.
    Raises: UsageError: an id that is no id or is taken, an unknown severity or level.
    """

    def register(function: Function) -> Function:
        if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", check_id):
            raise UsageError(f"check id {check_id!r} is not kebab-case", fix="as in 'team-owner'")
        if check_id in CHECKS and CHECKS[check_id].function.__qualname__ != function.__qualname__:
            raise UsageError(f"check id {check_id!r} is taken", fix="choose another id")
        for given, allowed in ((severity, SEVERITIES), (level, LEVELS)):
            if given not in allowed:
                raise UsageError(f"check {check_id!r}: {given!r}", known=", ".join(allowed))
        room, _, below = function.__module__.partition("harness.checks.")
        family = OWN if room or not below else below.split(".")[0]
        CHECKS[check_id] = Check(
            check_id, severity, level, function, gather, gathers, cyclic, function.__doc__ or "", family
        )
        return function

    return register


def named(check_id: str) -> Check:
    """The check of this id.

    Raises: UsageError: none, with the nearest ones.
    """
    if check_id not in CHECKS:
        raise UsageError(f"no check {check_id!r}", known=known_names(check_id, CHECKS), fix="see check --list")
    return CHECKS[check_id]
