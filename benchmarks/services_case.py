"""What services cost to start and per test, each beside what a test would use without us; figures as JSON."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TESTS = 20
SEED = """
CREATE TABLE orders (id int PRIMARY KEY, item text, price numeric);
INSERT INTO orders SELECT n, 'item ' || n, n * 1.5 FROM generate_series(1, 1000) AS n;
"""


def seconds(function: Callable[[], Any]) -> float:
    """Of one call."""
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def per_test_ms(test: Callable[[int], Any]) -> float:
    """Milliseconds of the median test; the first one, which makes what all share, is left out."""
    return statistics.median(seconds(lambda n=number: test(n)) for number in range(TESTS + 1)[1:]) * 1000


def postgres() -> dict[str, float]:
    """Our own server: its start, and a database with 1,000 seeded rows for each test."""
    from harness.services.postgres.service import PostgresService
    from harness.services.sql.options import SqlOptions

    seed = Path(tempfile.mkdtemp()) / "orders.sql"
    seed.write_text(SEED)
    service, options = PostgresService("embedded"), SqlOptions(seed=[str(seed)])

    def test(number: int) -> None:
        lease: Any = service.lease(f"test_{number}", "warehouse", options)
        try:
            assert lease.execute("SELECT count(*) FROM orders") == [(1000,)]
        finally:
            lease.end()

    try:
        start = seconds(service.start)
        test(0)
        return {"postgres_start_s": start, "postgres_test_ms": per_test_ms(test)}
    finally:
        service.close()


def testcontainers(image: str) -> dict[str, float]:
    """The same by testcontainers alone: a container for all tests, the seed anew for each, as there is no template."""
    import psycopg2
    from testcontainers.community.postgres import PostgresContainer

    container = PostgresContainer(image, driver=None)
    start = seconds(container.start)
    try:

        def test(_number: int) -> None:
            connection = psycopg2.connect(container.get_connection_url())
            with connection, connection.cursor() as cursor:
                cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public; " + SEED)
                cursor.execute("SELECT count(*) FROM orders")
                assert cursor.fetchall() == [(1000,)]
            connection.close()

        test(0)
        return {"postgres_testcontainers_start_s": start, "postgres_testcontainers_test_ms": per_test_ms(test)}
    finally:
        container.stop()


def s3() -> dict[str, float]:
    """Buckets for each test."""
    from harness.services.s3.service import S3Options, S3Service

    service = S3Service("embedded")

    def test(number: int) -> None:
        lease: Any = service.lease(f"test_{number}", "aws_default", S3Options(buckets=["landing"]))
        try:
            lease.client().put_object(Bucket="landing", Key="a.csv", Body=b"1")
            assert lease.keys("landing") == ["a.csv"]
        finally:
            lease.end()

    try:
        start = seconds(lambda: (service.start(), test(0)))
        return {"s3_start_s": start, "s3_test_ms": per_test_ms(test)}
    finally:
        service.close()


def mock_aws() -> dict[str, float]:
    """The same by moto's decorator."""
    import boto3
    import moto

    def test(_number: int) -> None:
        with moto.mock_aws():
            client = boto3.client("s3", "us-east-1")
            client.create_bucket(Bucket="landing")
            client.put_object(Bucket="landing", Key="a.csv", Body=b"1")
            assert [one["Key"] for one in client.list_objects_v2(Bucket="landing")["Contents"]] == ["a.csv"]

    return {"s3_mock_aws_start_s": seconds(lambda: test(0)), "s3_mock_aws_test_ms": per_test_ms(test)}


if __name__ == "__main__":
    name, *rest = sys.argv[1:]
    cases: dict[str, Callable[..., dict[str, float]]] = {
        "postgres": postgres,
        "testcontainers": testcontainers,
        "s3": s3,
        "mock_aws": mock_aws,
    }
    print(json.dumps(cases[name](*rest)))
