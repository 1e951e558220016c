"""The statements of a script, as MySQL's own client parts them: the server takes them one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator

# A text that nobody closes goes on to the end: the server says what is wrong with it.
_TEXT = r"""'(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?|`[^`]*`?"""
_COMMENT = r"""--(?=\s|\Z)[^\n]*|\#[^\n]*|/\*(?![!M]).*?(?:\*/|\Z)"""
_COMMAND = r"""^[ \t]*delimiter[ \t]+(?P<delimiter>\S+)[^\n]*"""
_SOMETHING = re.compile(rf"(?P<text>{_TEXT})|(?P<comment>{_COMMENT})", re.DOTALL)


def statements(script: str) -> Iterator[tuple[int, str]]:
    """Each statement, with the line that it begins in.

    ``delimiter //`` on a line of its own says what ends the following ones, as in front of procedures and triggers; a
    comment alone is none, and one that MySQL runs (``/*! … */``) is code.
    """
    parts = _parting(";")
    begin = place = 0
    while (found := parts.search(script, place)) is not None:
        place = found.end()
        if found["end"] is not None:
            yield from _statement(script, begin, found.start())
            begin = place
        elif found["delimiter"] is not None and not _is_code(script[begin : found.start()]):
            parts, begin = _parting(found["delimiter"]), place
    yield from _statement(script, begin, len(script))


def _parting(delimiter: str) -> re.Pattern[str]:
    """What matters while one looks for the end of a statement."""
    return re.compile(
        rf"{_TEXT}|{_COMMENT}|(?P<end>{re.escape(delimiter)})|{_COMMAND}", re.DOTALL | re.MULTILINE | re.IGNORECASE
    )


def _statement(script: str, begin: int, end: int) -> Iterator[tuple[int, str]]:
    part = script[begin:end]
    if _is_code(part):
        begin += len(part) - len(part.lstrip())
        yield script.count("\n", 0, begin) + 1, part.strip()


def _is_code(part: str) -> bool:
    return bool(_SOMETHING.sub(lambda found: "" if found["text"] is None else "'", part).strip())
