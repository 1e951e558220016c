"""The comparison of two ledgers as a comment of a pull request: states open, all else folded away."""

from __future__ import annotations

from collections.abc import Iterator

from harness.ledger.comparison.result import AREAS, Comparison, LedgerChange
from harness.report.diff_text import counted_changes, parting, place, told, verdict
from harness.text import counted, one_line

SHOWN = 20
"""Changes of an area."""
MOST = 60_000
"""Characters: GitHub takes 65,536 of a comment."""
_CUT = "\n\n*… cut: the rest does not fit into a comment.*\n"
_OPEN = ("states", "data")
"""Areas that are shown without a click."""


def markdown(found: Comparison) -> str:
    """All of it, cut where a comment would be too long."""
    text = "\n".join(_lines(found)) + "\n"
    if len(text) <= MOST:
        return text
    end = "\n\n</details>"
    kept = text[: MOST - len(_CUT) - len(end)].rpartition("\n")[0]
    return kept + end * (kept.count("<details") - kept.count("</details>")) + _CUT


def _lines(found: Comparison) -> Iterator[str]:
    yield f"### {'✅' if found.alike else '⚠️'} Dags: {_text(verdict(found))}"
    yield ""
    yield f"A: {_code(found.a.name)}, {counted(found.a.runs, 'run')} · B: {_code(found.b.name)}, " + counted(
        found.b.runs, "run"
    )
    for area, total in found.totals.items():
        title = f"<b>{area.replace('_', ' ')}</b>: {', '.join(counted_changes(total))}"
        yield ""
        yield from (f"<details{' open' if area in _OPEN else ''}><summary>{title}</summary>", "")
        yield f"{AREAS[area].capitalize() if area != 'xcoms' else AREAS[area]}."
        yield from ("", "| | where | why |", "|---|---|---|")
        changes = found.of_area(area)[:SHOWN]
        yield from map(_row, changes)
        rest = total.all - sum(change.count for change in changes)
        yield from ("", f"and {rest:,} more", "") if rest else ("",)
        yield "</details>"
    if found.first_event is not None:
        yield from ("", f"First {_text(parting(found.first_event))}")
    for note in found.notes:
        yield from ("", f"Note: {_text(note)}")
    if found.ignored:
        yield from ("", f"Not looked at: {_text(', '.join(found.ignored))}")


def _row(change: LedgerChange) -> str:
    why = change.samples[0].why
    return f"| {_code(told(change))} | {_text(place(change))} | {_code(one_line(why, 200)) if why else ''} |"


def _code(text: str) -> str:
    """A text of users': no markup, no mention of anybody, no end of a table's cell."""
    return f"<code>{_text(text)}</code>"


def _text(text: str) -> str:
    return " ".join("".join(f"&#{ord(sign)};" if sign in _MEANS_SOMETHING else sign for sign in text).split())


_MEANS_SOMETHING = frozenset("&<>|@#*_`[]~\\:")
"""Signs that mean something to GitHub: markup, mentions, numbers of issues, links."""
