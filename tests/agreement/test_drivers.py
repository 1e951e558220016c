"""The drivers of one service agree: the same calls are made of each, and of a dictionary."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import Phase, settings

from harness.services.base import Lease, Service
from harness.services.files.service import FtpService, SftpService
from harness.services.mysql.address import URL_VARIABLE as MYSQL_URL
from harness.services.mysql.service import MysqlService
from harness.services.postgres.address import URL_VARIABLE as POSTGRES_URL
from harness.services.postgres.address import Database
from harness.services.postgres.service import PostgresService
from harness.services.redis.service import URL_VARIABLE as REDIS_URL
from harness.services.redis.service import RedisService
from harness.services.s3.service import URL_VARIABLE as S3_URL
from harness.services.s3.service import S3Service
from harness.services.sqlfile.service import DuckdbService, SqliteService
from tests.agreement.machine import RUNS, SEED, Agreement, agree

CONTAINER = pytest.param("container", marks=pytest.mark.containers)
MARIADB = pytest.mark.mariadb
BUCKET = "landing"
FOLDER = "in"


class Rows(Agreement):
    """Rows of a table."""

    def prepare(self, lease: Any, seeded: bool) -> None:
        """The seed has made it."""
        if not seeded:
            lease.execute("create table t (k varchar(9) primary key, v varchar(9))")

    def write(self, lease: Any, key: str, value: str) -> None:
        """An upsert, without a driver's placeholders."""
        lease.execute(f"insert into t values ({text(key)}, {text(value)}) on conflict (k) do update set v = excluded.v")

    def remove(self, lease: Any, key: str) -> None:
        """Of no row is no error."""
        lease.execute(f"delete from t where k = {text(key)}")

    def held(self, lease: Any) -> dict[str, str]:
        """By the key."""
        return dict(lease.rows("select k, v from t"))


class MysqlRows(Rows):
    """MySQL has an upsert of its own, and escapes of its own in texts."""

    def write(self, lease: Any, key: str, value: str) -> None:
        """An upsert."""
        lease.execute("insert into t values (%s, %s) on duplicate key update v = values(v)", [key, value])


class Objects(Agreement):
    """Objects of a bucket."""

    bare: ClassVar = {"buckets": [BUCKET]}

    def write(self, lease: Any, key: str, value: str) -> None:
        """As a test does."""
        lease.put(BUCKET, key, value)

    def remove(self, lease: Any, key: str) -> None:
        """Of no object is no error."""
        lease.client().delete_object(Bucket=BUCKET, Key=key)

    def held(self, lease: Any) -> dict[str, str]:
        """By the key."""
        return {key: lease.get(BUCKET, key).decode() for key in lease.keys(BUCKET)}


class Keys(Agreement):
    """Keys of a Redis."""

    def write(self, lease: Any, key: str, value: str) -> None:
        """As a test does."""
        lease.set(key, value)

    def remove(self, lease: Any, key: str) -> None:
        """Of no key is no error."""
        with lease.client() as client:
            client.delete(key)

    def held(self, lease: Any) -> dict[str, str]:
        """By the key."""
        keys = lease.keys()
        return {key: lease.get(key) for key in keys}


class Files(Agreement):
    """Files of a folder. The protocols are two ways to it."""

    bare: ClassVar = {"folders": [FOLDER]}
    removes_nothing_well: ClassVar[bool] = False

    def write(self, lease: Any, key: str, value: str) -> None:
        """As a test does."""
        lease.write(f"/{FOLDER}/{key}", value)

    def remove(self, lease: Any, key: str) -> None:
        """As somebody else would."""
        lease.remove(f"/{FOLDER}/{key}")

    def held(self, lease: Any) -> dict[str, str]:
        """By the path."""
        return {path.removeprefix(f"/{FOLDER}/"): lease.read(path).decode() for path in lease.files()}


@pytest.mark.parametrize("driver", ["embedded", "external", CONTAINER])
def test_postgres(driver: str, rows: dict[str, Any], postgres: PostgresService, monkeypatch: Any) -> None:
    fields = json.loads(postgres.share())["harness_postgres"]
    del fields["ours"]
    monkeypatch.setenv(POSTGRES_URL, Database(**fields).uri)
    own = driver == "embedded"
    agree(Rows, postgres.attached(postgres.share()) if own else PostgresService(of(driver, "postgres")), seed=rows)


