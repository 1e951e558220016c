"""The drivers of one service agree: the same calls are made of each, and of a dictionary."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import confluent_kafka
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from harness.services.base import Lease, Service
from harness.services.files.service import FtpService, SftpService
from harness.services.kafka.service import SERVERS_VARIABLE, KafkaService
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
TOPIC = "orders"
GROUP = {"enable.auto.commit": False, "auto.offset.reset": "earliest", "log_level": 0}
GROUP_S = 20


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


class Messages(Agreement):
    """Messages of a topic: the last one of each key is what it holds, and a group reads each once."""

    bare: ClassVar = {"topics": [TOPIC]}
    removes_nothing_well: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self.unseen = 0
        self.unread: dict[Lease, list[tuple[str, bytes | None]]] = {}

    def prepare(self, lease: Any, seeded: bool) -> None:
        """Its group has read nothing."""
        self.unread[lease] = []

    def write(self, lease: Any, key: str, value: str) -> None:
        """One more."""
        self.tell(lease, key, value.encode())

    def remove(self, lease: Any, key: str) -> None:
        """A tombstone."""
        self.tell(lease, key, None)

    def tell(self, lease: Any, key: str, value: bytes | None) -> None:
        """Write a message."""
        lease.produce(TOPIC, value, key=key)
        self.unread[lease].append((key, value))
        self.unseen += 1

    def held(self, lease: Any) -> dict[str, str]:
        """By the key."""
        last = {message.key.decode(): message for message in lease.messages(TOPIC)}
        return {key: message.text for key, message in last.items() if message.value is not None}

    def changed(self, lease: Lease, **_: bool) -> None:
        """Whatever is done to a key is a message more."""
        told, self.unseen = self.unseen, 0
        super().changed(lease, added=bool(told), removed=False, changed=False)

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 1))
    def read(self, which: int) -> None:
        """A group goes on where it left off, and reads what came since, of a key in its order."""
        lease: Any = self.at(which)
        settings = {**json.loads(lease.address.fields["extra"]), **GROUP, "group.id": f"readers of {lease.conn_id}"}
        if self.alone:  # played by an embedded one
            settings["group.protocol"] = "consumer"
        if "group.protocol" not in settings:  # the broker of our image has a group wait for half of this
            settings["session.timeout.ms"] = 6000
        consumer = confluent_kafka.Consumer(settings)
        consumer.subscribe([TOPIC])
        expected, self.unread[lease] = self.unread[lease], []
        try:
            read = [consumer.poll(GROUP_S) for _ in expected]
            assert by_key((one.key().decode(), one.value()) for one in read) == by_key(expected)
            if expected:
                consumer.commit(asynchronous=False)
        finally:
            consumer.close()


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


@pytest.mark.parametrize("driver", ["embedded", "external", CONTAINER])
def test_kafka(driver: str, kafka_elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SERVERS_VARIABLE, kafka_elsewhere)
    agree(Messages, KafkaService(of(driver, "kafka")), alone=driver == "external")


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


def by_key(messages: Iterable[tuple[str, bytes | None]]) -> dict[str, list[bytes | None]]:
    """Key -> what was said of it, in its order: that is all that partitions keep."""
    found: dict[str, list[bytes | None]] = {}
    for key, value in messages:
        found.setdefault(key, []).append(value)
    return found


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
    yield from of_a_lease(S3Service("embedded"), "url")


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
    yield from of_a_lease(RedisService("embedded"), "url")


@pytest.fixture
def kafka_elsewhere() -> Iterator[str]:
    """The same for Kafka, whose messages and groups stay there: one for each."""
    yield from of_a_lease(KafkaService("embedded"), "servers")


def of_a_lease(service: Service, name: str) -> Iterator[str]:
    """An attribute of a lease, while that is there."""
    service.start()
    lease: Any = service.lease("server", "server", service.options())
    yield getattr(lease, name)
    lease.end()
    service.close()
