"""The upgrade report for people: a row a name, what to write instead, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator

from harness.report.check_text import Line
from harness.report.style import Glyphs
from harness.text import clean, counted, real_text
from harness.upgrade import GONE, OLD, Upgrade, UpgradeRow

PLACES = 3
"""Places named below a row; ``--verbose`` names all."""


def lines(upgrade: Upgrade, signs: Glyphs, verbose: bool = False) -> Iterator[Line]:
    """The whole report."""
    for state, title in (
        (GONE, f"Gone from Airflow {upgrade.airflow}"),
        (OLD, "Works still, and will not for ever"),
    ):
        rows = upgrade.of(state)
        if rows:
            yield [(title, "bold")]
            for row in rows:
                yield from _row(row, "red" if state == GONE else "yellow", verbose)
            yield []
    if upgrade.unknown:
        yield [
            ("note ", "yellow"),
            (f"not installed here, so their names cannot be judged: {', '.join(upgrade.unknown)}", ""),
        ]
    yield _summary(upgrade, signs)


def _row(row: UpgradeRow, style: str, verbose: bool) -> Iterator[Line]:
    many = f"{counted(len(row.places), 'use')} in {counted(row.files, 'file')}"
    yield [("  ", ""), (clean(row.name.shown), style), (f"  {many}", "dim")]
    yield [("    instead  ", "dim"), (clean(row.instead or "nothing public: ask the package that has the name"), "")]
    shown = row.places if verbose or len(row.places) <= PLACES + 1 else row.places[:PLACES]
    where = ", ".join(f"{clean(place.path)}:{place.line}" for place in shown)
    more = len(row.places) - len(shown)
    yield [("    where    ", "dim"), (where + (f", and {more} more (-v names them)" if more else ""), "")]


def _summary(upgrade: Upgrade, signs: Glyphs) -> Line:
    """``✗ 7 names are gone, 1 is old, in 12 files looked at  (4.1 s real)``."""
    gone, old = len(upgrade.of(GONE)), len(upgrade.of(OLD))
    found = [f"{counted(gone, 'name')} {'is' if gone == 1 else 'are'} gone"] if gone else []
    found += [f"{counted(old, 'name') if not gone else old} {'is' if old == 1 else 'are'} old"] if old else []
    style = "bold red" if gone else "yellow" if old else "green"
    return [
        (f"{signs.bad if gone else signs.ok} {', '.join(found) or 'nothing of Airflow 2 found'}", style),
        (f" in {counted(upgrade.looked_at, 'file')} looked at  ({real_text(upgrade.seconds)} real)", ""),
    ]
