"""What a ledger tells of its runs on a terminal: the slowest, the biggest, who waited for slots, what services got."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.ledger.questions import opened
from harness.text import clean

FIGURES = {
    "Tries": """select dag_id, task_id, count(*) as tries, count(*) filter (where state = 'up_for_retry') as retried
        from attempts where state in ('success', 'failed', 'up_for_retry', 'skipped')
        group by all having retried > 0 order by retried desc, dag_id, task_id limit 10""",
    "Slowest": """select dag_id, run_id, task_id, map_index, round(duration_s, 3) as seconds from task_instances
        where duration_s > 0 order by duration_s desc, run_id, task_id, map_index limit 5""",
    "Biggest XComs": """select dag_id, run_id, task_id, key, bytes from xcoms
        order by bytes desc, run_id, task_id, key limit 5""",
    "Pools": """select pool, max(taken) as most_taken, any_value(slots) as slots, max(scheduled) as most_waiting
        from pool_usage
        group by pool having most_taken > 0 or most_waiting > 0 order by pool""",
    "Services": """select conn_id, service, kind, part, added, removed, changed from service_changes
        order by conn_id, part limit 50""",
    "Findings": """select severity, check_id, message, count(*) as times from findings
        group by all order by all limit 20""",
}
"""Heading -> question; of a heading whose question has no answer nothing is shown."""


def show_figures(console: Console, folder: Path) -> None:
    """The figures of a ledger, those that it has."""
    connection = opened([folder])
    for title, question in FIGURES.items():
        found = connection.execute(question)
        names = [str(column[0]) for column in found.description or ()]
        rows = found.fetchall()
        if rows:
            console.print(Text(f"\n{title}", style="bold"))
            show_rows(console, names, rows)


def show_rows(console: Console, names: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Rows as a table."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if value is None else clean(str(value))) for value in row))
    console.print(table)
