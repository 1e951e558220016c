"""Speed, measured beside the alternative in one run: ``python -m benchmarks``.

Every ratio is of two things timed in turn on this machine, in processes of their own. Byte code is on disk for
both sides (``python -m compileall``); the first repetition is thrown away. A calendar has nothing beside it; where its
figures are compared with one another they are processor time, because a machine may have other work.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import calendar_figures, gate, ledgers, real_imports, replays, reports, rules_only, services
from benchmarks.processes import case, wall

HERE = Path(__file__).parent
FIGURES = HERE / "figures.json"
FLOOR = "from airflow.sdk import DAG, task"


def main() -> int:
    """Run the benchmarks and print the table; ``--json FILE`` also writes the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=365, help="daily runs of the harness side (default 365)")
    parser.add_argument("--stock-runs", type=int, default=20, help="dag.test() runs to compare with (default 20)")
    parser.add_argument("--cold", type=int, default=7, help="repetitions of the cold start (default 7)")
    parser.add_argument("--calendar", type=int, default=1000, help="runs of the simulated calendar (default 1000)")
    parser.add_argument("--checks", type=int, default=5, help="repetitions of the integrity gate (default 5)")
    parser.add_argument("--services", type=int, default=3, help="repetitions of each service (default 3)")
    parser.add_argument("--ledgers", type=int, default=5, help="pairs of years with and without a ledger (default 5)")
    parser.add_argument("--replays", type=int, default=3, help="pairs of years, replayed by one and by two (default 3)")
    parser.add_argument("--reports", type=int, default=5, help="repetitions of each page in a browser (default 5)")
    parser.add_argument(
        "--only", action="append", choices=SUBJECTS, help="measure this alone, beside what was written last; repeated"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--write", action="store_true", help="keep the figures: benchmarks/figures.json and the README")
    options = parser.parse_args()
    kept = json.loads(FIGURES.read_text(encoding="utf-8")) if options.only and FIGURES.is_file() else {}
    figures: dict[str, Any] = {**kept}
    for subject in options.only or SUBJECTS:
        figures |= SUBJECTS[subject](options)
    show(figures)
    for path in [options.json] * bool(options.json) + [FIGURES] * options.write:
        path.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n")
    if options.write:
        readme = HERE.parent / "README.md"
        readme.write_text(in_readme(readme.read_text(encoding="utf-8"), figures), encoding="utf-8")
    return 0


SUBJECTS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "task-instance": lambda options: per_task_instance(options.runs, options.stock_runs),
    "cold-start": lambda options: cold_start(options.cold),
    "memory": lambda _: memory(),
    "calendar": lambda options: calendar_figures.calendar(options.calendar),
    "gate": lambda options: gate.gate(options.checks),
    "real-imports": lambda options: real_imported(options.checks),
    "services": lambda options: services.figures(options.services),
    "ledgers": lambda options: ledgers.figures(options.ledgers),
    "replays": lambda options: replays.figures(options.replays, options.stock_runs),
    "reports": lambda options: reports.figures(options.reports),
    "rules-only": lambda _: rules_only.figures(rules_only.DAGS, rules_only.DAYS),
}
"""What is measured, each subject beside its alternative, in processes of its own."""


def in_readme(page: str, figures: dict[str, Any]) -> str:
    """The page with the figures' table between its two comments."""
    before, mark, rest = page.partition("<!-- figures: python -m benchmarks --write -->\n")
    _, end, after = rest.partition("<!-- end of figures -->")
    return before + mark + markdown(figures) + end + after


def markdown(figures: dict[str, Any]) -> str:
    """The table as Markdown."""
    heading = "| what | harness | beside | ratio |\n|---|---|---|---|\n"
    return heading + "".join(f"| {' | '.join(row)} |\n" for row in rows(figures))


def per_task_instance(runs: int, stock_runs: int) -> dict[str, float]:
    """Milliseconds a task instance of a Dag of ten tasks: ours over ``runs`` days, ``dag.test()`` warm."""
    ours = case("cases.py", "ours", str(runs))["ms_per_ti"]
    stock = case("cases.py", "stock", str(stock_runs))["ms_per_ti"]
    return {"ti_ms": ours, "ti_ms_dag_test": stock, "ti_ratio": stock / ours, "runs": runs}


def cold_start(repetitions: int) -> dict[str, float]:
    """Seconds of a first run in a new process, import included, against the import of the Task SDK alone."""
    first, floor = [], []
    for _ in range(repetitions + 1):
        floor.append(wall([sys.executable, "-c", FLOOR]))
        first.append(wall([sys.executable, str(HERE / "cases.py"), "first"]))
    ratio = statistics.median(a / b for a, b in zip(first[1:], floor[1:], strict=True))
    return {
        "first_run_s": statistics.median(first[1:]),
        "import_floor_s": statistics.median(floor[1:]),
        "first_run_ratio": ratio,
    }


def memory() -> dict[str, float]:
    """MiB the process grows from 2,000 to 12,000 task instances of simulations whose results are dropped."""
    return {"growth_mib": case("cases.py", "memory")["growth_mib"]}


def real_imported(repetitions: int) -> dict[str, float]:
    """The gate on files with heavy imports; where those are not installed, what was written last."""
    if packages := real_imports.missing():
        print(f"not measured: real imports, which need pip install {' '.join(packages)}")
        kept = json.loads(FIGURES.read_text()) if FIGURES.is_file() else {}
        return {name: figure for name, figure in kept.items() if name.startswith("real_")}
    return real_imports.figures(repetitions)


def rows(figures: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """What the table says: what, ours, the other side, the ratio."""
    return [
        (
            f"a task instance, 10-task Dag × {figures['runs']:.0f} daily runs",
            f"{figures['ti_ms']:.2f} ms",
            f"{figures['ti_ms_dag_test']:.1f} ms, `dag.test()` warm",
            f"{figures['ti_ratio']:.0f}× faster",
        ),
        (
            "first run of a Dag in a new process",
            f"{figures['first_run_s']:.2f} s",
            f"{figures['import_floor_s']:.2f} s, `{FLOOR}` alone",
            f"{figures['first_run_ratio']:.2f}× the import",
        ),
        ("memory over 10,000 task instances", f"+{figures['growth_mib']:.1f} MiB", "", ""),
        *calendar_figures.rows(figures),
        *gate.rows(figures),
        *real_imports.rows(figures),
        *services.rows(figures),
        *ledgers.rows(figures),
        *replays.rows(figures),
        *reports.rows(figures),
        *rules_only.rows(figures),
    ]


def show(figures: dict[str, Any]) -> None:
    """Print the table."""
    table = Table(title="airflow-harness beside stock Airflow, this machine", title_justify="left")
    for heading in ("what", "harness", "beside", "ratio"):
        table.add_column(heading)
    for row in rows(figures):
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    raise SystemExit(main())
