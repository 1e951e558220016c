"""The findings of the gate for people: a block each, in the house style, and one line that counts."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from harness.checks.registry import CHECKS
from harness.checks.upkeep import CHECK_FAILED, WAIVER
from harness.gate.check_result import CheckResult, Group, grouped
from harness.report.style import Glyphs
from harness.results.finding import Finding
from harness.text import clean, counted, real_text

Line = list[tuple[str, str]]
"""(text, style) of the parts of a line; styles are rich's."""

_STYLES = {"error": "bold red", "warning": "yellow"}
SHOWN = 5
"""Places that are named for findings of one cause."""
_ALL = {"repository", "gate"}
"""Levels of checks that one file alone does not bring up again."""


def lines(checked: CheckResult, signs: Glyphs, verbose: bool = False, whole: bool = True) -> Iterator[Line]:
    """The whole report: findings of one cause in one block, unless all are asked for.

    Args:
        whole: with a verdict; not for a check that was stopped.
    """
    findings = checked.result.findings
    for group in [Group((finding,)) for finding in findings] if verbose else grouped(findings):
        yield from block(group.first, others=group)
        yield []
    for note in checked.notes:
        yield [("note ", "yellow"), (clean(note), "")]
    if whole:
        yield summary(checked, signs)


def block(finding: Finding, repeat: bool = True, others: Group | None = None) -> Iterator[Line]:
    """``check-id: message``, and what is known of it below.

    Args:
        repeat: end with the command that tells it again.
        others: findings that it stands for, itself among them.
    """
    warning = "  (warning)" if finding.severity == "warning" else ""
    first, *more = clean(finding.message).splitlines() or [""]
    many = _many(others) if others is not None else ""
    yield [(f"{finding.check}: ", _STYLES.get(finding.severity, "")), (many + first + warning, "")]
    yield from ([(f"    {line}", "")] for line in more)
    place = f"{finding.path}:{finding.line}" if finding.path and finding.line else finding.path or ""
    ids = " ".join(f"{name}={value}" for name in ("dag_id", "task_id") if (value := getattr(finding, name)))
    rows = [("where", "  ".join(filter(None, (place, ids))))]
    if others is not None and len(others.findings) > 1:
        rows.append(("also", _also(others)))
    rows.append(("fix", finding.fix or ""))
    if repeat:
        rows.append(("again", again(finding, others is not None and len(others.files) > 1)))
    yield from ([(f"  {label:<7} ", "dim"), (clean(text).replace("\n", " "), "")] for label, text in rows if text)


def _many(group: Group) -> str:
    """``56 files: ``; what the first one says is said of all."""
    if len(group.files) > 1:
        return f"{len(group.files)} files: "
    return f"{len(group.places)} places: " if len(group.places) > 1 else ""


def _also(group: Group) -> str:
    """The others: their places, or where that is one the Dags and tasks."""
    if len(group.places) > 1:
        names = group.places[1:]
    else:
        several = len({one.dag_id for one in group.findings}) > 1
        names = tuple(dict.fromkeys((one.dag_id if several else one.task_id) or "" for one in group.findings[1:]))
    more = f" and {len(names) - SHOWN} more (--verbose)" if len(names) > SHOWN else ""
    return f"{', '.join(filter(None, names[:SHOWN])) or counted(len(group.findings) - 1, 'finding')}{more}"


def again(finding: Finding, several: bool = False) -> str:
    """The command that repeats a finding.

    Args:
        several: it stands for others in other files.
    """
    check = CHECKS.get(finding.check)
    words = ["airflow-harness", "check"]
    alone = check is None or check.level not in _ALL or check.gathers == "file"
    if finding.path and not several and (alone or finding.check in (WAIVER, CHECK_FAILED)):
        words.append(finding.path)
    if finding.check not in (WAIVER, CHECK_FAILED):
        words += ["--select", finding.check]
    return shlex.join(words)


def summary(checked: CheckResult, signs: Glyphs) -> Line:
    """``✗ 1 error in 3 files, 2 Dags, 4 tasks; 1 waived  (2.4 s real)``."""
    counts = checked.result.to_json()["summary"]
    seen = ", ".join(
        counted(counts[name], word) for name, word in (("files", "file"), ("dags", "Dag"), ("tasks", "task"))
    )
    found = [counted(counts[name], name[:-1]) for name in ("errors", "warnings") if counts[name]]
    if counts["causes"] < counts["errors"] + counts["warnings"]:
        found[-1] += f" of {counted(counts['causes'], 'cause')}"
    aside = [
        f"{number} {word}"
        for number, word in (
            (counts["cached"], "cached"),
            (checked.waived, "waived"),
            (checked.known, "in the baseline"),
        )
        if number
    ]
    sign = signs.bad if counts["errors"] else signs.ok
    style = "bold red" if counts["errors"] else "yellow" if counts["warnings"] else "green"
    more = f"; {', '.join(aside)}" if aside else ""
    return [
        (f"{sign} {', '.join(found) or 'nothing found'}", style),
        (f" in {seen}{more}  ({real_text(checked.result.seconds)} real)", ""),
    ]
