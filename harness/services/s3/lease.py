"""The buckets of one connection, as a test or a run has them."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from harness.errors import ServiceUnavailable, UsageError, known_names
from harness.services.base import Address, Breakable, Lease
from harness.services.connections import sever
from harness.services.contents import Contents
from harness.services.s3.aws_request import AwsRequest
from harness.services.s3.clients import Clients, Endpoint

FAULTS = ("resets", "errors", "throttles")


class FailingServer(Breakable, Protocol):
    """A server that can be made to fail.

    Attributes:
        fault: one of `FAULTS`, None for none.
        asked: the calls that came.
    """

    fault: str | None
    asked: list[AwsRequest]


class S3Lease(Lease):
    """An S3.

    Args:
        buckets: made, but for those that are there; so are those of ``seeds``.
        seeds: bucket -> key -> file.
        close: what else to end with it.
        server: of this process, which can be made to fail; None of an endpoint of the user's.
    Attributes:
        url: of its endpoint.
        region: of its clients.
    Raises: ServiceUnavailable: the endpoint does not answer as an S3.
    """

    def __init__(
        self,
        conn_id: str,
        clients: Clients,
        endpoint: Endpoint,
        region: str,
        buckets: Sequence[str],
        seeds: Mapping[str, Mapping[str, Path]],
        close: Callable[[], None] | None = None,
        server: FailingServer | None = None,
    ) -> None:
        self.conn_id, self.url, self.region = conn_id, endpoint.url, region
        self._clients, self._endpoint, self._close = clients, endpoint, close
        self._server = self.breakable = server
        self.faults = () if server is None else FAULTS
        self._made: dict[str, Any] = {}
        self._ours: list[str] = []
        self._ended = False
        self.address = Address(_fields(endpoint, region), _peers(endpoint), _environment(endpoint, region))
        try:
            self._fill([*buckets, *seeds], seeds)
        except BaseException:
            self.end()
            raise

    def client(self, service: str = "s3") -> Any:
        """A client of boto3: for S3, or another of AWS's services."""
        if service not in self._made:
            self._made[service] = self._clients.client(service, self._endpoint, self.region)
        return self._made[service]

    @property
    def requests(self) -> list[AwsRequest]:
        """Every call of AWS so far, in the order of arrival, also those that a fault answered; `client`'s own are not.

        Raises: UsageError: the server is not of this process, and nobody sees what it is asked.
        """
        if self._server is None:
            raise UsageError(
                f"connection {self.conn_id!r}: what its endpoint is asked is seen by the driver embedded alone",
                fix="--airflow-driver s3=embedded, or take no url: for this test",
            )
        return list(self._server.asked)

    def buckets(self) -> list[str]:
        """Their names, sorted."""
        return sorted(bucket["Name"] for bucket in self.client().list_buckets()["Buckets"])

    def keys(self, bucket: str | None = None, prefix: str = "") -> list[str]:
        """The keys of a bucket, sorted; of the only one where none is named. Raises: UsageError: no such bucket."""
        return sorted(self._objects(self._the_bucket(bucket), prefix))

    def get(self, bucket: str, key: str) -> bytes:
        """An object's body. Raises: UsageError: no such bucket or object."""
        client = self.client()
        try:
            body: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except client.exceptions.NoSuchKey:
            known = known_names(key, self.keys(bucket))
            raise UsageError(f"bucket {bucket} has no object {key!r}", known=known) from None
        except client.exceptions.NoSuchBucket:
            raise self._no_bucket(bucket) from None
        return body

    def put(self, bucket: str, key: str, body: bytes | str = b"") -> None:
        """Write an object. Raises: UsageError: no such bucket."""
        client = self.client()
        try:
            client.put_object(Bucket=bucket, Key=key, Body=body.encode() if isinstance(body, str) else body)
        except client.exceptions.NoSuchBucket:
            raise self._no_bucket(bucket) from None

    def arrives(self, path: str, at: object, body: bytes | str = b"", file: str | Path | None = None) -> None:
        """Have somebody else write an object at an instant of each simulation: ``arrives("landing/a.csv", at="+3h")``.

        Args:
            path: ``bucket/key``.
            at: as in `harness.world.World.at`.
            file: what is in it, read then; instead of ``body``.
        Raises: WorldError: no instant. UsageError: no path.
        """
        bucket, key = _split(path)

        def arrive() -> None:
            self.put(bucket, key, body if file is None else Path(file).read_bytes())

        arrive.__qualname__ = f"{path} arrives"
        self.planned(at, arrive)

    def happen(self, event: Any) -> None:
        """An object arrives. Raises: UsageError: no such bucket."""
        bucket, key = _split(event.key)
        self.put(bucket, key, event.body or "" if event.file is None else Path(event.file).read_bytes())

    @property
    def peer(self) -> str:
        """Of its endpoint."""
        return self._endpoint.peer

    def cut(self) -> None:
        """Break every connection to it; to one that is not of this process, those of this process."""
        if self._server is None:
            sever(self.peer)
        else:
            super().cut()

    def fails(self, how: str | None) -> None:
        """Answer every request with a fault."""
        if self._server is not None:
            self._server.fault = how

    def snapshot(self) -> Contents:
        """Every bucket's objects, key -> ETag."""
        parts: dict[str, dict[Hashable, Hashable]] = {bucket: {} for bucket in self.buckets()}
        for bucket, objects in parts.items():
            objects.update(self._objects(bucket))
        return Contents("bucket", "object", parts)

    def end(self) -> None:
        """Close it; on an endpoint of the user's, the buckets that this one made go, with what they hold."""
        if self._ended:
            return
        self._ended = True
        try:
            if self._close is None:
                for bucket in self._ours:
                    self._drop(bucket)
        finally:
            for client in self._made.values():
                client.close()
            if self._close is not None:
                self._close()

    def _fill(self, buckets: list[str], seeds: Mapping[str, Mapping[str, Path]]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        if not buckets and self._close is not None:
            return
        try:
            there = self.buckets()
            for bucket in dict.fromkeys(buckets):
                if bucket not in there:
                    self._create(bucket)
            for bucket, objects in seeds.items():
                for key, file in objects.items():
                    self.client().put_object(Bucket=bucket, Key=key, Body=file.read_bytes())
        except (BotoCoreError, ClientError) as error:
            raise ServiceUnavailable(
                f"connection {self.conn_id!r}: the S3 at {self._endpoint.peer} refuses: {error}",
                fix="correct the URL of its endpoint and the keys in it, or start it",
            ) from None

    def _create(self, bucket: str) -> None:
        # us-east-1 is the one region that must not be named. Source: CreateBucket in Amazon's reference of the API.
        elsewhere = {} if self.region == "us-east-1" else {"LocationConstraint": self.region}
        self.client().create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": elsewhere} if elsewhere else {}))
        self._ours.append(bucket)

    def _drop(self, bucket: str) -> None:
        client = self.client()
        for key in self._objects(bucket):
            client.delete_object(Bucket=bucket, Key=key)
        client.delete_bucket(Bucket=bucket)

    def _objects(self, bucket: str, prefix: str = "") -> dict[str, str]:
        """Key -> ETag. Raises: UsageError: no such bucket."""
        client = self.client()
        found: dict[str, str] = {}
        try:
            for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                found |= {each["Key"]: each["ETag"] for each in page.get("Contents", ())}
        except client.exceptions.NoSuchBucket:
            raise self._no_bucket(bucket) from None
        return found

    def _the_bucket(self, bucket: str | None) -> str:
        if bucket is not None:
            return bucket
        there = self.buckets()
        if len(there) != 1:
            raise UsageError(f"there are {len(there)} buckets: one has to be named", known=", ".join(there) or "none")
        return there[0]

    def _no_bucket(self, bucket: str) -> UsageError:
        return UsageError(
            f"there is no bucket {bucket!r}",
            known=known_names(bucket, self.buckets()),
            fix=f"buckets: [{bucket}] of the connection in the world",
        )

    def __repr__(self) -> str:
        return f"<S3 at {self.url}>"


def _split(path: str) -> tuple[str, str]:
    """Bucket and key. Raises: UsageError."""
    bucket, _, key = path.removeprefix("s3://").partition("/")
    if not bucket or not key:
        raise UsageError(f"{path!r} is no bucket/key", known='"landing/2025-01-03/orders.csv"')
    return bucket, key


def _fields(endpoint: Endpoint, region: str) -> dict[str, str | int | None]:
    key, secret = endpoint.keys
    extra = json.dumps({"endpoint_url": endpoint.url, "region_name": region})
    return {"conn_type": "aws", "login": key, "password": secret, "extra": extra}


def _peers(endpoint: Endpoint) -> tuple[str, ...]:
    return () if endpoint.peer.startswith("127.0.0.1:") else (endpoint.peer,)


def _environment(endpoint: Endpoint, region: str) -> dict[str, str]:
    """For code that makes its own clients. ``…_S3`` too, which goes before the other one where a laptop has it set."""
    key, secret = endpoint.keys
    return {
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_SESSION_TOKEN": "",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_ENDPOINT_URL": endpoint.url,
        "AWS_ENDPOINT_URL_S3": endpoint.url,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