@pytest.mark.parametrize(
    "driver", [pytest.param("embedded", marks=MARIADB), pytest.param("external", marks=MARIADB), CONTAINER]
)
def test_mysql(driver: str, rows: dict[str, Any], request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if driver == "external":
        monkeypatch.setenv(MYSQL_URL, request.getfixturevalue("mysql_elsewhere"))
    agree(MysqlRows, MysqlService(of(driver, "mysql")), seed=rows)


@pytest.mark.parametrize("service", [SqliteService, DuckdbService])
def test_sql_files(service: type[Service], rows: dict[str, Any]) -> None:
    agree(Rows, service("embedded"), seed=rows)


@pytest.mark.parametrize("driver", ["embedded", "external", CONTAINER])
def test_s3(driver: str, objects: dict[str, Any], s3_elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(S3_URL, s3_elsewhere)
    agree(Objects, S3Service(of(driver, "moto")), seed=objects, alone=driver == "external")


@pytest.mark.parametrize("driver", ["embedded", "external", CONTAINER])
def test_redis(driver: str, redis_elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REDIS_URL, redis_elsewhere)
    agree(Keys, RedisService(of(driver, "redis")), alone=driver == "external")


@pytest.mark.parametrize(
    ("service", "driver"),
    [
        (SftpService, "embedded"),
        (FtpService, "embedded"),
        pytest.param(SftpService, "container", marks=pytest.mark.containers),
    ],
)
def test_files(service: type[Service], driver: str, files: dict[str, Any]) -> None:
    agree(Files, service(of(driver, "sftp")), seed=files)


class Untidy(RedisService):
    """A driver that disagrees: what a lease held is there for the next."""

    def lease(self, holder: str, conn_id: str, options: Any) -> Lease:
        made: Any = super().lease(holder, conn_id, options)
        made.set("left over", "1")
        return made


class Deaf(SqliteService):
    """A driver that disagrees: one of its snapshots tells of nothing."""

    def lease(self, holder: str, conn_id: str, options: Any) -> Lease:
        made: Any = super().lease(holder, conn_id, options)
        first = made.snapshot()
        made.snapshot = lambda: first
        return made


@pytest.mark.parametrize(("machine", "service"), [(Keys, Untidy), (Rows, Deaf)])
def test_a_driver_that_disagrees_is_noticed(machine: type[Agreement], service: type[Service]) -> None:
    with pytest.raises(AssertionError):
        agree(machine, service("embedded"), settings(RUNS, phases=[Phase.generate]))


def of(driver: str, service: str) -> str:
    """With the image that `tests.containers` makes."""
    return f"container:airflow-harness-test/{service}" if driver == "container" else driver


def text(value: str) -> str:
    """A literal of SQL."""
    return "'" + value.replace("'", "''") + "'"


@pytest.fixture
def rows(tmp_path: Path) -> dict[str, Any]:
    """The seed of a database."""
    tmp_path.joinpath("t.sql").write_text("create table t (k varchar(9) primary key, v varchar(9));")
    tmp_path.joinpath("t.csv").write_text("k,v\n" + "".join(f"{key},{value}\n" for key, value in SEED.items()))
    return {"seed": [str(tmp_path)]}


@pytest.fixture
def objects(tmp_path: Path) -> dict[str, Any]:
    """The seed of an S3."""
    tmp_path.joinpath(BUCKET).mkdir()
    for key, value in SEED.items():
        tmp_path.joinpath(BUCKET, key).write_text(value)
    return {"seed": [str(tmp_path)]}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    """The seed of a server of files."""
    tmp_path.joinpath(FOLDER).mkdir()
    for key, value in SEED.items():
        tmp_path.joinpath(FOLDER, key).write_text(value)
    return {"seed": [str(tmp_path)]}


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresService]:
    """One server for all."""
    service = PostgresService("embedded")
    service.start()
    yield service
    service.close()


@pytest.fixture(scope="module")
def s3_elsewhere() -> Iterator[str]:
    """The URL of an S3 that the driver ``external`` cannot tell from anybody's."""
    yield from urls(S3Service("embedded"))


@pytest.fixture(scope="module")
def mysql_elsewhere() -> Iterator[str]:
    """The same for MySQL: its URL for SQLAlchemy is one of a server, too."""
    service = MysqlService("embedded")
    service.start()
    yield service.lease("server", "server", service.options()).uri
    service.close()


@pytest.fixture(scope="module")
def redis_elsewhere() -> Iterator[str]:
    """The same for Redis."""
    yield from urls(RedisService("embedded"))


def urls(service: Service) -> Iterator[str]:
    """That of a lease, while it is there."""
    service.start()
    lease: Any = service.lease("server", "server", service.options())
    yield lease.url
    lease.end()
    service.close()
