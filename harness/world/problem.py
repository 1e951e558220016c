"""What is wrong with one entry of a world, before it is known whether it came from a file or from a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import WorldError


@dataclass(frozen=True)
class WorldProblem:
    """One fault.

    Args:
        fact: one sentence, without the entry's name.
        path: keys from the entry down to the offender, empty for the entry itself.
        known: what exists in the offender's place.
        fix: one remedy.
    """

    fact: str
    path: tuple[str, ...] = ()
    known: str | None = None
    fix: str | None = None


class EntryError(ValueError):
    """All faults of one entry, as ``problems``. Never leaves ``harness.world``: callers see ``WorldError``."""

    def __init__(self, *problems: WorldProblem) -> None:
        super().__init__("; ".join(problem.fact for problem in problems))
        self.problems = problems


def kind(value: object) -> str:
    """The type of ``value`` in words. Never the value: it may be a secret."""
    words = {type(None): "nothing", bool: "true/false", int: "a whole number", float: "a decimal number", str: "text"}
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    return words.get(type(value), f"a {type(value).__name__}")


def call_error(entry: str, invalid: EntryError) -> WorldError:
    """The error of a mutator called with bad arguments. ``entry`` names the offender, as in ``pool 'etl'``."""
    first = invalid.problems[0]
    facts = "; ".join(problem.fact for problem in invalid.problems)
    return WorldError(f"{entry}: {facts}", known=first.known, fix=first.fix)
