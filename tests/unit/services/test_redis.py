"""Redis: what clients put there, when it expires, and the drivers alike."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest
import redis
import time_machine

from harness.errors import ServiceUnavailable
from harness.services.base import Service
from harness.services.redis.service import URL_VARIABLE, RedisService

IMAGE = "airflow-harness-test/redis"


@pytest.fixture(scope="module")
def served() -> Iterator[Any]:
    """A server for the driver ``external``: an embedded one, which that driver cannot tell from another."""
    service = RedisService("embedded")
    service.start()
    yield service.lease("server", "server", service.options())
    service.close()


@pytest.fixture(params=["embedded", "external", pytest.param("container", marks=pytest.mark.containers)])
def service(request: pytest.FixtureRequest, served: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    driver = f"container:{IMAGE}" if request.param == "container" else request.param
    if driver == "external":
        monkeypatch.setenv(URL_VARIABLE, served.url)
    made = RedisService(driver)
    made.start()
    yield made
    made.close()
    made.close()


def lease(service: Service) -> Any:
    return service.lease("test", "cache", service.options())


def test_every_kind_of_value_is_seen_to_change(service: Service) -> None:
    cache = lease(service)
    client = cache.client()
    client.set("text", "é")
    client.hset("hash", mapping={"a": 1, "b": 2})
    client.rpush("list", "a", "b")
    client.sadd("set", "a", "b", "c")
    client.zadd("scores", {"a": 1.5})
    client.xadd("stream", {"a": "1"})
    before = cache.snapshot()
    assert before.changes_to(cache.snapshot()) == []
    client.hset("hash", "b", 3)
    client.lpop("list")
    client.srem("set", "a")
    client.zadd("scores", {"a": 2})
    client.xadd("stream", {"a": "2"})
    client.delete("text")
    client.set("new", 1)
    (change,) = before.changes_to(cache.snapshot())
    assert (change.part, change.added, change.removed, change.changed) == ("0", 1, 1, 5)
    assert cache.keys("s*") == ["scores", "set", "stream"]
    assert (cache.get("new"), cache.get("text")) == ("1", None)
    cache.end()
    cache.end()


def test_a_lease_leaves_nothing_to_the_next(service: Service) -> None:
    one = lease(service)
    one.set("a", 1)
    assert one.get("a") == "1"
    one.end()
    two = lease(service)
    assert two.keys() == []
    two.end()


def test_a_client_that_stays_is_ended(service: Service) -> None:
    cache = lease(service)
    client = redis.Redis.from_url(cache.url)
    client.ping()
    cache.end()
    service.close()
    if service.driver != "external":
        with pytest.raises(redis.ConnectionError):
            client.ping()
    client.close()


def test_a_cut_breaks_connections_but_none_to_a_server_of_the_users(service: Service) -> None:
    made = lease(service)
    with socket.create_connection((made.host, made.port), timeout=10) as client:
        client.sendall(b"*1\r\n$4\r\nPING\r\n")
        assert client.recv(100)
        made.cut()
        client.settimeout(1)
        try:
            ended = client.recv(100) == b""
        except ConnectionResetError:
            ended = True
        except TimeoutError:
            ended = False
    assert ended is (service.driver != "external")
    assert made.keys() == []
    made.end()


def test_a_script_and_a_transaction(service: Service) -> None:
    cache = lease(service)
    with cache.client().pipeline(transaction=True) as pipeline:
        pipeline.set("a", 1).incr("a").get("a")
        assert pipeline.execute() == [True, 2, "2"]
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        cache.client().lpush("a", 1)
    cache.end()


def test_keys_expire_by_the_clock_of_this_process() -> None:
    service = RedisService("embedded")
    service.start()
    cache = lease(service)
    with time_machine.travel(datetime(2025, 1, 1, tzinfo=timezone.utc), tick=False) as clock:
        client = cache.client()
        client.set("a", 1, ex=3600)
        assert client.ttl("a") == 3600
        clock.shift(3599)
        assert cache.get("a") == "1"
        clock.shift(2)
        assert cache.get("a") is None
    service.close()


def test_what_was_there_stays_on_a_server_of_the_users(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL_VARIABLE, served.url)
    served.set("theirs", 1)
    assert RedisService.automatic({URL_VARIABLE: served.url}) == ("external", URL_VARIABLE)
    service = RedisService("external")
    service.start()
    cache = lease(service)
    cache.set("ours", 1)
    cache.end()
    assert served.keys() == ["theirs"]
    served.client().delete("theirs")


@pytest.mark.parametrize(
    ("url", "fact"),
    [
        ("", "the external Redis needs an URL"),
        ("http://me:secret@there", "the URL of the external Redis is no redis:// one"),
        ("redis://me:secret@there:x/0", "the URL of the external Redis is no redis:// one"),
        ("redis://:secret@127.0.0.1:1/0", "connection 'cache': the Redis at 127.0.0.1:1 refuses"),
    ],
)
def test_an_url_that_leads_nowhere(url: str, fact: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL_VARIABLE, url)

    def leased() -> None:
        service = RedisService("external")
        service.start()
        lease(service)

    with pytest.raises(ServiceUnavailable) as caught:
        leased()
    assert caught.value.fact.startswith(fact)
    assert "secret" not in str(caught.value)


def test_a_package_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.services.installed.find_spec", lambda module: None)
    with pytest.raises(ServiceUnavailable, match="Redis needs redis and fakeredis") as caught:
        RedisService("embedded").start()
    assert caught.value.fix == 'pip install "airflow-harness[redis]"'
