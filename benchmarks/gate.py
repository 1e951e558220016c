"""The integrity gate beside stock ``DagBag``: cold, unchanged, one file changed, and how it grows with the folder."""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.processes import wall

COMMAND = Path(sys.executable).with_name("airflow-harness")
FILE = """\
from datetime import datetime, timedelta, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

HOUR = timedelta(hours=1)
START = datetime(2025, 1, 1, tzinfo=timezone.utc)

with DAG("dag_{number}", schedule="@daily", start_date=START, catchup=False, tags=["benchmark"]):
    extract = BashOperator(task_id="extract", bash_command="echo {{{{ ds }}}}", retries=2, retry_delay=HOUR)
    load = BashOperator(task_id="load", bash_command="echo {{{{ data_interval_start }}}}")

    @task
    def transform():
        return [1, 2, 3]

    @task
    def check(number):
        return number + 1

    numbers = transform()
    extract >> numbers >> load
    check.expand(number=numbers) >> BashOperator(task_id="done", bash_command="true")
"""
STOCK = """
import sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
assert not bag.import_errors and len(bag.dags) == int(sys.argv[2]), bag.import_errors
"""
IMPORT = "import airflow.sdk"
SIZES = (250, 500, 1000, 2000)
CHECK = [str(COMMAND), "check", "."]
COLD = [*CHECK, "--no-cache"]

Row = tuple[str, str, str, str]


def gate(repetitions: int) -> dict[str, Any]:
    """Seconds of ``airflow-harness check``, every time the whole process, and of what it is held against.

    Args:
        repetitions: of a pair; one more is made before them and thrown away.
    """
    return {**_hundred(repetitions), **_one_changed(repetitions), "gate_growth_ms": _growth()}


def _hundred(repetitions: int) -> dict[str, float]:
    """A folder of 100 files of five tasks, all checks on: cold, and when nothing has changed."""
    with folder(100) as dags:
        cold, stock = [], []
        for _ in range(repetitions + 1):
            stock.append(wall([sys.executable, "-c", STOCK, str(dags), "100"], dags))
            cold.append(wall(COLD, dags))
        wall(CHECK, dags)
        unchanged = [wall(CHECK, dags) for _ in range(repetitions)]
    return {
        "gate_cold_s": statistics.median(cold[1:]),
        "gate_stock_s": statistics.median(stock[1:]),
        "gate_cold_ratio": statistics.median(a / b for a, b in zip(cold[1:], stock[1:], strict=True)),
        "gate_unchanged_s": statistics.median(unchanged),
    }


def _one_changed(repetitions: int) -> dict[str, float]:
    """A folder of 1,000 files of which one has changed, beside the import of Airflow alone."""
    with folder(1000) as dags:
        wall(CHECK, dags)
        changed, floor = [], []
        for number in range(repetitions):
            file = dags / "dag_500.py"
            file.write_text(file.read_text() + f"# {number}\n")
            changed.append(wall(CHECK, dags))
            floor.append(wall([sys.executable, "-c", IMPORT], dags))
    more = statistics.median(a - b for a, b in zip(changed, floor, strict=True))
    return {"gate_changed_s": statistics.median(changed), "gate_floor_s": statistics.median(floor), "gate_more_s": more}


def _growth() -> dict[str, float]:
    """Milliseconds a file, cold, for folders of several sizes; what every run costs is in them."""
    found = {}
    for size in SIZES:
        with folder(size) as dags:
            found[str(size)] = wall(COLD, dags) / size * 1000
    return found


def rows(figures: dict[str, Any]) -> list[Row]:
    """What the table says of it."""
    growth = dict(sorted(figures["gate_growth_ms"].items(), key=lambda size: int(size[0])))
    return [
        (
            "`airflow-harness check`, 100 files × 5 tasks, all checks, nothing cached",
            f"{figures['gate_cold_s']:.1f} s",
            f"{figures['gate_stock_s']:.1f} s (stock `DagBag`, no checks, one process)",
            f"{figures['gate_cold_ratio']:.2f}× `DagBag`",
        ),
        ("the same, nothing changed since", f"{figures['gate_unchanged_s']:.2f} s", "", ""),
        (
            "one file of 1,000 changed",
            f"{figures['gate_changed_s']:.1f} s",
            f"{figures['gate_floor_s']:.1f} s (`import airflow.sdk`)",
            f"{figures['gate_more_s']:+.1f} s",
        ),
        (
            f"a file, cold, of folders of {', '.join(f'{int(size):,}' for size in growth)}",
            f"{', '.join(f'{cost:.0f}' for cost in growth.values())} ms",
            "",
            "",
        ),
    ]


@contextmanager
def folder(count: int) -> Iterator[Path]:
    """A folder of so many Dag files."""
    made = Path(tempfile.mkdtemp(prefix="airflow-harness-benchmark-"))
    try:
        for number in range(count):
            (made / f"dag_{number}.py").write_text(FILE.format(number=number))
        yield made
    finally:
        shutil.rmtree(made)
