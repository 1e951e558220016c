"""``# harness: ignore[check-id] the reason``: findings that are meant to be."""

from __future__ import annotations

import io
import re
import tokenize
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

_MARK = re.compile(r"#\s*harness:\s*ignore\b(?P<rest>.*)", re.IGNORECASE)
_BODY = re.compile(r"\s*\[(?P<checks>[^\]]*)\](?P<reason>.*)", re.DOTALL)
_BRIEF = (b"harness:", b"ignore")
_LAYOUT = {tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.NL}


@dataclass(frozen=True)
class Waiver:
    """One comment.

    Attributes:
        checks: the ids it names, as written.
        reason: empty when there is none, and then it does not count.
    """

    path: str
    line: int
    checks: tuple[str, ...]
    reason: str


@dataclass
class Waivers:
    """The waivers of one file, and which lines they hold for.

    Attributes:
        every: in order of their lines.
    """

    every: list[Waiver] = field(default_factory=list)
    _spans: list[tuple[int, int]] = field(default_factory=list)
    _comments: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, path: str) -> Waivers:
        """Those of a file; none for what cannot be read."""
        try:
            content = Path(path).read_bytes()
        except OSError:
            return cls()
        if not all(word in content.lower() for word in _BRIEF):
            return cls()
        text = _decoded(content)
        lines = text.splitlines()
        spans, comments = ([], _comments_of(lines)) if not path.endswith(".py") else _python(text, lines)
        found = [waiver for line, comment in sorted(comments.items()) if (waiver := _read(path, line, comment))]
        own = {line for line in comments if lines[line - 1].lstrip().startswith("#")}
        return cls(found, spans, own)

    def of_line(self, line: int) -> Iterator[Waiver]:
        """Those that hold for a finding on a line: on the line, on any line of its statement, on comments above it.

        The head of a ``with``, ``def`` or ``class`` is a statement of its own, decorators included.
        """
        first, last = self._span(line)
        while first - 1 in self._comments:
            first -= 1
        while last + 1 in self._comments and line in self._comments:
            last += 1
        yield from (waiver for waiver in self.every if first <= waiver.line <= last)

    def _span(self, line: int) -> tuple[int, int]:
        at = bisect_right(self._spans, (line, line + 1_000_000)) - 1
        if at >= 0 and self._spans[at][0] <= line <= self._spans[at][1]:
            return self._spans[at]
        if line in self._comments and at + 1 < len(self._spans):
            first, last = self._spans[at + 1]
            if all(between in self._comments for between in range(line, first)):
                return first, last
        return line, line


def _decoded(content: bytes) -> str:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return content.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        return content.decode("utf-8", "replace")


def _python(text: str, lines: list[str]) -> tuple[list[tuple[int, int]], dict[int, str]]:
    """Logical lines as (first, last), a decorator together with what it decorates; comments by line."""
    spans: list[tuple[int, int]] = []
    comments: dict[int, str] = {}
    first: int | None = None
    decorators: int | None = None
    is_decorator = False
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                comments[token.start[0]] = token.string
            elif token.type == tokenize.NEWLINE and first is not None:
                if is_decorator:
                    decorators = decorators or first
                else:
                    spans.append((decorators or first, token.start[0]))
                    decorators = None
                first = None
            elif token.type not in _LAYOUT and first is None:
                first, is_decorator = token.start[0], token.string == "@"
    except (tokenize.TokenError, SyntaxError):  # it does not import either; what was read counts
        return spans, {**_comments_of(lines), **comments}
    return spans, comments


def _comments_of(lines: Iterable[str]) -> dict[int, str]:
    """In what is no Python (YAML), or cannot be read as such: whatever looks like a waiver."""
    return {number: match[0] for number, line in enumerate(lines, 1) if (match := _MARK.search(line))}


def _read(path: str, line: int, comment: str) -> Waiver | None:
    mark = _MARK.search(comment)
    if mark is None:
        return None
    body = _BODY.match(mark["rest"])
    if body is None:
        return Waiver(path, line, (), mark["rest"].strip())
    checks = tuple(name for part in body["checks"].split(",") if (name := part.strip()))
    return Waiver(path, line, checks, body["reason"].strip(" \t-:#"))
