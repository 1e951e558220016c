"""Replays: a year by one process, by two and by ``dag.test()``; memory over runs (`benchmarks.replays_case`)."""

from __future__ import annotations

from typing import Any

from benchmarks.processes import case

FEW, MANY = 10_000, 100_000
"""Task instances at which memory is looked at."""


def figures(repetitions: int, stock_runs: int) -> dict[str, float]:
    """Of processes of their own."""
    shared = case("replays_case.py", "sharing", str(repetitions))
    stock = case("replays_case.py", "stock", str(stock_runs))
    grown = case("replays_case.py", "memory", str(FEW)) | case("replays_case.py", "memory", str(MANY))
    year_s = stock["dag_test_run_cpu_s"] * shared["replay_runs"]
    return {**shared, **stock, **grown, "dag_test_year_s": year_s, "replay_ratio": year_s / shared["replay_way_s"]}


def rows(figures: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """What the table says of them; nothing where they were never measured."""
    if "replay_ratio" not in figures:
        return []
    return [
        (
            f"{figures['replay_runs']:.0f} daily runs × 20 tasks replayed with `-j 2` (processor time)",
            f"{figures['replay_way_s']:.1f} s, the longest way",
            f"{figures['replay_cpu_s']:.1f} s, `-j 1`",
            f"{figures['replay_cpu_ratio']:.2f}× faster",
        ),
        (
            "the same beside `dag.test()` (processor time)",
            f"{figures['replay_way_s']:.1f} s",
            f"{figures['dag_test_year_s']:.0f} s, from {figures['dag_test_run_cpu_s']:.2f} s a run of some days",
            f"{figures['replay_ratio']:.0f}× faster",
        ),
        (
            f"memory of a replay of {MANY:,} task instances",
            f"{figures[f'replay_mib_{MANY}']:.0f} MiB",
            f"{figures[f'replay_mib_{FEW}']:.0f} MiB, of {FEW:,}",
            "",
        ),
    ]
