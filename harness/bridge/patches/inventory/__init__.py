"""Everything of Airflow, of Python and of libraries that the harness puts something else in the place of: one table.

A line of it is a `Patch`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["required", "speed"]

During = Literal["simulation", "loading", "test", "checks", "verify"]
"""While what is going on: a simulation; Dag files are imported in the user's process; a test has a world; a process
that is thrown away parses files, where nothing is put back; Airflow itself runs beside us, in a process of its own.
"""


@dataclass(frozen=True, slots=True)
class Patch:
    """Something that stands in the place of something else for a while.

    Attributes:
        name: ours, for tests and pages.
        targets: dotted names of what is replaced; ``()`` calls what stands before it. None where what is replaced is
            found by looking, as ``what`` says.
        what: what stands there meanwhile.
        why: what would go wrong, or take longer, without it.
        kind: ``required`` for a right answer, or for ``speed`` alone.
        during: what is going on meanwhile.
        by: the module of ours that does it.
        since: the first version of Airflow that has the targets.
        before: the first one that no longer has them, as far as is known.
    """

    name: str
    targets: tuple[str, ...]
    what: str
    why: str
    kind: Kind
    during: During
    by: str
    since: tuple[int, int] = (3, 1)
    before: tuple[int, int] | None = None

    def fits(self, version: tuple[int, ...]) -> bool:
        """Whether a version of Airflow has the targets."""
        return self.since <= version[:2] and (self.before is None or version[:2] < self.before)


Row = tuple[str, tuple[str, ...], str, str]
"""name, targets, what, why: of a `Patch`."""


def patches_by(
    by: str,
    *rows: Row,
    kind: Kind = "required",
    during: During = "simulation",
    since: tuple[int, int] = (3, 1),
    before: tuple[int, int] | None = None,
) -> tuple[Patch, ...]:
    """Patches of one module of ours that are alike in the rest."""
    return tuple(Patch(*row, kind, during, f"harness.{by}", since, before) for row in rows)
