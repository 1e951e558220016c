"""What counts as a difference: how near numbers may be, and what is not looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from harness.errors import UsageError, known_names
from harness.ledger.comparison.result import AREAS

_TOKEN = r'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?'
"""A text or a number of JSON."""


@dataclass(frozen=True)
class Rules:
    """What counts as a difference.

    Attributes:
        tolerance: numbers are equal whose difference is at most this much, or this part of the larger one; 0: exactly.
        ignore: ``CONNECTION.TABLE.COLUMN``, ``xcoms:DAG.TASK.KEY``, ``rendered_fields:DAG.TASK.FIELD``, or an area;
            ``*`` and ``?`` stand for anything.
        keys: ``CONNECTION.TABLE`` -> columns that tell one row from another, where its primary key does not.
        may_lack: those of them that neither ledger needs to hold.
        samples: of each change that are shown.
        changes: of each area that are shown.
    Raises: UsageError: a rule that speaks of no area, a tolerance below 0.
    """

    tolerance: float = 0.0
    ignore: tuple[str, ...] = ()
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    may_lack: frozenset[str] = frozenset()
    samples: int = 3
    changes: int = 200

    def __post_init__(self) -> None:
        if not 0 <= self.tolerance < float("inf"):
            raise UsageError(f"--tolerance {self.tolerance} is no tolerance", fix="write a number from 0 on: 1e-9")
        for rule in self.ignore:
            area, colon, name = rule.partition(":")
            if (colon and area not in _NAMED) or (not colon and "." not in rule and rule not in AREAS) or rule == "":
                raise UsageError(
                    f"--ignore {rule!r} speaks of nothing that is compared",
                    known=known_names(area, AREAS),
                    fix="write CONNECTION.TABLE.COLUMN, xcoms:DAG.TASK.KEY, rendered_fields:DAG.TASK.FIELD, or an area",
                )
            if colon and not name:
                raise UsageError(f"--ignore {rule!r} names nothing", fix=f"write {rule}DAG.TASK.NAME, or {area} alone")

    @property
    def areas(self) -> tuple[str, ...]:
        """Those that are looked at."""
        return tuple(area for area in AREAS if area not in self.ignore)

    def patterns(self, area: str) -> list[str]:
        """The names of an area that are not looked at."""
        here = [rule.partition(":") for rule in self.ignore if rule not in AREAS]
        return [name if colon else head for head, colon, name in here if (head if colon else "data") == area]

    def looks_at(self, name: str) -> bool:
        """Whether a table, or a column of one, is compared."""
        return not any(fnmatchcase(name, one) for one in self.patterns("data"))

    def ignores(self, area: str, name: str) -> str:
        """SQL: whether a name is one that is not looked at.

        Args:
            name: SQL.
        """
        patterns = self.patterns(area)
        return " or ".join(f"{name} glob {quoted_text(one)}" for one in patterns) or "false"

    def differs(self, a: str, b: str) -> str:
        """SQL: whether two JSON texts or numbers differ by more than they may."""
        return f"differs({a}, {b})"

    def macros(self) -> list[str]:
        """The statements that make what `differs` needs."""
        pointer = "create macro pointer(name) as '/' || replace(replace(name, '~', '~0'), '/', '~1')"
        if not self.tolerance:
            return [pointer, "create macro differs(a, b) as a is distinct from b"]
        token = quoted_text(_TOKEN)
        size = "greatest(1, abs(try_cast(p[1] as double)), abs(try_cast(p[2] as double)))"
        near = f"abs(try_cast(p[1] as double) - try_cast(p[2] as double)) <= {self.tolerance!r} * {size}"
        return [
            pointer,
            f"create macro tokens(x) as regexp_extract_all(x, {token})",
            f"create macro shape(x) as regexp_replace(x, {token}, '#', 'g')",
            f"""create macro near(a, b) as shape(a) = shape(b) and len(list_filter(list_zip(tokens(a), tokens(b)),
                lambda p: p[1] is distinct from p[2] and not coalesce({near}, false))) = 0""",
            """create macro differs(a, b) as a is distinct from b
                and not coalesce(near(a::varchar, b::varchar), false)""",
        ]


_NAMED = ("data", "xcoms", "rendered_fields")
"""Areas whose parts have names."""


def quoted_text(value: str) -> str:
    """A text as SQL has it."""
    return "'" + value.replace("'", "''") + "'"
