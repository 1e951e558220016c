"""A calendar by the scheduler's rules alone, beside the simulation that runs code and beside a model in SimPy."""

from __future__ import annotations

import argparse
import json
from typing import Any

from benchmarks.processes import case

Row = tuple[str, str, str, str]
DAGS, DAYS, CODE_DAYS = 200, 10, 1
"""Of the calendar; with code only a day of it is simulated."""


def figures(dags: int, days: int) -> dict[str, Any]:
    """Task instances a second of processor time, of each."""
    ours = case("rules_case.py", "rules", str(dags), str(days))
    code = case("rules_case.py", "code", str(dags), str(CODE_DAYS))
    model = case("rules_case.py", "simpy", str(dags), str(days))
    return {
        "rules_instances": ours["instances"],
        "rules_per_second": ours["per_second"],
        "rules_code_per_second": code["per_second"],
        "rules_simpy_per_second": model["per_second"],
        "rules_kept_kib": ours["kept_kib"],
    }


def rows(figures: dict[str, Any]) -> list[Row]:
    """What the table says of it; nothing where it was never measured."""
    if "rules_per_second" not in figures:
        return []
    ours, code, model = (figures[f"rules_{name}per_second"] for name in ("", "code_", "simpy_"))
    return [
        (
            f"`simulate --no-code`, {figures['rules_instances']:,.0f} task instances",
            f"{ours:,.0f} a second",
            f"{code:,.0f} a second with code; {model:,.0f} of a model of this one calendar in SimPy",
            f"{ours / code:.1f}× faster than with code",
        ),
        ("memory it keeps a task instance", f"{figures['rules_kept_kib']:.1f} KiB", "", ""),
    ]


def main() -> int:
    """Measure this alone, at any size: ``python -m benchmarks.rules_only --dags 1000 --days 30``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rules_only", description=__doc__)
    parser.add_argument("--dags", type=int, default=DAGS)
    parser.add_argument("--days", type=int, default=DAYS)
    options = parser.parse_args()
    print(json.dumps(figures(options.dags, options.days), indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
