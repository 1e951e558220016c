"""The comparison of two ledgers for people: areas, the most important first, and a line for each change."""

from __future__ import annotations

from collections.abc import Iterator

from harness.ledger.comparison.result import AREAS, Comparison, FirstEvent, JournalEvent, LedgerChange, Sample, Totals
from harness.report.style import Glyphs
from harness.text import clean, counted, one_line

Line = list[tuple[str, str]]
"""(text, style) of the parts of a line; styles are rich's."""

SHOWN = 12
"""Changes of an area that people are shown; JSON has more."""
WIDTH = 60
"""Characters of a value in a line."""

_STYLES = {"added": "green", "removed": "red", "changed": "yellow"}
_SIGNS = {"added": "+", "removed": "-", "changed": "~"}


def lines(found: Comparison, signs: Glyphs, verbose: bool = False) -> Iterator[Line]:
    """The whole report.

    Args:
        verbose: all changes and samples that the comparison has, not only the first.
    """
    for letter, side in (("A", found.a), ("B", found.b)):
        yield [(f"{letter}  ", "bold"), (f"{clean(side.name)}  {counted(side.runs, 'run')}", "")]
    for area, total in found.totals.items():
        changes = found.of_area(area)
        yield []
        yield [(area, "bold"), (f"  {AREAS[area]}", "dim")]
        shown = changes if verbose else changes[:SHOWN]
        for change in shown:
            yield from _change(change, signs, verbose)
        rest = total.all - sum(change.count for change in shown)
        if rest:
            more = "--format json has more" if verbose or len(changes) > SHOWN else "not shown"
            yield [(f"  and {rest:,} more differences ({more})", "dim")]
    if found.first_event is not None:
        yield []
        yield [("first ", "bold"), (parting(found.first_event), "")]
    for note in found.notes:
        yield [("note ", "yellow"), (clean(note), "")]
    if found.ignored:
        yield [(f"not looked at: {clean(', '.join(found.ignored))}", "dim")]
    yield []
    sign, style = (signs.ok, "green") if found.alike else (signs.bad, "bold red")
    yield [(f"{sign} {verdict(found)}", style)]


def _change(change: LedgerChange, signs: Glyphs, verbose: bool) -> Iterator[Line]:
    first = change.samples[0]
    fails = change.area == "states" and first.b == "failed"
    sign = (signs.bad, "bold red") if fails else (_SIGNS[change.change], _STYLES[change.change])
    yield [("  ", ""), sign, (f" {told(change)}", ""), (f"  {place(change)}", "dim")]
    if first.why:
        yield [(f"      {one_line(first.why, 200)}", "dim")]
    if verbose:
        for sample in change.samples[1:]:
            yield [(f"      {_where(sample)}  {values(sample)}", "dim")]


def told(change: LedgerChange) -> str:
    """``run sales: success -> failed``, ``xcom sales.load.return_value: 3 -> 4``: a change in a line."""
    name = ".".join(filter(None, (change.subject, change.field if change.area in _NAMED else None)))
    field = f" {change.field}" if change.field and change.area not in (*_NAMED, "findings") else ""
    if change.area == "findings":
        sample = change.samples[0]
        return clean(f"{change.field} {change.subject}: {one_line(sample.b or sample.a or '', 160)}")
    if change.change != "changed" and change.field is None:
        sample = change.samples[0]
        there = (sample.b if sample.a is None else sample.a) if change.area == "data" else None
        return clean(f"{change.what} {name} {change.change}{'' if there is None else f': {_value(there)}'}")
    return clean(f"{change.what} {name}{field}: {values(change.samples[0])}")


_NAMED = ("xcoms", "rendered_fields", "data")


def values(sample: Sample) -> str:
    """``success -> failed``."""
    return f"{_value(sample.a)} -> {_value(sample.b)}"


def place(change: LedgerChange) -> str:
    """Where: the one run, or how many and the first of them."""
    first = _where(change.samples[0])
    return f"{change.count:,} times, first {first}" if change.count > 1 and first else first


def verdict(found: Comparison) -> str:
    """``alike``, or how much differs."""
    if found.alike:
        return f"alike: {counted(found.a.runs, 'run')} compared"
    parts = [f"{area.replace('_', ' ')} ({', '.join(counted_changes(total))})" for area, total in found.totals.items()]
    return f"different: {', '.join(parts)}"


def counted_changes(total: Totals) -> list[str]:
    """``2 added``, ``1 changed``: those there are."""
    numbers = (total.added, total.removed, total.changed)
    return [f"{number:,} {word}" for number, word in zip(numbers, _SIGNS, strict=True) if number]


def parting(first: FirstEvent) -> str:
    """Where the journals part, in a line."""
    a, b = first.a, first.b
    if a is None or b is None:
        alone = a or b
        assert alone is not None
        return f"record that only {'A' if b is None else 'B'} has: {_event(alone)}"
    if (a.kind, a.subject, a.instant) == (b.kind, b.subject, b.instant):
        both = f"{a.n} of both" if a.n == b.n else f"{a.n} of A, {b.n} of B"
        fields = f" ({', '.join(first.fields)})" if first.fields else ""
        return f"record that differs: {both}, {a.kind} {clean(a.subject)} at {a.instant}{fields}"
    return f"records that differ: A {_event(a)}; B {_event(b)}"


def _event(event: JournalEvent) -> str:
    at = f" at {event.instant}" if event.instant else ""
    return one_line(f"{event.n}, {event.kind} {event.subject}{at}", 200)


def _where(sample: Sample) -> str:
    index = f"[{sample.map_index}]" if sample.map_index >= 0 else ""
    return clean(f"{sample.run}{index}")


def _value(value: str | None) -> str:
    return "nothing" if value is None else one_line(value, WIDTH)
