"""Today's model behind the endpoint that everybody asks: packed into a bucket, registered, deployed."""

import io
import json
import tarfile
from datetime import datetime, timedelta

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.operators.sagemaker import (
    SageMakerEndpointConfigOperator,
    SageMakerEndpointOperator,
    SageMakerModelOperator,
)
from airflow.sdk import dag, task

NAME = "churn-{{ ds }}"
MODEL = {
    "ModelName": NAME,
    "ExecutionRoleArn": "arn:aws:iam::123456789012:role/serving",
    "PrimaryContainer": {
        "Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/serving:3.1",
        "ModelDataUrl": "s3://models/{{ ds }}/model.tar.gz",
    },
}
VARIANT = {
    "VariantName": "all",
    "ModelName": NAME,
    "InitialInstanceCount": 2,
    "InstanceType": "ml.m5.large",
    "InitialVariantWeight": 1,
}
PATIENCE = {"retries": 3, "retry_delay": timedelta(minutes=5)}


@dag(schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False, default_args=PATIENCE)
def model_endpoint():
    @task
    def pack(ds=None):
        archive, weights = io.BytesIO(), json.dumps({"day": ds, "weights": [0.2, 0.8]}).encode()
        with tarfile.open(fileobj=archive, mode="w:gz") as packed:
            member = tarfile.TarInfo("model.json")
            member.size = len(weights)
            packed.addfile(member, io.BytesIO(weights))
        S3Hook().load_bytes(archive.getvalue(), f"{ds}/model.tar.gz", "models", replace=True)

    register = SageMakerModelOperator(task_id="register", config=MODEL)
    configure = SageMakerEndpointConfigOperator(
        task_id="configure", config={"EndpointConfigName": NAME, "ProductionVariants": [VARIANT]}
    )
    deploy = SageMakerEndpointOperator(
        task_id="deploy", config={"EndpointName": "churn", "EndpointConfigName": NAME}, check_interval=60
    )
    pack() >> register >> configure >> deploy


model_endpoint()
