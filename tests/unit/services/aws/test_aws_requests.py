"""What AWS was asked, as operations and parameters; and how each of its protocols says no."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from harness.errors import UsageError
from harness.services.s3.aws_request import AwsRequest, service_of
from harness.services.s3.lease import S3Lease
from harness.services.s3.server import OBJECT_BYTES
from harness.services.s3.service import S3Options, S3Service


@pytest.fixture(scope="module")
def embedded() -> Iterator[S3Service]:
    service = S3Service("embedded")
    service.start()
    yield service
    service.close()


@pytest.fixture
def lease(embedded: S3Service) -> Iterator[S3Lease]:
    made = embedded.lease("a test", "aws", S3Options(buckets=["landing"]))
    yield made
    made.end()


def client(lease: S3Lease, service: str):
    """As a task makes one."""
    config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return boto3.client(service, endpoint_url=lease.url, region_name="us-east-1", config=config, **keys)


CALLS = [
    ("s3", "PutObject", {"Bucket": "landing", "Key": "a b/é.csv", "Body": b"id"}, {"Bucket": "landing"}),
    ("s3", "ListObjectsV2", {"Bucket": "landing", "Prefix": "2025/"}, {"Prefix": "2025/"}),
    ("sagemaker", "CreateModel", {"ModelName": "m", "PrimaryContainer": {"Image": "i"}}, {"ModelName": "m"}),
    ("sqs", "CreateQueue", {"QueueName": "q", "Attributes": {"DelaySeconds": "5"}}, {"QueueName": "q"}),
    ("sns", "CreateTopic", {"Name": "t"}, {"Name": "t"}),
    ("ses", "VerifyEmailIdentity", {"EmailAddress": "a@b.test"}, {"EmailAddress": "a@b.test"}),
    ("lambda", "ListFunctions", {"MaxItems": 5}, {"MaxItems": 5}),
    ("dynamodb", "ListTables", {"Limit": 3}, {"Limit": 3}),
    ("iam", "ListRoles", {"PathPrefix": "/x/"}, {"PathPrefix": "/x/"}),
]
"""One of each protocol, and of names that boto3 has otherwise than signatures."""


@pytest.mark.parametrize(("service", "operation", "given", "seen"), CALLS, ids=lambda one: str(one)[:20])
def test_a_call_is_told_as_it_was_made(lease: S3Lease, service: str, operation: str, given: dict, seen: dict) -> None:
    made = client(lease, service)
    method = {name: python for python, name in made.meta.method_to_api_mapping.items()}[operation]
    getattr(made, method)(**given)
    (asked,) = lease.requests
    assert (asked.service, asked.operation) == (service, operation)
    assert {name: asked.parameters[name] for name in seen} == seen


def test_keys_are_as_they_were_given(lease: S3Lease) -> None:
    client(lease, "s3").put_object(Bucket="landing", Key="a b/é+.csv", Body=b"id")
    (asked,) = lease.requests
    assert asked.parameters["Key"] == "a b/é+.csv"


def test_what_the_test_itself_looks_up_is_no_call(lease: S3Lease) -> None:
    lease.put("landing", "a.csv", "1")
    assert lease.keys("landing") == ["a.csv"]
    assert lease.requests == []


def test_what_moto_does_not_play_is_told_too(lease: S3Lease) -> None:
    with pytest.raises(ClientError, match="moto does not play"):
        client(lease, "sagemaker").create_workteam(
            WorkteamName="w", MemberDefinitions=[{"OidcMemberDefinition": {"Groups": ["g"]}}], Description="d"
        )
    assert [one.operation for one in lease.requests] == ["CreateWorkteam"]


@pytest.mark.parametrize(
    ("fault", "service", "method", "code", "status"),
    [
        ("throttles", "s3", "list_buckets", "SlowDown", 503),
        ("throttles", "sagemaker", "list_models", "ThrottlingException", 400),
        ("throttles", "lambda", "list_functions", "ThrottlingException", 400),
        ("throttles", "sns", "list_topics", "Throttling", 400),
        ("errors", "s3", "list_buckets", "InternalError", 500),
        ("errors", "sagemaker", "list_models", "InternalFailure", 500),
        ("errors", "iam", "list_roles", "InternalFailure", 500),
    ],
)
def test_each_service_says_no_in_its_own_words(
    lease: S3Lease, fault: str, service: str, method: str, code: str, status: int
) -> None:
    lease.fails(fault)
    with pytest.raises(ClientError) as raised:
        getattr(client(lease, service), method)()
    answer = raised.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert len(lease.requests) == 1


def test_the_next_test_finds_no_calls_of_this_one(embedded: S3Service) -> None:
    for _ in range(2):
        lease = embedded.lease("a test", "aws", S3Options())
        client(lease, "s3").list_buckets()
        assert len(lease.requests) == 1
        lease.end()


def test_an_endpoint_elsewhere_is_not_seen(lease: S3Lease) -> None:
    external = S3Service("external")
    external.start()
    try:
        there = external.lease("a test", "aws", S3Options(url=lease.url))
        with pytest.raises(UsageError, match="seen by the driver embedded alone"):
            assert there.requests
        there.end()
    finally:
        external.close()


def test_the_body_of_a_large_object_is_not_kept(lease: S3Lease) -> None:
    client(lease, "s3").put_object(Bucket="landing", Key="large", Body=b"1" * (2 << 20))
    (asked,) = lease.requests
    assert (asked.operation, asked.body, asked.parameters["Key"]) == ("PutObject", b"", "large")


@pytest.mark.parametrize(
    ("headers", "query", "service"),
    [
        ({"Authorization": "AWS4-HMAC-SHA256 Credential=k/20250102/us-east-1/email/aws4_request, S=1"}, "", "ses"),
        ({}, "X-Amz-Credential=k%2F20250102%2Fus-east-1%2Fs3%2Faws4_request", "s3"),
        ({"Authorization": "AWS key:signature"}, "", "s3"),
        ({}, "", "s3"),
    ],
)
def test_a_signature_tells_the_service(headers: dict, query: str, service: str) -> None:
    assert service_of(headers, query) == service


def test_a_service_without_a_model_is_read_as_it_came() -> None:
    target = AwsRequest("new", "POST", "/", headers={"X-Amz-Target": "New_2030.Begin"}, body=b'{"A": 1}')
    form = AwsRequest("new", "POST", "/", body=b"Action=Begin&A=1&Version=2030")
    assert (target.operation, target.parameters) == ("Begin", {"A": 1})
    assert (form.operation, form.parameters) == ("Begin", {"A": "1", "Version": "2030"})
    assert AwsRequest("new", "GET", "/").operation is None


def test_what_large_objects_hold_is_not_kept_with_the_calls_and_what_a_call_asks_for_is(lease: S3Lease) -> None:
    large = b"x" * (OBJECT_BYTES + 1)
    bucket = {"Bucket": "landing", "Key": "big"}
    s3 = client(lease, "s3")
    s3.put_object(**bucket, Body=large)
    upload = s3.create_multipart_upload(**bucket)["UploadId"]
    s3.upload_part(**bucket, UploadId=upload, PartNumber=1, Body=large)
    tags = [{"Key": f"k{number}", "Value": "v" * 200} for number in range(10)] * 3
    assert len(str(tags)) > OBJECT_BYTES
    with suppress(ClientError):
        s3.put_bucket_tagging(Bucket="landing", Tagging={"TagSet": tags})
    client(lease, "sqs").create_queue(QueueName="q", tags={f"k{number}": "v" * 200 for number in range(30)})
    kept = {asked.operation: asked for asked in lease.requests}
    assert [kept[name].body for name in ("PutObject", "UploadPart")] == [b"", b""]
    assert kept["PutObject"].parameters["Key"] == "big"
    assert len(kept["PutBucketTagging"].parameters["Tagging"]["TagSet"]) == 30
    assert len(kept["CreateQueue"].parameters["tags"]) == 30
    assert s3.get_object(**bucket)["Body"].read() == large
