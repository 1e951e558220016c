"""The ledger: what it costs a simulation, and how fast it answers (`benchmarks.ledgers_case`)."""

from __future__ import annotations

from typing import Any

from benchmarks.processes import case

RECORDS = 1_000_000


def figures(repetitions: int) -> dict[str, float]:
    """Of processes of their own."""
    written = case("ledgers_case.py", "writing", str(repetitions))
    return written | case("ledgers_case.py", "asking", str(RECORDS))


def rows(figures: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """What the table says of them; nothing where they were never measured."""
    if "ledger_write_ratio" not in figures:
        return []
    return [
        (
            "a year of daily runs × 20 tasks, with its ledger (processor time)",
            f"{figures['ledger_ti_ms'] * figures['ledger_write_ratio']:.2f} ms a task instance",
            f"{figures['ledger_ti_ms']:.2f} ms, without",
            f"{(figures['ledger_write_ratio'] - 1) * 100:.0f} % more",
        ),
        (
            f"a question to a ledger of {figures['ledger_records']:,.0f} records",
            f"{figures['ledger_question_s']:.2f} s",
            f"{figures['ledger_first_question_s']:.1f} s, the first one",
            "",
        ),
    ]
