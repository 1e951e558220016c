"""The findings of the gate for people: a block each, in the house style, and one line that counts."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from harness.checks.finding import Finding
from harness.checks.registry import CHECKS
from harness.checks.upkeep import CHECK_FAILED, WAIVER
from harness.report.check_result import CheckResult
from harness.report.plain import clean
from harness.report.spans import real_text
from harness.report.style import Glyphs

Line = list[tuple[str, str]]
"""(text, style) of the parts of a line; styles are rich's."""

_STYLES = {"error": "bold red", "warning": "yellow"}
_ALL = {"repository", "gate"}
"""Levels of checks that one file alone does not bring up again."""


def lines(told: CheckResult, signs: Glyphs) -> Iterator[Line]:
    """The whole report."""
    for finding in told.result.findings:
        yield from block(finding)
        yield []
    for note in told.notes:
        yield [("note ", "yellow"), (clean(note), "")]
    yield summary(told, signs)


def block(finding: Finding, repeat: bool = True) -> Iterator[Line]:
    """``check-id: message``, and what is known of it below.

    Args:
        repeat: end with the command that tells it again.
    """
    warning = "  (warning)" if finding.severity == "warning" else ""
    first, *more = clean(finding.message).splitlines() or [""]
    yield [(f"{finding.check}: ", _STYLES.get(finding.severity, "")), (first + warning, "")]
    yield from ([(f"    {line}", "")] for line in more)
    place = f"{finding.path}:{finding.line}" if finding.path and finding.line else finding.path or ""
    ids = " ".join(f"{name}={value}" for name in ("dag_id", "task_id") if (value := getattr(finding, name)))
    rows = [("where", "  ".join(filter(None, (place, ids)))), ("fix", finding.fix or "")]
    if repeat:
        rows.append(("again", again(finding)))
    yield from ([(f"  {label:<7} ", "dim"), (clean(text).replace("\n", " "), "")] for label, text in rows if text)


def again(finding: Finding) -> str:
    """The command that repeats a finding."""
    check = CHECKS.get(finding.check)
    words = ["airflow-harness", "check"]
    alone = check is None or check.level not in _ALL or check.gathers == "file"
    if finding.path and (alone or finding.check in (WAIVER, CHECK_FAILED)):
        words.append(finding.path)
    if finding.check not in (WAIVER, CHECK_FAILED):
        words += ["--select", finding.check]
    return shlex.join(words)


def summary(told: CheckResult, signs: Glyphs) -> Line:
    """``✗ 1 error in 3 files, 2 Dags, 4 tasks; 1 waived  (2.4 s real)``."""
    counts = told.result.to_json()["summary"]
    seen = ", ".join(
        counted(counts[name], word) for name, word in (("files", "file"), ("dags", "Dag"), ("tasks", "task"))
    )
    found = [counted(counts[name], name[:-1]) for name in ("errors", "warnings") if counts[name]]
    aside = [
        f"{number} {word}"
        for number, word in ((counts["cached"], "cached"), (told.waived, "waived"), (told.known, "in the baseline"))
        if number
    ]
    sign = signs.bad if counts["errors"] else signs.ok
    style = "bold red" if counts["errors"] else "yellow" if counts["warnings"] else "green"
    more = f"; {', '.join(aside)}" if aside else ""
    return [
        (f"{sign} {', '.join(found) or 'nothing found'}", style),
        (f" in {seen}{more}  ({real_text(told.result.seconds)} real)", ""),
    ]


def counted(number: int, word: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{number} {word}{'' if number == 1 else 's'}"
