"""The comparison of a run with Airflow's own on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.kernel.instant import iso
from harness.report.style import glyphs
from harness.results.verification import Verification
from harness.text import clean, one_line, real_text

MANY = 30


def show(found: Verification, console: Console, verbose: bool) -> None:
    """What differs, or with ``verbose`` (and for few tasks) all that was compared; then the verdict."""
    signs = glyphs(console.encoding)
    rows = [row for row in found.rows if verbose or not row.alike or (row.what == "task" and len(found.rows) <= MANY)]
    if rows:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("", "", "here", f"Airflow {found.airflow_version}"):
            table.add_column(name)
        for row in rows:
            sign, style = (signs.ok, "green") if row.alike else (signs.bad, "bold red")
            table.add_row(Text(sign, style), clean(f"{row.what} {row.name}"), clean(row.here), clean(row.airflow))
        console.print(table)
    for row in found.differences:
        if row.why:
            console.print(Text(f"  {row.name}: {one_line(row.why, 300)}", "dim"), soft_wrap=True)
    for about, names in (
        ("not compared, they change from run to run", found.volatile),
        ("stood in for on both sides, so nothing is said of their own code", found.stood_in),
    ):
        if names:
            text = ", ".join(names[:8]) + (" …" if len(names) > 8 else "")
            console.print(Text(f"{about}: {clean(text)}", "dim"), soft_wrap=True)
    console.print()
    count = len(found.differences)
    verdict = "alike" if found.ok else f"{count} difference{'s' if count != 1 else ''}"
    if not found.compares_tasks and not count:
        verdict = "has no task to compare"
    sign, style = (signs.ok, "green") if found.ok else (signs.bad, "bold red")
    text = f": {len(found.rows)} compared, run of {iso(found.logical_date)}  ({real_text(found.real_seconds)} real)"
    console.print(Text.assemble((f"{sign} {found.dag_id} {verdict}", style), text), soft_wrap=True)
