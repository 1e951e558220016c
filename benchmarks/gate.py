"""The integrity gate beside stock ``DagBag``: cold, unchanged, one file changed, and how it grows with the folder."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COMMAND = Path(sys.executable).with_name("airflow-harness")
FILE = """\
from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

HOUR = timedelta(hours=1)

with DAG("dag_{number}", schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False, tags=["benchmark"]):
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


def gate(repetitions: int) -> dict[str, float]:
    """Seconds of the command over 100 files of five tasks, all checks on, and of what it is held against."""
    with folder(100) as dags:
        cold, stock, unchanged = [], [], []
        for _ in range(repetitions + 1):
            stock.append(timed([sys.executable, "-c", STOCK, str(dags), "100"], dags))
            cold.append(timed([str(COMMAND), "check", ".", "--no-cache"], dags))
        timed([str(COMMAND), "check", "."], dags)
        unchanged = [timed([str(COMMAND), "check", "."], dags) for _ in range(repetitions)]
    return {
        "gate_cold_s": statistics.median(cold[1:]),
        "gate_stock_s": statistics.median(stock[1:]),
        "gate_cold_ratio": statistics.median(a / b for a, b in zip(cold[1:], stock[1:], strict=True)),
        "gate_unchanged_s": statistics.median(unchanged),
    }


def one_changed(repetitions: int) -> dict[str, float]:
    """Seconds over 1,000 files of which one has changed, beside the import of Airflow alone."""
    with folder(1000) as dags:
        timed([str(COMMAND), "check", "."], dags)
        changed, floor = [], []
        for number in range(repetitions):
            file = dags / "dag_500.py"
            file.write_text(file.read_text() + f"# {number}\n")
            changed.append(timed([str(COMMAND), "check", "."], dags))
            floor.append(timed([sys.executable, "-c", IMPORT], dags))
    more = statistics.median(a - b for a, b in zip(changed, floor, strict=True))
    return {"gate_changed_s": statistics.median(changed), "gate_changed_more_s": more}


def growth() -> dict[str, float]:
    """Milliseconds a file, cold, for folders of several sizes; what every run costs is in them."""
    found = {}
    for size in SIZES:
        with folder(size) as dags:
            found[f"gate_ms_per_file_{size}"] = timed([str(COMMAND), "check", ".", "--no-cache"], dags) / size * 1000
    return found


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


def timed(command: list[str], folder: Path) -> float:
    """Seconds of a command that must succeed."""
    isolated = {"AIRFLOW_HOME": str(folder / ".home"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | isolated
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    took = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    return took
