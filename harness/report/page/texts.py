"""How much text a page has room for: each is kept once, and the longest are cut first, logs to their tail.

A log is lines, and thousands of logs say the same lines, so it is lines that are kept once.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from jinja2.utils import htmlsafe_json_dumps

LONGEST_LOG, LONGEST_VALUE = 65_536, 16_384
"""Characters that are kept of one where there is room."""
LONGEST_MESSAGE = 4_096
"""Likewise of what is said of a state, an error or a finding, and of a run's conf."""
SHORTEST = 64
"""Characters below which nothing is cut: a page with more than it has room for becomes larger."""
WEIGHT = 8
"""Times as much of the log of a try that did not succeed."""
_PLACE, _AROUND = 6, 3
"""Bytes of a text's number in a list, about, and those around a text."""


class Texts:
    """Texts, each once; number 0 stands for none."""

    def __init__(self) -> None:
        self.all: list[str] = [""]
        self._places = {"": 0}

    def copy(self) -> Texts:
        """Another one with the same texts."""
        other = Texts()
        other.all, other._places = self.all.copy(), self._places.copy()
        return other

    def place(self, text: str | None) -> int:
        """The number of a text."""
        if not text:
            return 0
        found = self._places.get(text)
        if found is None:
            found = self._places[text] = len(self.all)
            self.all.append(text)
        return found


def shortened(text: str | None) -> str | None:
    """What is said of something, as much as a page keeps of it."""
    if text is None or len(text) <= LONGEST_MESSAGE:
        return text
    return f"{text[:LONGEST_MESSAGE]}… {len(text) - LONGEST_MESSAGE:,} more characters in the ledger"


@dataclass(frozen=True)
class Text:
    """A log or a value as the ledger has it.

    Attributes:
        text: of a long one its end (a log) or its beginning (a value).
        length: characters that it has in the ledger.
        matters: whether it is worth more room than others.
    """

    text: str
    length: int
    matters: bool = False


def escaped(document: object) -> str:
    """JSON that may stand within an element ``script`` of HTML, whatever is in it."""
    return str(htmlsafe_json_dumps(document, dumps=_dumps))


def _dumps(document: object, **_: object) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def cut_logs(logs: Sequence[Text], room: int) -> list[tuple[list[str], int]]:
    """The last lines of each log, as many as there is room for.

    Args:
        room: bytes for all of them.
    Returns: of each its lines, and how many characters before them are left out.
    """

    def cut(most: int) -> list[tuple[list[str], int]]:
        return [_tail(log, most * WEIGHT if log.matters else most) for log in logs]

    return cut(_longest(LONGEST_LOG, lambda most: _bytes(lines for lines, _ in cut(most)) <= room))


def cut_values(values: Sequence[Text], room: int) -> list[tuple[str, int]]:
    """The beginning of each value, as much as there is room for. Returns: it, and how many characters are left out."""

    def cut(most: int) -> list[tuple[str, int]]:
        return [(value.text[:most], value.length - min(most, len(value.text))) for value in values]

    return cut(_longest(LONGEST_VALUE, lambda most: _bytes([text] for text, _ in cut(most)) <= room))


def _longest(most: int, fits: Callable[[int], bool]) -> int:
    """The most characters of one text with which all of them fit, in steps of a quarter."""
    if fits(most):
        return most
    steps = [SHORTEST]
    while steps[-1] * 1.25 < most:
        steps.append(int(steps[-1] * 1.25))
    return steps[max(bisect_left(steps, True, lo=1, key=lambda step: not fits(step)) - 1, 0)]


def _tail(log: Text, most: int) -> tuple[list[str], int]:
    kept = log.text[-most:]
    if len(kept) < log.length and "\n" in kept:
        kept = kept.partition("\n")[2]  # not from the middle of a line on
    return kept.split("\n"), log.length - len(kept)


def _bytes(texts: Iterable[Sequence[str]]) -> int:
    """About what texts take in the page, each once: their characters, for what is escaped is found out at the end."""
    seen: set[str] = set()
    places = 0
    for lines in texts:
        places += len(lines)
        seen.update(lines)
    return sum(map(len, seen)) + _AROUND * len(seen) + _PLACE * places
