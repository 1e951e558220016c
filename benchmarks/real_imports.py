"""The gate where files import pandas, boto3, kubernetes and Google's clients: ``python -m benchmarks.real_imports``.

What it imports has to be installed beside Airflow, `PACKAGES`; ``tox -e benchmarks`` does. Without them the figures
that were written last stay. All are processor time, user and system.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.gate import CHECK, COLD, STOCK
from benchmarks.processes import run

FILES, REPETITIONS = 60, 5
PACKAGES = {
    "pandas": "pandas",
    "airflow.providers.amazon": "apache-airflow-providers-amazon",
    "airflow.providers.cncf.kubernetes": "apache-airflow-providers-cncf-kubernetes",
    "google.cloud.bigquery": "google-cloud-bigquery",
    "google.cloud.storage": "google-cloud-storage",
    "google.cloud.pubsub_v1": "google-cloud-pubsub",
}

_HEAD = """\
from datetime import datetime, timedelta, timezone

{imports}
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

START = datetime(2025, 1, 1, tzinfo=timezone.utc)

with DAG("{kind}_{number}", schedule="@daily", start_date=START, catchup=False, tags=["benchmark"]):
    extract = BashOperator(task_id="extract", bash_command="echo {{{{ ds }}}}", retries=2)
{body}
    extract >> work() >> BashOperator(task_id="done", bash_command="true")
"""
_KINDS = {
    "frames": (
        "import pandas as pd",
        """
    @task(execution_timeout=timedelta(hours=1))
    def work():
        return int(pd.DataFrame({"a": [1, 2]})["a"].sum())
""",
    ),
    "bucket": (
        "import boto3\nfrom airflow.providers.amazon.aws.operators.s3 import S3DeleteObjectsOperator",
        """
    extract >> S3DeleteObjectsOperator(task_id="clean", bucket="landing", keys=["{{ ds }}/part"])

    @task
    def work():
        return len(boto3.client("s3").list_buckets()["Buckets"])
""",
    ),
    "pod": (
        "from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator\n"
        "from kubernetes.client import models as k8s",
        """
    LIMITS = k8s.V1ResourceRequirements(limits={"memory": "1Gi"})
    extract >> KubernetesPodOperator(task_id="pod", name="pod", image="busybox", container_resources=LIMITS)

    @task
    def work():
        return 1
""",
    ),
    "warehouse": (
        "from google.cloud import bigquery, storage",
        """
    @task
    def work():
        found = bigquery.Client().query("SELECT 1").result()
        storage.Client().bucket("landing").blob("done").upload_from_string("ok")
        return len(list(found))
""",
    ),
    "events": (
        "import pandas as pd\nfrom google.cloud import pubsub_v1",
        """
    @task
    def work():
        topic = pubsub_v1.PublisherClient().topic_path("house", "events")
        return f"{topic}/{pd.Timestamp(0).isoformat()}"
""",
    ),
}


def sources() -> dict[str, str]:
    """Name of a file -> its text."""
    kinds = list(_KINDS.items())
    found = {}
    for number in range(FILES):
        kind, (imports, body) = kinds[number % len(kinds)]
        found[f"{kind}_{number}.py"] = _HEAD.format(imports=imports, body=body, kind=kind, number=number)
    return found


def figures(repetitions: int) -> dict[str, float]:
    """Medians of pairs: all parsed, and stock ``DagBag`` in one process; then nothing changed."""
    made = Path(tempfile.mkdtemp(prefix="airflow-harness-benchmark-"))
    try:
        for name, text in sources().items():
            (made / name).write_text(text)
        stock = [sys.executable, "-c", STOCK, str(made), str(FILES)]
        pairs = [(_processor_s(stock, made), _processor_s(COLD, made)) for _ in range(repetitions + 1)][1:]
        _processor_s(CHECK, made)
        unchanged = [_processor_s(CHECK, made) for _ in range(repetitions)]
    finally:
        shutil.rmtree(made)
    return {
        "real_stock_cpu_s": statistics.median(one for one, _ in pairs),
        "real_cold_cpu_s": statistics.median(one for _, one in pairs),
        "real_cold_cpu_ratio": statistics.median(cold / one for one, cold in pairs),
        "real_unchanged_cpu_s": statistics.median(unchanged),
    }


def _processor_s(command: list[str], folder: Path) -> float:
    """Seconds of processor time of a command and all that it starts and waits for."""
    before = os.times()
    run(command, folder=folder)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def rows(figures: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """What the table says of it; nothing where it was never measured."""
    if "real_cold_cpu_s" not in figures:
        return []
    return [
        (
            f"`airflow-harness check`, {FILES} files with pandas, boto3, kubernetes, Google's clients; processor time",
            f"{figures['real_cold_cpu_s']:.1f} s",
            f"{figures['real_stock_cpu_s']:.1f} s (stock `DagBag`)",
            f"{figures['real_cold_cpu_ratio']:.2f}× `DagBag`",
        ),
        ("the same, nothing changed since; processor time", f"{figures['real_unchanged_cpu_s']:.2f} s", "", ""),
    ]


def missing() -> list[str]:
    """Packages that are not installed."""
    return [package for name, package in PACKAGES.items() if not _is_installed(name)]


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ImportError:
        return False


def main() -> None:
    """Print the figures."""
    if packages := missing():
        raise SystemExit(f"pip install {' '.join(packages)}")
    for name, figure in figures(REPETITIONS).items():
        print(f"{name:24} {figure:.2f}")


if __name__ == "__main__":
    main()
