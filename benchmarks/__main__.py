"""Speed, measured beside the alternative in one run: ``python -m benchmarks``.

Every figure is a ratio of two things timed in turn on this machine, in processes of their own. Byte code is on disk for
both sides (``python -m compileall``); the first repetition is thrown away.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
FIGURES = HERE / "figures.json"
FLOOR = "from airflow.sdk import DAG, task"


def main() -> int:
    """Run the benchmarks and print the table; ``--json FILE`` also writes the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=365, help="daily runs of the harness side (default 365)")
    parser.add_argument("--stock-runs", type=int, default=20, help="dag.test() runs to compare with (default 20)")
    parser.add_argument("--cold", type=int, default=7, help="repetitions of the cold start (default 7)")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--write", action="store_true", help="keep the figures: benchmarks/figures.json and the README")
    options = parser.parse_args()
    figures = {**per_task_instance(options.runs, options.stock_runs), **cold_start(options.cold), **memory()}
    show(figures)
    for path in [options.json] * bool(options.json) + [FIGURES] * options.write:
        path.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n")
    if options.write:
        readme = HERE.parent / "README.md"
        readme.write_text(in_readme(readme.read_text(encoding="utf-8"), figures), encoding="utf-8")
    return 0


def in_readme(page: str, figures: dict[str, float]) -> str:
    """The page with the figures' table between its two comments."""
    before, mark, rest = page.partition("<!-- figures: python -m benchmarks --write -->\n")
    _, end, after = rest.partition("<!-- end of figures -->")
    return before + mark + markdown(figures) + end + after


def markdown(figures: dict[str, float]) -> str:
    """The table as Markdown."""
    heading = "| what | harness | beside | ratio |\n|---|---|---|---|\n"
    return heading + "".join(f"| {' | '.join(row)} |\n" for row in rows(figures))


def per_task_instance(runs: int, stock_runs: int) -> dict[str, float]:
    """Milliseconds a task instance of a Dag of ten tasks: ours over ``runs`` days, ``dag.test()`` warm."""
    ours = _case("ours", str(runs))["ms_per_ti"]
    stock = _case("stock", str(stock_runs))["ms_per_ti"]
    return {"ti_ms": ours, "ti_ms_dag_test": stock, "ti_ratio": stock / ours, "runs": runs}


def cold_start(repetitions: int) -> dict[str, float]:
    """Seconds of a first run in a new process, import included, against the import of the Task SDK alone."""
    first, floor = [], []
    for _ in range(repetitions + 1):
        floor.append(_wall([sys.executable, "-c", FLOOR]))
        first.append(_wall([sys.executable, str(HERE / "cases.py"), "first"]))
    ratio = statistics.median(a / b for a, b in zip(first[1:], floor[1:], strict=True))
    return {
        "first_run_s": statistics.median(first[1:]),
        "import_floor_s": statistics.median(floor[1:]),
        "first_run_ratio": ratio,
    }


def memory() -> dict[str, float]:
    """MiB the process grows from 2,000 to 12,000 task instances of simulations whose results are dropped."""
    return {"growth_mib": _case("memory")["growth_mib"]}


def rows(figures: dict[str, float]) -> list[tuple[str, str, str, str]]:
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
    ]


def show(figures: dict[str, float]) -> None:
    """Print the table."""
    table = Table(title="airflow-harness beside stock Airflow, this machine", title_justify="left")
    for heading in ("what", "harness", "beside", "ratio"):
        table.add_column(heading)
    for row in rows(figures):
        table.add_row(*row)
    Console().print(table)


def _case(*arguments: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, str(HERE / "cases.py"), *arguments], env=_environment(), capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"benchmark case {arguments} failed:\n{done.stdout}\n{done.stderr}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _wall(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, env=_environment(), check=True, capture_output=True)
    return time.perf_counter() - began


def _environment() -> dict[str, str]:
    home = Path(tempfile.gettempdir()) / "airflow-harness-benchmarks"
    home.mkdir(exist_ok=True)
    isolated = {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    isolated["AIRFLOW__CORE__DAGS_FOLDER"] = str(HERE / "dags")
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | isolated


if __name__ == "__main__":
    raise SystemExit(main())
