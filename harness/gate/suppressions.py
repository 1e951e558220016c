"""Findings that are not reported: waived in the code, off for a path, or known to a baseline."""

from __future__ import annotations

import io
import re
import tokenize
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.checks.registry import CHECKS
from harness.checks.upkeep import CHECK_FAILED, WAIVER
from harness.errors import nearest
from harness.gate.baseline import Baseline, Entry
from harness.gate.check_result import FileResult, GateResult, in_order
from harness.gate.settings import checks_of
from harness.results.finding import Finding

UNSTEADY = {"parse-time"}
"""Checks that find something on one machine and nothing on the next: their waivers are never called needless."""
_WHOLE = {"repository", "gate"}
"""Levels that say nothing for certain when only a part of the repository was looked at."""


@dataclass
class Suppressions:
    """Takes the findings of one run and leaves out, step by step, what is suppressed.

    Args:
        ignores: which checks are off for which paths.
        partial: some files of the project were not checked.
    Attributes:
        result: what is left.
        waived, known: how many were left out because a comment waives them, because the baseline knows them.
        gone: entries of the baseline that no longer occur.
    """

    result: GateResult
    root: Path
    ignores: PathSuppressions
    partial: bool
    waived: int = 0
    known: int = 0
    gone: Baseline = field(default_factory=Baseline)
    _waivers: dict[str, SuppressionComments] = field(default_factory=dict)
    _used: set[tuple[SuppressionComment, str]] = field(default_factory=set)
    _failed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Apply the ignored paths and the waivers."""
        self._failed = {file.path for file in self.result.files if any(map(_unjudged, file.findings))}
        waived: set[Finding] = set()
        kept = {file.path: list(self._not_waived(file, waived)) for file in self.result.files}
        self.waived = len(waived)
        if WAIVER in self.result.checks:
            for finding in self._of_waivers():
                path = finding.path if finding.path in kept else next(iter(kept))
                assert path is not None
                kept[path].append(finding)
        self._keep(kept)

    def subtract(self, baseline: Baseline) -> None:
        """Leave out what a baseline knows."""
        before = _distinct(self.result.files)
        unknown = set(baseline.unknown(before, self.root))
        self.gone = baseline.gone(before, self.root, self.was_judged)
        self.known = len(before) - len(unknown)
        self._keep({file.path: [one for one in file.findings if one in unknown] for file in self.result.files})

    def as_baseline(self, former: Baseline) -> Baseline:
        """What is left, as a baseline; what was not looked at stays as a former one has it."""
        found = Baseline.of(_distinct(self.result.files), self.root)
        for entry, count in former.entries.items():
            if not self.was_judged(entry):
                found.entries[entry] = max(found.entries[entry], count)
        return found

    def was_judged(self, entry: Entry) -> bool:
        """Whether this run would have found such a finding, if it still existed."""
        check, path = entry[0], str(self.root / entry[1])
        if not Path(path).exists():
            return not self.partial
        return self._was_judged(check, path)

    def _was_judged(self, check: str, path: str) -> bool:
        looked_at = any(file.path == path for file in self.result.files) or not self.partial
        certain = not self.partial or (check in CHECKS and CHECKS[check].level not in _WHOLE)
        return check in self.result.checks and looked_at and certain and path not in self._failed

    def _not_waived(self, file: FileResult, waived: set[Finding]) -> Iterator[Finding]:
        for finding in file.findings:
            path = finding.path or file.path
            if finding.check != CHECK_FAILED:
                if finding.check in self.ignores.of(path) | self.ignores.of(file.path):
                    continue
                holding = self._waivers_of(path).of_line(finding.line or 1)
                used = [one for one in holding if one.reason and finding.check in one.checks]
                if used:
                    self._used |= {(one, finding.check) for one in used}
                    waived.add(finding)
                    continue
            yield finding

    def _waivers_of(self, path: str) -> SuppressionComments:
        if path not in self._waivers:
            self._waivers[path] = SuppressionComments.of(path)
        return self._waivers[path]

    def _of_waivers(self) -> Iterator[Finding]:
        for file in self.result.files:
            self._waivers_of(file.path)
        for path, waivers in sorted(self._waivers.items()):
            if WAIVER not in self.ignores.of(path):
                for waiver in waivers.every:
                    for message, fix in self._wrong(waiver):
                        severity = self.result.checks[WAIVER]
                        yield Finding(WAIVER, severity, message, path, waiver.line, fix=fix)

    def _wrong(self, waiver: SuppressionComment) -> Iterator[tuple[str, str]]:
        example = f"# harness: ignore[{', '.join(waiver.checks) or 'check-id'}] the reason"
        if not waiver.checks:
            yield "the waiver names no check", f"write {example}"
        elif not waiver.reason:
            yield f"the waiver of {_listed(waiver.checks)} gives no reason, so it does not count", f"write {example}"
        for check in waiver.checks:
            if check not in CHECKS:
                close = nearest(check, CHECKS)
                fix = f"write {close[0]}" if close else "see airflow-harness check --list"
                yield f"the waiver names {check!r}, which is no check", fix
            elif waiver.reason and self._is_needless(waiver, check):
                yield f"the waiver of {check!r} waives nothing: there is no such finding here", "take it out"

    def _is_needless(self, waiver: SuppressionComment, check: str) -> bool:
        if (waiver, check) in self._used or check in UNSTEADY or check in self.ignores.of(waiver.path):
            return False
        return self._was_judged(check, waiver.path)

    def _keep(self, findings: dict[str, list[Finding]]) -> None:
        files = tuple(replace(file, findings=tuple(findings[file.path])) for file in self.result.files)
        self.result = replace(self.result, files=files)


def _unjudged(finding: Finding) -> bool:
    return finding.check in ("import-error", CHECK_FAILED)


def _distinct(files: Iterable[FileResult]) -> list[Finding]:
    """Each finding once: several files may lead to the same line of a module that they share."""
    found = dict.fromkeys(finding for file in files for finding in file.findings)
    return sorted(found, key=in_order)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)


_MARK = re.compile(r"#\s*harness:\s*ignore\b(?P<rest>.*)", re.IGNORECASE)
_BODY = re.compile(r"\s*\[(?P<checks>[^\]]*)\](?P<reason>.*)", re.DOTALL)
_BRIEF = (b"harness:", b"ignore")
_LAYOUT = {tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.NL}


@dataclass(frozen=True)
class SuppressionComment:
    """A comment that waives findings.

    Attributes:
        checks: the ids that it names, as written.
        reason: empty when there is none; such a comment waives nothing.
    """

    path: str
    line: int
    checks: tuple[str, ...]
    reason: str


@dataclass
class SuppressionComments:
    """The waiving comments of one file, and the lines that they hold for.

    Attributes:
        every: in order of their lines.
    """

    every: list[SuppressionComment] = field(default_factory=list)
    _spans: list[tuple[int, int]] = field(default_factory=list)
    _comments: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, path: str) -> SuppressionComments:
        """The comments of a file; none where it cannot be read."""
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

    def of_line(self, line: int) -> Iterator[SuppressionComment]:
        """The comments that hold for a finding on a line: on any line of its statement, or directly above it.

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
    """Whatever looks like a waiver, in a file that is not Python (YAML) or cannot be read as Python."""
    return {number: match[0] for number, line in enumerate(lines, 1) if (match := _MARK.search(line))}


