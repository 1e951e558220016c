"""S3 as a service: moto in this process or a container, or an endpoint that runs already; a lease has its buckets."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from harness.errors import ServiceUnavailable
from harness.services.base import AUTO, NOT_OUR_CLOCK, EventOptions, Lease, Service, ServiceOptions, Texts
from harness.services.installed import see_installed
from harness.services.reused import ReusedServers
from harness.services.s3.seeds import objects, see_bucket_name

URL_VARIABLE = "AIRFLOW_HARNESS_S3_URL"
IMAGE = "motoserver/moto:latest"


class S3Options(ServiceOptions):
    """Keys of a connection's entry.

    Attributes:
        buckets: made before the first task; those of ``seed`` need not be named.
        seed: folders of folders: ``folder/bucket/key…``, whose files are objects.
        region: of the connection and of ``AWS_DEFAULT_REGION``.
        url: of an endpoint that runs already; ``http://key:secret@host:port`` where it asks for keys.
    """

    buckets: Texts = Field(default_factory=list)
    seed: Texts = Field(default_factory=list)
    region: str = "us-east-1"
    url: str | None = None

    @model_validator(mode="after")
    def _can_be(self) -> S3Options:
        for bucket in self.buckets:
            see_bucket_name(bucket)
        if self.url is not None:
            if self.driver not in (AUTO, "external"):
                raise ValueError(f"url is of a server that runs already, so driver cannot be {self.driver}")
            self.driver = "external"
        return self


class ObjectArrives(EventOptions):
    """``key`` is ``bucket/key``, as in a seed's folder; ``body`` or ``file`` is what is in it, nothing by default."""

    key: str
    body: str | None = None
    file: str | None = None

    @model_validator(mode="after")
    def _can_be(self) -> ObjectArrives:
        if self.body is not None and self.file is not None:
            raise ValueError("body and file cannot both be given")
        bucket, _, key = self.key.removeprefix("s3://").partition("/")
        if not bucket or not key:
            raise ValueError("key must be bucket/key, as landing/2025-01-03.csv")
        return self

    @property
    def what(self) -> str:
        """The object."""
        return f"{self.key.removeprefix('s3://')} arrives"


class S3Service(Service):
    """Moto in this process or in a container, or an endpoint that runs already."""

    name = "s3"
    conn_types = ("aws",)
    also_types = ("athena", "emr", "redshift")
    drivers = ("embedded", "container", "external")
    title = "S3 and more of AWS, played by moto"
    options = S3Options
    event = ObjectArrives
    address_variable = URL_VARIABLE

    def __init__(self, driver: str) -> None:
        super().__init__(driver)
        self._clients: Any = None
        self._servers: ReusedServers[Any] = ReusedServers(self._server)
        self._signing = ExitStack()

    @classmethod
    def why_clock_is_real(cls, driver: str) -> str | None:
        """What is written is dated by whoever serves."""
        return NOT_OUR_CLOCK.get(driver)

    def start(self) -> None:
        """Load what it needs; a container is up from here on. Raises: ServiceUnavailable."""
        if self._clients is not None:
            return
        brought = {"boto3": "boto3"}
        if self.driver == "embedded":
            brought |= {"moto": "moto[s3]", "flask": "flask", "flask_cors": "flask-cors"}
        see_installed("S3", "s3", brought)
        from harness.services.s3.clients import Clients, signing_in_real_time

        self._clients = Clients()
        if self.driver == "external":
            self._signing.enter_context(signing_in_real_time())
        elif self.driver == "container":
            self._servers.prepare()
        else:
            from harness.services.s3 import server

            server.prepare()

    def lease(self, holder: str, conn_id: str, options: Any) -> Lease:  # noqa: ARG002 - buckets have the names of production
        """Buckets of its own. On an endpoint of the user's they are that endpoint's: those it makes go at the end.

        Raises: WorldError: a seed that cannot be read. ServiceUnavailable: the endpoint does not answer.
        """
        from harness.services.s3.lease import S3Lease

        seeds = objects(options.seed, conn_id)
        if self.driver == "external":
            return S3Lease(conn_id, self._clients, _endpoint(options.url), options.region, options.buckets, seeds)
        server = self._servers.take()
        give_back = partial(self._servers.give_back, server)
        breakable = server if self.driver == "embedded" else None
        return S3Lease(
            conn_id, self._clients, server.endpoint, options.region, options.buckets, seeds, give_back, breakable
        )

    def close(self) -> None:
        """End the servers, and leave botocore as it was."""
        self._servers.close()
        self._signing.close()

    def _server(self) -> Any:
        """One, up. Raises: ServiceUnavailable."""
        if self.driver == "container":
            from harness.services.s3.container import MotoContainer

            return MotoContainer(self.image or IMAGE)
        from harness.services.s3.server import MotoServer

        return MotoServer()


def _endpoint(declared: str | None) -> Any:
    """Where a server of the user's answers. Raises: ServiceUnavailable: nobody says, or it is no URL."""
    import os

    from harness.services.s3.clients import Endpoint

    url = declared or os.environ.get(URL_VARIABLE)
    where = None if declared else URL_VARIABLE
    fix = f"set {URL_VARIABLE}=http://key:secret@host:port, or url: of the connection in the world"
    if not url:
        raise ServiceUnavailable("the external S3 needs the URL of its endpoint", fix=fix)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        # The URL is not shown: it may hold a password.
        raise ServiceUnavailable("the URL of the external S3 is no http:// and no https:// one", where=where, fix=fix)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = port or (443 if parts.scheme == "https" else 80)
    plain = f"{parts.scheme}://{host}:{port}{parts.path.rstrip('/')}"
    return Endpoint(plain, f"{host}:{port}", parts.username or "testing", parts.password or "testing")
