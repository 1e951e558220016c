import io
import json
import tarfile
from datetime import timedelta

import pytest


@pytest.fixture
def aws(world):
    world.set_connection("aws_default", service="s3", buckets=["models"])
    return world.s3


def asked(aws, operation):
    """What SageMaker was asked, call by call."""
    return [one.parameters for one in aws.requests if (one.service, one.operation) == ("sagemaker", operation)]


def test_each_day_the_endpoint_serves_that_days_model(replay, aws):
    assert replay("model_endpoint", since="2025-01-02", until="2025-01-03").ok
    sagemaker = aws.client("sagemaker")
    assert sagemaker.describe_endpoint(EndpointName="churn")["EndpointConfigName"] == "churn-2025-01-03"
    assert aws.keys("models") == ["2025-01-02/model.tar.gz", "2025-01-03/model.tar.gz"]
    with tarfile.open(fileobj=io.BytesIO(aws.get("models", "2025-01-03/model.tar.gz"))) as packed:
        assert json.load(packed.extractfile("model.json"))["day"] == "2025-01-03"


def test_the_requests_are_as_aws_would_get_them(run_dag, aws):
    assert run_dag("model_endpoint", "2025-01-02").ok
    (model,) = asked(aws, "CreateModel")
    assert model["ModelName"] == "churn-2025-01-02"
    assert model["PrimaryContainer"]["ModelDataUrl"] == "s3://models/2025-01-02/model.tar.gz"
    (configuration,) = asked(aws, "CreateEndpointConfig")
    (variant,) = configuration["ProductionVariants"]
    assert (variant["InitialInstanceCount"], variant["InstanceType"]) == (2, "ml.m5.large")
    assert asked(aws, "CreateEndpoint") == [{"EndpointName": "churn", "EndpointConfigName": "churn-2025-01-02"}]


def test_throttling_is_waited_out(run_dag, world, aws):
    world.set_duration("model_endpoint.pack", "10m")
    world.fault("throttles", connection="aws_default", at="+5m", lasts="12m")
    result = run_dag("model_endpoint", "2025-01-02")
    assert result.ok
    tries = result.task("register").attempts
    assert "ThrottlingException" in tries[0].reason
    assert [one.state for one in tries] == ["up_for_retry", "up_for_retry", "success"]
    assert tries[-1].start_date - result.start_date >= timedelta(minutes=17)
    assert len(asked(aws, "CreateModel")) > len(tries)  # a client of AWS tries again by itself, before Airflow does