def _read(path: str, line: int, comment: str) -> SuppressionComment | None:
    mark = _MARK.search(comment)
    if mark is None:
        return None
    body = _BODY.match(mark["rest"])
    if body is None:
        return SuppressionComment(path, line, (), mark["rest"].strip())
    checks = tuple(name for part in body["checks"].split(",") if (name := part.strip()))
    return SuppressionComment(path, line, checks, body["reason"].strip(" \t-:#"))


class PathSuppressions:
    """Which checks are off for which paths.

    Args:
        given: glob as in ``.gitignore``, relative to the project -> check ids and families.
    """

    def __init__(self, ignores: Mapping[str, list[str]], root: Path) -> None:
        self._root = root
        self._rules = []
        if ignores:
            from pathspec import GitIgnoreSpec

            self._rules = [(GitIgnoreSpec.from_lines([glob]), checks_of(names)) for glob, names in ignores.items()]
        self._known: dict[str, frozenset[str]] = {}

    def of(self, path: str) -> frozenset[str]:
        """Ids of the checks that are off for a file."""
        if path not in self._known:
            self._known[path] = frozenset(self._found(Path(path)))
        return self._known[path]

    def _found(self, path: Path) -> set[str]:
        if not self._rules or not path.is_relative_to(self._root):
            return set()
        name = path.relative_to(self._root).as_posix()
        return {check for spec, checks in self._rules if spec.match_file(name) for check in checks}
