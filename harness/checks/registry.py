"""What a check is, the decorator that makes a function one, and those that this process knows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.errors import UsageError, known_names
from harness.project.config import SEVERITIES

LEVELS = ("file", "dag", "repository", "parses", "gate")

OWN = "own"
"""The family of users' own checks."""


@dataclass(frozen=True)
class Check:
    """A check of the catalogue, or a user's own.

    Attributes:
        id: kebab-case, stable.
        severity: default one, of `SEVERITIES`.
        level: what ``function`` is called with. ``file``: a `FileContext`; ``dag``: a `DagContext`. ``repository``:
            the list of `Note`s that ``gather`` took of every Dag in its own process, with the `Judgement` they are
            judged in.
            ``parses``: two `Note`s of one Dag, taken in two processes that differ in hash seed and clock. ``gate``: not
            called: what the gate itself says, with a page like the others.
        gather: `DagContext` -> JSON or None (nothing to note); of ``repository`` and ``parses`` checks.
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

    def __call__(self, *given: Any) -> Any:
        """What its function finds."""
        return self.function(*given)

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
"""Those that this process knows, by id: ours once `harness.checks.catalogue.load` was called, and users' own.

One for the process: a user's module says ``@check`` while it is imported, and has nobody to say it to but that.
"""


def check(
    check_id: str,
    *,
    severity: str = "error",
    level: str = "dag",
    gather: Callable[..., Any] | None = None,
    gathers: str = "dag",
    cyclic: bool = False,
) -> Callable[[Callable[..., Any]], Check]:
    """Make a function a check; it is known once it stands in a table or is given to `add`.

    Args:
        check_id: kebab-case.
        severity, level, gather, gathers, cyclic: see `Check`.
    Raises: UsageError: an id that is no id, an unknown severity or level.
    """

    def made(function: Callable[..., Any]) -> Check:
        if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", check_id):
            raise UsageError(f"check id {check_id!r} is not kebab-case", fix="as in 'team-owner'")
        for value, allowed in ((severity, SEVERITIES), (level, LEVELS)):
            if value not in allowed:
                raise UsageError(f"check {check_id!r}: {value!r}", known=", ".join(allowed))
        room, _, below = function.__module__.partition("harness.checks.")
        family = OWN if room or not below else below.split(".")[0]
        return Check(check_id, severity, level, function, gather, gathers, cyclic, function.__doc__ or "", family)

    return made


def add(check: Check) -> None:
    """Have a user's own check known.

    Raises: UsageError: its id is taken by another.
    """
    known = CHECKS.get(check.id)
    if known is not None and known.function.__qualname__ != check.function.__qualname__:
        raise UsageError(f"check id {check.id!r} is taken", fix="choose another id")
    CHECKS[check.id] = check


def named(check_id: str) -> Check:
    """The check of this id.

    Raises: UsageError: none, with the nearest ones.
    """
    if check_id not in CHECKS:
        raise UsageError(f"no check {check_id!r}", known=known_names(check_id, CHECKS), fix="see check --list")
    return CHECKS[check_id]
