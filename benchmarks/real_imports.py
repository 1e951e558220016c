"""A repository whose Dag files import what real ones do: pandas, boto3, kubernetes, Google's clients."""

from __future__ import annotations

FILES = 60

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
